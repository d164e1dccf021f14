/*
 * queue_results: how the attempts of a handler's queue ended, and what that means for the rest of its run:
 * what is written, said, counted by the breaker, and when the handler is left alone.
 */
#include "deliver/queue_results.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

/* When a receiver with a rate asks for a wait, a run waits this long at the most; else it leaves it alone. */
enum { LONGEST_PAUSE_MS = 10000 };

void queue_leave_alone(struct handler_queue *queue, const char *why)
{
    if (queue->phase != QUEUE_CLOSED)
        log_info("handler %s: %s; it is left alone for this run", queue->handler->name, why);
    queue->phase = QUEUE_CLOSED;
}

static void heed_breaker(struct handler_queue *queue)
{
    char why[64];
    snprintf(why, sizeof why, "failed %d times in a row", queue->breaker.failures);
    if (breaker_is_open(&queue->breaker))
        queue_leave_alone(queue, why);
}

int queue_write(struct handler_queue *queue, struct error *e)
{
    if (results_write(
            &queue->results, queue->store, queue->handler->place.handler, &queue->latest, queue->run, e) == 0)
        return 0;
    /* what the receiver took looks due to the store: a run that dispatches again must not send it again */
    queue->handler->stopped = true;
    queue->phase = QUEUE_CLOSED;
    queue->summary.sent = false;
    return -1;
}

static void note_death(struct handler_queue *queue, const char *what, const struct delivery *delivery,
    const struct delivery_result *result)
{
    if (queue->deaths.count++ > 0)
        return;
    if (result->status == DELIVERY_DEAD)
        snprintf(queue->deaths.first, sizeof queue->deaths.first,
            "%s: refused, it will not be tried again: %s", what, result->error);
    else
        snprintf(queue->deaths.first, sizeof queue->deaths.first, "%s: given up after %d tries: %s", what,
            delivery->attempts + 1, result->error);
}

/* One line, however many they are. */
void queue_say_deaths(const struct handler_queue *queue)
{
    const struct deaths *deaths = &queue->deaths;
    if (deaths->count == 1)
        log_warning("handler %s: %s", queue->handler->name, deaths->first);
    else if (deaths->count > 1)
        log_warning(
            "handler %s: %lld deliveries are dead (see them: wosync events list --state dead); the first: %s",
            queue->handler->name, (long long)deaths->count, deaths->first);
}

void queue_note_failure(struct handler_queue *queue, const struct delivery_result *result)
{
    queue->failed = true;
    queue->broken = queue->broken || result->broken;
}

/* Retry-After of a receiver with a rate (a chat) holds for whatever would be sent next, not only for what it
 * refused. */
void queue_obey_retry_after(struct handler_queue *queue, const struct delivery_result *result)
{
    if (queue->limits.interval_ms == 0 || result->status != DELIVERY_LATER || result->retry_after <= 0)
        return;
    queue->quiet_until = clock_monotonic() + result->retry_after;
    if (result->retry_after > LONGEST_PAUSE_MS)
        queue_leave_alone(queue, "the receiver asks for a pause");
}

void queue_note(struct handler_queue *queue, const char *id, const struct delivery *delivery,
    const struct delivery_result *result)
{
    enum result_state state = results_add(&queue->results, delivery, result);
    if (state == RESULT_DEAD)
        note_death(queue, id, delivery, result);
    if (state != RESULT_DONE)
        queue_note_failure(queue, result);
    if (state == RESULT_RETRY)
        log_info("handler %s: %s: %s; it will be tried again", queue->handler->name, id, result->error);
    else if (state == RESULT_DEAD)
        log_info("handler %s: %s: dead: %s", queue->handler->name, id, result->error);
}

/* The first failure of a job counts, and any answer of the receiver ends a row of failures. */
void queue_count(struct handler_queue *queue, const struct job *job, size_t results)
{
    bool answered = false, failed = false;
    for (size_t i = 0; i < results; i++) {
        answered =
            answered || job->results[i].status == DELIVERY_DONE || job->results[i].status == DELIVERY_DEAD;
        failed = failed || job->results[i].status == DELIVERY_LATER;
    }
    if (answered || failed || job->probe)
        breaker_note(&queue->breaker, answered, job->probe);
    heed_breaker(queue);
}
