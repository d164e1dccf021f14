/*
 * lateness: how late changes are seen, by channel, in small histograms. That of polling says what `lookback`
 * must cover.
 */
#ifndef WOSYNC_STORE_LATENESS_H
#define WOSYNC_STORE_LATENESS_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* Counts a change that `channel` (LATENESS_*) was the first to see: `late` is observed - updatedAt, `overdue`
 * how much older than the beginning of the pass before it was (negative or 0: it was not there to be seen
 * then). Milliseconds. */
#define LATENESS_POLL    "poll"
#define LATENESS_WEBHOOK "webhook"
int lateness_note(struct store *store, const char *channel, int64_t late, int64_t overdue, struct error *e);

/* What is known of a channel. Milliseconds; all 0 when nothing was counted. */
struct lateness {
    int64_t count;
    int64_t p50; /* upper ends of the steps they fall in */
    int64_t p99;
    int64_t largest;
    int64_t overdue; /* the lookback that would just have seen all of them */
};
int lateness_load(struct store *store, const char *channel, struct lateness *out, struct error *e);

#endif
