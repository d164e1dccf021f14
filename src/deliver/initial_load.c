#include "deliver/initial_load.h"

#include <stdlib.h>
#include <string.h>

#include "store/deliveries.h"
#include "store/snapshots.h"
#include "store/store.h"

/* Snapshots at a time, and their bytes. */
enum { BATCH = 200, BYTES = 4 << 20 };

struct collecting {
    struct handler_snapshot *list;
    int count;
    size_t bytes;
    int64_t last; /* document */
};

/* What is too much comes next time. */
static int collect(const struct snapshot_view *view, void *context, struct error *e)
{
    (void)e; /* this cannot fail */
    struct collecting *c = context;
    if (c->count > 0 && c->bytes + view->len > BYTES) {
        c->bytes = BYTES; /* nothing behind it either: their order counts */
        return 0;
    }
    char *json = malloc(view->len + 1);
    memcpy(json, view->json, view->len);
    json[view->len] = '\0';
    c->last = view->document;
    c->bytes += view->len;
    c->list[c->count++] = (struct handler_snapshot){view->id, view->updated, view->deleted, json, view->len};
    return 0;
}

int initial_load_next(struct store *store, const struct handler *handler, struct job *job, struct error *e)
{
    struct collecting c = {.list = calloc(BATCH, sizeof *c.list)};
    int rc = snapshots_after(store, handler->place.loaded, BATCH, collect, &c, e);
    job->batch = (struct handler_batch){.kind = HANDLER_SNAPSHOTS,
        .count = (size_t)c.count,
        .snapshots = c.list,
        .timeout = handler->timeout};
    job->last_loaded = c.last;
    if (rc != 0 || c.count == 0)
        job_clear(job);
    return rc != 0 ? -1 : c.count;
}

int initial_load_done(struct store *store, struct handler *handler, const struct job *job, struct error *e)
{
    if (store_begin(store, e) != 0)
        return -1;
    int rc = handlers_set_loaded(store, handler->place.handler, job->last_loaded, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc == 0)
        handler->place.loaded = job->last_loaded;
    return rc;
}
