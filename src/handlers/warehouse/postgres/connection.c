/*
 * A connection to a PostgreSQL server.
 *
 * libpq never blocks here: it is connected with PQconnectStart and kept nonblocking, and all waiting is done
 * in wait_socket, which alone knows the deadline and the signals. Two rules of libpq hold it together: while
 * it has bytes to send (PQflush returns 1) the socket is watched in both directions, because the server may
 * read nothing more before we read its answers; and once all is sent (0) nothing is waited for but an answer
 * that was asked for.
 *
 * libpq asks the resolver without a limit: pg_resolve asks it first, so that a name server that is silent is
 * met there.
 *
 * connect_timeout of the address is kept here, for libpq minds it only where it blocks. So are several hosts:
 * libpq alone would never leave the first one while it is silent.
 */
#include "handlers/warehouse/postgres/connection.h"

#include <libpq-fe.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/warehouse/postgres/resolve.h"

/* In milliseconds: the longest wait for one host; what an answer that is on its way has left after a signal.
 */
enum { CONNECT_MAX = 10000, STOP_GRACE = 800 };

const struct module_host *pg_host;

/* --- failures --- */

void pg_close(struct pg_connection *c)
{
    PQfinish(c->conn);
    c->conn = NULL;
}

/* The connection is of no more use. */
static int fail_connection(struct pg_connection *c, struct delivery_result *why)
{
    pg_host->later(why, -1, "postgresql: %s", PQerrorMessage(c->conn));
    pg_close(c);
    return -1;
}

/* It does succeed unless the connection was lost, and that shows nearly always first when an answer is read.
 */
int pg_check(struct pg_connection *c, int taken, struct delivery_result *why)
{
    return taken == 1 ? 0 : fail_connection(c, why); /* LCOV_EXCL_BR_LINE: see above */
}

/* The server's status as ours: data that it refuses (classes 22 and 23, limits of 54) stay refused;
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
        pg_host->dead(why, "postgresql: it refuses the row: %s (%s)", text, state);
    else
        pg_host->later(why, -1, "postgresql: %s (%s)", text, state);
    return -1;
}

/* --- waiting --- */

void pg_set_deadline(struct pg_connection *c, int64_t ms)
{
    c->deadline = pg_host->clock_monotonic() + ms;
}

static int fail_in_time(struct pg_connection *c, int64_t limit, struct delivery_result *why)
{
    if (pg_host->shutdown_signalled())
        pg_host->later(why, -1, "postgresql: a signal ended the run before the server answered");
    else
        pg_host->later(why, -1, "postgresql: no answer within %g s; check the server and the network to it",
            (double)limit / 1000);
    pg_close(c);
    return -1;
}

/* Waits until the socket is ready for one of `events`. Returns what it is ready for, which may be nothing
 * yet, or -1; `limit` is for the message. */
static int wait_socket(struct pg_connection *c, short events, int64_t limit, struct delivery_result *why)
{
    pg_host->shutdown_attend();
    bool stopping = pg_host->shutdown_signalled();
    int64_t now = pg_host->clock_monotonic();
    if (stopping && c->deadline > now + c->grace)
        c->deadline = now + c->grace;
    int64_t left = c->deadline - now;
    if (left <= 0)
        return fail_in_time(c, limit, why);
    /* once a signal came its descriptor stays readable */
    struct pollfd fds[] = {{.fd = PQsocket(c->conn), .events = events},
        {.fd = stopping ? -1 : pg_host->shutdown_fd(), .events = POLLIN}};
    int rc = poll(fds, 2, left < INT_MAX ? (int)left : INT_MAX);
    return rc > 0 ? fds[0].revents : 0;
}

/* Waits for the server's next bytes, and, while there is more to send, for room to send it. */
static int wait_for_server(struct pg_connection *c, bool sending, struct delivery_result *why)
{
    int ready = wait_socket(c, sending ? POLLIN | POLLOUT : POLLIN, c->timeout, why);
    if (ready < 0)
        return -1;
    if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0 && PQconsumeInput(c->conn) == 0)
        return fail_connection(c, why);
    return 0;
}

int pg_flush(struct pg_connection *c, struct delivery_result *why)
{
    int more;
    while ((more = PQflush(c->conn)) == 1)
        if (wait_for_server(c, true, why) != 0)
            return -1;
    return more == 0 ? 0 : fail_connection(c, why);
}

/* The next result of what was sent, NULL behind the last one of a command; to be cleared. */
static int next_result(struct pg_connection *c, PGresult **result, struct delivery_result *why)
{
    while (PQisBusy(c->conn))
        if (wait_for_server(c, PQflush(c->conn) == 1, why) != 0)
            return -1;
    *result = PQgetResult(c->conn);
    return 0;
}

static int read_results(struct pg_connection *c, PGresult **last, struct delivery_result *why)
{
    int rc = 0;
    PGresult *result = NULL;
    for (;;) {
        if (next_result(c, &result, why) != 0)
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
        if (PQstatus(c->conn) == CONNECTION_BAD)
            return fail_connection(c, why);
    }
}

int pg_query(struct pg_connection *c, const char *sql, int count, const char *const *values, PGresult **last,
    struct delivery_result *why)
{
    int sent = count > 0 ? PQsendQueryParams(c->conn, sql, count, NULL, values, NULL, NULL, 0)
                         : PQsendQuery(c->conn, sql);
    return pg_check(c, sent, why) == 0 ? read_results(c, last, why) : -1;
}

int pg_finish_pipeline(struct pg_connection *c, const char *sql, struct delivery_result *why)
{
    int rc = 0;
    bool synced = false;
    if (pg_check(c, PQsendQueryParams(c->conn, sql, 0, NULL, NULL, NULL, NULL, 0), why) != 0 ||
        pg_check(c, PQpipelineSync(c->conn), why) != 0)
        return -1; /* LCOV_EXCL_LINE: see pg_check */
    while (!synced) {
        PGresult *result;
        if (next_result(c, &result, why) != 0)
            return -1;
        ExecStatusType status = PQresultStatus(result);
        synced = result != NULL && status == PGRES_PIPELINE_SYNC;
        if (result != NULL && status == PGRES_FATAL_ERROR)
            rc = fail_result(result, why);
        PQclear(result);
        if (PQstatus(c->conn) == CONNECTION_BAD)
            return fail_connection(c, why);
    }
    return pg_check(c, PQexitPipelineMode(c->conn), why) == 0 ? rc : -1;
}

/* --- connecting --- */

/* What the address says of its hosts; the lists are as long as each other, or one entry stands for all. */
struct hosts {
    PQconninfoOption *options;          /* owns the texts */
    const char *host, *hostaddr, *port; /* NULL: not in the address */
    int64_t limit;                      /* milliseconds for each */
};

/* NULL where it is not in the address, or empty. */
static const char *find_option(const PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL && *options->val != '\0' ? options->val : NULL;
    return NULL;
}

static struct hosts read_hosts(const char *address, int64_t timeout)
{
    PQconninfoOption *options = PQconninfoParse(address, NULL);
    struct hosts hosts = {.options = options,
        .host = find_option(options, "host"),
        .hostaddr = find_option(options, "hostaddr"),
        .port = find_option(options, "port"),
        .limit = timeout < CONNECT_MAX ? timeout : CONNECT_MAX};
    const char *seconds = find_option(options, "connect_timeout");
    int limit = seconds != NULL ? atoi(seconds) : 0;
    if (limit > 0 && limit < hosts.limit / 1000)
        hosts.limit = limit * INT64_C(1000);
    return hosts;
}

static int count_entries(const char *list)
{
    int count = 1;
    for (; list != NULL && *list != '\0'; list++)
        count += *list == ',';
    return list != NULL ? count : 0;
}

/* The n-th entry of a list, or its only one; NULL where it is empty. A list that is too short is returned
 * whole, for libpq to report. To be freed. */
static char *entry(const char *list, int n)
{
    int count = count_entries(list);
    if (list == NULL)
        return NULL;
    if (n >= count && count != 1)
        return strdup(list);
    for (int i = 0; i < n && count > 1; i++)
        list = strchr(list, ',') + 1;
    size_t len = strcspn(list, ",");
    return len > 0 ? strndup(list, len) : NULL;
}

/* What it remarks is of no interest. */
static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* Brings a connection that was begun to its end. */
static int complete(struct pg_connection *c, int64_t limit, struct delivery_result *why)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    if (PQstatus(c->conn) == CONNECTION_BAD)
        return fail_connection(c, why);
    while (status != PGRES_POLLING_OK) {
        int ready = wait_socket(c, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, limit, why);
        if (ready < 0)
            return -1;
        if (ready != 0)
            status = PQconnectPoll(c->conn);
        if (status == PGRES_POLLING_FAILED)
            return fail_connection(c, why);
    }
    PQsetNoticeProcessor(c->conn, ignore_notice, NULL);
    return pg_check(c, PQsetnonblocking(c->conn, 1) == 0, why);
}

/* What stands before dbname in the list the address may override, what stands behind it holds. */
static int connect_host(struct pg_connection *c, const char *address, const struct hosts *hosts, int n,
    struct delivery_result *why)
{
    char milliseconds[32];
    char *host = entry(hosts->host, n), *hostaddr = entry(hosts->hostaddr, n), *port = entry(hosts->port, n);
    snprintf(milliseconds, sizeof milliseconds, "%lld", (long long)c->timeout);
    const char *const names[] = {"fallback_application_name", "tcp_user_timeout", "dbname", "client_encoding",
        "host", "hostaddr", "port", NULL};
    const char *const values[] = {"wosync", milliseconds, address, "UTF8", host, hostaddr, port, NULL};
    pg_set_deadline(c, hosts->limit);
    c->grace = 0;
    int rc = hostaddr == NULL ? pg_resolve(host, hosts->limit, why) : 0;
    if (rc == 0) {
        c->conn = PQconnectStartParams(names, values, 1);
        rc = complete(c, hosts->limit, why);
    }
    c->grace = STOP_GRACE;
    free(host);
    free(hostaddr);
    free(port);
    return rc;
}

int pg_connect(struct pg_connection *c, const char *address, struct delivery_result *why)
{
    struct hosts hosts = read_hosts(address, c->timeout);
    int count = count_entries(hosts.host), addresses = count_entries(hosts.hostaddr), rc = -1;
    if (addresses > count)
        count = addresses;
    for (int n = 0; n == 0 || (rc != 0 && n < count && !pg_host->shutdown_signalled()); n++)
        rc = connect_host(c, address, &hosts, n, why);
    PQconninfoFree(hosts.options);
    return rc;
}
