/*
 * connection: what the files of the store share of SQLite: the connection, and its errors in our words. For
 * store/ alone.
 */
#ifndef WOSYNC_STORE_CONNECTION_H
#define WOSYNC_STORE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "sql.h"

struct store {
    sqlite3 *db;
    char *path;
    char *copy;         /* made before it was brought up to date; NULL: it was not */
    int patience;       /* for how long a locked store is waited for, in milliseconds */
    int64_t busy_since; /* when this wait began */
    bool in_transaction;
    int schema;           /* what each transaction that writes must find; 0: it is being opened */
    int64_t transactions; /* begun so far */
    bool lazy;            /* synchronous is NORMAL */
    char *file;           /* where the store lies that `path` names; only for those who look */
    bool frozen;          /* read as a file that does not change, and this is how it was: */
    struct stat found;
    bool no_locks; /* SQLite tried for ten seconds in vain, and would again for every statement */
    sqlite3_stmt *prepared[SQL_STATEMENTS];
};

/* Opens store->path (":memory:" for a scratch one) and has it wait for locks as long as store->patience says.
 * Returns 0, or -1 with the error filled; the connection is to be closed in either case. */
int connection_open(struct store *store, bool scratch, struct error *e);

/* The same for any name and flags of SQLite. */
int connection_open_as(struct store *store, const char *name, int flags, struct error *e);

/* Is that code of SQLite's what a full disk gave? A file that has reached the limit of its size? */
bool connection_is_full(sqlite3 *db, int code);
bool connection_is_at_limit(sqlite3 *db, int code);

/* Fills the error with what SQLite said, while `doing`, and what to do about it. Returns -1. */
int connection_fail(struct store *store, int code, const char *doing, struct error *e);

/* Runs SQL that returns no rows. Returns 0, or -1 with the error filled. */
int connection_execute(struct store *store, const char *sql, const char *doing, struct error *e);

#endif
