/*
 * The warehouse in a PostgreSQL database.
 *
 * A transaction is sent as one pipeline, and its results are read at its end. The server may be a pool's
 * (PgBouncer): the next transaction may run in another session, and ours is someone else's afterwards. So
 * nothing here outlives a transaction: every setting is made anew in each, for it alone; names are looked up
 * in our schema alone; locks are the transaction's; and there is one statement, the unnamed one, which the
 * next that is parsed replaces. It is parsed once for all rows of a kind that follow each other.
 *
 * This is a module (handlers/module.h): of the program it knows what is in pg_host.
 */
#include "handlers/warehouse/backend.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handler_abi.h"
#include "handlers/module.h"
#include "handlers/warehouse/postgres/connection.h"
#include "warehouse_postgres_sql.h"

/* In milliseconds. After a connection that failed the next one is made no sooner than CONNECT_PAUSE: several
 * tries in one run would only add their time limits up. */
enum { CONNECT_PAUSE = 10000, ROLLBACK_MAX = 2000 };

struct postgres {
    struct pg_connection connection; /* closed until first used, and after it was lost */
    char *address;
    char *schema;
    char timeout[32];        /* of a statement, milliseconds */
    const char *settings[2]; /* of a transaction: that, and the schema, where names are looked up */
    const char *parsed;      /* what the unnamed statement is in this transaction; NULL: none of ours */
    int64_t retry_at;        /* after connecting failed: not before this, by the monotonic clock */
    struct delivery_result failure;
};

/* --- opening --- */

/* Reads row 0 of a query as numbers; booleans are 1 and 0. */
static int read_row(struct postgres *p, const char *sql, int count, const char *const *values, int *out,
    int columns, struct delivery_result *why)
{
    PGresult *result = NULL;
    int rc = pg_query(&p->connection, sql, count, values, &result, why);
    for (int i = 0; i < columns && rc == 0; i++) {
        const char *value = PQgetvalue(result, 0, i);
        out[i] = *value == 't' ? 1 : atoi(value);
    }
    PQclear(result);
    return rc;
}

/* The version of our schema, 0 where there is none yet. */
static int read_version(struct postgres *p, int *version, struct delivery_result *why)
{
    int tables[2] = {0}; /* ours, and one that only we should have */
    const char *const values[] = {p->schema};
    *version = 0;
    if (read_row(p, warehouse_postgres_find_tables, 1, values, tables, 2, why) != 0)
        return -1;
    if (tables[0] == 0 && tables[1] == 0)
        return 0;
    if (tables[0] == 0) {
        pg_host->later(why, -1,
            "postgresql: the schema %s holds a table work_orders of another program; set another schema",
            p->schema);
        return -1;
    }
    if (read_row(p, warehouse_postgres_get_version, 0, NULL, version, 1, why) != 0)
        return -1;
    if (*version <= WAREHOUSE_POSTGRES_VERSION)
        return 0;
    pg_host->later(why, -1,
        "postgresql: the schema %s was written by a newer wosync (version %d, this one knows %d); install "
        "that one",
        p->schema, *version, WAREHOUSE_POSTGRES_VERSION);
    return -1;
}

/* Makes the schema, unless it is there: then no right to make one is needed. */
static int make_schema(struct postgres *p, struct delivery_result *why)
{
    PGresult *result = NULL;
    const char *const values[] = {p->schema};
    int rc = pg_query(&p->connection, warehouse_postgres_make_schema, 1, values, &result, why);
    if (rc == 0 && !PQgetisnull(result, 0, 0))
        rc = pg_query(&p->connection, PQgetvalue(result, 0, 0), 0, NULL, NULL, why);
    PQclear(result);
    return rc;
}

/* Makes the tables or brings them up to date. Two that begin at once wait for each other. */
static int migrate(struct postgres *p, struct delivery_result *why)
{
    int version = 0;
    if (pg_query(&p->connection, warehouse_postgres_lock_schema, 0, NULL, NULL, why) != 0 ||
        make_schema(p, why) != 0 || read_version(p, &version, why) != 0)
        return -1;
    for (; version < WAREHOUSE_POSTGRES_VERSION; version++)
        if (pg_query(&p->connection, warehouse_postgres_migrations[version], 0, NULL, NULL, why) != 0)
            return -1;
    return 0;
}

/* All in one transaction. */
static int set_up(struct postgres *p, struct delivery_result *why)
{
    int version = 0;
    if (pg_query(&p->connection, warehouse_postgres_begin, 0, NULL, NULL, why) != 0 ||
        pg_query(&p->connection, warehouse_postgres_settings, 2, p->settings, NULL, why) != 0 ||
        read_version(p, &version, why) != 0)
        return -1;
    if (version < WAREHOUSE_POSTGRES_VERSION && migrate(p, why) != 0)
        return -1;
    return pg_query(&p->connection, warehouse_postgres_commit, 0, NULL, NULL, why);
}

static int open_database(struct postgres *p, struct delivery_result *why)
{
    if (pg_host->clock_monotonic() < p->retry_at) {
        *why = p->failure;
        return -1;
    }
    if (pg_connect(&p->connection, p->address, why) == 0) {
        pg_set_deadline(&p->connection, p->connection.timeout);
        if (set_up(p, why) == 0)
            return 0;
        pg_close(&p->connection);
    }
    /* nothing was given to it yet that it could refuse */
    why->status = DELIVERY_LATER;
    p->retry_at = pg_host->clock_monotonic() + CONNECT_PAUSE;
    p->failure = *why;
    return -1;
}

/* --- the backend --- */

static int begin(void *context, struct delivery_result *why)
{
    struct postgres *p = context;
    if (p->connection.conn == NULL && open_database(p, why) != 0)
        return -1;
    PGconn *conn = p->connection.conn;
    p->parsed = NULL;
    pg_set_deadline(&p->connection, p->connection.timeout);
    if (pg_check(&p->connection, PQenterPipelineMode(conn), why) != 0)
        return -1; /* LCOV_EXCL_LINE: see pg_check */
    int sent = PQsendQueryParams(conn, warehouse_postgres_begin, 0, NULL, NULL, NULL, NULL, 0);
    if (sent == 1)
        sent = PQsendQueryParams(conn, warehouse_postgres_settings, 2, NULL, p->settings, NULL, NULL, 0);
    return pg_check(&p->connection, sent, why);
}

static int put(
    struct postgres *p, const char *sql, int count, const char *const *values, struct delivery_result *why)
{
    PGconn *conn = p->connection.conn;
    int sent = p->parsed == sql ? 1 : PQsendPrepare(conn, "", sql, 0, NULL);
    p->parsed = sql;
    if (sent == 1)
        sent = PQsendQueryPrepared(conn, "", count, values, NULL, NULL, 0);
    return pg_check(&p->connection, sent, why) == 0 ? pg_flush(&p->connection, why) : -1;
}

static int put_event(void *context, const struct warehouse_row *row, struct delivery_result *why)
{
    return put(
        context, warehouse_postgres_event_put, WAREHOUSE_EVENT_VALUES, (const char *const *)row->values, why);
}

static int put_snapshot(void *context, const struct warehouse_row *row, struct delivery_result *why)
{
    return put(context, warehouse_postgres_snapshot_put, WAREHOUSE_SNAPSHOT_VALUES,
        (const char *const *)row->values, why);
}

static int put_name(void *context, enum warehouse_name_kind kind, const struct warehouse_name_values *name,
    struct delivery_result *why)
{
    return put(context, kind == WAREHOUSE_USER ? warehouse_postgres_user_put : warehouse_postgres_team_put,
        WAREHOUSE_NAME_VALUES, name->values, why);
}

static int commit(void *context, struct delivery_result *why)
{
    struct postgres *p = context;
    return pg_finish_pipeline(&p->connection, warehouse_postgres_commit, why);
}

static void rollback(void *context)
{
    struct postgres *p = context;
    struct pg_connection *c = &p->connection;
    struct delivery_result unheard;
    if (c->conn == NULL)
        return;
    pg_set_deadline(c, ROLLBACK_MAX);
    if (PQpipelineStatus(c->conn) != PQ_PIPELINE_OFF)
        pg_finish_pipeline(c, warehouse_postgres_rollback, &unheard);
    /* in a pipeline that failed it was not carried out */
    if (c->conn != NULL && PQtransactionStatus(c->conn) != PQTRANS_IDLE &&
        pg_query(c, warehouse_postgres_rollback, 0, NULL, NULL, &unheard) != 0)
        pg_close(c);
}

static void release(void *context)
{
    struct postgres *p = context;
    pg_close(&p->connection);
    explicit_bzero(p->address, strlen(p->address));
    free(p->address);
    free(p->schema);
    free(p);
}

/* In a transaction that is rolled back. */
static int look(struct postgres *p, char *found, size_t size, struct delivery_result *why)
{
    const char *const values[] = {p->schema};
    int version = 0, may = 0;
    if (pg_query(&p->connection, warehouse_postgres_begin, 0, NULL, NULL, why) != 0 ||
        pg_query(&p->connection, warehouse_postgres_settings, 2, p->settings, NULL, why) != 0 ||
        read_version(p, &version, why) != 0 ||
        read_row(p, warehouse_postgres_may_write, 1, values, &may, 1, why) != 0)
        return -1;
    if (may == 0) {
        pg_host->later(why, -1,
            "postgresql: the role may not write into the schema %s; run as its owner: GRANT ALL ON SCHEMA "
            "and ON ALL "
            "TABLES IN SCHEMA %s",
            p->schema, p->schema);
        return -1;
    }
    if (version == 0)
        snprintf(found, size, "the server is there; the schema %s will be filled by the first delivery",
            p->schema);
    else
        snprintf(found, size, "the server is there, schema %s, version %d", p->schema, version);
    return pg_query(&p->connection, warehouse_postgres_rollback, 0, NULL, NULL, why);
}

static int probe(void *context, char *found, size_t size, struct delivery_result *why)
{
    struct postgres *p = context;
    int rc = pg_connect(&p->connection, p->address, why);
    if (rc == 0) {
        pg_set_deadline(&p->connection, p->connection.timeout);
        rc = look(p, found, size, why);
    }
    pg_close(&p->connection);
    return rc;
}

static const char *const *begin_values(const void *context)
{
    const struct postgres *p = context;
    return p->settings;
}

static const struct warehouse_backend backend = {
    .statements = {[WAREHOUSE_WRITE_BEGIN] = {warehouse_postgres_begin, warehouse_postgres_settings},
        [WAREHOUSE_WRITE_EVENT] = {warehouse_postgres_event_put},
        [WAREHOUSE_WRITE_SNAPSHOT] = {warehouse_postgres_snapshot_put},
        [WAREHOUSE_WRITE_USER] = {warehouse_postgres_user_put},
        [WAREHOUSE_WRITE_TEAM] = {warehouse_postgres_team_put},
        [WAREHOUSE_WRITE_COMMIT] = {warehouse_postgres_commit}},
    .parameter = '$',
    .begin_values = begin_values,
    .begin = begin,
    .put_event = put_event,
    .put_snapshot = put_snapshot,
    .put_name = put_name,
    .commit = commit,
    .rollback = rollback,
    .probe = probe,
    .free = release,
};

static void *make(const char *address, const char *schema, int64_t timeout)
{
    struct postgres *p = calloc(1, sizeof *p);
    p->address = strdup(address);
    p->schema = strdup(schema);
    p->connection.timeout = timeout;
    snprintf(p->timeout, sizeof p->timeout, "%lld", (long long)timeout);
    p->settings[0] = p->timeout;
    p->settings[1] = p->schema;
    return p;
}

/* libpq's own complaint is not passed on: it may quote the address. */
static const char *check_address(const char *address)
{
    PQconninfoOption *options = PQconninfoParse(address, NULL);
    PQconninfoFree(options);
    return options != NULL ? NULL
                           : "not a valid postgresql:// address; expected "
                             "postgresql://USER:PASSWORD@HOST/DATABASE, with special characters as %XX";
}

/* --- the module --- */

static const void *open_module(const struct module_host *host)
{
    static const struct warehouse_module module = {
        .backend = &backend, .check_address = check_address, .make = make};
    pg_host = host;
    return &module;
}

const struct handler_module wosync_module = {
    .abi = HANDLER_ABI, .name = "warehouse-postgres", .open = open_module};
