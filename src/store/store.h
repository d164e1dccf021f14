/*
 * store: the SQLite file: opening, migrating, transactions, and the one way to run a statement.
 *
 * Statements live in sql/statements/ and have names; they are prepared on first use and kept. Every function
 * that fails has printed nothing and filled the error. A failed write inside a transaction is followed by
 * store_rollback; nothing is ever half stored.
 */
#ifndef WOSYNC_STORE_STORE_H
#define WOSYNC_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "sql.h"

struct store;

enum store_mode {
    STORE_WRITE,  /* make it when it is missing, migrate it */
    STORE_READ,   /* to look at: it must exist; nothing is migrated */
    STORE_SCRATCH /* an empty one in memory, for a dry run without a store */
};

/*
 * Opens the store at `path`. STORE_WRITE makes the file (mode 0600) and its directory (0700, the last one
 * only) where they are missing, switches to WAL, and applies the migrations it lacks, each in a transaction.
 * Returns the store, to be closed with store_close, or NULL: EX_CANTCREAT when it cannot be made, EX_IOERR
 * when it cannot be read, is corrupt, is not ours or was written by a newer program, EX_TEMPFAIL when
 * another process keeps it locked for longer than `busy_ms` milliseconds.
 */
struct store *store_open(const char *path, enum store_mode mode, int busy_ms, struct error *e);

/* Makes the directory of a store (0700, the last one only) where it is missing. Returns 0, or -1 with
 * EX_CANTCREAT. */
int store_make_directory(const char *path, struct error *e);

/* Closes the store; an open transaction is rolled back. NULL is allowed. */
void store_close(struct store *store);

/* True when a file is there to be opened, or may be: our user is not allowed to look. */
bool store_exists(const char *path);

/* Has SQLite refuse to write from now on, for those who only look. Returns 0 or -1. */
int store_forbid_writes(struct store *store, struct error *e);

/* Has SQLite look through the whole file. Returns 0, or -1 with EX_IOERR: what is wrong with it. */
int store_check(struct store *store, struct error *e);

/* The path it was opened with. */
const char *store_path(const struct store *store);

/* Changes how long a locked store is waited for, in milliseconds. */
void store_set_patience(struct store *store, int busy_ms);

/* Starts a writing transaction (BEGIN IMMEDIATE). Fails with EX_TEMPFAIL when the store is locked for too
 * long, EX_IOERR otherwise. */
int store_begin(struct store *store, struct error *e);

/* The same for a transaction whose end does not wait for the disk: when the power is cut, it may be undone,
 * whole, until the next durable one has ended. For what the next run would find out anew. */
int store_begin_relaxed(struct store *store, struct error *e);

/* Starts a transaction that only reads: until store_rollback every statement sees the store as the first one
 * saw it, and nobody waits for us. Returns 0, or -1 with EX_TEMPFAIL or EX_IOERR. */
int store_begin_reading(struct store *store, struct error *e);

/* Ends it durably. When it fails (EX_IOERR: disk full, I/O error), the transaction is rolled back. */
int store_commit(struct store *store, struct error *e);

/* Ends it without a trace; does nothing outside a transaction. */
void store_rollback(struct store *store);

/* --- running statements --- */

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

/* How many transactions were begun since the store was opened. */
int64_t store_transactions(const struct store *store);

/* The rowid of the last insert. */
int64_t store_last_id(struct store *store);

#endif
