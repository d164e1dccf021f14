#include "store/filter_probes.h"

#include "store/rows.h"

int filter_probes_get(struct store *store, const struct filter_probe_key *key, char **answer,
    int64_t *asked_ms, struct error *e)
{
    const enum sql_statement q = SQL_FILTER_PROBE_GET;
    int rc = STORE_FIND(store, e, q, V_TEXT(key->base_url), V_TEXT(key->organization), V_TEXT(key->probe));
    if (rc != 1)
        return rc;
    *answer = store_copy_text(store, q, 0);
    *asked_ms = store_int(store, q, 1);
    store_done(store, q);
    return 1;
}

int filter_probes_put(struct store *store, const struct filter_probe_key *key, const char *answer,
    int64_t asked_ms, struct error *e)
{
    int rc = store_begin_relaxed(store, e);
    if (rc == 0)
        rc = STORE_RUN(store, e, SQL_FILTER_PROBE_PUT, V_TEXT(key->base_url), V_TEXT(key->organization),
            V_TEXT(key->probe), V_TEXT(answer), V_INT(asked_ms));
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
}

int filter_probes_clear(struct store *store, struct error *e)
{
    return store_run(store, SQL_FILTER_PROBES_CLEAR, NULL, 0, e);
}

int filter_probes_clear_unclear(struct store *store, struct error *e)
{
    return store_run(store, SQL_FILTER_PROBES_CLEAR_UNCLEAR, NULL, 0, e);
}
