/*
 * webhook_inbox: deliveries of webhooks as they came in, each once. What holds no whole work order is a hint,
 * which waits here until the work order was asked for.
 */
#ifndef WOSYNC_STORE_WEBHOOK_INBOX_H
#define WOSYNC_STORE_WEBHOOK_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

enum inbox_state {
    INBOX_DONE,    /* observed, or nothing is to be done about it */
    INBOX_HINT,    /* the work order is to be asked for by its id */
    INBOX_UNKNOWN, /* an event that is none of ours */
    INBOX_FOREIGN, /* of another organization */
    INBOX_STATES
};

/* Everything is borrowed. */
struct inbox_entry {
    const char *key; /* what makes two deliveries one: the sender's event id, or what it says */
    int64_t received;
    const char *type;   /* the event, as it was sent */
    int64_t work_order; /* 0 where it names none */
    enum inbox_state state;
    const void *body; /* raw */
    size_t len;
};

/* Stores a delivery, in a transaction of the caller. Returns 1, 0 when one of the same key is here already,
 * -1 when the store failed. */
int inbox_add(struct store *store, const struct inbox_entry *receipt, struct error *e);

/* Is there a receipt of that state and event type? 1, 0, or -1 when the store failed. */
int inbox_have(struct store *store, enum inbox_state state, const char *type, struct error *e);

/* A work order that was hinted at. */
struct inbox_next {
    int64_t work_order;
    int64_t newest; /* its newest hint */
};

/* The next one behind `after` (0: the first). Returns 1, 0 when there is none, -1 when the store failed. */
int inbox_next(struct store *store, int64_t after, struct inbox_next *out, struct error *e);

/* The work order was asked for: its hints up to that one are done with. Returns 0 or -1. */
int inbox_settle(struct store *store, const struct inbox_next *hint, struct error *e);

/* How many hints wait, or -1. */
int64_t inbox_waiting(struct store *store, struct error *e);

#endif
