/*
 * migration: brings a store to the schema of this program.
 *
 *   what the file says of itself      not ours, newer, of a development version: refused, nothing is touched
 *   up to date                        nothing to do
 *   empty                             all migrations, in one transaction
 *   an older schema                   in one transaction: a copy beside it (copy.h), then what it lacks
 *
 * Invariants: a migration that was released never changes. The store is that of before or that of after,
 * never one in between: whoever kills a migration finds the old store. Nobody writes between the copy and the
 * migration, for the transaction is open. References (foreign keys) are not enforced while tables are made
 * anew; that none is broken is checked before the commit. A signal ends all of it but the commit; --max-time
 * ends none, or a store that takes longer would never come to the new schema.
 */
#include "store/migration.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/shutdown.h"
#include "store/connection.h"
#include "store/copy.h"

/* PRAGMA application_id: "wos1". A file with another one is not ours. Stores that were made before the first
 * release had "wosy" and a schema that no migration leads on from. */
enum { APPLICATION_ID = 0x776f7331, DEVELOPMENT_ID = 0x776f7379 };

struct migrations migration_known = {sql_migrations, SQL_VERSION};

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
    return code == SQLITE_ROW ? 0 : connection_fail(store, code, "opening", e);
}

static int check_owner(struct store *store, const struct head *head, struct error *e)
{
    if (head->application == DEVELOPMENT_ID)
        return fail(e, EX_IOERR,
            "store %s: it was made by a development version of wosync, and no migration leads on from there; "
            "move it away and run wosync sync to begin anew",
            store->path);
    if (head->application != APPLICATION_ID &&
        (head->tables > 0 || head->version > 0 || head->application != 0))
        return fail(e, EX_IOERR,
            "store %s: it is a database of another program; set path in [store] or WOSYNC_DB", store->path);
    if (head->version > migration_known.count)
        return fail(e, EX_IOERR,
            "store %s: it was written by a newer wosync (schema %d, this one knows %d); install that "
            "version, "
            "or put the copy back that it made before",
            store->path, head->version, migration_known.count);
    return 0;
}

int migration_version(struct store *store, struct error *e)
{
    struct head head = {0};
    if (read_head(store, &head, e) != 0 || check_owner(store, &head, e) != 0)
        return -1;
    return head.version;
}

int migration_refuse(struct store *store, struct error *e)
{
    /* an older one where no migration runs: what was put back meanwhile, or what was opened to look at */
    return migration_version(store, e) < 0
               ? -1
               : fail(e, EX_IOERR, "store %s: its schema is old; `wosync sync` brings it up to date",
                     store->path);
}

static int apply(struct store *store, int version, struct error *e)
{
    char *sql = sqlite3_mprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d",
        migration_known.sql[version - 1], APPLICATION_ID, version);
    int rc = connection_execute(store, sql, "migrating", e);
    sqlite3_free(sql);
    return rc;
}

static int check_references(struct store *store, struct error *e)
{
    const enum sql_statement q = SQL_BROKEN_REFERENCE;
    int rc = store_query_all(store, q, e) == 0 ? store_next(store, q, e) : -1;
    if (rc == 1)
        rc = fail(e, EX_IOERR,
            "store %s: migrating: table %s refers to a row that is not there; nothing was changed; put back "
            "a "
            "backup",
            store->path, store_get_text(store, q, 0));
    store_done(store, q);
    return rc;
}

/* Beside the file itself: beside a link to it our user may write nothing. */
static int make_copy(struct store *store, int version, struct error *e)
{
    struct buffer path = {0};
    char *file = realpath(store->path, NULL);
    buffer_append_format(&path, "%s.schema-%d", file != NULL ? file : store->path, version);
    free(file);
    int rc = copy_make(store, path.data, e);
    if (rc == 0)
        store->copy = path.data;
    else
        buffer_free(&path);
    return rc;
}

/* SQLite asks after so many steps of its machine: a millisecond or less. */
enum { STEPS = 10000 };

static int is_signalled(void *context)
{
    (void)context;
    return shutdown_signalled();
}

static int apply_from(struct store *store, int old, struct error *e)
{
    for (int version = old + 1; version <= migration_known.count; version++)
        if (apply(store, version, e) != 0)
            return -1;
    return 0;
}

static int migrate(struct store *store, int old, struct error *e)
{
    if (make_copy(store, old, e) != 0)
        return -1;
    sqlite3_progress_handler(store->db, STEPS, is_signalled, NULL);
    int rc = apply_from(store, old, e) == 0 ? check_references(store, e) : -1;
    sqlite3_progress_handler(store->db, 0, NULL, NULL);
    return rc;
}

/* Within the transaction, and after a look at what another process may have done meanwhile. */
static int bring_up(struct store *store, struct error *e)
{
    const int old = migration_version(store, e);
    if (old < 0)
        return -1;
    if (old == migration_known.count)
        return 0;
    return old == 0 ? apply_from(store, old, e) : migrate(store, old, e);
}

int migration_run(struct store *store, struct error *e)
{
    const int version = migration_version(store, e);
    if (version < 0 || version == migration_known.count)
        return version < 0 ? -1 : 0;
    /* between transactions only */
    if (connection_execute(store, "PRAGMA foreign_keys = OFF", "migrating", e) != 0)
        return -1;
    int rc = store_begin(store, e);
    if (rc == 0)
        rc = bring_up(store, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
}
