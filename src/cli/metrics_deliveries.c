/* metrics_deliveries: the series of handlers. One that was removed from the configuration has none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "cli/metrics_sample.h"
#include "store/counters.h"
#include "store/deliveries.h"

/* What is known of a handler. */
struct handler_facts {
    char *name;
    char number[24];
    int64_t delivered, last_success;
    struct delivery_counts counts;
};

/* All of them. */
struct handlers {
    struct handler_facts *list;
    size_t count;
};

static void handler_result(
    struct metrics *g, const struct handler_facts *handler, const char *result, int64_t number)
{
    exposition_sample(
        g->out, g->name, METRICS_LABELS(g, {"handler", handler->name}, {"result", result}), number);
}

static int take_handler(const struct handler_record *row, void *context, struct error *e)
{
    struct handlers *handlers = context;
    (void)e; /* this cannot fail */
    if (row->removed != TIMESTAMP_NONE)
        return 0;
    handlers->list = realloc(handlers->list, (handlers->count + 1) * sizeof *handlers->list);
    struct handler_facts *handler = &handlers->list[handlers->count++];
    *handler = (struct handler_facts){
        .name = strdup(row->name), .delivered = row->delivered, .last_success = row->last_success};
    snprintf(handler->number, sizeof handler->number, "%lld", (long long)row->handler);
    return 0;
}

/* A counter that has a handler's number for its label. */
static int give_handler_counter(struct metrics *g, const struct handler_facts *handler, const char *result,
    const char *counter, struct error *e)
{
    int64_t value = counters_get(g->store, counter, handler->number, e);
    if (value < 0)
        return -1;
    handler_result(g, handler, result, value);
    return 0;
}

static int give_counters(struct metrics *g, const struct handlers *handlers, struct error *e)
{
    metrics_begin(g, "wosync_deliveries_total", "counter", "Deliveries that came to an end, by how.");
    for (size_t i = 0; i < handlers->count; i++) {
        const struct handler_facts *handler = &handlers->list[i];
        handler_result(g, handler, "delivered", handler->delivered);
        if (give_handler_counter(g, handler, "dead", "dead", e) != 0 ||
            give_handler_counter(g, handler, "discarded", "discarded", e) != 0)
            return -1;
    }
    metrics_begin(g, "wosync_delivery_attempts_total", "counter", "Attempts to deliver, by how they went.");
    for (size_t i = 0; i < handlers->count; i++) {
        handler_result(g, &handlers->list[i], "ok", handlers->list[i].delivered);
        if (give_handler_counter(g, &handlers->list[i], "failed", "failed", e) != 0)
            return -1;
    }
    metrics_begin(
        g, "wosync_delivery_delay_seconds", "histogram", "How long after a change it was delivered.");
    for (size_t i = 0; i < handlers->count; i++) {
        struct delays delays;
        if (counters_delays(g->store, "delivered", handlers->list[i].number, &delays, e) != 0)
            return -1;
        exposition_histogram(g->out, g->name, METRICS_LABELS(g, {"handler", handlers->list[i].name}),
            delays.up_to, delays.count, DELAY_STEPS, delays.total);
    }
    return 0;
}

static int64_t age_of(const struct metrics *g, int64_t since)
{
    return since != TIMESTAMP_NONE && since < g->now ? g->now - since : 0;
}

static void give_gauges(struct metrics *g, const struct handlers *handlers)
{
    metrics_begin(g, "wosync_deliveries_pending", "gauge", "Deliveries that wait to be tried.");
    for (size_t i = 0; i < handlers->count; i++)
        metrics_sample(g, "handler", handlers->list[i].name, handlers->list[i].counts.pending);
    metrics_begin(
        g, "wosync_deliveries_dead", "gauge", "Deliveries that are dead: wosync events list --state dead.");
    for (size_t i = 0; i < handlers->count; i++)
        metrics_sample(g, "handler", handlers->list[i].name, handlers->list[i].counts.dead);
    metrics_begin(g, "wosync_deliveries_oldest_pending_seconds", "gauge",
        "How long the oldest pending delivery has waited, 0: none does.");
    for (size_t i = 0; i < handlers->count; i++)
        metrics_sample_seconds(
            g, "handler", handlers->list[i].name, age_of(g, handlers->list[i].counts.oldest));
    metrics_begin(g, "wosync_handler_last_success_timestamp_seconds", "gauge",
        "When the handler last delivered, 0: never.");
    for (size_t i = 0; i < handlers->count; i++)
        metrics_sample_seconds(g, "handler", handlers->list[i].name, handlers->list[i].last_success);
}

static int give(struct metrics *g, struct handlers *handlers, struct error *e)
{
    if (handlers_list(g->store, take_handler, handlers, e) != 0)
        return -1;
    for (size_t i = 0; i < handlers->count; i++)
        if (deliveries_count(
                g->store, strtoll(handlers->list[i].number, NULL, 10), &handlers->list[i].counts, e) != 0)
            return -1;
    if (give_counters(g, handlers, e) != 0)
        return -1;
    give_gauges(g, handlers);
    return 0;
}

int metrics_deliveries(struct metrics *g, struct error *e)
{
    struct handlers handlers = {0};
    int rc = give(g, &handlers, e);
    for (size_t i = 0; i < handlers.count; i++)
        free(handlers.list[i].name);
    free(handlers.list);
    return rc;
}
