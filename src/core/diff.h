/*
 * diff: the one place where events are born. What we knew and what we now see go in; the events and what to
 * know from now on come out (rules R3, R4, R5). Pure: no store, no clock, no network.
 */
#ifndef WOSYNC_CORE_DIFF_H
#define WOSYNC_CORE_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
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
    bool silent; /* store what is history, tell nothing */
};

/* What is known of a work order. */
struct diff_snapshot {
    const struct workorder *wo;
    bool from_list; /* its document is as the list gave it */
    bool deleted;   /* it was told deleted and has not come back */
    int deletions;  /* how many times it was told deleted */
};

/* What is seen of it now. */
struct diff_observation {
    const struct workorder *wo; /* its document may be NULL where none is known, and with a window */
    bool from_list;
};

enum diff_outcome {
    DIFF_STALE, /* older than what is known: changes nothing */
    DIFF_LEAVE, /* the snapshot stays as it is; a backfill may tell events all the same */
    DIFF_STORE  /* store `document` and the rest, with or without events */
};

struct diff {
    enum diff_outcome outcome;
    struct event events[EVENT_TYPES];
    int count;
    struct json_object
        *document; /* owned; NULL unless DIFF_STORE or there are events, and where the observation has none */
    bool from_list;
    bool deleted;
    int deletions;
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
 * The event of a deletion that is known from absence (proved elsewhere), for a work order that was not told
 * deleted yet. Fills *out like diff_observe, with the document unchanged.
 */
void diff_gone(const struct diff_snapshot *old, struct diff *out);

/* Frees what the result owns and zeroes it. */
void diff_free(struct diff *diff);

#endif
