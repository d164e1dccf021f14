#include "deliver/fan_out.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "deliver/terms.h"
#include "store/audit.h"
#include "store/events.h"
#include "store/store.h"

/* Events per transaction: each one waits for the disk. */
enum { BATCH = 2000 };

/* What one handler does with a batch. */
struct taking {
    struct store *store;
    struct handler *handler;
    int64_t position;
    int64_t skipped;
    int64_t now;
    int count;
};

static int take_one(const struct event_row *row, void *context, struct error *e)
{
    struct taking *t = context;
    enum event_type type = event_type_named(row->type);
    int wants = handler_wants(t->handler, type, row->body, row->body_len, e);
    if (wants < 0)
        return -1;
    if (wants == 1 &&
        deliveries_add(t->store, t->handler->place.handler, row->seq, row->work_order, t->now, e) != 0)
        return -1;
    if (wants == 0 && type < EVENT_TYPES && t->handler->on[type])
        t->skipped++;
    t->position = row->seq;
    t->count++;
    return 0;
}

/* With a condition each event is looked at. */
static int take_each(struct taking *t, int64_t end, struct error *e)
{
    if (events_after(t->store, t->position, BATCH, take_one, t, e) != 0)
        return -1;
    if (t->count < BATCH && t->position < end)
        t->position = end; /* there were more, and they were removed */
    return 0;
}

/* Without one the store takes them at once, and their bodies are not read. */
static int take_all(struct taking *t, int64_t end, struct error *e)
{
    struct delivery_range range;
    struct buffer types = {0};
    int found = events_next(t->store, t->position, &range.from, e);
    if (found <= 0) {
        t->position = end;
        return found;
    }
    terms_append_types(&types, t->handler);
    range.types = types.data;
    range.until = end - range.from < BATCH ? end : range.from + BATCH - 1;
    t->position = range.until;
    int rc = deliveries_add_all(t->store, t->handler->place.handler, &range, t->now, e);
    buffer_free(&types);
    return rc;
}

/* An audit is to know which events were passed over under other terms than those of now. */
static int note_terms(const struct taking *t, struct error *e)
{
    unsigned char terms[FINGERPRINT_SIZE];
    terms_of(t->handler, terms);
    return handler_terms_set(t->store, t->handler->place.handler, terms, t->position, e);
}

/* Takes or passes over the next events, up to number `end`, or a little further. */
static int take_batch(struct store *store, struct handler *handler, int64_t end, struct error *e)
{
    struct taking t = {
        .store = store, .handler = handler, .position = handler->place.position, .now = clock_now()};
    /* what a power cut takes back is taken again; the outcome of a delivery is not on the disk before this is
     */
    if (store_begin_relaxed(store, e) != 0)
        return -1;
    int rc = note_terms(&t, e);
    if (rc == 0)
        rc = handler->when != NULL ? take_each(&t, end, e) : take_all(&t, end, e);
    if (rc == 0)
        rc = handlers_advance(store, handler->place.handler, t.position, t.skipped, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc != 0)
        return -1;
    handler->place.position = t.position;
    return 0;
}

int fan_out_events(struct store *store, struct handler_table *table, struct error *e)
{
    int rc = 0;
    int64_t end = events_last_seq(store, e);
    if (end < 0)
        return -1;
    for (size_t i = 0; i < table->count; i++) {
        struct handler *handler = &table->rows[i];
        struct error mistake = {0};
        int taken = 0;
        while (taken == 0 && handler->place.position < end && !shutdown_signalled())
            taken = take_batch(store, handler, end, &mistake);
        error_add(e, &mistake);
        if (taken < 0)
            rc = -1;
    }
    return rc;
}
