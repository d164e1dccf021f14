/*
 * order: a list of all work orders, sorted by one date or by id: the places of the work orders in the store's
 * table.
 */
#ifndef MOCK_ORDER_H
#define MOCK_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workorder.h"

enum key { KEY_ID, KEY_UPDATED, KEY_CREATED, KEY_DUE, KEY_STARTED, KEY_COMPLETED, KEY__MAX };

/* The first KEY_INDEXED of the keys have a list that the store keeps sorted; the others are sorted when asked
 * for. */
#define KEY_INDEXED 3

/* A position in an order: behind everything that is smaller in (value, id). */
struct position {
    int64_t value, id;
};

struct order {
    enum key key;
    uint32_t *slots;
    size_t n, cap;
    bool stale;   /* slots are all there, but not sorted */
    size_t moved; /* bytes moved to keep it sorted since it was last read */
};

/* The value by which KEY sorts that work order. Where the date is missing: INT64_MAX, so that those come
 * last. */
int64_t order_value(enum key key, const struct workorder *wo);

/* The name of KEY in the `sort` parameter ("id" cannot be asked for). */
const char *order_key_name(enum key key);

/* Less than, equal to or greater than 0 as A sorts before, at or behind B. */
int order_compare(struct position a, struct position b);

/* Adds the work order at SLOT of the TABLE. */
void order_insert(struct order *o, const struct workorder *table, uint32_t slot);

/* Takes it out, before its key changes. The order must not be stale (in a stale one a slot may stay where it
 * is). */
void order_remove(struct order *o, const struct workorder *table, uint32_t slot);

/* The index in `slots` of the first work order that does not lie before AT. Sorts first where that is due, so
 * that `slots` may be read from here on. */
size_t order_seek(struct order *o, const struct workorder *table, struct position at);

#endif
