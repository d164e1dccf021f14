/*
 * delivery_audit: does each handler have a delivery of every event that it wants? Only looks;
 * delivery_audit_heal adds those that are missing.
 */
#ifndef WOSYNC_DELIVER_DELIVERY_AUDIT_H
#define WOSYNC_DELIVER_DELIVERY_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/handler_table.h"
#include "store/audit.h"

struct store;

/* What healing has done about it. */
enum missing_state {
    MISSING_FOUND,  /* nothing yet */
    MISSING_HEALED, /* it is delivered, or waits to be */
    MISSING_REMOVED /* the event or the handler was removed since it was found: it cannot be delivered */
};

/* An event that a handler should have had. */
struct missing_delivery {
    int64_t seq, work_order;
    char *id; /* owned */
    enum missing_state state;
};

/* How one handler stands. */
struct handler_audit {
    const struct handler *handler; /* borrowed */
    struct audit_deliveries deliveries;
    int64_t waiting;                  /* events behind its position: it has not been given them yet */
    struct missing_delivery *missing; /* owned, in the order of the log */
    size_t count, capacity;
};

/* To be freed with delivery_audit_free. */
struct delivery_audit {
    int64_t first, last;            /* the events that were looked at, by their numbers; last < first: none */
    int64_t events;                 /* how many there are */
    struct handler_audit *handlers; /* owned: those of the table that the store knows */
    size_t count;
};

/*
 * Looks at the events that were emitted since then (TIMESTAMP_NONE: at all that the log holds). An event is
 * missing for a handler when it lies behind the place from which the handler has taken by its present `on`
 * and `when`, and up to its position; it wants it; and has no delivery of it, whatever its state. The table
 * was looked up in the store (handler_table_look or handler_table_attach). Returns 0, or -1: the store
 * failed, a `when` cannot be evaluated, a signal or the deadline came (EX_TEMPFAIL).
 */
int delivery_audit_run(struct store *store, const struct handler_table *table, int64_t since,
    struct delivery_audit *out, struct error *e);

/* Adds the deliveries that are missing, in a transaction: they are due at once. Each has its state then.
 * Returns how many are healed, or -1 when the store failed: none is. */
int64_t delivery_audit_heal(struct store *store, struct delivery_audit *audit, int64_t now, struct error *e);

/* How many are missing in all, and how many of them are in that state. */
int64_t delivery_audit_missing(const struct delivery_audit *audit);
int64_t delivery_audit_count(const struct delivery_audit *audit, enum missing_state state);

/* Frees what it owns and zeroes it. */
void delivery_audit_free(struct delivery_audit *audit);

#endif
