#include "store/webhook_stats.h"

#include <stdio.h>

#include "store/rows.h"

int webhooks_load(struct store *store, int64_t recent, struct webhooks *out, struct error *e)
{
    const enum sql_statement q = SQL_WEBHOOKS_GET;
    if (STORE_GET(store, e, q, V_INT(recent)) != 0)
        return -1;
    const char *api = store_get_text(store, q, 0);
    *out = (struct webhooks){.first = store_date(store, q, 1),
        .last = store_date(store, q, 2),
        .received = store_int(store, q, 3),
        .duplicate = store_int(store, q, 4),
        .hints = store_int(store, q, 5),
        .refused = store_int(store, q, 6),
        .polled = store_int(store, q, 7),
        .missed = store_int(store, q, 8)};
    snprintf(out->api, sizeof out->api, "%s", api != NULL ? api : "");
    store_done(store, q);
    return 0;
}

int webhooks_note_received(struct store *store, int64_t now, bool duplicate, bool hint, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOKS_NOTE_RECEIVED, V_INT(now), V_INT(duplicate), V_INT(hint));
}

int webhooks_note_refused(struct store *store, struct error *e)
{
    return store_run(store, SQL_WEBHOOKS_NOTE_REFUSED, NULL, 0, e);
}

int webhooks_note_polled(
    struct store *store, int64_t work_order, int64_t updated, int64_t now, struct error *e)
{
    if (STORE_RUN(store, e, SQL_WEBHOOKS_NOTE_POLLED, V_INT(work_order), V_INT(updated), V_INT(now)) != 0)
        return -1;
    return store_changes(store) > 0 ? store_run(store, SQL_WEBHOOKS_COUNT_POLLED, NULL, 0, e) : 0;
}

int webhooks_hear(struct store *store, int64_t work_order, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOKS_HEAR, V_INT(work_order));
}

int webhooks_set_api(struct store *store, const char *api, struct error *e)
{
    return STORE_RUN(store, e, SQL_WEBHOOKS_SET_API, V_TEXT(api));
}
