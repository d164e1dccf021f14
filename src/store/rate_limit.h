/*
 * rate_limit: the server's rate limit as it stood at the last answer, for the next run must not pass it
 * either (rule R7).
 */
#ifndef WOSYNC_STORE_RATE_LIMIT_H
#define WOSYNC_STORE_RATE_LIMIT_H

#include "base/error.h"
#include "core/rate_limit.h"

struct store;

/* Reads it; zeroed when the server never said. Returns 0, or -1 when the store failed. */
int rate_limit_load(struct store *store, struct rate_limit *out, struct error *e);

/* Writes it, unless the server never said. Returns 0, or -1 when the store failed. */
int rate_limit_save(struct store *store, const struct rate_limit *rate_limit, struct error *e);

#endif
