/*
 * webhook_inbox: deliveries of webhooks as they came in, each once.
 */
#ifndef WOSYNC_STORE_WEBHOOK_INBOX_H
#define WOSYNC_STORE_WEBHOOK_INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

enum inbox_state {
    INBOX_WAITING,  /* the work order is to be asked for by its id (store/refetches.h) */
    INBOX_DONE,     /* observed, or nothing is to be done about it */
    INBOX_GIVEN_UP, /* the work order could not be asked for within a day: it is left to polls and sweeps */
    INBOX_UNSUPPORTED, /* an event that is not about a work order */
    INBOX_FOREIGN,     /* of another organization */
    INBOX_STATES
};

/* Everything is borrowed. */
struct inbox_entry {
    const char *key; /* what makes two deliveries one: the sender's event id, or what it says */
    int64_t received;
    const char *event;  /* its name */
    int64_t work_order; /* 0 where it names none */
    enum inbox_state state;
    const void *body; /* raw; NULL: it is not kept */
    size_t len;
};

/* Stores a delivery, in a transaction of the caller. Returns 1, 0 when one of the same key is here already,
 * -1 when the store failed. */
int inbox_add(struct store *store, const struct inbox_entry *entry, struct error *e);

/* Is there an entry of that state and event? 1, 0, or -1 when the store failed. */
int inbox_have(struct store *store, enum inbox_state state, const char *event, struct error *e);

/* The id of the newest entry that waits for a work order, 0 where none does, -1 when the store failed. */
int64_t inbox_last_waiting(struct store *store, int64_t work_order, struct error *e);

/* The entries that wait for a work order, up to the id `last`, have a new state. Returns 0 or -1. */
int inbox_settle(
    struct store *store, int64_t work_order, int64_t last, enum inbox_state state, struct error *e);

#endif
