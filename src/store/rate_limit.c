#include "store/rate_limit.h"

#include "store/rows.h"

int rate_limit_load(struct store *store, struct pace *out, struct error *e)
{
    const enum sql_statement q = SQL_RATE_LIMIT_GET;
    *out = (struct pace){0};
    int rc = store_find(store, q, NULL, 0, e);
    if (rc != 1)
        return rc;
    *out = (struct pace){.limit = store_int(store, q, 0),
        .remaining = store_int(store, q, 1),
        .reset = store_int(store, q, 2),
        .seen = store_int(store, q, 3),
        .window = store_int(store, q, 4),
        .slack = store_int(store, q, 5)};
    store_done(store, q);
    return 0;
}

int rate_limit_save(struct store *store, const struct pace *pace, struct error *e)
{
    if (pace->seen == 0)
        return 0;
    return STORE_RUN(store, e, SQL_RATE_LIMIT_PUT, V_INT(pace->limit), V_INT(pace->remaining),
        V_INT(pace->reset), V_INT(pace->seen), V_INT(pace->window), V_INT(pace->slack));
}
