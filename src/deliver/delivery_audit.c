/*
 * delivery_audit: walks the event log once for each handler, behind the event from which its present terms hold,
 * and keeps what its `on` and `when` want and what has no delivery.
 *
 * Invariant: the look takes no lock and changes nothing. Healing looks again, inside its own transaction, whether
 * event and handler are still there, and either adds all that can be delivered or nothing.
 */
#include "deliver/delivery_audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/shutdown.h"
#include "deliver/terms.h"
#include "store/events.h"
#include "store/store.h"

/* Events that are read at once. */
enum { BATCH = 2000 };

/* Where the search for what a handler lacks has come. */
struct searching {
    struct handler_audit *audit;
    int64_t last;
};

static int look_at(const struct audit_event *event, void *context, struct error *e)
{
    struct searching *s = context;
    struct handler_audit *audit = s->audit;
    s->last = event->seq;
    int wants = handler_wants(audit->handler, event_type_named(event->type), event->body, event->body_len, e);
    if (wants != 1)
        return wants;
    if (audit->count == audit->capacity) {
        audit->capacity = audit->capacity == 0 ? 16 : 2 * audit->capacity;
        audit->missing = realloc(audit->missing, audit->capacity * sizeof *audit->missing);
    }
    audit->missing[audit->count++] =
        (struct missing_delivery){event->seq, event->work_order, strdup(event->id), MISSING_FOUND};
    return 0;
}

/* Events that it wants by its present terms, and has no delivery of. */
static int find_missing(struct store *store, struct handler_audit *audit, int64_t first, struct error *e)
{
    unsigned char terms[FINGERPRINT_SIZE];
    const struct handler *handler = audit->handler;
    int64_t behind;
    int count = BATCH;
    terms_of(handler, terms);
    int known = handler_terms_find(store, handler->place.handler, terms, &behind, e);
    if (known != 1)
        return known;
    struct searching s = {.audit = audit, .last = behind >= first ? behind : first - 1};
    while (count == BATCH) {
        if (shutdown_requested())
            return fail(e, EX_TEMPFAIL, "audit: stopped while it looked at deliveries");
        count = audit_visit_undelivered(store, handler->place.handler, s.last, handler->place.position, BATCH,
            handler->when != NULL, look_at, &s, e);
    }
    return count < 0 ? -1 : 0;
}

static int audit_handler(
    struct store *store, struct handler_audit *audit, const struct delivery_audit *all, struct error *e)
{
    const struct handler_position *place = &audit->handler->place;
    const int64_t next = place->position >= all->first ? place->position + 1 : all->first;
    if (audit_count_deliveries(store, place->handler, all->first, all->last, &audit->deliveries, e) != 0)
        return -1;
    audit->waiting = audit_count_events(store, next, all->last, e);
    return audit->waiting >= 0 ? find_missing(store, audit, all->first, e) : -1;
}

int delivery_audit_run(struct store *store, const struct handler_table *table, int64_t since,
    struct delivery_audit *out, struct error *e)
{
    *out = (struct delivery_audit){.first = INT64_MAX};
    out->last = events_last_seq(store, e);
    int rc = out->last >= 0 ? audit_first_event(store, since, &out->first, e) : -1;
    if (rc == 1)
        out->events = audit_count_events(store, out->first, out->last, e);
    if (rc < 0 || out->events < 0)
        return -1;
    out->handlers = calloc(table->count + 1, sizeof *out->handlers);
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].place.handler == 0)
            continue; /* it is new: no run has seen it yet */
        struct handler_audit *audit = &out->handlers[out->count++];
        audit->handler = &table->rows[i];
        if (out->events > 0 && audit_handler(store, audit, out, e) != 0)
            return -1;
    }
    return 0;
}

/* Between the look and the lock for healing a minute may go by: retention may have removed the event. */
static int add_missing(
    struct store *store, int64_t handler, struct missing_delivery *missing, int64_t now, struct error *e)
{
    int there = audit_is_deliverable(store, handler, missing->seq, e);
    if (there < 0 ||
        (there == 1 && deliveries_add(store, handler, missing->seq, missing->work_order, now, e) != 0))
        return -1;
    missing->state = there == 1 ? MISSING_HEALED : MISSING_REMOVED;
    return 0;
}

static int add_all(struct store *store, const struct delivery_audit *audit, int64_t now, struct error *e)
{
    for (size_t i = 0; i < audit->count; i++) {
        const struct handler_audit *handler = &audit->handlers[i];
        for (size_t j = 0; j < handler->count; j++)
            if (add_missing(store, handler->handler->place.handler, &handler->missing[j], now, e) != 0)
                return -1;
    }
    return 0;
}

static void forget_states(const struct delivery_audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        for (size_t j = 0; j < audit->handlers[i].count; j++)
            audit->handlers[i].missing[j].state = MISSING_FOUND;
}

int64_t delivery_audit_heal(struct store *store, struct delivery_audit *audit, int64_t now, struct error *e)
{
    if (store_begin(store, e) != 0)
        return -1;
    int rc = add_all(store, audit, now, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc != 0)
        forget_states(audit);
    return rc == 0 ? delivery_audit_count(audit, MISSING_HEALED) : -1;
}

int64_t delivery_audit_missing(const struct delivery_audit *audit)
{
    int64_t count = 0;
    for (size_t i = 0; i < audit->count; i++)
        count += (int64_t)audit->handlers[i].count;
    return count;
}

int64_t delivery_audit_count(const struct delivery_audit *audit, enum missing_state state)
{
    int64_t count = 0;
    for (size_t i = 0; i < audit->count; i++)
        for (size_t j = 0; j < audit->handlers[i].count; j++)
            count += audit->handlers[i].missing[j].state == state;
    return count;
}

void delivery_audit_free(struct delivery_audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        for (size_t j = 0; j < audit->handlers[i].count; j++)
            free(audit->handlers[i].missing[j].id);
        free(audit->handlers[i].missing);
    }
    free(audit->handlers);
    *audit = (struct delivery_audit){0};
}
