#include "store/passes.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "store/rows.h"

int passes_load(struct store *store, const char *kind, struct pass_state *out, struct error *e)
{
    *out = (struct pass_state){.detour = DETOUR_NONE};
    int rc = STORE_FIND(store, e, SQL_PASS_GET, V_TEXT(kind));
    if (rc != 1)
        return rc;
    out->since = store_date(store, SQL_PASS_GET, 0);
    out->filter = store_copy_text(store, SQL_PASS_GET, 1);
    out->cursor = store_copy_text(store, SQL_PASS_GET, 2);
    out->started = store_date(store, SQL_PASS_GET, 3);
    out->observed = store_date(store, SQL_PASS_GET, 4);
    out->newest = store_date(store, SQL_PASS_GET, 5);
    out->oldest_seen = store_date(store, SQL_PASS_GET, 6);
    out->pages = store_int(store, SQL_PASS_GET, 7);
    out->records = store_int(store, SQL_PASS_GET, 8);
    out->window.from = store_int(store, SQL_PASS_GET, 9);
    out->window.until = store_int(store, SQL_PASS_GET, 10);
    out->window.silent = store_int(store, SQL_PASS_GET, 11) != 0;
    out->typed = store_copy_text(store, SQL_PASS_GET, 12);
    out->detour.from = store_date(store, SQL_PASS_GET, 13);
    out->detour.until = store_date(store, SQL_PASS_GET, 14);
    out->detour.bad = store_date(store, SQL_PASS_GET, 15);
    store_done(store, SQL_PASS_GET);
    return 1;
}

int passes_save(
    struct store *store, const char *kind, bool active, const struct pass_state *state, struct error *e)
{
    return STORE_RUN(store, e, SQL_PASS_PUT, V_TEXT(kind), V_INT(active), V_DATE(state->since),
        V_TEXT(state->filter), V_TEXT(state->cursor), V_DATE(state->started), V_DATE(state->observed),
        V_DATE(state->newest), V_DATE(state->oldest_seen), V_INT(state->pages), V_INT(state->records),
        V_INT(state->window.from), V_INT(state->window.until), V_INT(state->window.silent),
        V_TEXT(state->typed), V_DATE(state->detour.from), V_DATE(state->detour.until),
        V_DATE(state->detour.bad));
}

int passes_drop(struct store *store, const char *kind, struct error *e)
{
    return STORE_RUN(store, e, SQL_PASS_DROP, V_TEXT(kind));
}

void pass_state_free(struct pass_state *state)
{
    free(state->filter);
    free(state->cursor);
    free(state->typed);
    *state = (struct pass_state){0};
}
