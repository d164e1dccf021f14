/*
 * sweeps: which work orders a sweep has seen, and which are missing: on their way to be emitted as deleted.
 */
#ifndef WOSYNC_STORE_SWEEPS_H
#define WOSYNC_STORE_SWEEPS_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* Forgets what the last sweep has seen. */
int sweeps_clear(struct store *store, struct error *e);

/* Notes that the sweep has seen a work order. */
int sweeps_add(struct store *store, int64_t id, struct error *e);

/* How many work orders are known that the sweep, which began at `began` and ends `now` (milliseconds, our
 * clock), did not see; and how many are known in all. */
int sweeps_count_missing(
    struct store *store, int64_t began, int64_t now, int64_t *missing, int64_t *known, struct error *e);

/* Ends a sweep: what it saw is not missing, what it did not see is, once more; then forgets what it has seen.
 */
int sweeps_note_missing(struct store *store, int64_t began, int64_t now, struct error *e);

/* A work order is missing from the whole list, and its id answered 404 (`now`, milliseconds, our clock): as
 * if a sweep had found it. Nothing changes where it is known to be missing. */
int sweeps_add_refused(struct store *store, int64_t id, int64_t now, struct error *e);

/* A missing work order that is to be asked for by its id. Zeroed: none yet. */
struct deletion_candidate {
    int64_t id;
    int64_t refused;  /* when it answered 404 for the first time; TIMESTAMP_NONE: it did not yet */
    int64_t attempts; /* answers in a row that said neither that it is there nor that it is gone */
};

/* Finds the one behind *candidate that is to be asked for `now`: not yet, or once, in an earlier sweep or
 * before `hour_ago`; those that failed least come first. Returns 1 with *candidate filled, 0 when there is
 * none, -1. */
int sweeps_next(struct store *store, int64_t now, int64_t hour_ago, struct deletion_candidate *candidate,
    struct error *e);

/* Its answer said nothing: it is not asked for before `due`. */
int sweeps_postpone(struct store *store, int64_t id, int64_t due, struct error *e);

/* Work order `id`, if it is missing. Returns 1, 0 when it is not, -1. */
int sweeps_find(struct store *store, int64_t id, struct deletion_candidate *out, struct error *e);

/* Notes that it answered 404 for the first time. */
int sweeps_refused(struct store *store, int64_t id, int64_t now, struct error *e);

/* It is no longer missing: seen again, or emitted as deleted. */
int sweeps_drop(struct store *store, int64_t id, struct error *e);

/* None is: what is missing proves nothing. */
int sweeps_drop_all(struct store *store, struct error *e);

/* How many are missing and wait for proof, or -1. */
int64_t sweeps_waiting(struct store *store, struct error *e);

#endif
