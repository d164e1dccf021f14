/*
 * rate_limit: staying at the server's rate limit without passing it (rule R7). Pure: the caller brings the
 * time.
 *
 * MaintainX counts requests per window and says with most answers how many are left and in how many seconds,
 * rounded up, the window starts anew. Each answer so gives a latest moment for that; the smallest of a window
 * is close to the truth, and so nearly nothing of the next window is wasted by waiting too long. Where it
 * says nothing, our own requests are counted against the documented limit.
 *
 * No wait is believed for longer than an hour: then one request finds out what holds.
 */
#ifndef WOSYNC_CORE_RATE_LIMIT_H
#define WOSYNC_CORE_RATE_LIMIT_H

#include <stdint.h>

/* The rate limit as the server last gave it. Times are milliseconds by our wall clock, for it outlives a
 * process. Zeroed: nothing known. */
struct rate_limit {
    int64_t limit;     /* requests per window */
    int64_t remaining; /* of them, left in this window */
    int64_t reset;     /* when the window starts anew, at the latest */
    int64_t seen;      /* when the server said so; 0: it never did */
    int64_t window;    /* how long a window lasts, as far as was seen: the largest X-Rate-Limit-Reset, in
                          milliseconds; 0: not known */
    int64_t slack;     /* how much longer than it says a window lasts: learnt from a 429 that should not have
                          been */
};

/* Notes what an answer that came at `now` said: the headers X-Rate-Limit-Limit, -Remaining and -Reset
 * (seconds). */
void rate_limit_note(
    struct rate_limit *rate_limit, int64_t now, int64_t limit, int64_t remaining, int64_t reset_s);

/* Counts a request whose answer said nothing of the rate limit, or never came: one less is left. Where no
 * window is known at `now`, one of the documented size begins. */
void rate_limit_count(struct rate_limit *rate_limit, int64_t now);

/*
 * Notes a 429 that came at `now`: nothing is sent until `wait` milliseconds from now. -1: it did not say for
 * how long; then until the window that is known ends, else for longer than any window lasts. Call it after
 * rate_limit_note for the same answer.
 */
void rate_limit_refused(struct rate_limit *rate_limit, int64_t now, int64_t wait);

/* Notes that an answer of another status asked to wait (Retry-After of a 503): nothing is sent until then. */
void rate_limit_hold(struct rate_limit *rate_limit, int64_t now, int64_t wait);

/* Requests per minute that the server allows us, less `reserve` of each window; `usual` where it never said.
 * At least 1. */
int64_t rate_limit_per_minute(const struct rate_limit *rate_limit, int64_t reserve, int64_t usual);

/*
 * Brings together what this process knows of the rate limit with what another one has stored meanwhile
 * (`stored`): both count their requests before they send them, so within one window the smaller rest holds.
 */
void rate_limit_merge(struct rate_limit *rate_limit, const struct rate_limit *stored, int64_t now);

/* Where a window whose length is known is over, the next one begins now, for all that is known: nothing of it
 * is used yet. */
void rate_limit_roll(struct rate_limit *rate_limit, int64_t now);

/*
 * As rate_limit_wait, for a pass that lasts long and leaves requests to polls: at the beginning of a window a
 * tenth of them (at least three, at most a quarter), and less as it passes, so that in the end all of them
 * are used.
 */
int64_t rate_limit_wait_modestly(const struct rate_limit *rate_limit, int64_t now, int64_t reserve);

/* How many milliseconds to wait before the next request at `now`, 0: none. `reserve` requests of each window
 * are left to others. A clock that went back is no reason to wait. */
int64_t rate_limit_wait(const struct rate_limit *rate_limit, int64_t now, int64_t reserve);

#endif
