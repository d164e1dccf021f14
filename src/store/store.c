/*
 * store: opens and closes the store's file, and its transactions.
 *
 *   opening   the file and its directory are made where they are missing (STORE_WRITE) -> connection.h ->
 *             whose it is and its schema (migration.h) -> WAL, durable commits
 *   then      store_begin or store_begin_relaxed -> statements (statement.h) ->
 *             store_commit or store_rollback
 *
 * Invariants: one transaction at a time; store_rollback may be called at any time, and a closed store leaves
 * none behind; synchronous is FULL but within a relaxed transaction.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "store/connection.h"
#include "store/read_only.h"
#include "store/migration.h"

/* How long store_is_old waits for a process that makes or migrates the store. */
enum { LOOK_BUSY_MS = 5000 };

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

static int note_mode(void *wal, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    *(bool *)wal = strcmp(values[0], "wal") == 0;
    return 0;
}

/* page_size acts on an empty file only, and holds seven records of the usual size; FULL: what was committed
 * survives a power cut, which holds for a log only. Without one, readers and writers would wait for each other,
 * too. */
static int set_modes(struct store *store, bool scratch, struct error *e)
{
    static const char sql[] = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";
    bool wal = false;
    int code = sqlite3_exec(store->db, sql, note_mode, &wal, NULL);
    if (code != SQLITE_OK)
        return connection_fail(store, code, "opening", e);
    if (!wal && !scratch)
        return fail(e, EX_IOERR,
            "store %s: opening: SQLite can keep no write-ahead log there; keep the store on a local file "
            "system",
            store->path);
    return 0;
}

static int prepare_file(struct store *store, enum store_mode mode, struct error *e)
{
    const int version = migration_version(store, e);
    if (version < 0)
        return -1;
    if (mode == STORE_READ || mode == STORE_LOOK)
        return version == migration_known.count ? 0 : migration_refuse(store, e);
    return set_modes(store, mode == STORE_SCRATCH, e) == 0 ? migration_run(store, e) : -1;
}

void store_log_path(const char *path, struct buffer *out)
{
    char *file = realpath(path, NULL);
    buffer_append_format(out, "%s-wal", file != NULL ? file : path);
    free(file);
}

static struct store *make_store(const char *path, int busy_ms)
{
    struct store *store = calloc(1, sizeof *store);
    store->path = strdup(path);
    store->patience = busy_ms;
    return store;
}

struct store *store_open(const char *path, enum store_mode mode, int busy_ms, struct error *e)
{
    struct store *store = make_store(path, busy_ms);
    if ((mode != STORE_WRITE || (store_make_directory(path, e) == 0 && make_file(path, e) == 0)) &&
        (mode == STORE_LOOK ? read_only_open(store, e) : connection_open(store, mode == STORE_SCRATCH, e)) ==
            0 &&
        prepare_file(store, mode, e) == 0 &&
        /* after migrations, which may drop and rename what others refer to */
        connection_execute(store, "PRAGMA foreign_keys = ON", "opening", e) == 0 &&
        (mode != STORE_LOOK || store_forbid_writes(store, e) == 0)) {
        store->schema = migration_known.count;
        return store;
    }
    store_close(store);
    return NULL;
}

bool store_is_old(const char *path, int *version)
{
    struct error e = {0};
    struct store *store = make_store(path, LOOK_BUSY_MS);
    *version = connection_open(store, false, &e) == 0 ? migration_version(store, &e) : -1;
    store_close(store);
    return *version > 0 && *version < migration_known.count;
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
    free(store->file);
    free(store->copy);
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

const char *store_copy(const struct store *store)
{
    return store->copy;
}

void store_set_patience(struct store *store, int busy_ms)
{
    store->patience = busy_ms;
}

/* A newer program may have migrated the store since we opened it, and we know neither its tables nor what it
 * counts on. Within the transaction nobody can. */
static int check_schema(struct store *store, struct error *e)
{
    const enum sql_statement q = SQL_SCHEMA_VERSION;
    if (store->schema == 0)
        return 0;
    int rc = store_query_all(store, q, e) == 0 ? store_next(store, q, e) : -1;
    if (rc == 1)
        rc = store_int(store, q, 0) == store->schema ? 0 : migration_refuse(store, e);
    store_done(store, q);
    return rc;
}

int store_begin(struct store *store, struct error *e)
{
    if (connection_execute(store, "BEGIN IMMEDIATE", "writing", e) != 0)
        return -1;
    store->in_transaction = true;
    store->transactions++;
    if (check_schema(store, e) == 0)
        return 0;
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    store->in_transaction = false;
    return -1;
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
    if (connection_execute(store, "PRAGMA synchronous = NORMAL", "writing", e) != 0)
        return -1;
    store->lazy = true;
    if (store_begin(store, e) == 0)
        return 0;
    restore_synchronous(store);
    return -1;
}

int store_begin_reading(struct store *store, struct error *e)
{
    if (connection_execute(store, "BEGIN", "reading", e) != 0)
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
    if (connection_execute(store, "COMMIT", "writing", e) != 0) {
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

int store_forbid_writes(struct store *store, struct error *e)
{
    return connection_execute(store, "PRAGMA query_only = ON", "opening", e);
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

int64_t store_transactions(const struct store *store)
{
    return store->transactions;
}
