#include "deliver/results.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "core/retry.h"
#include "store/store.h"

static void decide(struct result *out, const struct delivery *delivery, const struct delivery_result *result)
{
    int64_t age = delivery->first_failed != TIMESTAMP_NONE ? clock_now() - delivery->first_failed : 0;
    if (result->status == DELIVERY_DONE) {
        out->state = RESULT_DONE;
        return;
    }
    out->wait = retry_delivery_asked(delivery->attempts + 1, age, result->retry_after, random_bits());
    out->state = result->status == DELIVERY_DEAD || out->wait == RETRY_NEVER ? RESULT_DEAD : RESULT_RETRY;
    memcpy(out->error, result->error, sizeof out->error);
}

enum result_state results_add(
    struct results *results, const struct delivery *delivery, const struct delivery_result *result)
{
    if (results->count == results->capacity) {
        results->capacity = results->capacity == 0 ? 16 : 2 * results->capacity;
        results->list = realloc(results->list, results->capacity * sizeof *results->list);
    }
    if (results->count == 0)
        results->since = clock_monotonic();
    struct result *added = &results->list[results->count++];
    added->seq = delivery->seq;
    decide(added, delivery, result);
    return added->state;
}

bool results_are_due(const struct results *results)
{
    return results->count >= RESULTS_AT_ONCE ||
           (results->count > 0 && clock_monotonic() - results->since >= RESULTS_WAIT_MS);
}

static int write_one(struct store *store, int64_t handler, int64_t now, const struct result *o,
    struct run *run, struct error *e)
{
    switch (o->state) {
    case RESULT_DONE: /* write_done wrote it */
        return 0;
    case RESULT_DEAD:
        run->dead++;
        return deliveries_dead(store, handler, o->seq, now, o->error, e);
    case RESULT_RETRY:
    default:
        return deliveries_retry(store, handler, o->seq, now + o->wait, now, o->error, e);
    }
}

static int write_done(const struct results *results, struct store *store, int64_t handler, int64_t now,
    struct run *run, struct error *e)
{
    int64_t *done = malloc(results->count * sizeof *done);
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        if (results->list[i].state == RESULT_DONE)
            done[count++] = results->list[i].seq;
    run->delivered += (int64_t)count;
    int rc = count > 0 ? deliveries_done(store, handler, done, count, now, e) : 0;
    free(done);
    return rc;
}

int results_write(struct results *results, struct store *store, int64_t handler, int64_t *latest,
    struct run *run, struct error *e)
{
    const struct run before = *run;
    int64_t now = clock_now();
    if (results->count == 0)
        return 0;
    if (now < *latest)
        now = *latest;
    *latest = now;
    int rc = store_begin(store, e);
    if (rc == 0)
        rc = write_done(results, store, handler, now, run, e);
    for (size_t i = 0; i < results->count && rc == 0; i++)
        rc = write_one(store, handler, now, &results->list[i], run, e);
    if (rc == 0 && run->delivered > before.delivered)
        rc = handlers_succeeded(store, handler, run->delivered - before.delivered, now, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc != 0)
        *run = before;
    results->count = 0;
    return rc;
}

void results_free(struct results *results)
{
    free(results->list);
    *results = (struct results){0};
}
