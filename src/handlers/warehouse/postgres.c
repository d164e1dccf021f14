/* The warehouse in a PostgreSQL database, by libpq. */
#include "handlers/warehouse/backend.h"

#ifdef WOSYNC_WITH_POSTGRES

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "warehouse_sql.h"

/* After a connection that failed the next one is made no sooner than this, in milliseconds: several tries in
 * one run would only add their time limits up. */
enum { CONNECT_PAUSE = 10000 };

/* Longest wait for a connection, and for a rollback, in milliseconds. */
enum { CONNECT_MOST = 10000, ROLLBACK_MOST = 2000 };

struct postgres {
    char *address;
    char *schema;
    int64_t timeout;
    PGconn *conn;     /* NULL until first used, and after it was lost */
    int64_t deadline; /* of the transaction under way, by the monotonic clock */
    int64_t retry_at; /* after connecting failed: not before this, by the same */
    struct delivery_result failure;
};

/* --- what went wrong --- */

static void drop(struct postgres *p)
{
    PQfinish(p->conn);
    p->conn = NULL;
}

static int fail_connection(struct postgres *p, struct delivery_result *why)
{
    handler_later(why, -1, "postgresql: %s", PQerrorMessage(p->conn));
    drop(p);
    return -1;
}

/* Passes on whether libpq took what was asked of it. It does unless the connection was lost, and that shows
 * nearly always first when an answer is read. */
static int check(struct postgres *p, int taken, struct delivery_result *why)
{
    return taken == 1 ? 0 : fail_connection(p, why); /* LCOV_EXCL_BR_LINE: see above */
}

/* The server's verdict as ours: data that it refuses (classes 22 and 23, limits of 54) stay refused;
 * everything else is a state that passes or that someone sets right. */
static int fail_result(const PGresult *result, struct delivery_result *why)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state == NULL)
        state = "?";
    if (text == NULL)
        text = PQresultErrorMessage(result);
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0 || strncmp(state, "54", 2) == 0)
        handler_dead(why, "postgresql: it refuses the row: %s (%s)", text, state);
    else
        handler_later(why, -1, "postgresql: %s (%s)", text, state);
    return -1;
}

/* --- talking, with an eye on the clock --- */

/* Waits until the server has something to say, or can take more of what is to be sent. */
static int wait_for_server(struct postgres *p, struct delivery_result *why)
{
    const short events = PQflush(p->conn) == 1 ? POLLIN | POLLOUT : POLLIN;
    struct pollfd fd = {.fd = PQsocket(p->conn), .events = events};
    int64_t left = p->deadline - clock_monotonic();
    int rc = poll(&fd, 1, left > 0 ? (int)left : 0);
    if (rc == 0 && left <= 0) {
        handler_later(why, -1, "postgresql: it did not answer in time");
        drop(p);
        return -1;
    }
    if (rc > 0 && (fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && PQconsumeInput(p->conn) == 0)
        return fail_connection(p, why);
    return 0;
}

static int flush(struct postgres *p, struct delivery_result *why)
{
    while (PQflush(p->conn) == 1)
        if (wait_for_server(p, why) != 0)
            return -1;
    return 0;
}

/* The next result of what was sent, NULL behind the last one of a command; to be cleared. */
static int next_result(struct postgres *p, PGresult **result, struct delivery_result *why)
{
    while (PQisBusy(p->conn))
        if (wait_for_server(p, why) != 0)
            return -1;
    *result = PQgetResult(p->conn);
    return 0;
}

/* Reads what is left of the results of a query. The last one that is good goes to *last, unless that is NULL.
 */
static int read_results(struct postgres *p, PGresult **last, struct delivery_result *why)
{
    int rc = 0;
    PGresult *result = NULL;
    for (;;) {
        if (next_result(p, &result, why) != 0)
            return -1;
        if (result == NULL)
            return rc;
        ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            rc = fail_result(result, why);
        if (last != NULL) {
            PQclear(*last);
            *last = result;
        } else {
            PQclear(result);
        }
        if (PQstatus(p->conn) == CONNECTION_BAD)
            return fail_connection(p, why);
    }
}

/* Runs a query outside a pipeline; with parameters it is one statement, without it may be several. */
static int query(struct postgres *p, const char *sql, int count, const char *const *values, PGresult **last,
    struct delivery_result *why)
{
    int sent = count > 0 ? PQsendQueryParams(p->conn, sql, count, NULL, values, NULL, NULL, 0)
                         : PQsendQuery(p->conn, sql);
    return check(p, sent, why) == 0 ? read_results(p, last, why) : -1;
}

/* --- opening --- */

/* Reads row 0 of a query as numbers; booleans are 1 and 0. */
static int read_row(struct postgres *p, const char *sql, int *out, int columns, struct delivery_result *why)
{
    PGresult *result = NULL;
    int rc = query(p, sql, 0, NULL, &result, why);
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
    *version = 0;
    if (read_row(p, warehouse_postgres_find_tables, tables, 2, why) != 0)
        return -1;
    if (tables[0] == 0 && tables[1] == 0)
        return 0;
    if (tables[0] == 0) {
        handler_later(why, -1,
            "postgresql: the schema %s holds a table work_orders of another program; set another schema",
            p->schema);
        return -1;
    }
    if (read_row(p, warehouse_postgres_get_version, version, 1, why) != 0)
        return -1;
    if (*version <= WAREHOUSE_POSTGRES_VERSION)
        return 0;
    handler_later(why, -1,
        "postgresql: the schema %s was written by a newer wosync (version %d, this one knows %d); install "
        "that one",
        p->schema, *version, WAREHOUSE_POSTGRES_VERSION);
    return -1;
}

/* Makes the schema or brings it up to date, in one transaction. */
static int migrate(struct postgres *p, struct delivery_result *why)
{
    int version = 0;
    if (query(p, warehouse_postgres_begin, 0, NULL, NULL, why) != 0 ||
        query(p, warehouse_postgres_make_schema, 0, NULL, NULL, why) != 0 ||
        read_version(p, &version, why) != 0)
        return -1;
    for (; version < WAREHOUSE_POSTGRES_VERSION; version++)
        if (query(p, warehouse_postgres_migrations[version], 0, NULL, NULL, why) != 0)
            return -1;
    return query(p, warehouse_postgres_commit, 0, NULL, NULL, why);
}

static int prepare(struct postgres *p, const char *name, const char *sql, struct delivery_result *why)
{
    return check(p, PQsendPrepare(p->conn, name, sql, 0, NULL), why) == 0 ? read_results(p, NULL, why) : -1;
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

static int set_up(struct postgres *p, struct delivery_result *why)
{
    char timeout[32];
    int version = 0;
    snprintf(timeout, sizeof timeout, "%lld", (long long)p->timeout);
    const char *const values[] = {timeout, p->schema};
    if (query(p, warehouse_postgres_session, 2, values, NULL, why) != 0 ||
        read_version(p, &version, why) != 0)
        return -1;
    if (version < WAREHOUSE_POSTGRES_VERSION && migrate(p, why) != 0)
        return -1;
    return prepare(p, "event_put", warehouse_postgres_event_put, why) == 0 &&
                   prepare(p, "snapshot_put", warehouse_postgres_snapshot_put, why) == 0
               ? 0
               : -1;
}

/* What stands before dbname in the list the address may override, what stands behind it holds. */
static int connect_server(struct postgres *p, struct delivery_result *why)
{
    char seconds[32], milliseconds[32];
    snprintf(seconds, sizeof seconds, "%lld",
        (long long)((p->timeout < CONNECT_MOST ? p->timeout : CONNECT_MOST) + 999) / 1000);
    snprintf(milliseconds, sizeof milliseconds, "%lld", (long long)p->timeout);
    const char *const names[] = {"fallback_application_name", "connect_timeout", "tcp_user_timeout", "dbname",
        "client_encoding", NULL};
    const char *const values[] = {"wosync", seconds, milliseconds, p->address, "UTF8", NULL};
    p->conn = PQconnectdbParams(names, values, 1);
    if (PQstatus(p->conn) != CONNECTION_OK)
        return fail_connection(p, why);
    PQsetNoticeProcessor(p->conn, ignore_notice, NULL);
    return check(p, PQsetnonblocking(p->conn, 1) == 0, why);
}

static int open_database(struct postgres *p, struct delivery_result *why)
{
    if (clock_monotonic() < p->retry_at) {
        *why = p->failure;
        return -1;
    }
    if (connect_server(p, why) == 0) {
        p->deadline = clock_monotonic() + p->timeout;
        if (set_up(p, why) == 0)
            return 0;
        drop(p);
    }
    /* nothing was given to it yet that it could refuse */
    why->verdict = DELIVERY_LATER;
    p->retry_at = clock_monotonic() + CONNECT_PAUSE;
    p->failure = *why;
    return -1;
}

/* --- the backend: a transaction is sent as one pipeline, and its results are read at its end --- */

static int send(struct postgres *p, const char *sql, struct delivery_result *why)
{
    return check(p, PQsendQueryParams(p->conn, sql, 0, NULL, NULL, NULL, NULL, 0), why);
}

static int begin(void *context, struct delivery_result *why)
{
    struct postgres *p = context;
    if (p->conn == NULL && open_database(p, why) != 0)
        return -1;
    p->deadline = clock_monotonic() + p->timeout;
    return check(p, PQenterPipelineMode(p->conn), why) == 0 ? send(p, warehouse_postgres_begin, why) : -1;
}

static int put(struct postgres *p, const char *name, int count, const struct warehouse_row *row,
    struct delivery_result *why)
{
    const char *values[WAREHOUSE_EVENT_VALUES];
    for (int i = 0; i < count; i++)
        values[i] = row->values[i];
    int sent = PQsendQueryPrepared(p->conn, name, count, values, NULL, NULL, 0);
    return check(p, sent, why) == 0 ? flush(p, why) : -1;
}

static int put_event(void *context, const struct warehouse_row *row, struct delivery_result *why)
{
    return put(context, "event_put", WAREHOUSE_EVENT_VALUES, row, why);
}

static int put_snapshot(void *context, const struct warehouse_row *row, struct delivery_result *why)
{
    return put(context, "snapshot_put", WAREHOUSE_SNAPSHOT_VALUES, row, why);
}

/* Ends the pipeline with a command. The first failure in it counts; what follows it was not carried out. */
static int finish(struct postgres *p, const char *sql, struct delivery_result *why)
{
    int rc = 0;
    bool synced = false;
    if (send(p, sql, why) != 0 || check(p, PQpipelineSync(p->conn), why) != 0)
        return -1; /* LCOV_EXCL_LINE: see check */
    while (!synced) {
        PGresult *result;
        if (next_result(p, &result, why) != 0)
            return -1;
        ExecStatusType status = PQresultStatus(result);
        synced = result != NULL && status == PGRES_PIPELINE_SYNC;
        if (result != NULL && status == PGRES_FATAL_ERROR)
            rc = fail_result(result, why);
        PQclear(result);
        if (PQstatus(p->conn) == CONNECTION_BAD)
            return fail_connection(p, why);
    }
    return check(p, PQexitPipelineMode(p->conn), why) == 0 ? rc : -1;
}

static int commit(void *context, struct delivery_result *why)
{
    return finish(context, warehouse_postgres_commit, why);
}

static void rollback(void *context)
{
    struct postgres *p = context;
    struct delivery_result unheard;
    int64_t most = clock_monotonic() + ROLLBACK_MOST;
    if (p->conn == NULL)
        return;
    p->deadline = most;
    if (PQpipelineStatus(p->conn) != PQ_PIPELINE_OFF)
        finish(p, warehouse_postgres_rollback, &unheard);
    /* in a pipeline that failed it was not carried out */
    if (p->conn != NULL && PQtransactionStatus(p->conn) != PQTRANS_IDLE &&
        query(p, warehouse_postgres_rollback, 0, NULL, NULL, &unheard) != 0)
        drop(p);
}

static void release(void *context)
{
    struct postgres *p = context;
    drop(p);
    explicit_bzero(p->address, strlen(p->address));
    free(p->address);
    free(p->schema);
    free(p);
}

const struct warehouse_backend warehouse_postgres = {
    .begin = begin,
    .put_event = put_event,
    .put_snapshot = put_snapshot,
    .commit = commit,
    .rollback = rollback,
    .free = release,
};

void *warehouse_postgres_new(const char *address, const char *schema, int64_t timeout)
{
    struct postgres *p = calloc(1, sizeof *p);
    p->address = strdup(address);
    p->schema = strdup(schema);
    p->timeout = timeout;
    return p;
}

/* libpq's own complaint is not told: it may quote the address. */
const char *warehouse_postgres_check(const char *address)
{
    PQconninfoOption *options = PQconninfoParse(address, NULL);
    if (options == NULL)
        return "it is no valid postgresql:// address; special characters in a password are written as %XX";
    for (PQconninfoOption *option = options; option->keyword != NULL; option++)
        if (strcmp(option->keyword, "password") == 0 && option->val != NULL)
            secret_register(option->val);
    PQconninfoFree(options);
    return NULL;
}

#endif
