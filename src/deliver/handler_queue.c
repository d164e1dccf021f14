#include "deliver/handler_queue.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "core/retry.h"
#include "deliver/summary.h"
#include "store/rows.h"

/* An answer is read up to this size: enough to say what is wrong. */
enum { MAX_ANSWER = 64 << 10 };

/* A handler that failed this often in a row is left alone for the rest of the run (its message says 5, too).
 */
enum { BREAKER = 5 };

/* When a receiver with a rate asks for a wait, a run waits this long at the most; else it leaves it alone. */
enum { LONGEST_PAUSE_MS = 10000 };

/* Start nothing new. */
static bool is_ending(const struct lane *lane)
{
    return lane->closed || stop_requested();
}

static int slots_of(const struct lane *lane)
{
    int slots = lane->route->type->side_by_side;
    return slots > 0 ? slots : LANE_SLOTS;
}

/* How long a type with an interval must wait yet. */
static int64_t interval_left(const struct lane *lane)
{
    if (lane->route->type->interval_ms == 0)
        return 0;
    int64_t until = lane->next_start > lane->quiet_until ? lane->next_start : lane->quiet_until;
    int64_t wait = until - clock_monotonic();
    return wait > 0 ? wait : 0;
}

/* --- the queue --- */

static bool is_under_way(const struct lane *lane, int64_t seq)
{
    for (int i = 0; i < LANE_SLOTS; i++)
        if (lane->slots[i].call != NULL && lane->slots[i].delivery.seq == seq)
            return true;
    return false;
}

static int write_outcomes(struct lane *lane, struct error *e)
{
    if (outcomes_write(
            &lane->outcomes, lane->store, lane->route->place.handler, &lane->latest, lane->run, e) == 0)
        return 0;
    /* what the receiver took looks due to the store: a run that dispatches again must not send it again */
    lane->route->stopped = true;
    return -1;
}

/* A digest's deliveries look due to the store until its answer is written. */
static bool is_digest_under_way(const struct lane *lane)
{
    return lane->slots[0].call != NULL && lane->slots[0].digest.count > 0;
}

/* Gives a work order's later events (0: everything) back to the store: after a failure they wait for it, or,
 * when it was the last try, come next. */
static void give_back(struct lane *lane, int64_t work_order)
{
    lane->last = 0;
    for (int i = 0; i < lane->queued; i++)
        if (lane->queue[i].id != NULL && (work_order == 0 || lane->queue[i].work_order == work_order)) {
            delivery_free(&lane->queue[i]);
            lane->waiting--;
        }
}

/* Reads what is due behind lane->last into an empty queue. What is under way still looks due to the store and
 * is dropped. */
static int read_queue(struct lane *lane, struct error *e)
{
    int n = deliveries_due(lane->store, lane->route->place.handler, lane->began, lane->latest, lane->last,
        LANE_QUEUE, lane->queue, e);
    if (n < 0)
        return -1;
    lane->last = n == LANE_QUEUE ? lane->queue[n - 1].seq : 0;
    lane->queued = lane->first = 0;
    for (int i = 0; i < n; i++) {
        struct delivery delivery = lane->queue[i];
        if (is_under_way(lane, delivery.seq))
            delivery_free(&delivery);
        else
            lane->queue[lane->queued++] = delivery;
    }
    lane->waiting = lane->queued;
    return 0;
}

/* From the start of what is due: the store must know how all tries ended. */
static int read_from_start(struct lane *lane, struct error *e)
{
    lane->last = 0;
    if (write_outcomes(lane, e) != 0)
        return -1;
    lane->version = store_data_version(lane->store, e);
    if (lane->version < 0 || read_queue(lane, e) != 0)
        return -1;
    /* nothing more becomes due in this run, but for what is made so by hand */
    lane->exhausted = lane->queued == 0;
    return 0;
}

/* Behind what was read last, where all went well and no one but us has written: else an earlier event of a
 * work order may wait before it. Saves a wait for the disk. */
static int read_on(struct lane *lane, struct error *e)
{
    if (read_queue(lane, e) != 0)
        return -1;
    int64_t version = store_data_version(lane->store, e);
    if (version < 0)
        return -1;
    if (version == lane->version)
        return 0;
    give_back(lane, 0);
    return read_from_start(lane, e);
}

static int refill(struct lane *lane, struct error *e)
{
    if (lane->waiting > 0 || lane->exhausted || is_digest_under_way(lane))
        return 0;
    return lane->last > 0 ? read_on(lane, e) : read_from_start(lane, e);
}

/* Is an earlier event of the same work order under way? One that waits in the queue waits for that, too. */
static bool must_wait(const struct lane *lane, int index)
{
    int64_t work_order = lane->queue[index].work_order;
    for (int i = 0; i < LANE_SLOTS; i++)
        if (lane->slots[i].call != NULL && lane->slots[i].delivery.work_order == work_order)
            return true;
    return false;
}

/* Takes the first delivery out of the queue that may be tried now. Returns false when there is none. */
static bool take_next(struct lane *lane, struct delivery *out)
{
    if (lane->waiting == 0 || is_ending(lane))
        return false;
    while (lane->queue[lane->first].id == NULL)
        lane->first++;
    for (int i = lane->first; i < lane->queued; i++) {
        if (lane->queue[i].id == NULL || must_wait(lane, i))
            continue;
        *out = lane->queue[i];
        lane->queue[i] = (struct delivery){0};
        lane->waiting--;
        return true;
    }
    return false;
}

/* --- how it went --- */

static void log_outcome(
    const struct lane *lane, const char *what, int attempts, const struct delivery_result *result)
{
    const char *name = lane->route->name;
    if (result->verdict == DELIVERY_DEAD)
        log_warning("handler %s: %s: refused, it will not be tried again: %s", name, what, result->error);
    else if (result->verdict == DELIVERY_LATER && retry_delivery(attempts + 1, 0) == RETRY_NEVER)
        log_warning("handler %s: %s: given up after %d tries: %s", name, what, attempts + 1, result->error);
    else if (result->verdict == DELIVERY_LATER)
        log_info("handler %s: %s: %s; it will be tried again", name, what, result->error);
}

static void leave_alone(struct lane *lane, const char *why)
{
    if (!lane->closed)
        log_info("handler %s: %s; it is left alone for this run", lane->route->name, why);
    lane->closed = true;
}

static void count_failure(struct lane *lane, const struct delivery_result *result)
{
    lane->failures = result->verdict == DELIVERY_LATER ? lane->failures + 1 : 0;
    if (lane->failures >= BREAKER)
        leave_alone(lane, "failed 5 times in a row");
}

/* Retry-After of a receiver with a rate (a chat) holds for whatever would be sent next, not only for what it
 * refused. */
static void obey_retry_after(struct lane *lane, const struct delivery_result *result)
{
    if (lane->route->type->interval_ms == 0 || result->verdict != DELIVERY_LATER || result->retry_after <= 0)
        return;
    lane->quiet_until = clock_monotonic() + result->retry_after;
    if (result->retry_after > LONGEST_PAUSE_MS)
        leave_alone(lane, "it asks for a pause");
}

static void note_outcome(
    struct lane *lane, const struct delivery *delivery, const struct delivery_result *result)
{
    log_outcome(lane, delivery->id, delivery->attempts, result);
    if (result->verdict == DELIVERY_LATER)
        give_back(lane, delivery->work_order);
    outcomes_add(&lane->outcomes, delivery->seq, delivery->attempts, result);
}

/* A digest's result is that of everything it stands for. */
static int note_digest(
    struct lane *lane, struct lane_slot *slot, const struct delivery_result *result, struct error *e)
{
    log_outcome(lane, "the digest", 0, result);
    for (size_t i = 0; i < slot->digest.count; i++) {
        const struct outcome *o = &slot->digest.list[i];
        outcomes_add(&lane->outcomes, o->seq, o->attempts, result);
    }
    return write_outcomes(lane, e);
}

/* --- types that work at once --- */

/* Several deliveries in one try; later ones of a work order may be among them. Returns how many were taken.
 */
static size_t take_batch(struct lane *lane, struct delivery *batch)
{
    const size_t most = lane->route->type->batch;
    if (most > 1 && lane->singly == 0) {
        size_t count = 0;
        for (int i = 0; i < lane->queued && count < most && !is_ending(lane); i++)
            if (lane->queue[i].id != NULL) {
                batch[count++] = lane->queue[i];
                lane->queue[i] = (struct delivery){0};
                lane->waiting--;
            }
        return count;
    }
    if (!take_next(lane, batch))
        return 0;
    if (lane->singly > 0)
        lane->singly--;
    return 1;
}

/* Puts a failed batch back, so that its members are tried one by one. There is room at the front: batches
 * leave nothing before what they take. */
static void put_back(struct lane *lane, struct delivery *batch, size_t count)
{
    memcpy(lane->queue, batch, count * sizeof *batch);
    lane->singly = count;
    lane->first = 0;
    lane->waiting += (int)count;
}

static void deliver_at_once(struct lane *lane)
{
    struct delivery batch[LANE_QUEUE];
    size_t count;
    while (!outcomes_are_due(&lane->outcomes) && (count = take_batch(lane, batch)) > 0) {
        struct delivery_result result;
        const struct handler_work work = {lane->store, batch, count, lane->route->timeout};
        lane->route->type->deliver(lane->route->state, &work, &result);
        if (count > 1 && result.verdict != DELIVERY_DONE) {
            put_back(lane, batch, count);
            continue;
        }
        count_failure(lane, &result);
        for (size_t i = 0; i < count; i++) {
            note_outcome(lane, &batch[i], &result);
            delivery_free(&batch[i]);
        }
    }
}

/* --- types that send requests --- */

static void free_slot(struct lane_slot *slot)
{
    http_call_free(slot->call);
    handler_request_free(&slot->request);
    delivery_free(&slot->delivery);
    outcomes_free(&slot->digest);
    *slot = (struct lane_slot){0};
}

/* Sends the request that stands in the slot. */
static void send_request(struct lane *lane, struct lane_slot *slot, struct http **http)
{
    const struct http_request request = {.method = "POST",
        .url = slot->request.url,
        .headers = (const char *const *)slot->request.headers,
        .body = slot->request.body,
        .body_len = slot->request.body_len,
        .timeout_ms = lane->route->timeout,
        .max_body = MAX_ANSWER,
        .allow_plain = true,
        .tls = slot->request.tls};
    if (*http == NULL)
        *http = http_new("wosync/" WOSYNC_VERSION);
    slot->call = http_start(*http, &request);
    lane->busy++;
    lane->next_start = clock_monotonic() + lane->route->type->interval_ms;
    lane->route->place.last_try = clock_now(); /* a sync dispatches twice, and has read it once */
}

/* When too much is due, one request for all of it. Returns 1 when it was started, 0 when none is called for,
 * or -1. */
static int start_digest(struct lane *lane, struct http **http, struct error *e)
{
    const struct handler_type *type = lane->route->type;
    struct lane_slot *slot = &lane->slots[0];
    if (lane->digest_looked || type->digest == NULL)
        return 0;
    if (interval_left(lane) > 0)
        return 0;
    lane->digest_looked = true;
    int64_t due = deliveries_count_due(lane->store, lane->route->place.handler, lane->began, lane->latest, e);
    if (due < 0)
        return -1;
    if ((uint64_t)due <= type->digest_above(lane->route->state))
        return 0;
    give_back(lane, 0);
    if (digest_make(lane->store, lane->route, lane->began, lane->latest, &slot->request, &slot->digest, e) !=
        0) {
        free_slot(slot);
        return -1;
    }
    send_request(lane, slot, http);
    return 1;
}

static int start_requests(struct lane *lane, struct http **http, struct error *e)
{
    int digest = lane->busy == 0 ? start_digest(lane, http, e) : 0;
    if (digest != 0)
        return digest < 0 ? -1 : 0;
    for (int i = 0; i < slots_of(lane); i++) {
        struct lane_slot *slot = &lane->slots[i];
        if (slot->call != NULL)
            continue;
        if (interval_left(lane) > 0 || !take_next(lane, &slot->delivery))
            return 0;
        lane->route->type->prepare(lane->route->state, &slot->delivery, &slot->request);
        send_request(lane, slot, http);
    }
    return 0;
}

static int collect_answers(struct lane *lane, struct error *e)
{
    int rc = 0;
    for (int i = 0; i < LANE_SLOTS && rc == 0; i++) {
        struct lane_slot *slot = &lane->slots[i];
        struct delivery_result result;
        if (slot->call == NULL || !http_is_done(slot->call))
            continue;
        handler_judge(slot->call, http_finish(slot->call), &result);
        count_failure(lane, &result);
        obey_retry_after(lane, &result);
        if (slot->delivery.id != NULL)
            note_outcome(lane, &slot->delivery, &result);
        else
            rc = note_digest(lane, slot, &result, e);
        free_slot(slot);
        lane->busy--;
    }
    return rc;
}

int lane_step(struct lane *lane, struct http **http, struct error *e)
{
    if (collect_answers(lane, e) != 0 || (outcomes_are_due(&lane->outcomes) && write_outcomes(lane, e) != 0))
        return -1;
    if (!is_ending(lane)) {
        int rc = refill(lane, e);
        if (rc == 0 && lane->route->type->deliver != NULL)
            deliver_at_once(lane);
        else if (rc == 0)
            rc = start_requests(lane, http, e);
        if (rc != 0)
            return -1;
    }
    if (lane->busy > 0)
        return stop_signalled() ? 0 : 1;
    if (!is_ending(lane) && !lane->exhausted)
        return 1;
    /* other lanes may go on for long */
    return write_outcomes(lane, e);
}

int64_t lane_pause(const struct lane *lane)
{
    int64_t wait = interval_left(lane);
    if (lane->waiting > 0 && wait > 0)
        return wait;
    return lane->busy > 0 ? INT64_MAX : 0;
}

int lane_close(struct lane *lane, struct error *e)
{
    int rc = write_outcomes(lane, e);
    for (int i = 0; i < LANE_SLOTS; i++)
        free_slot(&lane->slots[i]);
    lane->busy = 0;
    give_back(lane, 0);
    outcomes_free(&lane->outcomes);
    return rc;
}
