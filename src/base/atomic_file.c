#include "base/atomic_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

/* Temporary names: `.wosync-RANDOM.tmp`. A process number would not do: two containers that share a directory
 * have the same ones. */
#define PREFIX ".wosync-"
#define SUFFIX ".tmp"

/* Names that are taken, one after the other: chance does not do that. */
enum { MOST_TRIES = 10 };

int atomic_file_directory(const char *path, struct error *e)
{
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return fail(e, EX_CANTCREAT, "%s: the directory cannot be made: %s", path, strerror(errno));
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return fail(e, EX_CANTCREAT, "%s: it cannot be opened as a directory: %s", path, strerror(errno));
    return directory;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Locks a new file, which says that someone is at work on it. False: atomic_file_clean of another process was
 * quicker, and takes it away. Where the file system has no locks, nobody takes it away. */
static bool is_ours(int fd)
{
    struct stat st;
    bool taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return !taken && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

/* Makes a file that nobody else has, and locks it. Returns its descriptor, or -1 with errno set. */
static int make_temporary(int directory, mode_t mode, char *name, size_t size)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        snprintf(name, size, PREFIX "%08" PRIx32 "%08" PRIx32 SUFFIX, random_bits(), random_bits());
        int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 && errno != EEXIST)
            return -1;
        if (fd >= 0 && is_ours(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    errno = EEXIST;
    return -1;
}

static int write_file(int directory, const char *name, mode_t mode, const char *bytes, size_t len,
    bool publish, struct error *e)
{
    char temporary[64];
    int fd = make_temporary(directory, mode, temporary, sizeof temporary);
    if (fd < 0)
        return fail(e, EX_IOERR, "%s: it cannot be made: %s", name, strerror(errno));
    int rc = write_all(fd, bytes, len);
    if (rc == 0)
        rc = publish ? fchmod(fd, 0644) : fsync(fd);
    if (rc == 0)
        rc = renameat(directory, temporary, directory, name);
    if (rc == 0 && !publish)
        rc = fsync(directory);
    if (rc != 0) {
        fail(e, EX_IOERR, "%s: it cannot be written: %s", name, strerror(errno));
        unlinkat(directory, temporary, 0);
    }
    close(fd);
    return rc;
}

int atomic_file_write(int directory, const char *name, const char *bytes, size_t len, struct error *e)
{
    return write_file(directory, name, 0640, bytes, len, false, e);
}

int atomic_file_write_mode(
    int directory, const char *name, mode_t mode, const char *bytes, size_t len, struct error *e)
{
    return write_file(directory, name, mode, bytes, len, false, e);
}

int atomic_file_publish(int directory, const char *name, const char *bytes, size_t len, struct error *e)
{
    return write_file(directory, name, 0644, bytes, len, true, e);
}

static void remove_one(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(directory, name, 0);
    close(fd);
}

void atomic_file_clean(int directory)
{
    const size_t suffix = strlen(SUFFIX);
    DIR *entries = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entries == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
            strcmp(entry->d_name + len - suffix, SUFFIX) == 0)
            remove_one(directory, entry->d_name);
    }
    closedir(entries);
}
