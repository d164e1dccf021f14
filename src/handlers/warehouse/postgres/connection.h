/*
 * connection: a connection to a PostgreSQL server, by libpq, on which nothing waits longer than it may.
 *
 * Every wait ends at the deadline, and within a second of SIGTERM or SIGINT. Functions that can fail return
 * 0, or -1 with the status and the reason in *why. What the server refuses leaves the connection open; any
 * other failure closes it.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_POSTGRES_CONNECTION_H
#define WOSYNC_HANDLERS_WAREHOUSE_POSTGRES_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "handlers/module.h"

/* What the program lends us; set when the module is opened. */
extern const struct module_host *pg_host;

/* as libpq-fe.h has them */
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

struct pg_connection {
    PGconn *conn;     /* NULL while it is closed */
    int64_t timeout;  /* milliseconds, for a transaction */
    int64_t deadline; /* of what is under way, by the monotonic clock */
    int64_t grace;    /* milliseconds that are left to it after a signal */
};

/* Connects to the first host of the address that answers, each within the time limit and ten seconds. */
int pg_connect(struct pg_connection *c, const char *address, struct delivery_result *why);

/* Closes the connection, if it is open. */
void pg_close(struct pg_connection *c);

/* Sets the deadline of what follows: `ms` milliseconds from now. */
void pg_set_deadline(struct pg_connection *c, int64_t ms);

/* Passes on what a function of libpq that sends or sets something returned: 1 is success. */
int pg_check(struct pg_connection *c, int taken, struct delivery_result *why);

/* Runs a query outside a pipeline and reads its results; with parameters it is one statement, without it may
 * be several. The last result goes to *last, to be cleared by the caller, unless `last` is NULL. */
int pg_query(struct pg_connection *c, const char *sql, int count, const char *const *values, PGresult **last,
    struct delivery_result *why);

/* Sends what libpq has kept back. */
int pg_flush(struct pg_connection *c, struct delivery_result *why);

/* Ends a pipeline with `sql` and reads all its results: the first failure counts, what follows it was not
 * carried out. */
int pg_finish_pipeline(struct pg_connection *c, const char *sql, struct delivery_result *why);

#endif
