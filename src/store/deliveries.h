/*
 * deliveries: the handler table as the runs have seen it, each handler's position in the log, and one row for
 * every event that a handler wants: in `deliveries` while it is pending or dead, in `delivery_history` once
 * it is done or discarded.
 */
#ifndef WOSYNC_STORE_DELIVERIES_H
#define WOSYNC_STORE_DELIVERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/event.h"

struct store;

/* A handler as stored; texts are borrowed. Dates are milliseconds, TIMESTAMP_NONE where there is none. */
struct handler_record {
    int64_t handler;
    const char *name;
    const char *type;
    int64_t position; /* the last event it has taken or passed over */
    int64_t added;
    int64_t removed; /* when it was first missing from the configuration */
    int64_t skipped; /* events its `when` passed over */
    int64_t delivered;
    int64_t last_success;
    int64_t last_failure;
    const char *last_error;
    int64_t failing_since; /* the first failure after the last success */
    int64_t failures;      /* since then */
    int64_t warned;        /* when it was last reported */
    int64_t loaded;        /* as in handler_position */
};

/* Where a handler stands. */
struct handler_position {
    int64_t handler;
    int64_t position;
    int64_t loaded;   /* the last snapshot's document that it was given; -1 when it is given none */
    int64_t last_try; /* when a delivery last ended, TIMESTAMP_NONE: never */
    int64_t failing_since;
    char last_error[256];
    bool returned; /* it was away until now */
};

/* Finds or adds a handler of the configuration: a new one starts behind event `end`, one that comes back
 * continues where it was; `load`: it is to be given all snapshots first. Fills *place. Runs in the caller's
 * transaction. */
int handlers_attach(struct store *store, const char *name, const char *type, bool load, int64_t end,
    int64_t now, struct handler_position *place, struct error *e);

/* Finds where a handler stands: 1, 0 when the store does not know it, or -1. */
int handlers_find(struct store *store, const char *name, struct handler_position *place, struct error *e);

/* Gives the handler `name` what `old` had: it is renamed, or, where `name` is known already, its position and
 * deliveries become those of `name`. Runs in the caller's transaction. Returns 1, 0 when there is no `old`,
 * or -1. */
int handlers_take_over(struct store *store, const char *name, const char *old, struct error *e);

/* What waits for a handler. */
struct handler_backlog {
    int64_t pending; /* deliveries */
    int64_t events;  /* behind its position */
};
int handlers_waiting(
    struct store *store, const struct handler_position *place, struct handler_backlog *out, struct error *e);

/* Remembers that a handler has the snapshots up to the document `loaded`. */
int handlers_set_loaded(struct store *store, int64_t handler, int64_t loaded, struct error *e);

/* Counts deliveries that were done. */
int handlers_succeeded(struct store *store, int64_t handler, int64_t count, int64_t now, struct error *e);

/* Remembers why a handler failed outside a delivery. */
int handlers_failed(struct store *store, int64_t handler, int64_t now, const char *error, struct error *e);

/* Remembers that a trouble was reported. */
int handlers_warned(struct store *store, int64_t handler, int64_t now, struct error *e);

/* Marks a handler as removed from the configuration. */
int handlers_remove(struct store *store, int64_t handler, int64_t now, struct error *e);

/* Calls `each` for every handler, the oldest first; it returns 0 to go on, -1 with the error filled to stop.
 */
int handlers_list(struct store *store,
    int (*each)(const struct handler_record *row, void *context, struct error *e), void *context,
    struct error *e);

/* Moves a handler's position, and counts the events its `when` passed over. */
int handlers_advance(
    struct store *store, int64_t handler, int64_t position, int64_t skipped, struct error *e);

/* A delivery that is due. */
struct delivery {
    int64_t seq;
    int64_t work_order;
    int64_t first_failed; /* when its first attempt failed, TIMESTAMP_NONE: none has */
    int attempts;         /* that have failed so far */
};

/* Adds a delivery that is due at once, unless the handler has had the event. */
int deliveries_add(
    struct store *store, int64_t handler, int64_t seq, int64_t work_order, int64_t now, struct error *e);

/* Some types' events, from one number to another. */
struct delivery_range {
    int64_t from, until;
    const char *types; /* their names, each between commas */
};

/* Adds a delivery for each of them that the handler has not had. */
int deliveries_add_all(
    struct store *store, int64_t handler, const struct delivery_range *range, int64_t now, struct error *e);

/*
 * Reads up to `most` deliveries of a handler that are due at `now`, behind event `after`, in the order of the
 * log, without those that must wait for an earlier event of the same work order that is not due. `latest`,
 * not before `now`: the latest that the clock has shown; what was written a minute and more after it shows
 * that the clock went back, and is due. Returns how many, or -1.
 */
int deliveries_due(struct store *store, int64_t handler, int64_t now, int64_t latest, int64_t after, int most,
    struct delivery *out, struct error *e);

/* How many deliveries_due would give in all, or -1. */
int64_t deliveries_count_due(
    struct store *store, int64_t handler, int64_t now, int64_t latest, struct error *e);

/* Fills in what has been tried of the delivery of an event: 1, 0 when there is none, or -1. */
int deliveries_get(struct store *store, int64_t handler, int64_t seq, struct delivery *out, struct error *e);

/* Write how tries ended, in the caller's transaction: done, of many at once, which handlers_succeeded counts;
 * to be tried again at `due`; dead. `error` says why, and the handler remembers it. */
int deliveries_done(
    struct store *store, int64_t handler, const int64_t *seqs, size_t count, int64_t now, struct error *e);
int deliveries_retry(struct store *store, int64_t handler, int64_t seq, int64_t due, int64_t now,
    const char *error, struct error *e);
int deliveries_dead(
    struct store *store, int64_t handler, int64_t seq, int64_t now, const char *error, struct error *e);

/* By hand, in the caller's transaction; each returns how many deliveries it changed, or -1. Revive: dead ones
 * begin anew, all of them or those of one event (then its pending ones are due at once, too). Discard: those
 * of an event, or all of a handler, that are dead or pending are no longer wanted. */
int64_t deliveries_revive(struct store *store, const char *event, int64_t now, struct error *e);
int64_t deliveries_discard(struct store *store, const char *event, int64_t now, struct error *e);
int64_t deliveries_discard_all(struct store *store, int64_t handler, int64_t now, struct error *e);

/* By hand: an event is delivered to a handler again, or for the first time. Runs in the caller's transaction.
 * Returns 1, 0 when it is pending already, -1 when the store failed. */
int deliveries_replay(
    struct store *store, int64_t handler, int64_t seq, int64_t work_order, int64_t now, struct error *e);

/* How a handler stands; oldest is when the first pending event in the log was observed, TIMESTAMP_NONE
 * without one; due when the first of them is due that has failed, TIMESTAMP_NONE: one is due at once, or
 * there is none. */
struct delivery_counts {
    int64_t pending;
    int64_t dead;
    int64_t oldest;
    int64_t due;
};
int deliveries_count(struct store *store, int64_t handler, struct delivery_counts *out, struct error *e);

#endif
