/*
 * skipped: pages of the list that fail, and instants of updatedAt whose work orders the list cannot show.
 * Passes read around those; each is asked for again by itself, with attempts and a due time of its own.
 */
#ifndef WOSYNC_STORE_SKIPPED_H
#define WOSYNC_STORE_SKIPPED_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* Notes, in a transaction of its own that does not wait for the disk, that the page where the pass of a kind
 * stands has failed in this run. Returns 0, or -1 when the store failed; so do the others. */
int page_failures_note(struct store *store, const char *kind, int64_t now, struct error *e);

/* In how many runs it has failed since a page was read. */
int64_t page_failures_count(struct store *store, const char *kind, struct error *e);

/* A page was read. */
int page_failures_clear(struct store *store, const char *kind, struct error *e);

/* Finds the next skipped instant from `at` on: *next, TIMESTAMP_NONE when there is none. Returns 0, or -1
 * when the store failed. */
int skipped_next(struct store *store, int64_t at, int64_t *next, struct error *e);

/* Adds an instant, to be asked for again at `due`. It keeps its age and attempts if it is there already. */
int skipped_add(
    struct store *store, int64_t at, int64_t now, int64_t due, const char *error, struct error *e);

/* Removes one that could be read. */
int skipped_remove(struct store *store, int64_t at, struct error *e);

/* Counts an attempt in vain; the next one is due at `due`. */
int skipped_later(struct store *store, int64_t at, int64_t due, const char *error, struct error *e);

/* Finds the next instant behind `after` that is due at `now`. Returns 1, 0 when there is none, -1 when the
 * store failed. */
int skipped_due(struct store *store, int64_t after, int64_t now, int64_t *at, int *attempts, struct error *e);

/* How many there are; -1 when the store failed. */
int64_t skipped_count(struct store *store, struct error *e);

#endif
