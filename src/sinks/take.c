#include "sinks/take.h"

#include "base/clock.h"
#include "base/stop.h"
#include "store/events.h"
#include "store/store.h"

/* Events per transaction: each one waits for the disk. */
enum { BATCH = 2000 };

/* What one handler does with a batch. */
struct taking {
    struct store *store;
    struct route *route;
    int64_t position;
    int64_t skipped;
    int64_t now;
    int count;
};

static int take_one(const struct event_row *row, void *context, struct error *e)
{
    struct taking *t = context;
    enum event_type type = event_type_named(row->type);
    int wants = route_wants(t->route, type, row->body, row->body_len, e);
    if (wants < 0)
        return -1;
    if (wants == 1 &&
        deliveries_add(t->store, t->route->place.handler, row->seq, row->work_order, t->now, e) != 0)
        return -1;
    if (wants == 0 && type < EVENT_TYPES && t->route->on[type])
        t->skipped++;
    t->position = row->seq;
    t->count++;
    return 0;
}

/* Returns how many events were taken or passed over, or -1. */
static int take_batch(struct store *store, struct route *route, struct error *e)
{
    struct taking t = {.store = store, .route = route, .position = route->place.position, .now = clock_now()};
    /* what a power cut takes back is taken again; the outcome of a delivery is not on the disk before this is
     */
    if (store_begin_lazily(store, e) != 0)
        return -1;
    int rc = events_after(store, route->place.position, BATCH, take_one, &t, e);
    if (rc == 0)
        rc = handlers_advance(store, route->place.handler, t.position, t.skipped, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc != 0)
        return -1;
    route->place.position = t.position;
    return t.count;
}

int take_events(struct store *store, struct routes *routes, struct error *e)
{
    int rc = 0;
    int64_t end = events_last_seq(store, e);
    if (end < 0)
        return -1;
    for (size_t i = 0; i < routes->count; i++) {
        struct route *route = &routes->rows[i];
        struct error mistake = {0};
        int taken = BATCH;
        while (taken == BATCH && route->place.position < end && !stop_signalled())
            taken = take_batch(store, route, &mistake);
        error_add(e, &mistake);
        if (taken < 0)
            rc = -1;
    }
    return rc;
}
