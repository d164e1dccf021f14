#include "cli/init_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct buffer *init_files_add(struct init_files *files, const char *path)
{
    struct init_file *file = &files->files[files->count++];
    *file = (struct init_file){.path = strdup(path)};
    return &file->text;
}

static int refuse_existing(const char *path, struct error *e)
{
    return fail(e, EX_CANTCREAT,
        "%s: it exists, and init writes over nothing; edit it, remove it, or name another configuration with "
        "-c",
        path);
}

int init_files_check(const struct init_files *files, struct error *e)
{
    struct stat st;
    for (size_t i = 0; i < files->count; i++) {
        if (lstat(files->files[i].path, &st) == 0)
            return refuse_existing(files->files[i].path, e);
        if (errno != ENOENT && errno != ENOTDIR)
            return fail(e, EX_CANTCREAT,
                "%s: nobody can say whether it exists: %s; name another configuration with -c",
                files->files[i].path, strerror(errno));
    }
    return 0;
}

int init_files_make_directory(
    struct init_files *files, const char *path, mode_t mode, uid_t uid, gid_t gid, struct error *e)
{
    char *part = strdup(path);
    int rc = 0;
    for (char *slash = part; rc == 0 && slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(part, mode) == 0) {
            if (files->made_count < INIT_FILES_MOST)
                files->made[files->made_count++] = strdup(part);
            if ((files->system && chown(part, uid, gid) != 0) || chmod(part, mode) != 0)
                rc = fail(e, EX_CANTCREAT, "%s: its owner cannot be set: %s", part, strerror(errno));
        } else if (errno != EEXIST) {
            rc = fail(e, EX_CANTCREAT,
                "%s: this directory cannot be made: %s; make it, or name another place with -c or --store",
                part, strerror(errno));
        }
        if (slash != NULL)
            *slash = '/';
    }
    free(part);
    return rc;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Under a name of its own first, so that what is read under its name is whole; a link takes no other's
 * place. */
static int write_file(const struct init_files *files, struct init_file *file, struct error *e)
{
    struct buffer name = {0};
    buffer_append_format(&name, "%s.XXXXXX", file->path);
    int fd = mkostemp(name.data, O_CLOEXEC), rc = -1;
    if (fd >= 0 && (!files->system || fchown(fd, 0, files->gid) == 0) &&
        fchmod(fd, files->system && files->gid != 0 ? 0640 : 0600) == 0 &&
        write_all(fd, file->text.data, file->text.len) == 0 && fsync(fd) == 0)
        rc = link(name.data, file->path);
    if (rc == 0)
        file->written = true;
    else if (errno == EEXIST)
        refuse_existing(file->path, e);
    else
        fail(e, EX_CANTCREAT, "%s: it cannot be written: %s; name another configuration with -c", file->path,
            strerror(errno));
    if (fd >= 0) {
        unlink(name.data);
        close(fd);
    }
    buffer_free(&name);
    return rc;
}

int init_files_write(struct init_files *files, struct error *e)
{
    int rc = init_files_check(files, e);
    for (size_t i = 0; rc == 0 && i < files->count; i++) {
        char *directory = strdup(files->files[i].path), *slash = strrchr(directory, '/');
        if (slash != NULL && slash != directory) {
            *slash = '\0';
            rc = init_files_make_directory(files, directory, files->system ? 0750 : 0700, 0, files->gid, e);
        }
        free(directory);
        if (rc == 0)
            rc = write_file(files, &files->files[i], e);
    }
    if (rc != 0)
        init_files_remove(files);
    return rc;
}

void init_files_remove(struct init_files *files)
{
    for (size_t i = files->count; i > 0; i--) {
        if (files->files[i - 1].written)
            unlink(files->files[i - 1].path);
        files->files[i - 1].written = false;
    }
    while (files->made_count > 0) {
        char *directory = files->made[--files->made_count];
        rmdir(directory); /* one that has been used meanwhile stays */
        free(directory);
    }
}

void init_files_free(struct init_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->files[i].path);
        if (files->files[i].text.len > 0)
            explicit_bzero(files->files[i].text.data, files->files[i].text.len);
        buffer_free(&files->files[i].text);
    }
    for (size_t i = 0; i < files->made_count; i++)
        free(files->made[i]);
    *files = (struct init_files){0};
}
