/* The warehouse in an SQLite file. */
#include "handlers/warehouse/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "warehouse_sqlite_sql.h"

/* PRAGMA application_id: "wosw". A file with another one is not ours. */
enum { APPLICATION_ID = 0x776f7377, PROBE_BUSY_MS = 2000 };

/* Statements that are prepared and kept. */
enum kept { EVENT_ADD, HISTORY_ADD, EVENT_PUT, SNAPSHOT_PUT, USER_PUT, TEAM_PUT, KEPT };

static const char *const kept_sql[KEPT] = {
    [EVENT_ADD] = warehouse_sqlite_event_add,
    [HISTORY_ADD] = warehouse_sqlite_history_add,
    [EVENT_PUT] = warehouse_sqlite_event_put,
    [SNAPSHOT_PUT] = warehouse_sqlite_snapshot_put,
    [USER_PUT] = warehouse_sqlite_user_put,
    [TEAM_PUT] = warehouse_sqlite_team_put,
};

struct sqlite {
    char *path;
    int busy_ms;
    sqlite3 *db; /* NULL until first used */
    sqlite3_stmt *kept[KEPT];
    bool in_transaction;
    bool no_locks; /* SQLite tried for ten seconds in vain, and would again for every delivery */
};

/* SQLite's status as ours: what lies with the file is waited for, what lies with the row is refused. */
static int fail_sqlite(struct sqlite *s, int code, struct delivery_result *why)
{
    const char *text = sqlite3_errmsg(s->db);
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        handler_dead(why, "%s: it refuses the row: %s", s->path, text);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        handler_later(why, -1, "%s: another program keeps it locked", s->path);
        break;
    case SQLITE_PROTOCOL:
        s->no_locks = true;
        handler_later(why, -1,
            "%s: its locks cannot be taken; check the disk, and keep it off network file systems", s->path);
        break;
    case SQLITE_FULL:
        handler_later(why, -1, "%s: the disk is full; free some space", s->path);
        break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        handler_later(
            why, -1, "%s: %s; check the file, its directory and the user that wosync runs as", s->path, text);
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        handler_later(why, -1,
            "%s: %s: it is corrupt or no SQLite file; move it away (and give the handler a new name to fill "
            "another)",
            s->path, text);
        break;
    default:
        handler_later(why, -1, "%s: %s", s->path, text);
        break;
    }
    return -1;
}

static int execute(struct sqlite *s, const char *sql, struct delivery_result *why)
{
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fail_sqlite(s, code, why);
}

/* Reads what answers with one row of integers. */
static int read_numbers(struct sqlite *s, const char *sql, int *out, struct delivery_result *why)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    for (int i = 0; code == SQLITE_ROW && i < sqlite3_column_count(statement); i++)
        out[i] = sqlite3_column_int(statement, i);
    int rc = code == SQLITE_ROW ? 0 : fail_sqlite(s, code, why);
    sqlite3_finalize(statement);
    return rc;
}

/* --- opening --- */

/* The mode is 0640, not 0600 as the store's: the warehouse is there to be read by other programs, those of
 * the file's group; it holds no secrets. SQLite gives the files beside it the same mode. */
static int make_file(struct sqlite *s, struct delivery_result *why)
{
    const char *slash = strrchr(s->path, '/');
    if (slash != NULL) {
        char *directory = strndup(s->path, (size_t)(slash - s->path));
        mkdir(directory, 0750); /* as a rule it is there */
        free(directory);
    }
    int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    handler_later(why, -1,
        "%s: it cannot be opened: %s; check the path, its permissions and the user that wosync runs as",
        s->path, strerror(errno));
    return -1;
}

static int check_owner(struct sqlite *s, int *version, struct delivery_result *why)
{
    int found[3] = {0}; /* the application's id, the version, how many tables and the like */
    if (read_numbers(s, warehouse_sqlite_get_owner, found, why) != 0)
        return -1;
    *version = found[1];
    if (found[0] != APPLICATION_ID && (found[0] != 0 || found[1] > 0 || found[2] > 0))
        handler_later(
            why, -1, "%s: it is a database of another program; set another path in database", s->path);
    else if (*version > WAREHOUSE_SQLITE_VERSION)
        handler_later(why, -1,
            "%s: it was written by a newer wosync (schema %d, this one knows %d); install that version",
            s->path, *version, WAREHOUSE_SQLITE_VERSION);
    else
        return 0;
    return -1;
}

/* A file that is not there yet is made by the first delivery, if its directory can be written. */
static int probe_missing(const struct sqlite *s, char *found, size_t size, struct delivery_result *why)
{
    char *folder = strdup(s->path), *slash = strrchr(folder, '/');
    int rc = 0;
    if (slash == NULL)
        strcpy(folder, ".");
    else
        slash[slash == folder ? 1 : 0] = '\0';
    snprintf(found, size, "%s will be made by the first delivery", s->path);
    if (access(folder, W_OK | X_OK) != 0) {
        handler_later(why, -1, "%s: %s; make the directory writable for the user that wosync runs as", folder,
            strerror(errno));
        rc = -1;
    }
    free(folder);
    return rc;
}

static int probe(void *context, char *found, size_t size, struct delivery_result *why)
{
    struct sqlite *s = context;
    struct sqlite look = {.path = s->path};
    int version = 0, rc = -1;
    if (access(s->path, F_OK) != 0)
        return probe_missing(s, found, size, why);
    int code = sqlite3_open_v2(s->path, &look.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        /* or the last one to close it would remove the files that programs which only read need beside it */
        int keep = 1;
        sqlite3_file_control(look.db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
        sqlite3_busy_timeout(look.db, PROBE_BUSY_MS);
        sqlite3_exec(look.db, "PRAGMA query_only = ON", NULL, NULL, NULL);
    }
    if (code != SQLITE_OK)
        fail_sqlite(&look, code, why);
    else if (check_owner(&look, &version, why) == 0) {
        snprintf(found, size, "%s, schema %d", s->path, version);
        rc = 0;
    }
    if (rc == 0 && access(s->path, W_OK) != 0) {
        handler_later(why, -1, "%s: %s; check its permissions and the user that wosync runs as", s->path,
            strerror(errno));
        rc = -1;
    }
    sqlite3_close(look.db);
    return rc;
}

static void rollback(void *context)
{
    struct sqlite *s = context;
    if (s->in_transaction)
        sqlite3_exec(s->db, warehouse_sqlite_rollback, NULL, NULL, NULL);
    s->in_transaction = false;
}

static int start(struct sqlite *s, struct delivery_result *why)
{
    if (execute(s, warehouse_sqlite_begin, why) != 0)
        return -1;
    s->in_transaction = true;
    return 0;
}

static int commit(void *context, struct delivery_result *why)
{
    struct sqlite *s = context;
    if (execute(s, warehouse_sqlite_commit, why) != 0)
        return -1;
    s->in_transaction = false;
    return 0;
}

/* One version per transaction; its file says which it is. Another process may have been quicker. */
static int migrate(struct sqlite *s, struct delivery_result *why)
{
    int version = 0;
    while (version < WAREHOUSE_SQLITE_VERSION) {
        if (start(s, why) != 0 || read_numbers(s, warehouse_sqlite_get_version, &version, why) != 0)
            return -1;
        if (version < WAREHOUSE_SQLITE_VERSION && execute(s, warehouse_sqlite_migrations[version], why) != 0)
            return -1;
        if (commit(s, why) != 0)
            return -1;
        version++;
    }
    return 0;
}

static int prepare(struct sqlite *s, struct delivery_result *why)
{
    for (int i = 0; i < KEPT; i++) {
        int code = sqlite3_prepare_v3(s->db, kept_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->kept[i], NULL);
        if (code != SQLITE_OK)
            return fail_sqlite(s, code, why);
    }
    return 0;
}

static void close_file(struct sqlite *s)
{
    rollback(s);
    for (int i = 0; i < KEPT; i++) {
        sqlite3_finalize(s->kept[i]);
        s->kept[i] = NULL;
    }
    sqlite3_close(s->db);
    s->db = NULL;
}

static int open_file(struct sqlite *s, struct delivery_result *why)
{
    int version = 0, keep = 1;
    if (make_file(s, why) != 0)
        return -1;
    int code = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return fail_sqlite(s, code, why);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, s->busy_ms);
    /* a program that may only read can open a file in WAL mode only while the files beside it are there */
    sqlite3_file_control(s->db, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
    if (check_owner(s, &version, why) != 0 || execute(s, warehouse_sqlite_prepare_file, why) != 0)
        return -1;
    if (version < WAREHOUSE_SQLITE_VERSION && migrate(s, why) != 0)
        return -1;
    return prepare(s, why);
}

/* --- the backend --- */

static int begin(void *context, struct delivery_result *why)
{
    struct sqlite *s = context;
    if (s->no_locks)
        return fail_sqlite(s, SQLITE_PROTOCOL, why);
    if (s->db == NULL && open_file(s, why) != 0) {
        close_file(s);
        return -1;
    }
    return start(s, why);
}

/* Runs a kept statement with so many values as it has parameters; *changed, unless NULL, says whether it
 * wrote.
 */
static int run(
    struct sqlite *s, enum kept which, const char *const *values, bool *changed, struct delivery_result *why)
{
    sqlite3_stmt *statement = s->kept[which];
    int count = sqlite3_bind_parameter_count(statement);
    for (int i = 0; i < count; i++)
        sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    int rc = code == SQLITE_DONE ? 0 : fail_sqlite(s, code, why);
    if (changed != NULL)
        *changed = sqlite3_changes(s->db) > 0;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return rc;
}

static int put_event(void *context, const struct warehouse_row *row, struct delivery_result *why)
{
    const char *const *values = (const char *const *)row->values;
    bool is_new = false;
    if (run(context, EVENT_ADD, values, &is_new, why) != 0)
        return -1;
    if (!is_new)
        return 0;
    return run(context, HISTORY_ADD, values, NULL, why) == 0 &&
                   run(context, EVENT_PUT, values, NULL, why) == 0
               ? 0
               : -1;
}

static int put_snapshot(void *context, const struct warehouse_row *row, struct delivery_result *why)
{
    return run(context, SNAPSHOT_PUT, (const char *const *)row->values, NULL, why);
}

static int put_name(void *context, enum warehouse_name_kind kind, const struct warehouse_name_values *name,
    struct delivery_result *why)
{
    return run(context, kind == WAREHOUSE_USER ? USER_PUT : TEAM_PUT, name->values, NULL, why);
}

static void release(void *context)
{
    struct sqlite *s = context;
    close_file(s);
    free(s->path);
    free(s);
}

const struct warehouse_backend warehouse_sqlite = {
    .statements = {[WAREHOUSE_WRITE_BEGIN] = {warehouse_sqlite_begin},
        [WAREHOUSE_WRITE_EVENT] = {warehouse_sqlite_event_add, warehouse_sqlite_history_add,
            warehouse_sqlite_event_put},
        [WAREHOUSE_WRITE_SNAPSHOT] = {warehouse_sqlite_snapshot_put},
        [WAREHOUSE_WRITE_USER] = {warehouse_sqlite_user_put},
        [WAREHOUSE_WRITE_TEAM] = {warehouse_sqlite_team_put},
        [WAREHOUSE_WRITE_COMMIT] = {warehouse_sqlite_commit}},
    .parameter = '?',
    .begin = begin,
    .put_event = put_event,
    .put_snapshot = put_snapshot,
    .put_name = put_name,
    .commit = commit,
    .rollback = rollback,
    .probe = probe,
    .free = release,
};

void *warehouse_sqlite_new(const char *path, int64_t timeout)
{
    struct sqlite *s = calloc(1, sizeof *s);
    s->path = strdup(path);
    s->busy_ms = (int)timeout;
    return s;
}
