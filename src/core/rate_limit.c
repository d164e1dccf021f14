/*
 * rate_limit: how many requests are left in the server's window, and when the next one may be sent. What the
 * server said last counts for more than our own count.
 */
#include "core/rate_limit.h"

#include <stdbool.h>

/* The clocks of two machines tick in steps; a request must not arrive in the last of the old window. */
enum { MARGIN_MS = 5 };

/* What MaintainX documents for one user, used while the server says nothing. */
enum { USUAL_LIMIT = 100, USUAL_WINDOW_MS = 60000 };

/* Longer than a window lasts: the wait after a 429 that says nothing. */
enum { OUTLASTS_WINDOW_MS = 90000 };

/* No wait is believed for longer. */
enum { MAX_WAIT_MS = 3600 * 1000 };

static int64_t believe(int64_t wait)
{
    return wait < MAX_WAIT_MS ? wait : MAX_WAIT_MS;
}

/* Is what was noted of a window still true at `now`? */
static bool is_current(const struct rate_limit *rate_limit, int64_t now)
{
    return rate_limit->seen != 0 && rate_limit->seen <= now && now < rate_limit->reset;
}

void rate_limit_note(
    struct rate_limit *rate_limit, int64_t now, int64_t limit, int64_t remaining, int64_t reset_s)
{
    int64_t length = believe(reset_s * 1000), reset = now + length;
    int64_t known = rate_limit->reset - rate_limit->slack;
    bool same_window =
        rate_limit->window > 0 && is_current(rate_limit, now) && remaining < rate_limit->remaining;
    if (same_window && known < reset)
        reset = known;
    rate_limit->limit = limit;
    rate_limit->remaining = remaining;
    rate_limit->reset = reset + rate_limit->slack;
    rate_limit->seen = now;
    if (length > rate_limit->window)
        rate_limit->window = length;
}

void rate_limit_count(struct rate_limit *rate_limit, int64_t now)
{
    if (!is_current(rate_limit, now)) {
        if (rate_limit->limit <= 0)
            rate_limit->limit = USUAL_LIMIT;
        rate_limit->remaining = rate_limit->limit;
        rate_limit->reset =
            now + (rate_limit->window > USUAL_WINDOW_MS ? rate_limit->window : USUAL_WINDOW_MS);
        rate_limit->seen = now;
    }
    if (rate_limit->remaining > 0)
        rate_limit->remaining--;
}

int64_t rate_limit_per_minute(const struct rate_limit *rate_limit, int64_t reserve, int64_t usual)
{
    int64_t rate = usual;
    if (rate_limit->seen != 0 && rate_limit->window > 0 && rate_limit->limit > reserve)
        rate = (rate_limit->limit - reserve) * 60000 / rate_limit->window;
    return rate > 0 ? rate : 1;
}

void rate_limit_hold(struct rate_limit *rate_limit, int64_t now, int64_t wait)
{
    rate_limit->remaining = 0;
    rate_limit->reset = now + believe(wait);
    rate_limit->seen = now;
}

void rate_limit_refused(struct rate_limit *rate_limit, int64_t now, int64_t wait)
{
    /* it refused although its own figures had let us: its seconds are rounded down, not up */
    if (rate_limit->window > 0 && rate_limit->remaining > 0 && rate_limit->slack == 0)
        rate_limit->slack = 1000;
    if (wait < 0 && rate_limit->window > 0 && is_current(rate_limit, now))
        wait = rate_limit->reset - now;
    rate_limit_hold(rate_limit, now, wait >= 0 ? wait : OUTLASTS_WINDOW_MS);
}

int64_t rate_limit_wait(const struct rate_limit *rate_limit, int64_t now, int64_t reserve)
{
    if (rate_limit->seen == 0 || now < rate_limit->seen || rate_limit->remaining > reserve ||
        now >= rate_limit->reset + MARGIN_MS)
        return 0;
    return rate_limit->reset + MARGIN_MS - now;
}

/* Of each window long passes leave one request in so many to polls, at least a few, and never more than a
 * quarter. */
enum { POLLS_SHARE = 10, POLLS_LEAST = 3, POLLS_MOST_SHARE = 4 };

static int64_t polls_share(int64_t limit)
{
    int64_t share = limit / POLLS_SHARE < POLLS_LEAST ? POLLS_LEAST : limit / POLLS_SHARE;
    return share > limit / POLLS_MOST_SHARE ? limit / POLLS_MOST_SHARE : share;
}

int64_t rate_limit_wait_modestly(const struct rate_limit *rate_limit, int64_t now, int64_t reserve)
{
    int64_t wait = rate_limit_wait(rate_limit, now, reserve);
    int64_t share = polls_share(rate_limit->limit), spare = rate_limit->remaining - reserve;
    if (wait > 0 || share <= 0 || rate_limit->window <= 0 || !is_current(rate_limit, now))
        return wait;
    int64_t left = rate_limit->reset - now;
    if (left > rate_limit->window)
        left = rate_limit->window;
    /* what is held back shrinks with the window: share * left / window, rounded down */
    if (spare > share * left / rate_limit->window)
        return 0;
    int64_t enough = (spare * rate_limit->window - 1) / share;
    return left > enough ? left - enough : 1;
}

/* Within one window both count: the smaller rest holds, and the end that is known best. Where none is left it
 * is the end that goes with it, for a 429 may have asked for it. */
static void merge_window(struct rate_limit *mine, const struct rate_limit *stored)
{
    int64_t reset = mine->reset < stored->reset ? mine->reset : stored->reset;
    if (stored->remaining < mine->remaining ||
        (stored->remaining == 0 && mine->remaining == 0 && stored->reset > mine->reset)) {
        mine->remaining = stored->remaining;
        mine->reset = stored->reset;
    }
    if (mine->remaining > 0)
        mine->reset = reset;
    if (stored->seen > mine->seen)
        mine->seen = stored->seen;
}

/* A guess is counted down from the documented limit. Beside a window whose length is known it counts against
 * the limit that the server gave then, or the few that it has left would stand beside a large limit. */
static void correct_guess(struct rate_limit *guess, int64_t limit)
{
    int64_t used = guess->limit - guess->remaining;
    if (guess->window != 0 || guess->limit <= 0 || limit <= 0)
        return;
    guess->limit = limit;
    guess->remaining = used < limit ? limit - used : 0;
}

void rate_limit_merge(struct rate_limit *rate_limit, const struct rate_limit *stored, int64_t now)
{
    struct rate_limit *mine = rate_limit;
    const int64_t limit = mine->window > 0 ? mine->limit : stored->window > 0 ? stored->limit : 0;
    int64_t window = mine->window > stored->window ? mine->window : stored->window;
    int64_t slack = mine->slack > stored->slack ? mine->slack : stored->slack;
    int64_t apart = mine->reset > stored->reset ? mine->reset - stored->reset : stored->reset - mine->reset;
    bool current = is_current(mine, now), stored_current = is_current(stored, now);
    if (!current || !stored_current) {
        /* what is over says how long and large the next one will be */
        if (stored_current || mine->seen == 0)
            *mine = *stored;
    } else if ((mine->window == 0) != (stored->window == 0)) {
        /* without a word of the server's it is a guess */
        if (mine->window == 0)
            *mine = *stored;
    } else if (window > 0 && apart > window / 2) {
        /* two windows: the newer word holds */
        if (stored->seen > mine->seen)
            *mine = *stored;
    } else {
        merge_window(mine, stored);
    }
    correct_guess(mine, limit);
    mine->window = window;
    mine->slack = slack;
}

void rate_limit_roll(struct rate_limit *rate_limit, int64_t now)
{
    if (rate_limit->window <= 0 || rate_limit->limit <= 0 || is_current(rate_limit, now))
        return;
    /* the server's window begins when the request arrives, which may take as long as it lasts, and may last
     * longer than was seen so far; the first answer says when it ends */
    int64_t longest = 2 * rate_limit->window;
    rate_limit->remaining = rate_limit->limit;
    rate_limit->reset = now + (longest > OUTLASTS_WINDOW_MS ? longest : OUTLASTS_WINDOW_MS);
    rate_limit->seen = now;
}
