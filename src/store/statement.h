/*
 * statement: the one way to run a statement of the store.
 *
 * Statements live in sql/statements/ and have names; they are prepared on first use and kept. Every function
 * that fails has printed nothing and filled the error.
 */
#ifndef WOSYNC_STORE_STATEMENT_H
#define WOSYNC_STORE_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sql.h"

struct store;

/* A value that may be absent: binds NULL for TIMESTAMP_NONE (dates) or for a NULL pointer (texts). */
struct store_value {
    enum { STORE_INT, STORE_TEXT, STORE_BLOB, STORE_DATE } type;
    int64_t number;
    const void *bytes;
    size_t len;
};

/* Makers of store_value; texts and blobs are borrowed until the statement is done. */
#define V_INT(n)      ((struct store_value){.type = STORE_INT, .number = (n)})
#define V_DATE(ms)    ((struct store_value){.type = STORE_DATE, .number = (ms)})
#define V_TEXT(s)     store_text(s)
#define V_BYTES(p, n) ((struct store_value){.type = STORE_TEXT, .bytes = (p), .len = (n)})
#define V_BLOB(p, n)  ((struct store_value){.type = STORE_BLOB, .bytes = (p), .len = (n)})
struct store_value store_text(const char *text);

/* Binds the values and runs a statement that returns no rows: STORE_RUN(store, e, SQL_X, V_INT(1), ...).
 * Fails with EX_IOERR (or EX_TEMPFAIL when locked). */
#define STORE_RUN(store, e, statement, ...)                                                                  \
    store_run(store, statement, (struct store_value[]){__VA_ARGS__},                                         \
        sizeof((struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), e)
int store_run(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e);

/* Binds the values and starts a statement that returns rows: then store_next until it is not 1. A second
 * start of the same statement ends the first one. */
#define STORE_QUERY(store, e, statement, ...)                                                                \
    store_query(store, statement, (struct store_value[]){__VA_ARGS__},                                       \
        sizeof((struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), e)
int store_query(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e);

/* The same for a statement without parameters. */
int store_query_all(struct store *store, enum sql_statement statement, struct error *e);

/* Steps to the next row: 1 there is one, 0 there is none (the statement is reset), -1 failed. */
int store_next(struct store *store, enum sql_statement statement, struct error *e);

/* Ends a query early. */
void store_done(struct store *store, enum sql_statement statement);

/* Columns of the current row, from 0. An absent integer is 0, an absent date TIMESTAMP_NONE, an absent text
 * NULL. Texts and blobs are borrowed until the next step or reset. */
bool store_is_null(struct store *store, enum sql_statement statement, int column);
int64_t store_int(struct store *store, enum sql_statement statement, int column);
int64_t store_date(struct store *store, enum sql_statement statement, int column);
const char *store_get_text(struct store *store, enum sql_statement statement, int column);
const void *store_get_bytes(struct store *store, enum sql_statement statement, int column, size_t *len);

/* A copy of a text column, NULL when it is absent. To be freed by the caller. */
char *store_copy_text(struct store *store, enum sql_statement statement, int column);

/* How many rows the last store_run changed. */
int64_t store_changes(struct store *store);

/* How many were changed since the store was opened. */
int64_t store_total_changes(struct store *store);

/* The rowid of the last insert. */
int64_t store_last_id(struct store *store);

#endif
