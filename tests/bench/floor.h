/*
 * What the floors share: the least a C program does to fetch a page and to open a store. No error is survived.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <curl/curl.h>
#include <sqlite3.h>
#include <stddef.h>

/* Bytes that grow; NUL behind them. */
struct bytes {
    char *data;
    size_t len, capacity;
};

/* Ends the program with a message. */
void die(const char *what, const char *why) __attribute__((noreturn));

/* Makes a handle that fetches into `body`. */
CURL *floor_client(struct bytes *body);

/* Fetches a URL into the client's body; anything but 200 ends the program. */
void floor_get(CURL *client, struct bytes *body, const char *url);

/* Opens or makes a store with the two tables, as durable as wosync's: WAL, synchronous = FULL. */
sqlite3 *floor_store(const char *path);

/* Prepares a statement. */
sqlite3_stmt *floor_prepare(sqlite3 *store, const char *sql);

/* Runs SQL without rows. */
void floor_run(sqlite3 *store, const char *sql);

#endif
