/*
 * rehearse_out: a new directory, or an empty one, and files in it that did not exist before (O_EXCL).
 */
#include "deliver/rehearse_out.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timestamp.h"

#define INDEX "index.tsv"

/* Room for the name of a file: a number and a suffix. */
enum { NAME_SIZE = 64 };

/* Returns 1 when there is nothing in the directory, 0 when there is something, -1 with errno set. */
static int is_empty(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL) {
        if (fd >= 0)
            close(fd); /* LCOV_EXCL_LINE: fdopendir fails where memory runs out */
        return -1;
    }
    int empty = 1;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            empty = 0;
    if (errno != 0)
        empty = -1;
    closedir(entries);
    return empty;
}

/* A directory of another user is not trusted: they could put other files in place of ours. */
static int check(const struct rehearse_out *out, struct error *e)
{
    struct stat st;
    int empty = is_empty(out->directory);
    if (empty < 0 || fstat(out->directory, &st) != 0)
        return fail(e, EX_CANTCREAT, "rehearse: --out %s: it cannot be read: %s; name a new directory",
            out->path, strerror(errno));
    if (empty == 0)
        return fail(e, EX_CANTCREAT, "rehearse: --out %s: it is not empty; name a new or an empty directory",
            out->path);
    if (st.st_uid != geteuid())
        return fail(e, EX_CANTCREAT, "rehearse: --out %s: it belongs to another user; name a new directory",
            out->path);
    return 0;
}

int rehearse_out_open(struct rehearse_out *out, const char *path, struct error *e)
{
    *out = (struct rehearse_out){.path = path, .directory = -1};
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(e, EX_CANTCREAT,
            "rehearse: --out %s: it cannot be made: %s; name a directory that the user of the store may make",
            path, strerror(errno));
    out->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->directory < 0)
        return fail(e, EX_CANTCREAT, "rehearse: --out %s: it cannot be opened: %s; name a new directory",
            path, strerror(errno));
    return check(out, e);
}

static const char *advice(int reason)
{
    if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
        return "free some space";
    if (reason == EMFILE || reason == ENFILE)
        return "raise the limit of open files (ulimit -n)";
    return "name a new directory";
}

static int fail_write(const struct rehearse_out *out, const char *name, struct error *e)
{
    const int reason = errno;
    return fail(e, EX_IOERR, "rehearse: --out %s: %s: it cannot be written: %s; %s", out->path, name,
        strerror(reason), advice(reason));
}

/* A file that is not there yet. */
static int create(const struct rehearse_out *out, const char *name)
{
    return openat(out->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int write_file(
    const struct rehearse_out *out, const char *name, const struct buffer *bytes, struct error *e)
{
    int fd = create(out, name), rc = fd >= 0 ? 0 : -1;
    for (size_t done = 0; rc == 0 && done < bytes->len;) {
        ssize_t n = write(fd, bytes->data + done, bytes->len - done);
        if (n < 0)
            rc = -1;
        else
            done += (size_t)n;
    }
    if (fd >= 0 && close(fd) != 0)
        rc = -1; /* LCOV_EXCL_LINE: a disk of the network may say only now that it is full */
    if (rc != 0)
        fail_write(out, name, e);
    if (rc != 0 && fd >= 0)
        unlinkat(out->directory, name, 0); /* half a message is none */
    return rc;
}

static int open_index(struct rehearse_out *out, struct error *e)
{
    int fd = create(out, INDEX);
    out->index = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out->index == NULL)
        return fail_write(out, INDEX, e);
    out->begun = true;
    fputs("file\tmoment\tfor\n", out->index);
    return 0;
}

/* An id is made of words that come from outside: no line of the index is to be forged. */
static int add_to_index(
    const struct rehearse_out *out, const char *name, int64_t moment, const char *what, struct error *e)
{
    char date[TIMESTAMP_SIZE];
    timestamp_format(moment, date);
    fprintf(out->index, "%s\t%s\t", name, date);
    for (; *what != '\0'; what++)
        putc((unsigned char)*what < 0x20 || *what == 0x7f ? '?' : *what, out->index);
    putc('\n', out->index);
    /* now, while errno is that of its reason */
    return ferror(out->index) == 0 ? 0 : fail_write(out, INDEX, e);
}

int rehearse_out_write(struct rehearse_out *out, const struct handler_type *type, void *state,
    struct handler_batch *batch, int64_t moment, const char *what, struct error *e)
{
    struct handler_render render = {.directory = out->directory};
    char name[NAME_SIZE];
    int rc = type->render(state, batch, &render, e);
    if (rc == 0 && render.suffix != NULL) {
        snprintf(name, sizeof name, "%06lld%s", (long long)out->files + 1, render.suffix);
        if (out->index == NULL)
            rc = open_index(out, e);
        if (rc == 0)
            rc = write_file(out, name, &render.bytes, e);
        if (rc == 0)
            rc = add_to_index(out, name, moment, what, e);
    }
    out->begun = out->begun || rc == 0; /* a type may have written its files itself */
    out->files += rc == 0;
    buffer_free(&render.bytes);
    return rc;
}

void rehearse_out_explain(const struct rehearse_out *out, struct error *e)
{
    struct error more = {0};
    if (out->begun)
        fail(&more, e->status,
            "--out %s: it holds %lld message%s of a rehearsal that did not succeed; remove it and rehearse "
            "again",
            out->path, (long long)out->files, out->files == 1 ? "" : "s");
    error_add(e, &more);
}

int rehearse_out_close(struct rehearse_out *out, struct error *e)
{
    int rc = 0;
    if (out->index != NULL) {
        if (fclose(out->index) != 0)
            rc = fail_write(out, INDEX, e);
    }
    if (out->directory >= 0)
        close(out->directory);
    *out =
        (struct rehearse_out){.path = out->path, .directory = -1, .begun = out->begun, .files = out->files};
    return rc;
}
