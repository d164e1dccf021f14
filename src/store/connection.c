/*
 * connection: SQLite's connection, how it waits for locks, and its errors in our words, in one place.
 */
#include "store/connection.h"

#include <errno.h>

#include "base/clock.h"
#include "base/shutdown.h"

/*
 * How long we sleep before a lock is tried again, in microseconds. Always the same: SQLite's own handler
 * sleeps ever longer, so that of many that wait those who came last go first, and one that waits long waits
 * for ever.
 */
enum { BUSY_STEP_US = 3000 };

/* After a signal a locked store is waited for no longer than this. */
enum { LAST_PATIENCE_MS = 300 };

/* What a file of SQLite's remembers: its log, or the database itself. */
static int number_of(sqlite3 *db, int pointer)
{
    sqlite3_file *file = NULL;
    int number = 0;
    if (sqlite3_file_control(db, "main", pointer, &file) == SQLITE_OK && file != NULL &&
        file->pMethods != NULL)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

/* Did the system give this number for an IOERR? SQLite's own note of it is lost where it cleans up before it
 * returns. */
static bool is_number(sqlite3 *db, int code, int number)
{
    return (code & 0xff) == SQLITE_IOERR && db != NULL &&
           (sqlite3_system_errno(db) == number || number_of(db, SQLITE_FCNTL_JOURNAL_POINTER) == number ||
               number_of(db, SQLITE_FCNTL_FILE_POINTER) == number);
}

/* SQLite says FULL for most full disks, and IOERR where it was about to make room. */
bool connection_is_full(sqlite3 *db, int code)
{
    return (code & 0xff) == SQLITE_FULL || is_number(db, code, ENOSPC) || is_number(db, code, EDQUOT);
}

bool connection_is_at_limit(sqlite3 *db, int code)
{
    return is_number(db, code, EFBIG);
}

static int fail_io(struct store *store, int code, const char *doing, struct error *e)
{
    const char *text = sqlite3_errmsg(store->db);
    if (connection_is_at_limit(store->db, code))
        return fail(e, EX_IOERR,
            "store %s: %s: a file may not grow that large; raise the limit (ulimit -f) and run again, "
            "nothing "
            "is lost",
            store->path, doing);
    if (code == SQLITE_IOERR_SHMMAP)
        return fail(e, EX_IOERR,
            "store %s: %s: %s: processes cannot share memory there; check the disk, and keep the store on a "
            "local file system",
            store->path, doing, text);
    return fail(e, EX_IOERR, "store %s: %s: %s; check the disk", store->path, doing, text);
}

/* A signal has it interrupt what it does (migration.c). */
static int fail_interrupted(struct store *store, const char *doing, struct error *e)
{
    if (shutdown_signalled())
        return fail(e, EX_TEMPFAIL, "store %s: %s: a signal ended the run; nothing was changed; run again",
            store->path, doing);
    return fail(e, EX_SOFTWARE, "store %s: %s: %s", store->path, doing, sqlite3_errmsg(store->db));
}

int connection_fail(struct store *store, int code, const char *doing, struct error *e)
{
    const char *text = sqlite3_errmsg(store->db);
    if (connection_is_full(store->db, code))
        code = SQLITE_FULL;
    switch (code & 0xff) {
    case SQLITE_BUSY:
        return fail(e, EX_TEMPFAIL, "store %s: %s: another process keeps it locked; try again later",
            store->path, doing);
    case SQLITE_FULL:
        return fail(e, EX_IOERR,
            "store %s: %s: the disk is full; free some space and run again, nothing is lost", store->path,
            doing);
    case SQLITE_READONLY:
        return fail(e, EX_IOERR,
            "store %s: %s: it is read-only; check the file, its directory and the user that wosync runs as",
            store->path, doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(e, EX_IOERR,
            "store %s: %s: %s; it is corrupt or no wosync store, or its disk fails: check the disk, then put "
            "back a backup, or move it away to begin anew",
            store->path, doing, text);
    case SQLITE_CANTOPEN:
        return fail(e, EX_CANTCREAT, "store %s: %s: %s; check the path and the permissions of its directory",
            store->path, doing, text);
    case SQLITE_PROTOCOL:
        store->no_locks = true;
        return fail(e, EX_IOERR,
            "store %s: %s: its locks cannot be taken; check the disk, and keep it off network file systems",
            store->path, doing);
    case SQLITE_IOERR:
        return fail_io(store, code, doing, e);
    case SQLITE_INTERRUPT:
        return fail_interrupted(store, doing, e);
    default:
        return fail(e, EX_SOFTWARE, "store %s: %s: %s", store->path, doing, text);
    }
}

int connection_execute(struct store *store, const char *sql, const char *doing, struct error *e)
{
    int code = store->no_locks ? SQLITE_PROTOCOL : sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : connection_fail(store, code, doing, e);
}

/* SQLite asks whether it shall try again, and how often it has. */
static int wait_for_lock(void *context, int tries)
{
    struct store *store = context;
    if (tries == 0)
        store->busy_since = clock_monotonic();
    int64_t patience = store->patience;
    if (shutdown_signalled() && patience > LAST_PATIENCE_MS)
        patience = LAST_PATIENCE_MS;
    if (clock_monotonic() - store->busy_since >= patience)
        return 0;
    clock_sleep(BUSY_STEP_US);
    return 1;
}

int connection_open_as(struct store *store, const char *name, int flags, struct error *e)
{
    int code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return connection_fail(store, code, "opening", e);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_handler(store->db, wait_for_lock, store);
    return 0;
}

int connection_open(struct store *store, bool scratch, struct error *e)
{
    return connection_open_as(store, scratch ? ":memory:" : store->path, SQLITE_OPEN_READWRITE, e);
}
