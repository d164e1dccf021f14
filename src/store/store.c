#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"

/* PRAGMA application_id: "wosy". A file with another one is not ours. */
enum { APPLICATION_ID = 0x776f7379 };

/*
 * How long we sleep before a lock is tried again, in nanoseconds. Always the same: SQLite's own handler
 * sleeps ever longer, so that of many that wait those who came last go first, and one that waits long waits
 * for ever.
 */
enum { BUSY_STEP_US = 3000 };

/* After a signal a locked store is waited for no longer than this. */
enum { LAST_PATIENCE_MS = 300 };

struct store {
    sqlite3 *db;
    char *path;
    int patience;       /* for how long a locked store is waited for, in milliseconds */
    int64_t busy_since; /* when this wait began */
    bool in_transaction;
    int64_t transactions; /* begun so far */
    bool lazy;            /* synchronous is NORMAL */
    bool no_locks;        /* SQLite tried for ten seconds in vain, and would again for every statement */
    sqlite3_stmt *prepared[SQL_STATEMENTS];
};

/* SQLite says FULL for most full disks, and IOERR where it was about to make room. */
static bool is_full(const struct store *store, int code)
{
    int number = (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(store->db) : 0;
    return (code & 0xff) == SQLITE_FULL || number == ENOSPC || number == EDQUOT;
}

/* One place that turns SQLite's verdict into ours, with what to do about it. */
static int fail_sqlite(struct store *store, int code, const char *doing, struct error *e)
{
    const char *text = sqlite3_errmsg(store->db);
    if (is_full(store, code))
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
        return fail(e, EX_IOERR, "store %s: %s: %s; check the disk", store->path, doing, text);
    default:
        return fail(e, EX_SOFTWARE, "store %s: %s: %s", store->path, doing, text);
    }
}

static int execute(struct store *store, const char *sql, const char *doing, struct error *e)
{
    int code = store->no_locks ? SQLITE_PROTOCOL : sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fail_sqlite(store, code, doing, e);
}

/* What the file says of itself. */
struct head {
    int application;
    int version;
    int tables;
};

static int read_head(struct store *store, struct head *head, struct error *e)
{
    /* in one statement, of one instant: another process may be making the file just now */
    static const char sql[] = "SELECT (SELECT application_id FROM pragma_application_id), "
                              "(SELECT user_version FROM pragma_user_version), "
                              "(SELECT count(*) FROM sqlite_schema)";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *head = (struct head){sqlite3_column_int(statement, 0), sqlite3_column_int(statement, 1),
            sqlite3_column_int(statement, 2)};
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : fail_sqlite(store, code, "opening", e);
}

int store_make_directory(const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return 0;
    char *directory = strndup(path, (size_t)(slash - path));
    int rc = 0;
    struct stat st;
    if (stat(directory, &st) != 0 && mkdir(directory, 0700) != 0 && errno != EEXIST)
        rc = fail(e, EX_CANTCREAT,
            "store %s: its directory cannot be made: %s; make it, or set path in [store] or WOSYNC_DB", path,
            strerror(errno));
    free(directory);
    return rc;
}

/* SQLite would make the file readable by others. That it is there survives a power cut: SQLite syncs the
 * directory with the first sync of a journal and of a log, before anything is committed. */
static int make_file(const char *path, struct error *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(e, errno == EACCES && access(path, F_OK) == 0 ? EX_IOERR : EX_CANTCREAT,
            "store %s: it cannot be opened: %s; check its permissions and the user that wosync runs as", path,
            strerror(errno));
    close(fd);
    return 0;
}

static int check_owner(struct store *store, const struct head *head, struct error *e)
{
    if (head->application != APPLICATION_ID &&
        (head->tables > 0 || head->version > 0 || head->application != 0))
        return fail(e, EX_IOERR,
            "store %s: it is a database of another program; set path in [store] or WOSYNC_DB", store->path);
    if (head->version > SQL_VERSION)
        return fail(e, EX_IOERR,
            "store %s: it was written by a newer wosync (schema %d, this one knows %d); install that version",
            store->path, head->version, SQL_VERSION);
    return 0;
}

static int migrate_to(struct store *store, int version, struct error *e)
{
    char *sql = sqlite3_mprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d",
        sql_migrations[version - 1], APPLICATION_ID, version);
    struct head head = {0};
    int rc = -1;
    if (store_begin(store, e) != 0)
        goto out;
    /* another process may have been quicker */
    if (read_head(store, &head, e) != 0 ||
        (head.version < version && execute(store, sql, "migrating", e) != 0))
        goto out;
    rc = store_commit(store, e);
out:
    store_rollback(store);
    sqlite3_free(sql);
    return rc;
}

static int prepare_file(struct store *store, enum store_mode mode, struct error *e)
{
    struct head head = {0};
    if (read_head(store, &head, e) != 0 || check_owner(store, &head, e) != 0)
        return -1;
    if (mode == STORE_READ)
        return head.version == SQL_VERSION
                   ? 0
                   : fail(e, EX_IOERR, "store %s: its schema is old; `wosync sync` brings it up to date",
                         store->path);
    /* page_size acts on an empty file only, and holds seven records of the usual size; FULL: what was
     * committed survives a power cut */
    if (execute(store, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
            "opening", e) != 0)
        return -1;
    for (int version = head.version + 1; version <= SQL_VERSION; version++)
        if (migrate_to(store, version, e) != 0)
            return -1;
    return 0;
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

struct store *store_open(const char *path, enum store_mode mode, int busy_ms, struct error *e)
{
    struct store *store = calloc(1, sizeof *store);
    int code;
    store->path = strdup(path);
    if (mode == STORE_WRITE && (store_make_directory(path, e) != 0 || make_file(path, e) != 0))
        goto out;
    code = sqlite3_open_v2(mode == STORE_SCRATCH ? ":memory:" : path, &store->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        fail_sqlite(store, code, "opening", e);
        goto out;
    }
    sqlite3_extended_result_codes(store->db, 1);
    store->patience = busy_ms;
    sqlite3_busy_handler(store->db, wait_for_lock, store);
    if (prepare_file(store, mode, e) == 0)
        return store;
out:
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store_rollback(store);
    for (int i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(store->prepared[i]);
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}

bool store_exists(const char *path)
{
    /* what cannot be looked at may be there: opening it says why it cannot be opened */
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

void store_set_patience(struct store *store, int busy_ms)
{
    store->patience = busy_ms;
}

int store_begin(struct store *store, struct error *e)
{
    if (execute(store, "BEGIN IMMEDIATE", "writing", e) != 0)
        return -1;
    store->in_transaction = true;
    store->transactions++;
    return 0;
}

/* synchronous can be set between transactions only. */
static void restore_synchronous(struct store *store)
{
    if (store->lazy)
        sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    store->lazy = false;
}

int store_begin_relaxed(struct store *store, struct error *e)
{
    if (execute(store, "PRAGMA synchronous = NORMAL", "writing", e) != 0)
        return -1;
    store->lazy = true;
    if (store_begin(store, e) == 0)
        return 0;
    restore_synchronous(store);
    return -1;
}

int store_begin_reading(struct store *store, struct error *e)
{
    if (execute(store, "BEGIN", "reading", e) != 0)
        return -1;
    store->in_transaction = true;
    return 0;
}

static void end_transaction(struct store *store)
{
    store->in_transaction = false;
    restore_synchronous(store);
}

int store_commit(struct store *store, struct error *e)
{
    if (execute(store, "COMMIT", "writing", e) != 0) {
        store_rollback(store);
        return -1;
    }
    end_transaction(store);
    return 0;
}

void store_rollback(struct store *store)
{
    if (store->in_transaction)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    end_transaction(store);
}

struct store_value store_text(const char *text)
{
    return (struct store_value){.type = STORE_TEXT, .bytes = text, .len = text != NULL ? strlen(text) : 0};
}

static int bind(sqlite3_stmt *statement, int index, const struct store_value *value)
{
    switch (value->type) {
    case STORE_DATE:
        if (value->number == TIMESTAMP_NONE)
            return sqlite3_bind_null(statement, index);
        return sqlite3_bind_int64(statement, index, value->number);
    case STORE_TEXT:
        return sqlite3_bind_text64(statement, index, value->bytes, value->len, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BLOB:
        return sqlite3_bind_blob64(statement, index, value->bytes, value->len, SQLITE_STATIC);
    case STORE_INT:
    default:
        return sqlite3_bind_int64(statement, index, value->number);
    }
}

int store_query(struct store *store, enum sql_statement which, const struct store_value *values, size_t count,
    struct error *e)
{
    sqlite3_stmt *statement = store->prepared[which];
    int code = SQLITE_OK;
    if (statement == NULL) {
        code = sqlite3_prepare_v3(store->db, sql_statements[which].sql, -1, SQLITE_PREPARE_PERSISTENT,
            &store->prepared[which], NULL);
        statement = store->prepared[which];
    } else {
        sqlite3_reset(statement);
    }
    if (code == SQLITE_OK && (size_t)sqlite3_bind_parameter_count(statement) != count)
        return fail(e, EX_SOFTWARE, "store: %s: %zu values bound to %d parameters",
            sql_statements[which].name, count, sqlite3_bind_parameter_count(statement));
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind(statement, (int)i + 1, &values[i]);
    return code == SQLITE_OK ? 0 : fail_sqlite(store, code, sql_statements[which].name, e);
}

int store_query_all(struct store *store, enum sql_statement statement, struct error *e)
{
    return store_query(store, statement, NULL, 0, e);
}

int store_next(struct store *store, enum sql_statement which, struct error *e)
{
    int code = store->no_locks ? SQLITE_PROTOCOL : sqlite3_step(store->prepared[which]);
    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE) {
        sqlite3_reset(store->prepared[which]);
        return 0;
    }
    fail_sqlite(store, code, sql_statements[which].name, e);
    sqlite3_reset(store->prepared[which]);
    return -1;
}

void store_done(struct store *store, enum sql_statement statement)
{
    sqlite3_reset(store->prepared[statement]);
}

int store_run(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e)
{
    if (store_query(store, statement, values, count, e) != 0)
        return -1;
    int rc = store_next(store, statement, e);
    store_done(store, statement);
    return rc < 0 ? -1 : 0;
}

int store_forbid_writes(struct store *store, struct error *e)
{
    return execute(store, "PRAGMA query_only = ON", "opening", e);
}

int store_check(struct store *store, struct error *e)
{
    const enum sql_statement q = SQL_QUICK_CHECK;
    int rc = store_query_all(store, q, e) == 0 ? store_next(store, q, e) : -1;
    if (rc == 1 && strcmp(store_get_text(store, q, 0), "ok") != 0)
        rc = fail(e, EX_IOERR,
            "store %s: it is corrupt: %s; check the disk, then put back a backup, or move it away to begin "
            "anew",
            store->path, store_get_text(store, q, 0));
    store_done(store, q);
    return rc < 0 ? -1 : 0;
}

bool store_is_null(struct store *store, enum sql_statement statement, int column)
{
    return sqlite3_column_type(store->prepared[statement], column) == SQLITE_NULL;
}

int64_t store_int(struct store *store, enum sql_statement statement, int column)
{
    return sqlite3_column_int64(store->prepared[statement], column);
}

int64_t store_date(struct store *store, enum sql_statement statement, int column)
{
    return store_is_null(store, statement, column) ? TIMESTAMP_NONE : store_int(store, statement, column);
}

const char *store_get_text(struct store *store, enum sql_statement statement, int column)
{
    return (const char *)sqlite3_column_text(store->prepared[statement], column);
}

const void *store_get_bytes(struct store *store, enum sql_statement statement, int column, size_t *len)
{
    const void *bytes = sqlite3_column_blob(store->prepared[statement], column);
    *len = (size_t)sqlite3_column_bytes(store->prepared[statement], column);
    return bytes;
}

char *store_copy_text(struct store *store, enum sql_statement statement, int column)
{
    if (store_is_null(store, statement, column))
        return NULL;
    return strdup(store_get_text(store, statement, column));
}

int64_t store_changes(struct store *store)
{
    return sqlite3_changes64(store->db);
}

int64_t store_total_changes(struct store *store)
{
    return sqlite3_total_changes64(store->db);
}

int64_t store_transactions(const struct store *store)
{
    return store->transactions;
}

int64_t store_last_id(struct store *store)
{
    return sqlite3_last_insert_rowid(store->db);
}
