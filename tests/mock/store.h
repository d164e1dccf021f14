/*
 * store: all work orders, and the changes to them that are made but not yet to be seen. Not thread safe: the
 * mock's lock.
 */
#ifndef MOCK_STORE_H
#define MOCK_STORE_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "generator.h"
#include "order.h"
#include "workorder.h"

#define STORE_UNTIL_RELEASED INT64_MAX /* no time at which the list shows it */

struct store;

/* A store of COUNT generated work orders, with their past before BASE. */
struct store *store_new(uint64_t seed, int64_t base, size_t count);
void store_free(struct store *s);

/* The work order with that id, or NULL, as the list shows it, unless it is deleted or hidden (then the flag
 * says so). Belongs to the store, valid until the next change. */
const struct workorder *store_find(struct store *s, int64_t id);

/* The same, as it is read by its id: the list may lag. */
const struct workorder *store_read(struct store *s, int64_t id);

/* The newest version, which clients may not yet see; NULL if there is none. */
const struct workorder *store_newest(struct store *s, int64_t id);

/* The whole table, in no order, and its length: where the slots of store_order() point to. */
const struct workorder *store_table(const struct store *s, size_t *count);

/* The order by an indexed KEY. To be read from what order_seek() returned, before the next change. */
struct order *store_order(struct store *s, enum key key);

/* The next id that was never given. */
int64_t store_new_id(struct store *s);

/* Makes VERSION, whose `own` passes to the store, what clients see; it replaces the work order of that id,
 * and versions of it that were still to be seen are forgotten. */
void store_put(struct store *s, const struct workorder *version);

/* The same, but to be seen only at VISIBLE (as clock_steady()). */
void store_put_later(struct store *s, const struct workorder *version, int64_t visible);

/* The same, but clients read it by its id at once, and the list shows it only at LISTED (as clock_steady()),
 * or when it is released. */
void store_list_later(struct store *s, const struct workorder *version, int64_t listed);

/* The list shows what it holds back of the work order with that id. False: nothing. */
bool store_release(struct store *s, int64_t id);

/* Sets the flags of the work order with that id; versions of it still to be seen are forgotten, but for those
 * that only the list does not show: they are shown. False: no such id. */
bool store_mark(struct store *s, int64_t id, bool deleted, bool hidden);

/* Makes visible what is due at NOW (as clock_steady()). */
void store_settle(struct store *s, int64_t now);

/* Adds COUNT generated work orders, created at NOW; returns the id of the first. */
int64_t store_generate(struct store *s, size_t count, int64_t now);

/* Appends what an answer shows of WO: its own text, or generated. */
void store_write(const struct store *s, struct buffer *out, const struct workorder *wo, struct look look);

/* WO as a JSON object without regard to its raw text. The caller puts it. */
json_object *store_document(const struct store *s, const struct workorder *wo);

#endif
