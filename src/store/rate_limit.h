/*
 * rate_limit: the server's rate limit as it stood at the last answer, for the next run must not pass it
 * either (rule R7).
 */
#ifndef WOSYNC_STORE_RATE_LIMIT_H
#define WOSYNC_STORE_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "core/rate_limit.h"

struct store;

/* Reads it; zeroed when the server never said. Returns 0, or -1 when the store failed. */
int rate_limit_load(struct store *store, struct rate_limit *out, struct error *e);

/* Writes it, unless the server never said, merged with what another process has written meanwhile. Returns 0,
 * or -1 when the store failed. */
int rate_limit_save(struct store *store, const struct rate_limit *rate_limit, struct error *e);

/*
 * Asks for one request, in a transaction of its own, so that processes that work side by side stay within the
 * limit together. *rate_limit is what this process knows; it is merged with what is stored. Returns 0 when
 * the request may be sent: it is counted already, here and in the store. Else how many milliseconds to wait
 * before asking again, or -1 when the store failed. `reserve` and `modest` (a long pass): as in
 * rate_limit_wait and rate_limit_wait_modestly.
 */
int64_t rate_limit_request(
    struct store *store, struct rate_limit *rate_limit, int64_t reserve, bool modest, struct error *e);

#endif
