/*
 * rate_limit: staying at the server's rate limit without passing it (rule R7). Pure: the caller brings the
 * time.
 *
 * MaintainX counts requests per window and says with every answer how many are left and in how many seconds,
 * rounded up, the window starts anew. Each answer so gives a latest moment for that; the smallest of a window
 * is close to the truth, and so nearly nothing of the next window is wasted by waiting too long.
 */
#ifndef WOSYNC_CORE_RATE_LIMIT_H
#define WOSYNC_CORE_RATE_LIMIT_H

#include <stdint.h>

/* The rate limit as the server last told it. Times are milliseconds by our wall clock, for it outlives a
 * process. Zeroed: nothing known. */
struct rate_limit {
    int64_t limit;     /* requests per window */
    int64_t remaining; /* of them, left in this window */
    int64_t reset;     /* when the window starts anew, at the latest */
    int64_t seen;      /* when the server said so; 0: it never did */
    int64_t window;    /* how long a window lasts, as far as was seen: the largest X-Rate-Limit-Reset, in
                          milliseconds */
    int64_t
        slack; /* how much longer than it says a window lasts: learnt from a 429 that should not have been */
};

/* Takes in what an answer that came at `now` said: the headers X-Rate-Limit-Limit, -Remaining and -Reset
 * (seconds). */
void rate_limit_note(
    struct rate_limit *rate_limit, int64_t now, int64_t limit, int64_t remaining, int64_t reset_s);

/* A request was sent whose answer no one will read: it counts all the same. */
void rate_limit_spend(struct rate_limit *rate_limit);

/*
 * Takes in a 429 that came at `now`: nothing is left until `retry_after` milliseconds from now (-1: not said,
 * then what rate_limit_note had learnt holds, else a second). Call it after rate_limit_note for the same
 * answer.
 */
void rate_limit_refused(struct rate_limit *rate_limit, int64_t now, int64_t retry_after);

/* Requests per minute that the server allows us, less `reserve` of each window; `usual` where it never said.
 * At least 1. */
int64_t rate_limit_per_minute(const struct rate_limit *rate_limit, int64_t reserve, int64_t usual);

/* How many milliseconds to wait before the next request at `now`, 0: none. `reserve` requests of each window
 * are left to others. A clock that went back is no reason to wait. */
int64_t rate_limit_wait(const struct rate_limit *rate_limit, int64_t now, int64_t reserve);

#endif
