/*
 * events: the event log (the outbox), in the order in which the events were stored. Sources append, handlers
 * read.
 */
#ifndef WOSYNC_STORE_EVENTS_H
#define WOSYNC_STORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/event.h"

struct store;

/*
 * Appends an event unless its id was emitted before (rule R3). A numbered event whose id is taken becomes
 * `ID/2`, `ID/3`, and so on. Must be called in the transaction that stores the snapshot. Returns 1 when it
 * was appended, 0 when it was emitted before, -1 when the store failed.
 */
int events_append(
    struct store *store, const struct event *event, const struct event_context *context, struct error *e);

/* Remembers for ever that an event of that id was emitted, by a hash of it: retention removes the event, or
 * its id is a second one of an event in the log. Returns 0 or -1. */
int events_keep_id(struct store *store, const char *id, struct error *e);

/* Is an event of that id in the log, or was it once? 1, 0, or -1 when the store failed. */
int events_is_emitted(struct store *store, const char *id, struct error *e);

/* The number of the newest event ever stored, 0 when there is none; -1 when the store failed. */
int64_t events_last_seq(struct store *store, struct error *e);

/* How many events the log holds, or -1. */
int64_t events_count(struct store *store, struct error *e);

/* One event as the log holds it; texts are borrowed until the next step. */
struct event_row {
    int64_t seq;
    const char *id;
    const char *type;
    int64_t work_order;
    int64_t timestamp;
    int64_t observed;
    const char *body;
    size_t body_len;
};

/* Called for one event; returns 0 to go on, -1 (with the error filled) to stop. */
typedef int event_visitor(const struct event_row *row, void *context, struct error *e);

/* The number of the first event behind `after`: 1, 0 when there is none, -1 when the store failed. */
int events_next(struct store *store, int64_t after, int64_t *seq, struct error *e);

/* Visits the events behind number `after`, at most `most`, in the order in which they were stored. The
 * visitor may write to the store. Returns 0 or -1. */
int events_after(
    struct store *store, int64_t after, int most, event_visitor *each, void *context, struct error *e);

/* Visits the events that happened at `since` or later, up to number `until`, in the order in which they were
 * stored. The visitor may write to the store. Returns 0 or -1. */
int events_since(
    struct store *store, int64_t since, int64_t until, event_visitor *each, void *context, struct error *e);

/* The number of the last event that was observed before `moment`, 0 when there is none; -1 when the store
 * failed. Events of up to `slack` milliseconds before it are looked at too: where the clock was set back by
 * less than that, none that was observed later lies before the number. */
int64_t events_before(struct store *store, int64_t moment, int64_t slack, struct error *e);

/* How far back the log goes. */
struct event_reach {
    int64_t oldest; /* when the oldest event was observed; TIMESTAMP_NONE: there is none */
    int64_t whole;  /* when the oldest one was behind which none was removed; TIMESTAMP_NONE: there is none */
    bool removed;   /* retention has removed some */
};

/* Fills *out. Returns 0, or -1 when the store failed. */
int events_reach(struct store *store, struct event_reach *out, struct error *e);

/* Which events to visit. */
struct event_range {
    int64_t after, until; /* their numbers */
    int64_t observed;     /* at that time or later */
    bool bodies;          /* else body is NULL */
};

/* Visits at most `most` events of the range, in the order in which they were stored. Returns 0 or -1. */
int events_observed(struct store *store, const struct event_range *range, int most, event_visitor *each,
    void *context, struct error *e);

/* Visits the events of these numbers that are still in the log, in its order. Returns 0 or -1. */
int events_some(struct store *store, const int64_t *seqs, size_t count, event_visitor *each, void *context,
    struct error *e);

/* What an event says about the status of its work order; texts are borrowed, "" where there is none. */
struct event_status {
    const char *type;
    int64_t timestamp;
    int64_t observed;
    const char *completed_at; /* as the work order had it */
    const char *status;
    const char *previous_status;
};

/* Visits what the log still holds of one work order's created, status_changed and completed events, up to
 * number `until`, in the order in which they were stored. Returns 0 or -1. */
int events_history(struct store *store, int64_t work_order, int64_t until,
    void (*each)(const struct event_status *row, void *context), void *context, struct error *e);

/* What to list; NULL takes all. */
struct event_filter {
    const char *type;
    const char *id;
    const char *state; /* pending, dead, done, discarded: of any of its deliveries */
    int64_t limit;     /* the newest so many; 0: all */
};

/* The number of events that pass the filter, or -1: without regard to its limit, except that the events of
 * done deliveries, which are nearly all, are counted up to one more than that. */
int64_t events_count_filtered(struct store *store, const struct event_filter *filter, struct error *e);

/* Visits every event that passes the filter, oldest first. Returns 0 or -1. */
int events_list(struct store *store, const struct event_filter *filter, event_visitor *each, void *context,
    struct error *e);

#endif
