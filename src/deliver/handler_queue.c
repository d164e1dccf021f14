/*
 * handler_queue: the work of one handler in a run. Nothing in here waits.
 *
 *   LOADING ----.
 *               |----> DELIVERING ----> CLOSED      (LOADING and SUMMING may be CLOSED, too)
 *   SUMMING ----'
 *
 *   LOADING     types that want snapshots are given those they lack, one job at a time
 *   SUMMING     types with push: all that is due goes into one message, where it is much
 *   DELIVERING  job by job, several at a time
 *   CLOSED      nothing new is started: the breaker is open, the receiver asked for a pause, an initial load
 *               failed, or the store did; what is under way goes on to its end
 *
 * A queue whose work is done begins again when the run has new deliveries for it (handler_queue_reopen).
 *
 * What always holds: of a work order one delivery is under way at a time (a batch holds several, in their
 * order); after a failure its later ones are not tried in this run; a delivery is tried once in a run, for
 * what failed is due later than the run began; and results are written before what is due is read again.
 * queue_check.c checks what can be seen of this between two steps.
 */
#include "deliver/handler_queue.h"

#include <string.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "deliver/history.h"
#include "deliver/queue_check.h"
#include "deliver/queue_results.h"
#include "deliver/queue_phases.h"

/* Jobs that are over as soon as they are started, in one step. */
enum { AT_ONCE = 64 };

/* Start nothing new. After the deadline the run still waits for the jobs that it has begun; what ends before
 * they must have ended does not make it longer. */
static bool is_ending(const struct handler_queue *queue)
{
    if (queue->phase == QUEUE_CLOSED || shutdown_signalled())
        return true;
    int64_t until = queue->linger_until != NULL ? *queue->linger_until : 0;
    return shutdown_requested() && clock_monotonic() + queue->handler->timeout > until;
}

int64_t handler_queue_lingers(const struct handler_queue *queue)
{
    int64_t until = 0;
    for (int i = 0; i < HANDLER_QUEUE_JOBS; i++)
        if (queue->jobs[i].busy && queue->jobs[i].until > until)
            until = queue->jobs[i].until;
    return until;
}

/* How long a type with an interval must wait yet. */
static int64_t interval_left(const struct handler_queue *queue)
{
    if (queue->limits.interval_ms == 0)
        return 0;
    int64_t until = queue->next_start > queue->quiet_until ? queue->next_start : queue->quiet_until;
    int64_t wait = until - clock_monotonic();
    return wait > 0 ? wait : 0;
}

static enum queue_phase first_phase(const struct handler_queue *queue)
{
    return queue->handler->type->wants_snapshots ? QUEUE_LOADING
           : queue->driver->push != NULL         ? QUEUE_SUMMING
                                                 : QUEUE_DELIVERING;
}

void handler_queue_reopen(struct handler_queue *queue)
{
    if (queue->phase != QUEUE_DELIVERING || !queue->exhausted || queue->busy > 0 || queue_has_summary(queue))
        return;
    queue->phase = first_phase(queue);
    queue->exhausted = false;
}

void handler_queue_open(struct handler_queue *queue)
{
    struct handler *handler = queue->handler;
    const struct handler_type *type = handler->type;
    queue->driver = &type->driver;
    queue->state = handler->state;
    if (type->work != NULL) {
        queue->child = child_new(handler->name, type, handler->state);
        queue->driver = &child_driver;
        queue->state = queue->child;
    }
    if (type->limits != NULL)
        type->limits(handler->state, &queue->limits);
    if (queue->limits.events == 0)
        queue->limits.events = 1;
    if (queue->limits.jobs == 0 || queue->limits.jobs > HANDLER_QUEUE_JOBS)
        queue->limits.jobs = HANDLER_QUEUE_JOBS;
    queue->latest = queue->began;
    queue->phase = first_phase(queue);
    /* what is left of the interval since the last try; a clock that went back makes it no longer */
    int64_t interval = queue->limits.interval_ms;
    if (handler->place.last_try != TIMESTAMP_NONE && queue->began - handler->place.last_try < interval) {
        int64_t left = handler->place.last_try + interval - queue->began;
        queue->next_start = clock_monotonic() + (left < interval ? left : interval);
    }
}

/* --- events --- */

/* What a result means for the deliveries behind it. What was given up is read again before they are tried. */
static void move_on(struct handler_queue *queue, int place, enum delivery_status status)
{
    if (place < 0)
        return;
    if (status == DELIVERY_DONE || status == DELIVERY_DEAD)
        due_list_follow(&queue->due, place);
    else
        due_list_hold(&queue->due, place);
}

/* Nothing of a batch was tried: it is tried one by one, and a single one is left for another run. */
static void note_untried(struct handler_queue *queue, const struct job *job)
{
    for (size_t i = 0; i < job->batch.count; i++)
        if (job->results[i].status != DELIVERY_UNTRIED)
            return;
    if (job->batch.count > 1)
        queue->singly = job->batch.count;
    else
        queue->phase = QUEUE_CLOSED;
}

static void finish_events(struct handler_queue *queue, struct job *job)
{
    for (size_t i = 0; i < job->batch.count; i++) {
        const struct delivery_result *result = &job->results[i];
        move_on(queue, job->places[i], result->status);
        if (result->status != DELIVERY_UNTRIED)
            queue_note(queue, job->events[i].id, &job->deliveries[i], result);
    }
    queue_obey_retry_after(queue, job->results);
    queue_count(queue, job, job->batch.count);
    if (job->results[0].status == DELIVERY_LATER && job->results[0].away)
        queue_leave_alone(queue, "its receiver cannot be reached");
    note_untried(queue, job);
}

static bool is_under_way(int64_t work_order, const void *context)
{
    const struct handler_queue *queue = context;
    for (int i = 0; i < queue->limits.jobs; i++)
        if (job_has(&queue->jobs[i], work_order))
            return true;
    return false;
}

/* Reads what is due; the store must know how all tries ended. */
static int refill(struct handler_queue *queue, struct error *e)
{
    if (queue_write(queue, e) != 0)
        return -1;
    const struct due_list_query query = {.store = queue->store,
        .handler = queue->handler->place.handler,
        .now = queue->began,
        .latest = queue->latest,
        .is_busy = queue->busy > 0 ? is_under_way : NULL,
        .context = queue};
    for (int i = 0; i < queue->limits.jobs; i++)
        for (size_t k = 0; queue->jobs[i].busy && k < queue->jobs[i].batch.count; k++)
            queue->jobs[i].places[k] = -1;
    int n = due_list_read(&queue->due, &query, e);
    /* nothing more becomes due in this run, but for what is made so by hand */
    queue->exhausted = n == 0;
    /* all that is due waits for what is under way */
    queue->blocked = n > 0 && queue->due.left == 0;
    return n < 0 ? -1 : 0;
}

/* An event that someone took out of the store. */
static void note_lost(struct handler_queue *queue, int place)
{
    struct delivery_result result;
    handler_dead(&result, "the event is no longer in the log");
    queue_note(queue, "a delivery", due_list_delivery(&queue->due, place), &result);
    due_list_follow(&queue->due, place);
}

/* Takes one delivery into the job. Returns 1, 0 when there is none, or -1. */
static int take_one(struct handler_queue *queue, struct job *job, bool probe, struct error *e)
{
    struct due_list_event event = {0};
    for (;;) {
        int place = due_list_take(&queue->due, probe);
        if (place < 0)
            return 0;
        if (due_list_event(&queue->due, place, queue->store, &event, e) != 0)
            return -1;
        if (event.id == NULL) {
            note_lost(queue, place);
            continue;
        }
        job_add(job, place, due_list_delivery(&queue->due, place), &event);
        struct handler_event *added = &job->events[job->batch.count - 1];
        if (queue->handler->type->wants_history && history_read(queue->store, added, e) != 0)
            return -1;
        /* a batch holds the later ones of a work order, too; elsewhere they wait for the result */
        if (queue->limits.jobs == 1)
            due_list_follow(&queue->due, place);
        return 1;
    }
}

/* Fills a job with what may be tried. Returns 1, 0 when there is nothing, or -1. */
static int prepare_events(struct handler_queue *queue, struct job *job, struct error *e)
{
    const bool probe = breaker_doubts(&queue->breaker);
    const size_t most = queue->singly > 0 || probe ? 1 : queue->limits.events;
    int taken = 1;
    job_reserve(job, most);
    job->batch = (struct handler_batch){
        .kind = HANDLER_EVENTS, .events = job->events, .timeout = queue->handler->timeout};
    while (taken == 1 && job->batch.count < most && job->bytes < HANDLER_QUEUE_BYTES)
        taken = take_one(queue, job, probe, e);
    if (taken < 0)
        return -1;
    if (job->batch.count == 0)
        return 0;
    if (queue->singly > 0)
        queue->singly--;
    job->probe = probe;
    if (probe)
        breaker_probe(&queue->breaker);
    return 1;
}

/* --- jobs --- */

static int finish(struct handler_queue *queue, struct job *job, struct error *e)
{
    int rc = 0;
    queue->busy--;
    queue->bytes -= job->bytes;
    queue->blocked = job->busy = false;
    if (job->batch.kind == HANDLER_SNAPSHOTS)
        rc = queue_finish_load(queue, job, e);
    else if (job->batch.kind == HANDLER_SUMMARY)
        rc = queue_finish_summary(queue, job);
    else
        finish_events(queue, job);
    job_clear(job);
    return rc;
}

static int collect(struct handler_queue *queue, struct error *e)
{
    for (int i = 0; i < queue->limits.jobs; i++) {
        struct job *job = &queue->jobs[i];
        if (job->busy && queue->driver->collect(job->work, job->results) && finish(queue, job, e) != 0)
            return -1;
    }
    return 0;
}

static struct job *find_free(struct handler_queue *queue)
{
    for (int i = 0; i < queue->limits.jobs; i++)
        if (!queue->jobs[i].busy)
            return &queue->jobs[i];
    return NULL;
}

/* What comes next, by the phase. Returns 1 when the job is filled, 0 when there is nothing to be started now,
 * or -1. */
static int prepare(struct handler_queue *queue, struct job *job, struct error *e)
{
    int rc = 0;
    if (queue->phase == QUEUE_LOADING)
        rc = queue_prepare_load(queue, job, e);
    else if (queue->phase == QUEUE_SUMMING)
        rc = queue_prepare_summary(queue, job, e);
    if (rc != 0 || queue->phase != QUEUE_DELIVERING || queue_has_summary(queue))
        return rc;
    if (queue->due.left == 0 && !queue->exhausted && !queue->blocked && refill(queue, e) != 0)
        return -1;
    return prepare_events(queue, job, e);
}

static void run_job(struct handler_queue *queue, struct job *job)
{
    job->busy = true;
    job->until = clock_monotonic() + job->batch.timeout;
    queue->busy++;
    queue->bytes += job->bytes;
    queue->next_start = clock_monotonic() + queue->limits.interval_ms;
    queue->handler->place.last_try = clock_now(); /* a sync dispatches twice, and has read it once */
    queue->handler->sent += job->batch.kind == HANDLER_EVENTS;
    memset(job->results, 0, handler_batch_results(&job->batch) * sizeof *job->results);
    job->work = queue->driver->start(queue->state, queue->host, &job->batch, job->results);
}

/* May another job be started now? */
static bool has_room(const struct handler_queue *queue)
{
    if (is_ending(queue) || queue_has_summary(queue) || interval_left(queue) > 0)
        return false;
    if (queue->phase != QUEUE_DELIVERING)
        return queue->busy == 0;
    return breaker_allows(&queue->breaker) && (queue->busy == 0 || queue->bytes < HANDLER_QUEUE_BYTES);
}

/* Starts what can be started. Returns 1 when it stopped in the midst of it, so that others have their turn,
 * 0, or -1. */
static int start_jobs(struct handler_queue *queue, struct error *e)
{
    for (int i = 0; i < AT_ONCE; i++) {
        struct job *job = find_free(queue);
        if (job == NULL || !has_room(queue))
            return 0;
        int ready = prepare(queue, job, e);
        if (ready < 0) {
            job_clear(job);
            return -1;
        }
        if (ready == 0)
            return queue->phase == QUEUE_SUMMING;
        run_job(queue, job);
        if (job->work == NULL && finish(queue, job, e) != 0)
            return -1;
        if (results_are_due(&queue->results) && queue_write(queue, e) != 0)
            return -1;
    }
    return 1;
}

/* What the queue waits for. */
static void add_waits(const struct handler_queue *queue, struct handler_wait *wait)
{
    for (int i = 0; i < queue->limits.jobs; i++)
        if (queue->jobs[i].busy)
            queue->driver->poll(queue->jobs[i].work, wait);
    if (queue->results.count > 0)
        handler_wait_until(wait, queue->results.since + RESULTS_WAIT_MS);
    if (interval_left(queue) > 0 && !is_ending(queue))
        handler_wait_until(wait, clock_monotonic() + interval_left(queue));
}

/* Brings in what is over: results of jobs, of a summary's members, and their way into the store. */
static int settle(struct handler_queue *queue, struct error *e)
{
    if (collect(queue, e) != 0)
        return -1;
    if (queue_has_summary(queue) && queue_note_summary(queue, e) != 0)
        return -1;
    return results_are_due(&queue->results) ? queue_write(queue, e) : 0;
}

static bool has_work_left(const struct handler_queue *queue)
{
    return queue->busy > 0 || queue_has_summary(queue) || (!is_ending(queue) && !queue->exhausted);
}

int handler_queue_step(struct handler_queue *queue, struct handler_wait *wait, struct error *e)
{
    if (settle(queue, e) != 0)
        return -1;
    int more = start_jobs(queue, e);
    if (more < 0)
        return -1;
    queue_check(queue);
    if (more > 0 || queue_has_summary(queue))
        handler_wait_until(wait, 0);
    add_waits(queue, wait);
    /* where nothing is left: other queues may go on for long */
    return has_work_left(queue) ? 1 : queue_write(queue, e);
}

int handler_queue_close(struct handler_queue *queue, struct error *e)
{
    int rc = queue_write(queue, e);
    for (int i = 0; i < HANDLER_QUEUE_JOBS; i++) {
        if (queue->jobs[i].busy)
            queue->driver->cancel(queue->jobs[i].work);
        job_free(&queue->jobs[i]);
    }
    if (rc == 0)
        queue_say_deaths(queue);
    child_free(queue->child);
    due_list_free(&queue->due);
    summary_free(&queue->summary);
    results_free(&queue->results);
    return rc;
}
