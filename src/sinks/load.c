#include "sinks/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "store/deliveries.h"
#include "store/snapshots.h"
#include "store/store.h"

/* Snapshots at a time. */
enum { BATCH = 200 };

struct collecting {
    struct handler_snapshot list[BATCH];
    size_t count;
};

static void release(struct collecting *c)
{
    while (c->count > 0)
        free((char *)c->list[--c->count].json);
}

static int collect(const struct snapshot_view *view, void *context, struct error *e)
{
    struct collecting *c = context;
    char *json = malloc(view->len + 1);
    if (json == NULL)
        return fail_memory(e, "snapshots");
    memcpy(json, view->json, view->len);
    json[view->len] = '\0';
    c->list[c->count++] = (struct handler_snapshot){view->id, view->updated, view->deleted, json, view->len};
    return 0;
}

/* Remembers how far it came; `loaded` -1: all of it. */
static int remember(struct store *store, struct route *route, int64_t loaded, const char *failure, struct error *e)
{
    if (store_begin(store, e) != 0)
        return -1;
    int rc = failure != NULL ? handlers_failed(store, route->place.handler, clock_now(), failure, e)
                             : handlers_set_loaded(store, route->place.handler, loaded, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc == 0 && failure == NULL)
        route->place.loaded = loaded;
    return rc;
}

/* Returns 1 to go on, 0 when the handler failed, -1 when the store did. */
static int load_batch(struct store *store, struct route *route, struct collecting *c, struct error *e)
{
    struct delivery_result result;
    if (snapshots_after(store, route->place.loaded, BATCH, collect, c, e) != 0)
        return -1;
    if (c->count == 0)
        return remember(store, route, -1, NULL, e) == 0 ? 1 : -1;
    route->type->load(route->state, c->list, c->count, &result);
    if (result.verdict == DELIVERY_DONE)
        return remember(store, route, c->list[c->count - 1].work_order, NULL, e) == 0 ? 1 : -1;
    log_warning("handler %s: it cannot be loaded: %s; the next run goes on there", route->name, result.error);
    return remember(store, route, 0, result.error, e) == 0 ? 0 : -1;
}

int load_run(struct store *store, struct route *route, struct error *e)
{
    struct collecting c = {.count = 0};
    int rc = 1;
    while (rc == 1 && route->type->load != NULL && route->place.loaded >= 0) {
        rc = stop_requested() ? 0 : load_batch(store, route, &c, e);
        release(&c);
    }
    return rc;
}
