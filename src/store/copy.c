/*
 * copy: copies the store page by page (SQLite's backup), through a second connection: that of the store may
 * hold a write transaction, which keeps others from writing meanwhile.
 *
 *   PATH.new is made -> filled, synced and closed by SQLite -> gets the store's time of change -> renamed to
 *   PATH -> the directory is synced
 *
 * Invariants: a file with the name of a copy is a whole one. What a copy that failed or was killed leaves is
 * PATH.new, which the next attempt removes. A copy with the store's size and time of change holds what the
 * store holds, if nothing lies in the store's log: a migration that fails again and again, or is stopped, finds
 * that one and copies nothing.
 */
#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "store/store.h"

/* Between two of these a signal is looked for; in pages of 8 KB. Each is brought to the disk before the next,
 * or the sync at the end, which no signal ends, would have all of it to do. */
enum { STEP_PAGES = 1024 };

/* A file system may give two changes that are closer than this the same time. */
enum { TICK_MS = 2000 };

static void remove_file(const char *path)
{
    static const char *const parts[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct buffer name = {0};
        buffer_append_format(&name, "%s%s", path, parts[i]);
        unlink(name.data);
        buffer_free(&name);
    }
}

static int fail_copy(struct store *store, const char *path, int status, const char *why, struct error *e)
{
    return fail(
        e, status, "store %s: its copy %s cannot be made: %s; nothing was changed", store->path, path, why);
}

/* `advice` may name the file. */
static int fail_file(struct store *store, const char *path, int status, const char *advice, struct error *e)
{
    struct buffer why = {0};
    buffer_append_format(&why, "%s; %s", strerror(errno), advice);
    fail_copy(store, path, status, why.data, e);
    buffer_free(&why);
    return -1;
}

/* SQLite would make it readable by others. Returns its descriptor, or -1. */
static int make_file(struct store *store, const char *path, struct error *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        fail_file(store, path, EX_CANTCREAT,
            errno == EEXIST ? "move what has that name away, and run again"
                            : "check its directory and the user that wosync runs as",
            e);
    return fd;
}

static int fail_sqlite(struct store *store, const char *path, sqlite3 *copy, int code, struct error *e)
{
    struct buffer why = {0};
    if (connection_is_full(copy, code))
        buffer_append_text(
            &why, "the disk is full; free as much space there as the store takes, and run again");
    else if (connection_is_at_limit(copy, code))
        buffer_append_text(&why, "files may not grow that large; raise the limit (ulimit -f), and run again");
    else
        buffer_append_format(&why, "%s; check the disk", sqlite3_errstr(code));
    fail_copy(store, path, EX_IOERR, why.data, e);
    buffer_free(&why);
    return -1;
}

/* Copies all pages. Returns SQLite's code, SQLITE_ABORT after a signal. */
static int copy_pages(sqlite3 *from, sqlite3 *to, int fd)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int code = SQLITE_OK;
    if (backup == NULL)
        return sqlite3_errcode(to);
    while (code == SQLITE_OK) {
        code = shutdown_signalled() ? SQLITE_ABORT : sqlite3_backup_step(backup, STEP_PAGES);
        if (code == SQLITE_OK)
            (void)fdatasync(fd); /* what goes wrong with it SQLite's own sync finds */
    }
    int end = sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? end : code;
}

/* Fills the file `path`, which is empty, and which `fd` has open: closed before SQLite has closed it, it would
 * take SQLite's locks with it. */
static int fill(struct store *store, const char *path, int fd, struct error *e)
{
    sqlite3 *from = NULL, *to = NULL;
    int code = sqlite3_open_v2(store->path, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(from, 1);
        sqlite3_extended_result_codes(to, 1);
        sqlite3_busy_timeout(from, store->patience);
        code = copy_pages(from, to, fd);
    }
    int rc = 0;
    if (code == SQLITE_ABORT)
        rc = fail_copy(store, path, EX_TEMPFAIL, "a signal ended the run; run again", e);
    else if (code != SQLITE_OK)
        rc = fail_sqlite(store, path, to, code, e);
    sqlite3_close(to);
    sqlite3_close(from);
    return rc;
}

/* How the store's file is, for whoever holds its write lock. False when some of it lies in the log, which can
 * be written back while we copy. */
static bool look_at_store(struct store *store, struct stat *st)
{
    struct buffer log = {0};
    struct stat st_log;
    store_log_path(store->path, &log);
    const bool in_log = stat(log.data, &st_log) == 0 && st_log.st_size > 0;
    buffer_free(&log);
    return !in_log && stat(store->path, st) == 0;
}

static bool is_copy_of(const struct stat *store, const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == store->st_size &&
           st.st_mtim.tv_sec == store->st_mtim.tv_sec && st.st_mtim.tv_nsec == store->st_mtim.tv_nsec;
}

/* Has it be known again. Without this it is whole all the same. */
static void mark(int fd, const struct stat *store)
{
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, store->st_mtim};
    if (clock_now() - (int64_t)store->st_mtim.tv_sec * 1000 > TICK_MS)
        (void)futimens(fd, times);
}

/* A name survives a power cut once its directory was synced. */
static int sync_name(struct store *store, const char *path, struct error *e)
{
    char *name = strdup(path);
    int directory = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    if (directory < 0 || fsync(directory) != 0)
        rc = fail(e, EX_IOERR,
            "store %s: its copy %s is made, but its directory cannot be synced: %s; check the disk, and run "
            "again; the store was not changed",
            store->path, path, strerror(errno));
    if (directory >= 0)
        close(directory);
    free(name);
    return rc;
}

static int make(
    struct store *store, const char *path, const char *draft, const struct stat *st, struct error *e)
{
    remove_file(draft);
    int fd = make_file(store, draft, e);
    if (fd < 0)
        return -1;
    int rc = fill(store, draft, fd, e);
    if (rc == 0 && st != NULL)
        mark(fd, st);
    close(fd);
    if (rc == 0 && rename(draft, path) != 0)
        rc = fail_file(store, path, EX_IOERR,
            errno == EISDIR ? "move what has that name away, and run again" : "check the disk", e);
    if (rc != 0)
        remove_file(draft);
    return rc;
}

int copy_make(struct store *store, const char *path, struct error *e)
{
    struct buffer draft = {0};
    struct stat st;
    const bool known = look_at_store(store, &st);
    int rc = 0;
    buffer_append_format(&draft, "%s.new", path);
    if (!known || !is_copy_of(&st, path))
        rc = make(store, path, draft.data, known ? &st : NULL, e);
    buffer_free(&draft);
    return rc == 0 ? sync_name(store, path, e) : -1;
}
