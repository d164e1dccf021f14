/*
 * limiter: the rate limit: a fixed window that the first request opens.
 */
#ifndef MOCK_LIMITER_H
#define MOCK_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* All zero: no window is open. */
struct limiter {
    int64_t opened; /* as clock_steady() */
    int64_t used;
};

/* What the three headers say, and whether the request may pass. */
struct allowance {
    bool allowed;
    int64_t limit, remaining;
    int64_t reset; /* whole seconds until the window starts anew, rounded up */
};

/* Counts one request at NOW (as clock_steady()). */
struct allowance limiter_take(struct limiter *l, const struct rate_limit *rule, int64_t now);

#endif
