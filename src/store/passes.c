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
    struct store *store, const char *kind, int64_t finished, const struct pass_state *state, struct error *e)
{
    return STORE_RUN(store, e, SQL_PASS_PUT, V_TEXT(kind), V_INT(finished == TIMESTAMP_NONE),
        V_DATE(state->since), V_TEXT(state->filter), V_TEXT(state->cursor), V_DATE(state->started),
        V_DATE(state->observed), V_DATE(state->newest), V_DATE(state->oldest_seen), V_INT(state->pages),
        V_INT(state->records), V_INT(state->window.from), V_INT(state->window.until),
        V_INT(state->window.silent), V_TEXT(state->typed), V_DATE(finished), V_DATE(state->detour.from),
        V_DATE(state->detour.until), V_DATE(state->detour.bad));
}

int passes_drop(struct store *store, const char *kind, struct error *e)
{
    return STORE_RUN(store, e, SQL_PASS_DROP, V_TEXT(kind));
}

int passes_last_finished(struct store *store, const char *kind, int64_t *finished, struct error *e)
{
    *finished = TIMESTAMP_NONE;
    int rc = STORE_FIND(store, e, SQL_PASS_FINISHED, V_TEXT(kind));
    if (rc == 1)
        *finished = store_date(store, SQL_PASS_FINISHED, 0);
    store_done(store, SQL_PASS_FINISHED);
    return rc < 0 ? -1 : 0;
}

int passes_note_finished(struct store *store, const char *kind, int64_t finished, struct error *e)
{
    return STORE_RUN(store, e, SQL_PASS_NOTE_FINISHED, V_TEXT(kind), V_INT(finished));
}

int late_windows_load(struct store *store, int64_t lookback, int64_t *polled, struct error *e)
{
    *polled = TIMESTAMP_NONE;
    int rc = STORE_FIND(store, e, SQL_LATE_WINDOW_GET, V_INT(lookback));
    if (rc == 1)
        *polled = store_int(store, SQL_LATE_WINDOW_GET, 0);
    store_done(store, SQL_LATE_WINDOW_GET);
    return rc < 0 ? -1 : 0;
}

int late_windows_save(struct store *store, int64_t lookback, int64_t polled, struct error *e)
{
    return STORE_RUN(store, e, SQL_LATE_WINDOW_PUT, V_INT(lookback), V_INT(polled));
}

void pass_state_free(struct pass_state *state)
{
    free(state->filter);
    free(state->cursor);
    free(state->typed);
    *state = (struct pass_state){0};
}
