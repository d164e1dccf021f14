#include "store/rate_limit.h"

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

int rate_limit_save(struct store *store, const struct rate_limit *rate_limit, struct error *e)
{
    if (rate_limit->seen == 0)
        return 0;
    return STORE_RUN(store, e, SQL_RATE_LIMIT_PUT, V_INT(rate_limit->limit), V_INT(rate_limit->remaining),
        V_INT(rate_limit->reset), V_INT(rate_limit->seen), V_INT(rate_limit->window),
        V_INT(rate_limit->slack));
}
