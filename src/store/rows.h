/*
 * rows: statements that answer with one row, on top of store.h.
 */
#ifndef WOSYNC_STORE_ROWS_H
#define WOSYNC_STORE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct buffer;

/* Starts a statement and steps to its first row: 1 there is one, to be ended by store_done once it was read;
 * 0 there is none; -1 failed. */
#define STORE_FIND(store, e, statement, ...)                                                                 \
    store_find(store, statement, (struct store_value[]){__VA_ARGS__},                                        \
        sizeof((struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), e)
int store_find(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e);

/* The same where a row is always there: 0, or -1. EX_IOERR when someone took it out of the store. */
#define STORE_GET(store, e, statement, ...)                                                                  \
    store_get(store, statement, (struct store_value[]){__VA_ARGS__},                                         \
        sizeof((struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), e)
int store_get(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e);

/* The number that a statement answers with, in its one row; -1 when the store failed. */
#define STORE_NUMBER(store, e, statement, ...)                                                               \
    store_number(store, statement, (struct store_value[]){__VA_ARGS__},                                      \
        sizeof((struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), e)
int64_t store_number(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e);

/* Appends numbers as a JSON array, which a statement reads with json_each. */
void store_append_list(struct buffer *out, const int64_t *numbers, size_t count);

/* A number that is another one as soon as anyone else has written into the store; -1 when it failed. */
int64_t store_data_version(struct store *store, struct error *e);

#endif
