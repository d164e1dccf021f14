#include "sinks/dispatch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/timestamp.h"
#include "core/retry.h"
#include "sinks/take.h"
#include "store/store.h"

/* Requests under way per handler; deliveries read from the store at a time; answers are read up to this size. */
enum { SIDE_BY_SIDE = 8, QUEUE = 256, MAX_ANSWER = 64 << 10 };

/* Results are written together, so that a quick receiver does not wait for the disk each time; what a crash loses of
 * them is delivered again with the same id. */
enum { RESULTS_AT_ONCE = 32, RESULTS_WAIT_MS = 100 };

/* A handler that failed this often in a row is left alone for the rest of the run. */
enum { BREAKER = 5 };

/* A request under way. */
struct slot {
    struct delivery delivery;
    struct handler_request request;
    struct http_call *call; /* NULL: the slot is free */
};

/* How a try ended, to be written. */
struct outcome {
    int64_t seq;
    int attempts;
    struct delivery_result result;
};

/* One handler at work. */
struct lane {
    struct route *route;
    struct delivery queue[QUEUE]; /* in the order of the log; id is NULL where one was taken out */
    int queued;
    int waiting; /* of them, not taken out */
    struct slot slots[SIDE_BY_SIDE];
    int busy;
    struct outcome outcomes[RESULTS_AT_ONCE + SIDE_BY_SIDE];
    int finished;
    int64_t first_finished; /* monotonic */
    int failures;           /* in a row */
    bool exhausted;         /* the store has nothing more that is due */
    bool closed;            /* the breaker, or a fault of our own */
};

struct dispatcher {
    const struct dispatch_settings *settings;
    struct lane *lanes;
    size_t count;
    struct http *http; /* made when the first request is sent */
    int64_t began;     /* only what was due then is tried: nothing twice in a run */
};

static uint32_t random_bits(void)
{
    uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        bits = (uint32_t)clock_monotonic();
    return bits;
}

/* --- writing how it went --- */

static int write_outcome(struct dispatcher *d, const struct lane *lane, const struct outcome *o, struct error *e)
{
    struct store *store = d->settings->store;
    int64_t handler = lane->route->handler, now = clock_now();
    int64_t wait = o->result.retry_after;
    const char *why = o->result.error;
    if (o->result.verdict == DELIVERY_DONE) {
        d->settings->run->delivered++;
        return deliveries_done(store, handler, o->seq, now, e);
    }
    int64_t scheduled = retry_delivery(o->attempts + 1, random_bits());
    if (o->result.verdict == DELIVERY_LATER && scheduled != RETRY_NEVER)
        return deliveries_retry(store, handler, o->seq, now + (wait > 0 ? wait : wait == 0 ? 1 : scheduled), now, why, e);
    d->settings->run->dead++;
    return deliveries_dead(store, handler, o->seq, now, why, e);
}

/* Writes what has finished, in one transaction. */
static int write_outcomes(struct dispatcher *d, struct lane *lane, struct error *e)
{
    const struct run before = *d->settings->run;
    if (lane->finished == 0)
        return 0;
    int rc = store_begin(d->settings->store, e);
    for (int i = 0; i < lane->finished && rc == 0; i++)
        rc = write_outcome(d, lane, &lane->outcomes[i], e);
    if (rc == 0)
        rc = store_commit(d->settings->store, e);
    store_rollback(d->settings->store);
    if (rc != 0)
        *d->settings->run = before;
    lane->finished = 0;
    return rc;
}

/* --- trying --- */

static bool is_under_way(const struct lane *lane, int64_t seq)
{
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        if (lane->slots[i].call != NULL && lane->slots[i].delivery.seq == seq)
            return true;
    return false;
}

/* Reads what is due into an empty queue. What is under way still looks due to the store and is dropped. */
static int refill(struct dispatcher *d, struct lane *lane, struct error *e)
{
    if (lane->waiting > 0 || lane->exhausted)
        return 0;
    if (write_outcomes(d, lane, e) != 0)
        return -1;
    int n = deliveries_due(d->settings->store, lane->route->handler, d->began, QUEUE, lane->queue, e);
    if (n < 0)
        return -1;
    lane->queued = 0;
    for (int i = 0; i < n; i++) {
        struct delivery delivery = lane->queue[i];
        if (is_under_way(lane, delivery.seq))
            delivery_free(&delivery);
        else
            lane->queue[lane->queued++] = delivery;
    }
    lane->waiting = lane->queued;
    lane->exhausted = lane->queued == 0 && lane->busy == 0;
    return 0;
}

/* Is an earlier event of the same work order under way or still waiting? */
static bool must_wait(const struct lane *lane, int index)
{
    int64_t work_order = lane->queue[index].work_order;
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        if (lane->slots[i].call != NULL && lane->slots[i].delivery.work_order == work_order)
            return true;
    for (int i = 0; i < index; i++)
        if (lane->queue[i].id != NULL && lane->queue[i].work_order == work_order)
            return true;
    return false;
}

/* Takes the first delivery out of the queue that may be tried now. Returns false when there is none. */
static bool take_next(struct lane *lane, struct delivery *out)
{
    if (lane->waiting == 0 || lane->closed || stop_requested())
        return false;
    for (int i = 0; i < lane->queued; i++) {
        if (lane->queue[i].id == NULL || must_wait(lane, i))
            continue;
        *out = lane->queue[i];
        lane->queue[i] = (struct delivery){0};
        lane->waiting--;
        return true;
    }
    return false;
}

/* Gives a work order's later events (0: everything) back to the store: after a failure they wait for it. */
static void hold_back(struct lane *lane, int64_t work_order)
{
    for (int i = 0; i < lane->queued; i++)
        if (lane->queue[i].id != NULL && (work_order == 0 || lane->queue[i].work_order == work_order)) {
            delivery_free(&lane->queue[i]);
            lane->waiting--;
        }
}

static void note_outcome(struct lane *lane, const struct delivery *delivery, const struct delivery_result *result)
{
    const char *name = lane->route->name;
    if (lane->finished == 0)
        lane->first_finished = clock_monotonic();
    lane->outcomes[lane->finished++] = (struct outcome){delivery->seq, delivery->attempts, *result};
    if (result->verdict == DELIVERY_LATER)
        hold_back(lane, delivery->work_order);
    lane->failures = result->verdict == DELIVERY_LATER ? lane->failures + 1 : 0;
    if (result->verdict == DELIVERY_DEAD)
        log_warning("handler %s: %s: refused, it will not be tried again: %s", name, delivery->id, result->error);
    else if (result->verdict == DELIVERY_LATER && retry_delivery(delivery->attempts + 1, 0) == RETRY_NEVER)
        log_warning("handler %s: %s: given up after %d tries: %s", name, delivery->id, delivery->attempts + 1,
            result->error);
    else if (result->verdict == DELIVERY_LATER)
        log_info("handler %s: %s: %s; it will be tried again", name, delivery->id, result->error);
    if (lane->failures == BREAKER && !lane->closed) {
        log_info("handler %s: failed %d times in a row; it is left alone for this run", name, lane->failures);
        lane->closed = true;
    }
}

static void deliver_at_once(struct lane *lane)
{
    struct delivery delivery;
    while (lane->finished < RESULTS_AT_ONCE && take_next(lane, &delivery)) {
        struct delivery_result result;
        lane->route->type->deliver(lane->route->state, &delivery, &result);
        note_outcome(lane, &delivery, &result);
        delivery_free(&delivery);
    }
}

/* Starts the request of the slot's delivery. */
static int start_call(struct dispatcher *d, struct lane *lane, struct slot *slot, struct error *e)
{
    if (d->http == NULL)
        d->http = http_new("wosync/" WOSYNC_VERSION);
    if (d->http != NULL && lane->route->type->prepare(lane->route->state, &slot->delivery, &slot->request) == 0) {
        const struct http_request request = {.method = "POST",
            .url = slot->request.url,
            .headers = (const char *const *)slot->request.headers,
            .body = slot->request.body,
            .body_len = slot->request.body_len,
            .timeout_ms = lane->route->timeout,
            .max_body = MAX_ANSWER,
            .allow_plain = true};
        slot->call = http_start(d->http, &request);
    }
    if (slot->call != NULL) {
        lane->busy++;
        return 0;
    }
    handler_request_free(&slot->request);
    delivery_free(&slot->delivery);
    return fail_memory(e, "http");
}

static int start_calls(struct dispatcher *d, struct lane *lane, struct error *e)
{
    for (int i = 0; i < SIDE_BY_SIDE; i++) {
        struct slot *slot = &lane->slots[i];
        if (slot->call != NULL)
            continue;
        if (!take_next(lane, &slot->delivery))
            return 0;
        if (start_call(d, lane, slot, e) != 0)
            return -1;
    }
    return 0;
}

static void end_call(struct lane *lane, struct slot *slot)
{
    http_call_free(slot->call);
    slot->call = NULL;
    handler_request_free(&slot->request);
    delivery_free(&slot->delivery);
    lane->busy--;
}

static void collect_calls(struct lane *lane)
{
    for (int i = 0; i < SIDE_BY_SIDE; i++) {
        struct slot *slot = &lane->slots[i];
        struct delivery_result result;
        if (slot->call == NULL || !http_is_done(slot->call))
            continue;
        if (lane->route->type->judge != NULL)
            lane->route->type->judge(lane->route->state, slot->call, http_finish(slot->call), &result);
        else
            handler_judge(slot->call, http_finish(slot->call), &result);
        note_outcome(lane, &slot->delivery, &result);
        end_call(lane, slot);
    }
}

/* One step with one handler. Returns 1 while there is work left, 0, or -1. */
static int step(struct dispatcher *d, struct lane *lane, struct error *e)
{
    collect_calls(lane);
    bool late = lane->finished > 0 && clock_monotonic() - lane->first_finished >= RESULTS_WAIT_MS;
    if ((late || lane->finished >= RESULTS_AT_ONCE) && write_outcomes(d, lane, e) != 0)
        return -1;
    bool ending = lane->closed || stop_requested();
    if (!ending && refill(d, lane, e) != 0)
        return -1;
    if (!ending && lane->route->type->deliver != NULL)
        deliver_at_once(lane);
    else if (!ending && start_calls(d, lane, e) != 0)
        return -1;
    if (stop_signalled())
        ending = true;
    if (lane->busy > 0 && !stop_signalled())
        return 1;
    return ending || lane->exhausted ? 0 : 1;
}

static int run_lanes(struct dispatcher *d, struct error *e)
{
    int rc = 0;
    for (;;) {
        bool working = false, waiting = false;
        for (size_t i = 0; i < d->count; i++) {
            struct lane *lane = &d->lanes[i];
            struct error problem = {0};
            int more = step(d, lane, &problem);
            if (more < 0) {
                *e = problem;
                rc = -1;
                lane->closed = true;
            }
            working = working || more == 1;
            waiting = waiting || lane->busy > 0;
        }
        if (!working)
            return rc;
        if (waiting)
            http_work(d->http, RESULTS_WAIT_MS);
    }
}

/* Writes what is left and frees. What is still under way after a signal is dropped, and so tried again. */
static int close_lane(struct dispatcher *d, struct lane *lane, struct error *e)
{
    int rc = write_outcomes(d, lane, e);
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        if (lane->slots[i].call != NULL)
            end_call(lane, &lane->slots[i]);
    hold_back(lane, 0);
    return rc;
}

int dispatch_run(const struct dispatch_settings *settings, struct error *e)
{
    struct dispatcher d = {.settings = settings, .count = settings->routes->count};
    int rc = take_events(settings->store, settings->routes, e);
    d.lanes = calloc(d.count, sizeof *d.lanes);
    if (d.lanes == NULL)
        return fail_memory(e, "dispatch");
    for (size_t i = 0; i < d.count; i++)
        d.lanes[i].route = &settings->routes->rows[i];
    d.began = clock_now();
    if (run_lanes(&d, e) != 0)
        rc = -1;
    for (size_t i = 0; i < d.count; i++)
        if (close_lane(&d, &d.lanes[i], e) != 0)
            rc = -1;
    http_free(d.http);
    free(d.lanes);
    return rc;
}
