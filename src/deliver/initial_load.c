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
    struct store *store, struct handler *handler, int64_t loaded, const char *failure, struct error *e)
{
    if (store_begin(store, e) != 0)
        return -1;
    int rc = failure != NULL ? handlers_failed(store, handler->place.handler, clock_now(), failure, e)
                             : handlers_set_loaded(store, handler->place.handler, loaded, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc == 0 && failure == NULL)
        handler->place.loaded = loaded;
    return rc;
}

enum progress { FAILED = -1, HELD_UP, ALL_THERE, MORE };

static enum progress load_batch(
    struct store *store, struct handler *handler, struct collecting *c, struct error *e)
{
    struct delivery_result result;
    if (snapshots_after(store, handler->place.loaded, BATCH, collect, c, e) != 0)
        return FAILED;
    if (c->count == 0)
        return ALL_THERE;
    handler->type->load(handler->state, c->list, c->count, &result);
    if (result.verdict == DELIVERY_DONE)
        return remember(store, handler, c->last, NULL, e) == 0 ? MORE : FAILED;
    /* once it has worked, a receiver that is down is nothing to send a mail about */
    log_message(handler->place.loaded == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
        "handler %s: it cannot be given the work orders: %s; the next run goes on there", handler->name,
        result.error);
    return remember(store, handler, 0, result.error, e) == 0 ? HELD_UP : FAILED;
}

int initial_load_run(struct store *store, struct handler *handler, struct error *e)
{
    struct collecting c = {.count = 0};
    enum progress progress = MORE;
    if (handler->type->load == NULL)
        return 1;
    while (progress == MORE) {
        progress = shutdown_requested() ? HELD_UP : load_batch(store, handler, &c, e);
        release(&c);
    }
    return progress == ALL_THERE ? 1 : progress == HELD_UP ? 0 : -1;
}
