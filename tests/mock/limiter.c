#include "limiter.h"

struct allowance limiter_take(struct limiter *l, const struct rate_limit *rule, int64_t now)
{
    struct allowance a = {.limit = rule->requests};

    if (l->opened == 0 || now - l->opened >= rule->window_ms)
        *l = (struct limiter){.opened = now};
    a.allowed = l->used < rule->requests;
    if (a.allowed)
        l->used++;
    a.remaining = rule->requests - l->used;
    a.reset = (l->opened + rule->window_ms - now + 999) / 1000;
    return a;
}
