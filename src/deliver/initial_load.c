#include "deliver/initial_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "store/deliveries.h"
#include "store/snapshots.h"
#include "store/store.h"

/* Snapshots at a time. */
enum { BATCH = 200 };

struct collecting {
    struct handler_snapshot list[BATCH];
    size_t count;
    int64_t last; /* document */
};

static void release(struct collecting *c)
{
    while (c->count > 0)
        free((char *)c->list[--c->count].json);
}

static int collect(const struct snapshot_view *view, void *context, struct error *e)
{
    (void)e; /* this cannot fail */
    struct collecting *c = context;
    char *json = malloc(view->len + 1);
    memcpy(json, view->json, view->len);
    json[view->len] = '\0';
    c->last = view->document;
    c->list[c->count++] = (struct handler_snapshot){view->id, view->updated, view->deleted, json, view->len};
    return 0;
}

/* Remembers how far it came, or why it failed. */
static int remember(
    struct store *store, struct route *route, int64_t loaded, const char *failure, struct error *e)
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

enum progress { FAILED = -1, HELD_UP, ALL_THERE, MORE };

static enum progress load_batch(
    struct store *store, struct route *route, struct collecting *c, struct error *e)
{
    struct delivery_result result;
    if (snapshots_after(store, route->place.loaded, BATCH, collect, c, e) != 0)
        return FAILED;
    if (c->count == 0)
        return ALL_THERE;
    route->type->load(route->state, c->list, c->count, &result);
    if (result.verdict == DELIVERY_DONE)
        return remember(store, route, c->last, NULL, e) == 0 ? MORE : FAILED;
    /* once it has worked, a receiver that is down is nothing to send a mail about */
    log_message(route->place.loaded == 0 ? LOG_WARNING : LOG_INFO,
        "handler %s: it cannot be given the work orders: %s; the next run goes on there", route->name,
        result.error);
    return remember(store, route, 0, result.error, e) == 0 ? HELD_UP : FAILED;
}

int load_run(struct store *store, struct route *route, struct error *e)
{
    struct collecting c = {.count = 0};
    enum progress progress = MORE;
    if (route->type->load == NULL)
        return 1;
    while (progress == MORE) {
        progress = stop_requested() ? HELD_UP : load_batch(store, route, &c, e);
        release(&c);
    }
    return progress == ALL_THERE ? 1 : progress == HELD_UP ? 0 : -1;
}
