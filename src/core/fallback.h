/*
 * fallback: whether polling must step in for webhooks. Pure.
 */
#ifndef WOSYNC_CORE_FALLBACK_H
#define WOSYNC_CORE_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

/* How the two channels stand. Instants are milliseconds by our clock, TIMESTAMP_NONE where there is none;
 * durations are milliseconds. */
struct fallback {
    int64_t now;
    int64_t webhook;     /* when a work order was last observed because of a webhook */
    int64_t refused;     /* when a webhook was last refused */
    int64_t poll;        /* when the last finished pass began */
    int64_t silence;     /* so long without a webhook is too long */
    int64_t safety_poll; /* and so long without a poll */
    int64_t broken;      /* subscriptions that are gone or not valid */
    bool unfinished;     /* a pass has begun and not ended */
    bool many;           /* the list takes fewer requests than the work orders that were notified */
};

/* Why a poll is called for now, a static text; NULL when webhooks do. A clock that went back proves nothing,
 * so it calls for one. */
const char *fallback_reason(const struct fallback *fallback);

#endif
