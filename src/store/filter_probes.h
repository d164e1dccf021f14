/*
 * filter_probes: what the server was seen to do with the ways to ask for changes, so that no run asks again
 * what an earlier one found out.
 */
#ifndef WOSYNC_STORE_FILTER_PROBES_H
#define WOSYNC_STORE_FILTER_PROBES_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* Who was asked, and how: texts of the table's key, borrowed. */
struct filter_probe_key {
    const char *base_url;
    const char *organization; /* "" without one */
    const char *probe;        /* or "doubt FILTER": its answer is what a page showed, not a probe */
};

/* Finds an answer. Returns 1 with the answer (to be freed by the caller) and when it was given, 0 when there
 * is none, -1 when the store failed. */
int filter_probes_get(struct store *store, const struct filter_probe_key *key, char **answer,
    int64_t *asked_ms, struct error *e);

/* Stores an answer, in a transaction of its own that does not wait for the disk. */
int filter_probes_put(struct store *store, const struct filter_probe_key *key, const char *answer,
    int64_t asked_ms, struct error *e);

/* Forgets all answers; those that were not clear. In the caller's transaction, or at once without one. */
int filter_probes_clear(struct store *store, struct error *e);
int filter_probes_clear_unclear(struct store *store, struct error *e);

#endif
