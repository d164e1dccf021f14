#include "store/webhook_stats.h"

#include <stdio.h>

#include "store/rows.h"

int webhook_stats_load(struct store *store, int64_t recent, struct webhook_stats *out, struct error *e)
{
    const enum sql_statement q = SQL_WEBHOOK_STATS_GET;
    if (STORE_GET(store, e, q, V_INT(recent)) != 0)
        return -1;
    const char *api = store_get_text(store, q, 0);
    *out = (struct webhook_stats){.first = store_date(store, q, 1),
        .last = store_date(store, q, 2),
        .last_good = store_date(store, q, 3),
        .last_refused = store_date(store, q, 4),
        .received = store_int(store, q, 5),
        .duplicate = store_int(store, q, 6),
        .refused = store_int(store, q, 7),
        .given_up = store_int(store, q, 8),
        .polled = store_int(store, q, 9),
        .missed = store_int(store, q, 10)};
    snprintf(out->api, sizeof out->api, "%s", api != NULL ? api : "");
    store_done(store, q);
    return 0;
}

int webhook_stats_note_received(struct store *store, int64_t now, bool duplicate, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOK_STATS_NOTE_RECEIVED, V_INT(now), V_INT(duplicate));
}

int webhook_stats_note_good(struct store *store, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOK_STATS_NOTE_GOOD, V_INT(now));
}

int webhook_stats_note_refused(struct store *store, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOK_STATS_NOTE_REFUSED, V_INT(now));
}

int webhook_stats_note_given_up(struct store *store, struct error *e)
{
    return store_run(store, SQL_WEBHOOK_STATS_NOTE_GIVEN_UP, NULL, 0, e);
}

int webhook_stats_note_polled(
    struct store *store, int64_t work_order, int64_t updated, int64_t now, struct error *e)
{
    if (STORE_RUN(store, e, SQL_WEBHOOK_STATS_NOTE_POLLED, V_INT(work_order), V_INT(updated), V_INT(now)) !=
        0)
        return -1;
    return store_changes(store) > 0 ? store_run(store, SQL_WEBHOOK_STATS_COUNT_POLLED, NULL, 0, e) : 0;
}

int webhook_stats_hear(struct store *store, int64_t work_order, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOK_STATS_HEAR, V_INT(work_order));
}

int webhook_stats_set_api(struct store *store, const char *api, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOK_STATS_SET_API, V_TEXT(api));
}
