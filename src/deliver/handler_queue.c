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
static bool is_ending(const struct handler_queue *queue)
{
    return queue->closed || shutdown_requested();
}

static int slots_of(const struct handler_queue *queue)
{
    int slots = queue->handler->type->side_by_side;
    return slots > 0 ? slots : HANDLER_QUEUE_SLOTS;
}

/* How long a type with an interval must wait yet. */
static int64_t interval_left(const struct handler_queue *queue)
{
    if (queue->handler->type->interval_ms == 0)
        return 0;
    int64_t until = queue->next_start > queue->quiet_until ? queue->next_start : queue->quiet_until;
    int64_t wait = until - clock_monotonic();
    return wait > 0 ? wait : 0;
}

/* --- the queue --- */

static bool is_under_way(const struct handler_queue *queue, int64_t seq)
{
    for (int i = 0; i < HANDLER_QUEUE_SLOTS; i++)
        if (queue->slots[i].call != NULL && queue->slots[i].delivery.seq == seq)
            return true;
    return false;
}

static int write_outcomes(struct handler_queue *queue, struct error *e)
{
    if (results_write(
            &queue->results, queue->store, queue->handler->place.handler, &queue->latest, queue->run, e) == 0)
        return 0;
    /* what the receiver took looks due to the store: a run that dispatches again must not send it again */
    queue->handler->stopped = true;
    return -1;
}

/* A digest's deliveries look due to the store until its answer is written. */
static bool is_digest_under_way(const struct handler_queue *queue)
{
    return queue->slots[0].call != NULL && queue->slots[0].digest.count > 0;
}

/* Gives a work order's later events (0: everything) back to the store: after a failure they wait for it, or,
 * when it was the last try, come next. */
static void give_back(struct handler_queue *queue, int64_t work_order)
{
    queue->last = 0;
    for (int i = 0; i < queue->queued; i++)
        if (queue->list[i].id != NULL && (work_order == 0 || queue->list[i].work_order == work_order)) {
            delivery_free(&queue->list[i]);
            queue->waiting--;
        }
}

/* Reads what is due behind queue->last into an empty queue. What is under way still looks due to the store
 * and is dropped. */
static int read_queue(struct handler_queue *queue, struct error *e)
{
    int n = deliveries_due(queue->store, queue->handler->place.handler, queue->began, queue->latest,
        queue->last, HANDLER_QUEUE_SIZE, queue->list, e);
    if (n < 0)
        return -1;
    queue->last = n == HANDLER_QUEUE_SIZE ? queue->list[n - 1].seq : 0;
    queue->queued = queue->first = 0;
    for (int i = 0; i < n; i++) {
        struct delivery delivery = queue->list[i];
        if (is_under_way(queue, delivery.seq))
            delivery_free(&delivery);
        else
            queue->list[queue->queued++] = delivery;
    }
    queue->waiting = queue->queued;
    return 0;
}

/* From the start of what is due: the store must know how all tries ended. */
static int read_from_start(struct handler_queue *queue, struct error *e)
{
    queue->last = 0;
    if (write_outcomes(queue, e) != 0)
        return -1;
    queue->version = store_data_version(queue->store, e);
    if (queue->version < 0 || read_queue(queue, e) != 0)
        return -1;
    /* nothing more becomes due in this run, but for what is made so by hand */
    queue->exhausted = queue->queued == 0;
    return 0;
}

/* Behind what was read last, where all went well and no one but us has written: else an earlier event of a
 * work order may wait before it. Saves a wait for the disk. */
static int read_on(struct handler_queue *queue, struct error *e)
{
    if (read_queue(queue, e) != 0)
        return -1;
    int64_t version = store_data_version(queue->store, e);
    if (version < 0)
        return -1;
    if (version == queue->version)
        return 0;
    give_back(queue, 0);
    return read_from_start(queue, e);
}

static int refill(struct handler_queue *queue, struct error *e)
{
    if (queue->waiting > 0 || queue->exhausted || is_digest_under_way(queue))
        return 0;
    return queue->last > 0 ? read_on(queue, e) : read_from_start(queue, e);
}

/* Is an earlier event of the same work order under way? One that waits in the queue waits for that, too. */
static bool must_wait(const struct handler_queue *queue, int index)
{
    int64_t work_order = queue->list[index].work_order;
    for (int i = 0; i < HANDLER_QUEUE_SLOTS; i++)
        if (queue->slots[i].call != NULL && queue->slots[i].delivery.work_order == work_order)
            return true;
    return false;
}

/* Takes the first delivery out of the queue that may be tried now. Returns false when there is none. */
static bool take_next(struct handler_queue *queue, struct delivery *out)
{
    if (queue->waiting == 0 || is_ending(queue))
        return false;
    while (queue->list[queue->first].id == NULL)
        queue->first++;
    for (int i = queue->first; i < queue->queued; i++) {
        if (queue->list[i].id == NULL || must_wait(queue, i))
            continue;
        *out = queue->list[i];
        queue->list[i] = (struct delivery){0};
        queue->waiting--;
        return true;
    }
    return false;
}

/* --- how it went --- */

static void log_outcome(
    const struct handler_queue *queue, const char *what, int attempts, const struct delivery_result *result)
{
    const char *name = queue->handler->name;
    if (result->verdict == DELIVERY_DEAD)
        log_warning("handler %s: %s: refused, it will not be tried again: %s", name, what, result->error);
    else if (result->verdict == DELIVERY_LATER && retry_delivery(attempts + 1, 0) == RETRY_NEVER)
        log_warning("handler %s: %s: given up after %d tries: %s", name, what, attempts + 1, result->error);
    else if (result->verdict == DELIVERY_LATER)
        log_info("handler %s: %s: %s; it will be tried again", name, what, result->error);
}

static void leave_alone(struct handler_queue *queue, const char *why)
{
    if (!queue->closed)
        log_info("handler %s: %s; it is left alone for this run", queue->handler->name, why);
    queue->closed = true;
}

static void count_failure(struct handler_queue *queue, const struct delivery_result *result)
{
    queue->failures = result->verdict == DELIVERY_LATER ? queue->failures + 1 : 0;
    if (queue->failures >= BREAKER)
        leave_alone(queue, "failed 5 times in a row");
}

/* Retry-After of a receiver with a rate (a chat) holds for whatever would be sent next, not only for what it
 * refused. */
static void obey_retry_after(struct handler_queue *queue, const struct delivery_result *result)
{
    if (queue->handler->type->interval_ms == 0 || result->verdict != DELIVERY_LATER ||
        result->retry_after <= 0)
        return;
    queue->quiet_until = clock_monotonic() + result->retry_after;
    if (result->retry_after > LONGEST_PAUSE_MS)
        leave_alone(queue, "it asks for a pause");
}

static void note_outcome(
    struct handler_queue *queue, const struct delivery *delivery, const struct delivery_result *result)
{
    log_outcome(queue, delivery->id, delivery->attempts, result);
    if (result->verdict == DELIVERY_LATER)
        give_back(queue, delivery->work_order);
    results_add(&queue->results, delivery->seq, delivery->attempts, result);
}

/* A digest's result is that of everything it stands for. */
static int note_digest(struct handler_queue *queue, struct handler_queue_slot *slot,
    const struct delivery_result *result, struct error *e)
{
    log_outcome(queue, "the digest", 0, result);
    for (size_t i = 0; i < slot->digest.count; i++) {
        const struct result *o = &slot->digest.list[i];
        results_add(&queue->results, o->seq, o->attempts, result);
    }
    return write_outcomes(queue, e);
}

/* --- types that work at once --- */

/* Several deliveries in one try; later ones of a work order may be among them. Returns how many were taken.
 */
static size_t take_batch(struct handler_queue *queue, struct delivery *batch)
{
    const size_t most = queue->handler->type->batch;
    if (most > 1 && queue->singly == 0) {
        size_t count = 0;
        for (int i = 0; i < queue->queued && count < most && !is_ending(queue); i++)
            if (queue->list[i].id != NULL) {
                batch[count++] = queue->list[i];
                queue->list[i] = (struct delivery){0};
                queue->waiting--;
            }
        return count;
    }
    if (!take_next(queue, batch))
        return 0;
    if (queue->singly > 0)
        queue->singly--;
    return 1;
}

/* Puts a failed batch back, so that its members are tried one by one. There is room at the front: batches
 * leave nothing before what they take. */
static void put_back(struct handler_queue *queue, struct delivery *batch, size_t count)
{
    memcpy(queue->list, batch, count * sizeof *batch);
    queue->singly = count;
    queue->first = 0;
    queue->waiting += (int)count;
}

static void deliver_at_once(struct handler_queue *queue)
{
    struct delivery batch[HANDLER_QUEUE_SIZE];
    size_t count;
    while (!results_are_due(&queue->results) && (count = take_batch(queue, batch)) > 0) {
        struct delivery_result result;
        const struct handler_work work = {queue->store, batch, count, queue->handler->timeout};
        queue->handler->type->deliver(queue->handler->state, &work, &result);
        if (count > 1 && result.verdict != DELIVERY_DONE) {
            put_back(queue, batch, count);
            continue;
        }
        count_failure(queue, &result);
        for (size_t i = 0; i < count; i++) {
            note_outcome(queue, &batch[i], &result);
            delivery_free(&batch[i]);
        }
    }
}

/* --- types that send requests --- */

static void free_slot(struct handler_queue_slot *slot)
{
    http_call_free(slot->call);
    handler_request_free(&slot->request);
    delivery_free(&slot->delivery);
    results_free(&slot->digest);
    *slot = (struct handler_queue_slot){0};
}

/* Sends the request that stands in the slot. */
static void send_request(struct handler_queue *queue, struct handler_queue_slot *slot, struct http **http)
{
    const struct http_request request = {.method = "POST",
        .url = slot->request.url,
        .headers = (const char *const *)slot->request.headers,
        .body = slot->request.body,
        .body_len = slot->request.body_len,
        .timeout_ms = queue->handler->timeout,
        .max_body = MAX_ANSWER,
        .allow_plain = true,
        .tls = slot->request.tls};
    if (*http == NULL)
        *http = http_new("wosync/" WOSYNC_VERSION);
    slot->call = http_start(*http, &request);
    queue->busy++;
    queue->next_start = clock_monotonic() + queue->handler->type->interval_ms;
    queue->handler->place.last_try = clock_now(); /* a sync dispatches twice, and has read it once */
}

/* When too much is due, one request for all of it. Returns 1 when it was started, 0 when none is called for,
 * or -1. */
static int start_digest(struct handler_queue *queue, struct http **http, struct error *e)
{
    const struct handler_type *type = queue->handler->type;
    struct handler_queue_slot *slot = &queue->slots[0];
    if (queue->digest_looked || type->digest == NULL)
        return 0;
    if (interval_left(queue) > 0)
        return 0;
    queue->digest_looked = true;
    int64_t due =
        deliveries_count_due(queue->store, queue->handler->place.handler, queue->began, queue->latest, e);
    if (due < 0)
        return -1;
    if ((uint64_t)due <= type->digest_above(queue->handler->state))
        return 0;
    give_back(queue, 0);
    if (summary_make(queue->store, queue->handler, queue->began, queue->latest, &slot->request, &slot->digest,
            e) != 0) {
        free_slot(slot);
        return -1;
    }
    send_request(queue, slot, http);
    return 1;
}

static int start_requests(struct handler_queue *queue, struct http **http, struct error *e)
{
    int digest = queue->busy == 0 ? start_digest(queue, http, e) : 0;
    if (digest != 0)
        return digest < 0 ? -1 : 0;
    for (int i = 0; i < slots_of(queue); i++) {
        struct handler_queue_slot *slot = &queue->slots[i];
        if (slot->call != NULL)
            continue;
        if (interval_left(queue) > 0 || !take_next(queue, &slot->delivery))
            return 0;
        queue->handler->type->prepare(queue->handler->state, &slot->delivery, &slot->request);
        send_request(queue, slot, http);
    }
    return 0;
}

static int collect_answers(struct handler_queue *queue, struct error *e)
{
    int rc = 0;
    for (int i = 0; i < HANDLER_QUEUE_SLOTS && rc == 0; i++) {
        struct handler_queue_slot *slot = &queue->slots[i];
        struct delivery_result result;
        if (slot->call == NULL || !http_is_done(slot->call))
            continue;
        handler_judge(slot->call, http_finish(slot->call), &result);
        count_failure(queue, &result);
        obey_retry_after(queue, &result);
        if (slot->delivery.id != NULL)
            note_outcome(queue, &slot->delivery, &result);
        else
            rc = note_digest(queue, slot, &result, e);
        free_slot(slot);
        queue->busy--;
    }
    return rc;
}

int handler_queue_step(struct handler_queue *queue, struct http **http, struct error *e)
{
    if (collect_answers(queue, e) != 0 || (results_are_due(&queue->results) && write_outcomes(queue, e) != 0))
        return -1;
    if (!is_ending(queue)) {
        int rc = refill(queue, e);
        if (rc == 0 && queue->handler->type->deliver != NULL)
            deliver_at_once(queue);
        else if (rc == 0)
            rc = start_requests(queue, http, e);
        if (rc != 0)
            return -1;
    }
    if (queue->busy > 0)
        return shutdown_signalled() ? 0 : 1;
    if (!is_ending(queue) && !queue->exhausted)
        return 1;
    /* other queues may go on for long */
    return write_outcomes(queue, e);
}

int64_t handler_queue_pause(const struct handler_queue *queue)
{
    int64_t wait = interval_left(queue);
    if (queue->waiting > 0 && wait > 0)
        return wait;
    return queue->busy > 0 ? INT64_MAX : 0;
}

int handler_queue_close(struct handler_queue *queue, struct error *e)
{
    int rc = write_outcomes(queue, e);
    for (int i = 0; i < HANDLER_QUEUE_SLOTS; i++)
        free_slot(&queue->slots[i]);
    queue->busy = 0;
    give_back(queue, 0);
    results_free(&queue->results);
    return rc;
}
