/*
 * copy: copies the store page by page (SQLite's backup), through a second connection: that of the store may
 * hold a write transaction, which keeps others from writing meanwhile.
 *
 *   PATH.new is made -> filled, synced and closed by SQLite -> renamed to PATH -> the directory is synced
 *
 * Invariant: a file with the name of a copy is a whole one. What a copy that failed or was killed leaves is
 * PATH.new, which the next attempt removes.
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
#include "base/shutdown.h"

/* Between two of these a signal is looked for; in pages of 8 KB. */
enum { STEP_PAGES = 1024 };

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

/* SQLite would make it readable by others. */
static int make_file(struct store *store, const char *path, struct error *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_copy(store, path, EX_CANTCREAT, strerror(errno), e);
    close(fd);
    return 0;
}

static int fail_sqlite(struct store *store, const char *path, sqlite3 *copy, int code, struct error *e)
{
    struct buffer why = {0};
    const int number = (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(copy) : 0;
    if ((code & 0xff) == SQLITE_FULL || number == ENOSPC || number == EDQUOT)
        buffer_append_text(
            &why, "the disk is full; free as much space there as the store takes, and run again");
    else
        buffer_append_format(&why, "%s; check the disk", sqlite3_errstr(code));
    fail_copy(store, path, EX_IOERR, why.data, e);
    buffer_free(&why);
    return -1;
}

/* Copies all pages. Returns SQLite's code, SQLITE_ABORT after a signal. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int code = SQLITE_OK;
    if (backup == NULL)
        return sqlite3_errcode(to);
    while (code == SQLITE_OK)
        code = shutdown_signalled() ? SQLITE_ABORT : sqlite3_backup_step(backup, STEP_PAGES);
    int end = sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? end : code;
}

/* Fills the file `path`, which is empty. */
static int fill(struct store *store, const char *path, struct error *e)
{
    sqlite3 *from = NULL, *to = NULL;
    int code = sqlite3_open_v2(store->path, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(from, 1);
        sqlite3_extended_result_codes(to, 1);
        sqlite3_busy_timeout(from, store->patience);
        code = copy_pages(from, to);
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

/* The name survives a power cut once its directory was synced. */
static int rename_copy(struct store *store, const char *from, const char *to, struct error *e)
{
    char *name = strdup(to);
    int directory = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    if (directory < 0 || rename(from, to) != 0 || fsync(directory) != 0)
        rc = fail_copy(store, to, EX_IOERR, strerror(errno), e);
    if (directory >= 0)
        close(directory);
    free(name);
    return rc;
}

int copy_make(struct store *store, const char *path, struct error *e)
{
    struct buffer new = {0};
    buffer_append_format(&new, "%s.new", path);
    remove_file(new.data);
    int rc = make_file(store, new.data, e);
    if (rc == 0)
        rc = fill(store, new.data, e);
    if (rc == 0)
        rc = rename_copy(store, new.data, path, e);
    if (rc != 0)
        remove_file(new.data);
    buffer_free(&new);
    return rc;
}
