#include "deliver/results.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "core/retry.h"
#include "store/deliveries.h"
#include "store/store.h"

/* How many are written together at the most, and how long the first of them waits. */
enum { AT_ONCE = 1024, LONGEST_WAIT_MS = 100 };

void results_add(struct results *results, int64_t seq, int attempts, const struct delivery_result *result)
{
    if (results->count == results->capacity) {
        results->capacity = results->capacity == 0 ? 16 : 2 * results->capacity;
        results->list = realloc(results->list, results->capacity * sizeof *results->list);
    }
    if (results->count == 0)
        results->since = clock_monotonic();
    results->list[results->count++] = (struct result){seq, attempts, *result};
}

bool results_are_due(const struct results *results)
{
    return results->count >= AT_ONCE ||
           (results->count > 0 && clock_monotonic() - results->since >= LONGEST_WAIT_MS);
}

static int write_one(struct store *store, int64_t handler, int64_t now, const struct result *o,
    struct run *run, struct error *e)
{
    int64_t asked = o->result.retry_after;
    if (o->result.verdict == DELIVERY_DONE) {
        run->delivered++;
        return deliveries_done(store, handler, o->seq, now, e);
    }
    int64_t wait = retry_delivery(o->attempts + 1, random_bits());
    if (o->result.verdict == DELIVERY_DEAD || wait == RETRY_NEVER) {
        run->dead++;
        return deliveries_dead(store, handler, o->seq, now, o->result.error, e);
    }
    /* never at once: nothing is tried twice in a run */
    if (asked >= 0)
        wait = asked > 0 ? asked : 1;
    return deliveries_retry(store, handler, o->seq, now + wait, now, o->result.error, e);
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
