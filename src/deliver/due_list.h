/*
 * due_list: what is due for one handler: the numbers of many deliveries, the bodies of a few, so that a queue
 * takes little memory whatever it holds. It knows which delivery may be tried now: the first one of each work
 * order.
 */
#ifndef WOSYNC_DELIVER_DUE_LIST_H
#define WOSYNC_DELIVER_DUE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/event.h"
#include "store/deliveries.h"

struct store;

/* Deliveries read at a time; bytes of bodies that are read ahead. */
enum { DUE_LIST_SIZE = 16384, DUE_LIST_BYTES = 2 << 20 };

/* An event as the log holds it. Owns its texts; id is NULL: it is no longer there. */
struct due_list_event {
    char *id;
    char *body;
    size_t body_len;
    enum event_type type;
};

struct due_list_item;

/* Zeroed: empty. */
struct due_list {
    struct due_list_item *items; /* in the order of the log */
    int count;
    int *ready; /* a heap: those with the fewest attempts first, then in the order of the log */
    int ready_count;
    int left;      /* neither taken nor dropped */
    size_t cached; /* bytes of bodies that were read ahead */
    size_t usual;  /* bytes of the body read last: how many may be read ahead */
};

/* What to read. */
struct due_list_query {
    struct store *store;
    int64_t handler;
    int64_t now, latest; /* as in deliveries_due */
    bool (*is_busy)(
        int64_t work_order, const void *context); /* a delivery of it is under way: it is left out */
    const void *context;
};

/* Reads what is due in place of what was there. Returns how many deliveries the store has, those left out
 * included, or -1. */
int due_list_read(struct due_list *list, const struct due_list_query *query, struct error *e);

/* Takes a delivery that may be tried: the next one, or a random one. Returns its place, or -1: there is none.
 */
int due_list_take(struct due_list *list, bool random);

const struct delivery *due_list_delivery(const struct due_list *list, int place);

/* The next delivery of the work order of one that was taken may be tried now; */
void due_list_follow(struct due_list *list, int place);

/* or all of them are dropped, for it failed. */
void due_list_hold(struct due_list *list, int place);

/* The event of a delivery that was taken, which becomes the caller's. Returns 0, or -1 when the store failed.
 */
int due_list_event(
    struct due_list *list, int place, struct store *store, struct due_list_event *out, struct error *e);

void due_list_event_free(struct due_list_event *event);

/* Drops everything and frees what the struct owns. */
void due_list_free(struct due_list *list);

#endif
