#include "deliver/results.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "core/retry.h"
#include "store/deliveries.h"
#include "store/store.h"

/* How many are written together at the most, and how long the first of them waits. */
enum { AT_ONCE = 1024, LONGEST_WAIT_MS = 100 };

void outcomes_add(struct outcomes *outcomes, int64_t seq, int attempts, const struct delivery_result *result)
{
    if (outcomes->count == outcomes->capacity) {
        outcomes->capacity = outcomes->capacity == 0 ? 16 : 2 * outcomes->capacity;
        outcomes->list = realloc(outcomes->list, outcomes->capacity * sizeof *outcomes->list);
    }
    if (outcomes->count == 0)
        outcomes->since = clock_monotonic();
    outcomes->list[outcomes->count++] = (struct outcome){seq, attempts, *result};
}

bool outcomes_are_due(const struct outcomes *outcomes)
{
    return outcomes->count >= AT_ONCE ||
           (outcomes->count > 0 && clock_monotonic() - outcomes->since >= LONGEST_WAIT_MS);
}

static int write_one(struct store *store, int64_t handler, int64_t now, const struct outcome *o,
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

int outcomes_write(struct outcomes *outcomes, struct store *store, int64_t handler, int64_t *latest,
    struct run *run, struct error *e)
{
    const struct run before = *run;
    int64_t now = clock_now();
    if (outcomes->count == 0)
        return 0;
    if (now < *latest)
        now = *latest;
    *latest = now;
    int rc = store_begin(store, e);
    for (size_t i = 0; i < outcomes->count && rc == 0; i++)
        rc = write_one(store, handler, now, &outcomes->list[i], run, e);
    if (rc == 0 && run->delivered > before.delivered)
        rc = handlers_succeeded(store, handler, run->delivered - before.delivered, now, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc != 0)
        *run = before;
    outcomes->count = 0;
    return rc;
}

void outcomes_free(struct outcomes *outcomes)
{
    free(outcomes->list);
    *outcomes = (struct outcomes){0};
}
