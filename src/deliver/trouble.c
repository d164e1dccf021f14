#include "deliver/trouble.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "store/deliveries.h"
#include "store/store.h"

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

bool trouble_is_due(int64_t since, int64_t warned, int64_t now)
{
    if (since == TIMESTAMP_NONE)
        return false;
    if (warned == TIMESTAMP_NONE || warned < since + HOUR_MS)
        return now >= since + HOUR_MS;
    return now >= warned + DAY_MS;
}

/* One that needs someone, and was never said, or for another reason. */
static bool is_news(const struct handler_record *record, const struct handler *handler, bool broken)
{
    return broken && record->failing_since != TIMESTAMP_NONE &&
           (record->warned == TIMESTAMP_NONE || strcmp(record->last_error, handler->place.last_error) != 0);
}

struct looking {
    struct store *store;
    const struct handler *handler;
    bool broken;
    int64_t now;
    bool said;
};

static void say(const struct handler_record *record, const struct delivery_counts *counts, int64_t now)
{
    char age[TIMESTAMP_SIZE];
    duration_format(now - record->failing_since, age);
    if (now - record->failing_since < HOUR_MS)
        log_warning("handler %s: %s; %lld %s", record->name, record->last_error, (long long)counts->pending,
            counts->pending == 1 ? "delivery waits" : "deliveries wait");
    else
        log_warning("handler %s: it has failed for %s (%lld failures, %lld %s): %s", record->name, age,
            (long long)record->failures, (long long)counts->pending,
            counts->pending == 1 ? "delivery waits" : "deliveries wait", record->last_error);
}

static int look(const struct handler_record *record, void *context, struct error *e)
{
    struct looking *l = context;
    struct delivery_counts counts;
    if (record->handler != l->handler->place.handler ||
        (!is_news(record, l->handler, l->broken) &&
            !trouble_is_due(record->failing_since, record->warned, l->now)))
        return 0;
    if (deliveries_count(l->store, record->handler, &counts, e) != 0)
        return -1;
    /* an initial load may fail with no delivery behind it; else it was discarded by hand */
    if (counts.pending == 0 && record->loaded < 0)
        return 0;
    say(record, &counts, l->now);
    l->said = true;
    return 0;
}

int trouble_report(struct store *store, const struct handler *handler, bool broken, struct error *e)
{
    struct looking l = {.store = store, .handler = handler, .broken = broken, .now = clock_now()};
    if (handlers_list(store, look, &l, e) != 0)
        return -1;
    if (!l.said)
        return 0;
    int rc = store_begin_relaxed(store, e);
    if (rc == 0)
        rc = handlers_warned(store, handler->place.handler, l.now, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
}
