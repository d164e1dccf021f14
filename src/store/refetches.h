/*
 * refetches: the work orders that are to be asked for by their ids, each with its own attempts and its own
 * due time, so that one that always fails delays only itself (rule R9); and what was deleted before it was
 * known.
 */
#ifndef WOSYNC_STORE_REFETCHES_H
#define WOSYNC_STORE_REFETCHES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

enum refetch_reason {
    REFETCH_NOTIFIED, /* a webhook names it */
    REFETCH_SETTLE,   /* the rest of its status changes was not notified in time: one change stands for it */
    REFETCH_DOUBT,    /* an older state of it was seen: whatever it says now holds */
    REFETCH_REASONS
};

/* Dates are milliseconds, TIMESTAMP_NONE where there is none. Zeroed: none yet. */
struct refetch_row {
    int64_t work_order;
    enum refetch_reason reason;
    int64_t requested; /* since when it waits */
    int64_t occurred;  /* when the newest notification says that something happened */
    int64_t gone_at;   /* when it was deleted, as a notification says */
    int64_t gone_by;   /* the id of the user who did it; 0: not known */
    int64_t doubted;   /* the older updatedAt that was seen */
    int64_t attempts;  /* that failed */
};

/* Asks for a work order from `due` on; one that waits already is due then at the latest. In a transaction of
 * the caller. Returns 0 or -1. */
int refetches_request(struct store *store, const struct refetch_row *row, int64_t due, struct error *e);

/* Finds the one behind *row that is due `now`; those that failed least come first. Returns 1 with *row
 * filled, 0 when there is none, -1 when the store failed. */
int refetches_next(struct store *store, int64_t now, struct refetch_row *row, struct error *e);

/* Finds the one of a work order. Returns 1, 0 when it does not wait, -1 when the store failed. */
int refetches_get(struct store *store, int64_t work_order, struct refetch_row *out, struct error *e);

/* It was asked for. */
int refetches_drop(struct store *store, int64_t work_order, struct error *e);

/* It waits until `due`; `error` says what failed, NULL when nothing did. */
int refetches_postpone(struct store *store, int64_t work_order, enum refetch_reason reason, int64_t due,
    const char *error, struct error *e);

/* How many are due `now`, or -1. */
int64_t refetches_count_due(struct store *store, int64_t now, struct error *e);

/* How many wait in all, since when (TIMESTAMP_NONE: none does), and how many of them have failed. */
struct refetch_counts {
    int64_t waiting;
    int64_t oldest;
    int64_t failing;
};
int refetches_count(struct store *store, struct refetch_counts *out, struct error *e);

/* One that failed; texts are borrowed during the call. */
struct refetch_failure {
    int64_t work_order;
    int64_t requested;
    int64_t attempts;
    int64_t due;
    const char *error;
};

/* Calls `visit` for those that failed, at most `max`, those that failed most first; it returns 0 to go on, -1
 * with the error filled to stop. Returns 0 or -1. */
int refetches_visit_failed(struct store *store, int max,
    int (*visit)(const struct refetch_failure *failure, void *context, struct error *e), void *context,
    struct error *e);

/* Notes that a work order which is not known was deleted, in a transaction of the caller. */
int tombstones_add(struct store *store, int64_t work_order, int64_t deleted_at, struct error *e);

/* When a work order that is not known was deleted; TIMESTAMP_NONE: it was not. Returns 0 or -1. */
int tombstones_get(struct store *store, int64_t work_order, int64_t *deleted_at, struct error *e);

#endif
