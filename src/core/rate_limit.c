#include "core/rate_limit.h"

/* The clocks of two machines tick in steps; a request must not arrive in the last of the old window. */
enum { MARGIN_MS = 5 };

void pace_note(struct pace *pace, int64_t now, int64_t limit, int64_t remaining, int64_t reset_s)
{
    int64_t reset = now + reset_s * 1000;
    int64_t known = pace->reset - pace->slack;
    int same_window =
        pace->seen != 0 && pace->seen <= now && now < pace->reset && remaining < pace->remaining;
    if (same_window && known < reset)
        reset = known;
    pace->limit = limit;
    pace->remaining = remaining;
    pace->reset = reset + pace->slack;
    pace->seen = now;
    if (reset_s * 1000 > pace->window)
        pace->window = reset_s * 1000;
}

void pace_spend(struct pace *pace)
{
    if (pace->remaining > 0)
        pace->remaining--;
}

int64_t pace_per_minute(const struct pace *pace, int64_t reserve, int64_t usual)
{
    int64_t rate = usual;
    if (pace->seen != 0 && pace->window > 0 && pace->limit > reserve)
        rate = (pace->limit - reserve) * 60000 / pace->window;
    return rate > 0 ? rate : 1;
}

void pace_refused(struct pace *pace, int64_t now, int64_t retry_after)
{
    /* it refused although its own figures had let us: its seconds are rounded down, not up */
    if (pace->seen != 0 && pace->remaining > 0 && pace->slack == 0)
        pace->slack = 1000;
    if (retry_after >= 0)
        pace->reset = now + retry_after;
    else if (pace->seen == 0 || pace->reset <= now || now < pace->seen)
        pace->reset = now + 1000;
    pace->remaining = 0;
    pace->seen = now;
}

int64_t pace_wait(const struct pace *pace, int64_t now, int64_t reserve)
{
    if (pace->seen == 0 || now < pace->seen || pace->remaining > reserve || now >= pace->reset + MARGIN_MS)
        return 0;
    return pace->reset + MARGIN_MS - now;
}
