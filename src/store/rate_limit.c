#include "store/rate_limit.h"

#include "base/clock.h"
#include "store/rows.h"

int rate_limit_load(struct store *store, struct rate_limit *out, struct error *e)
{
    const enum sql_statement q = SQL_RATE_LIMIT_GET;
    *out = (struct rate_limit){0};
    int rc = store_find(store, q, NULL, 0, e);
    if (rc != 1)
        return rc;
    *out = (struct rate_limit){.limit = store_int(store, q, 0),
        .remaining = store_int(store, q, 1),
        .reset = store_int(store, q, 2),
        .seen = store_int(store, q, 3),
        .window = store_int(store, q, 4),
        .slack = store_int(store, q, 5)};
    store_done(store, q);
    return 0;
}

static int put(struct store *store, const struct rate_limit *rate_limit, struct error *e)
{
    return STORE_RUN(store, e, SQL_RATE_LIMIT_PUT, V_INT(rate_limit->limit), V_INT(rate_limit->remaining),
        V_INT(rate_limit->reset), V_INT(rate_limit->seen), V_INT(rate_limit->window),
        V_INT(rate_limit->slack));
}

int rate_limit_save(struct store *store, const struct rate_limit *rate_limit, struct error *e)
{
    struct rate_limit stored, mine = *rate_limit;
    if (mine.seen == 0)
        return 0;
    if (rate_limit_load(store, &stored, e) != 0)
        return -1;
    rate_limit_merge(&mine, &stored, clock_now());
    return put(store, &mine, e);
}

int64_t rate_limit_request(
    struct store *store, struct rate_limit *rate_limit, int64_t reserve, bool modest, struct error *e)
{
    struct rate_limit stored;
    int64_t wait = -1;
    if (store_begin_relaxed(store, e) != 0)
        return -1;
    /* not before: what another process stored while we waited would be of the future */
    const int64_t now = clock_now();
    if (rate_limit_load(store, &stored, e) != 0)
        goto out;
    rate_limit_merge(rate_limit, &stored, now);
    wait = modest ? rate_limit_wait_modestly(rate_limit, now, reserve)
                  : rate_limit_wait(rate_limit, now, reserve);
    if (wait == 0) {
        rate_limit_roll(rate_limit, now);
        rate_limit_count(rate_limit, now);
    }
    if (put(store, rate_limit, e) != 0 || store_commit(store, e) != 0)
        wait = -1;
out:
    store_rollback(store);
    return wait;
}
