/*
 * diff: the one place where events are born. What we knew and what we now see go in; the events and what to
 * know from now on come out (rules R3, R4, R5). Pure: no store, no clock, no network.
 */
#ifndef WOSYNC_CORE_DIFF_H
#define WOSYNC_CORE_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/status_steps.h"
#include "core/workorder.h"

struct json_object;

/* How the configuration bends the diff. The arrays end with NULL and are borrowed. */
struct diff_rules {
    int64_t horizon;              /* facts older than this make no events */
    const char *const *completed; /* the statuses that are complete */
    const char *const
        *ignored; /* fields that change while the work order does not, besides the built-in ones */
};

/* For a backfill: the window of the events' own dates, both ends included. */
struct diff_window {
    int64_t from;
    int64_t until;
    bool silent; /* store what is history, emit nothing */
};

/* What is known of a work order. */
struct diff_snapshot {
    const struct workorder *wo;
    bool from_list;     /* its document is as the list gave it */
    bool deleted;       /* it was emitted as deleted and has not come back */
    int deletions;      /* how many times it was emitted as deleted */
    int64_t deleted_at; /* when it was deleted, TIMESTAMP_NONE where that is not known */
    const char *status; /* up to which status changes were emitted; NULL: the document's own */
    int64_t status_at;  /* when it got that status, at the latest; TIMESTAMP_NONE: updatedAt */
};

/* What is seen of it now. */
struct diff_observation {
    const struct workorder *wo; /* its document may be NULL where none is known, and with a window */
    bool from_list;
    bool believed; /* it was asked for by its id because an older state was seen: whatever it says holds */
    const struct status_step *steps; /* that notifications named, in the order in which they happened */
    size_t step_count;
    bool wait; /* status changes that the steps prove only in part may wait for more of them */
};

enum diff_result {
    DIFF_STALE, /* older than what is known: changes nothing */
    DIFF_LEAVE, /* the snapshot stays as it is; a backfill may emit events all the same */
    DIFF_STORE  /* store `document` and the rest, with or without events */
};

/* One event that the steps prove. */
struct diff_step {
    struct event event; /* status_changed or completed */
    int64_t actor;      /* as in status_step */
    char previous_status[WORKORDER_MAX_STATUS + 1];
    struct json_object *document; /* owned: the work order as it was then */
    struct json_object *changes;  /* owned */
};

struct diff {
    enum diff_result result;
    struct event events[EVENT_TYPES];
    int count;
    struct diff_step *steps; /* owned; to be emitted behind `created` and before the other events */
    int step_count;
    struct json_object
        *document; /* owned; NULL unless DIFF_STORE or there are events, and where the observation has none */
    bool from_list;
    bool deleted;
    int deletions;
    int64_t deleted_at;
    char status[WORKORDER_MAX_STATUS + 1]; /* as in diff_snapshot; "": the document's own */
    int64_t status_at;                     /* as in diff_snapshot */
    bool doubtful;               /* DIFF_STALE, but not what is known: only the single work order can say */
    const char *previous_status; /* borrowed from the old work order; NULL when the status is the same */
    struct json_object *changes; /* owned; {"field": {"from", "to"}}, NULL when there was no snapshot */
};

/*
 * Holds an observation against what was known (`old` is NULL when the work order is new to us). With `window`
 * it follows the row of R5 for a backfill: created and completed by their own dates, never updated; and it
 * stores only what is older than the horizon and new to us, so that polling still sees every change as one;
 * of `old` it only matters whether there is one.
 *
 * Fills *out, to be freed with diff_free.
 */
void diff_observe(const struct diff_rules *rules, const struct diff_window *window,
    const struct diff_snapshot *old, const struct diff_observation *now, struct diff *out);

/*
 * The event of a deletion that is proved elsewhere, by absence or by a notification, for a work order that
 * was not emitted as deleted yet. `when` is when it happened, TIMESTAMP_NONE where that is not known: then
 * the event carries the date of the last change. A status change that waited for notified steps is emitted
 * before it, as far as `steps` lead one by one. Fills *out like diff_observe, with the document unchanged.
 */
void diff_gone(const struct diff_rules *rules, const struct diff_snapshot *old,
    const struct status_step *steps, size_t step_count, int64_t when, struct diff *out);

/* Frees what the result owns and zeroes it. */
void diff_free(struct diff *diff);

#endif
