#include "deliver/summary.h"

#include "store/deliveries.h"

enum { BATCH = 32 };

/* Reads the store in batches, so that a digest of thousands costs little memory. */
struct summary_reader {
    struct store *store;
    int64_t handler;
    int64_t now, latest;
    int64_t after;
    struct delivery batch[BATCH];
    int next, count;
    struct results *members;
    struct error *error;
    bool failed;
};

const struct delivery *summary_next(struct summary_reader *reader)
{
    static const struct delivery_result unknown = {.verdict = DELIVERY_LATER, .retry_after = -1};
    if (reader->next == reader->count) {
        while (reader->count > 0)
            delivery_free(&reader->batch[--reader->count]);
        reader->next = 0;
        reader->count = deliveries_due(reader->store, reader->handler, reader->now, reader->latest,
            reader->after, BATCH, reader->batch, reader->error);
        if (reader->count < 0) {
            reader->count = 0;
            reader->failed = true;
        }
    }
    if (reader->next == reader->count)
        return NULL;
    const struct delivery *delivery = &reader->batch[reader->next++];
    reader->after = delivery->seq;
    results_add(reader->members, delivery->seq, delivery->attempts, &unknown);
    return delivery;
}

int summary_make(struct store *store, const struct handler *handler, int64_t now, int64_t latest,
    struct handler_request *request, struct results *members, struct error *e)
{
    struct summary_reader reader = {.store = store,
        .handler = handler->place.handler,
        .now = now,
        .latest = latest,
        .members = members,
        .error = e};
    handler->type->digest(handler->state, &reader, request);
    return reader.failed ? -1 : 0;
}
