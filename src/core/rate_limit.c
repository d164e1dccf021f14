#include "core/rate_limit.h"

/* The clocks of two machines tick in steps; a request must not arrive in the last of the old window. */
enum { MARGIN_MS = 5 };

void rate_limit_note(
    struct rate_limit *rate_limit, int64_t now, int64_t limit, int64_t remaining, int64_t reset_s)
{
    int64_t reset = now + reset_s * 1000;
    int64_t known = rate_limit->reset - rate_limit->slack;
    int same_window = rate_limit->seen != 0 && rate_limit->seen <= now && now < rate_limit->reset &&
                      remaining < rate_limit->remaining;
    if (same_window && known < reset)
        reset = known;
    rate_limit->limit = limit;
    rate_limit->remaining = remaining;
    rate_limit->reset = reset + rate_limit->slack;
    rate_limit->seen = now;
    if (reset_s * 1000 > rate_limit->window)
        rate_limit->window = reset_s * 1000;
}

void rate_limit_spend(struct rate_limit *rate_limit)
{
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

void rate_limit_refused(struct rate_limit *rate_limit, int64_t now, int64_t retry_after)
{
    /* it refused although its own figures had let us: its seconds are rounded down, not up */
    if (rate_limit->seen != 0 && rate_limit->remaining > 0 && rate_limit->slack == 0)
        rate_limit->slack = 1000;
    if (retry_after >= 0)
        rate_limit->reset = now + retry_after;
    else if (rate_limit->seen == 0 || rate_limit->reset <= now || now < rate_limit->seen)
        rate_limit->reset = now + 1000;
    rate_limit->remaining = 0;
    rate_limit->seen = now;
}

int64_t rate_limit_wait(const struct rate_limit *rate_limit, int64_t now, int64_t reserve)
{
    if (rate_limit->seen == 0 || now < rate_limit->seen || rate_limit->remaining > reserve ||
        now >= rate_limit->reset + MARGIN_MS)
        return 0;
    return rate_limit->reset + MARGIN_MS - now;
}
