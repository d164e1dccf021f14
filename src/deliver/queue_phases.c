/*
 * queue_phases: what a handler's queue does before it delivers one by one: the initial load, and the summary.
 */
#include "deliver/queue_phases.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "deliver/initial_load.h"
#include "deliver/queue_results.h"
#include "store/store.h"

/* --- snapshots --- */

/* What waits behind a load that fails has failed, too, as far as one run would have tried it. */
static int fail_what_waits(struct handler_queue *queue, const struct delivery_result *result, struct error *e)
{
    struct delivery due[BREAKER_DOUBT];
    int n = deliveries_due(
        queue->store, queue->handler->place.handler, queue->began, queue->latest, 0, BREAKER_DOUBT, due, e);
    for (int i = 0; i < n; i++)
        queue_note(queue, "a delivery behind the initial load", &due[i], result);
    if (n != 0)
        return n < 0 ? -1 : 0;
    if (store_begin(queue->store, e) != 0)
        return -1;
    int rc = handlers_failed(queue->store, queue->handler->place.handler, clock_now(), result->error, e);
    if (rc == 0)
        rc = store_commit(queue->store, e);
    store_rollback(queue->store);
    return rc;
}

int queue_finish_load(struct handler_queue *queue, struct job *job, struct error *e)
{
    const struct delivery_result *result = job->results;
    struct handler_position *place = &queue->handler->place;
    if (result->status == DELIVERY_DONE)
        return initial_load_done(queue->store, queue->handler, job, e);
    queue->phase = QUEUE_CLOSED;
    if (result->status == DELIVERY_UNTRIED)
        return 0;
    queue_note_failure(queue, result);
    /* once it has worked, a receiver that is down is nothing to send a mail about */
    bool is_news = place->loaded == 0 && strcmp(place->last_error, result->error) != 0;
    log_message(is_news ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
        "handler %s: cannot be given the work orders: %s; the next run continues there", queue->handler->name,
        result->error);
    snprintf(place->last_error, sizeof place->last_error, "%s", result->error);
    return fail_what_waits(queue, result, e);
}

/* Starts loading what it lacks. Returns 1 when there is a job, 0 when it has everything, or -1. */
int queue_prepare_load(struct handler_queue *queue, struct job *job, struct error *e)
{
    job_reserve(job, 1);
    int n = initial_load_next(queue->store, queue->handler, job, e);
    if (n == 0)
        queue->phase = QUEUE_DELIVERING;
    return n > 0 ? 1 : n;
}

/* --- a summary --- */

static struct summary_query summary_query(const struct handler_queue *queue)
{
    return (struct summary_query){.store = queue->store,
        .handler = queue->handler->place.handler,
        .now = queue->began,
        .latest = queue->latest};
}

/* Is so much due in this run that one message must do? Returns 1, 0, or -1. */
static int wants_summary(struct handler_queue *queue, struct error *e)
{
    int64_t due =
        deliveries_count_due(queue->store, queue->handler->place.handler, queue->began, queue->latest, e);
    if (due < 0)
        return -1;
    return summary_is_due(due, queue->handler->sent, queue->limits.summary_above);
}

/* Pushes some more; the last time it makes the job. Returns 1 when there is one, 0 when not, or -1. */
int queue_prepare_summary(struct handler_queue *queue, struct job *job, struct error *e)
{
    const struct summary_query query = summary_query(queue);
    int more = queue->summary.members.count > 0 ? 1 : wants_summary(queue, e);
    if (more < 0)
        return -1;
    if (more == 0 && queue->phase == QUEUE_SUMMING)
        queue->phase = QUEUE_DELIVERING;
    if (more == 0)
        return 0;
    more = summary_push(&queue->summary, &query, queue->driver, queue->state, e);
    if (more != 0)
        return more < 0 ? -1 : 0;
    if (queue->summary.members.count == 0) {
        queue->phase = QUEUE_DELIVERING;
        return 0;
    }
    job_reserve(job, 1);
    job->batch = (struct handler_batch){
        .kind = HANDLER_SUMMARY, .count = queue->summary.members.count, .timeout = queue->handler->timeout};
    return 1;
}

static void say_summary(const struct handler_queue *queue, const struct delivery_result *result)
{
    if (result->status == DELIVERY_LATER)
        log_info("handler %s: the summary of %zu events: %s; it will be tried again", queue->handler->name,
            queue->summary.members.count, result->error);
}

int queue_finish_summary(struct handler_queue *queue, struct job *job)
{
    struct delivery_result *result = &queue->summary.result;
    *result = job->results[0];
    say_summary(queue, result);
    queue_obey_retry_after(queue, result);
    queue_count(queue, job, 1);
    queue->summary.sent = result->status != DELIVERY_UNTRIED;
    if (result->status == DELIVERY_LATER || result->status == DELIVERY_DEAD)
        queue_note_failure(queue, result);
    /* what becomes due while it goes on is sent by itself */
    if (queue->phase == QUEUE_SUMMING)
        queue->phase = QUEUE_DELIVERING;
    return 0;
}

/* Its members' results are written some at a time. */
int queue_note_summary(struct handler_queue *queue, struct error *e)
{
    const struct summary_query query = summary_query(queue);
    int64_t dead = 0;
    int more = summary_note(&queue->summary, &query, &queue->results, &dead, e);
    if (more < 0) {
        /* the store cannot be read: its members are noted by no later step */
        queue->handler->stopped = true;
        queue->phase = QUEUE_CLOSED;
        queue->summary.sent = false;
        return -1;
    }
    if (queue_write(queue, e) != 0)
        return -1;
    if (dead > 0 && queue->deaths.count == 0)
        snprintf(
            queue->deaths.first, sizeof queue->deaths.first, "the summary: %s", queue->summary.result.error);
    queue->deaths.count += dead;
    if (more == 0)
        summary_free(&queue->summary);
    return 0;
}

/* A summary was sent, and what became of it is not all written. */
bool queue_has_summary(const struct handler_queue *queue)
{
    return queue->summary.sent;
}
