/* clang-format off */
/*
 * dispatch: the delivery engine: from the event log to the handlers.
 *
 *   event log -- fan_out --> deliveries - due_list -> handler_queue -- start --> job -- collect --> results
 *                (on, when)                (what is   (order, breaker,           |                  (written
 *                                           due)       pause, summary)           |                   together)
 *
 *   a job is   http_job: a request, by libcurl in this process
 *              exec: a program
 *              child: work that blocks, in a child process
 *
 * One loop turns all handlers' queues: each goes one step, which never waits, and says what it waits for;
 * then the loop waits for all of that together (descriptors, libcurl, the next instant that matters, a
 * signal). So no handler delays another one's deliveries, however slow its receiver is; and where one keeps
 * the loop going, what is emitted meanwhile is taken every second, for the others.
 *
 * What always holds: for one handler, the events of a work order go in order, and a failure holds back only
 * that work order; a delivery is tried once in a run; what a receiver took and could not be written is not
 * sent again in this run. Memory is bounded in bytes per handler: the numbers of what waits, and the bodies
 * of a few.
 */
/* clang-format on */
#include "deliver/dispatch.h"

#include <errno.h>
#include <stdlib.h>

#include "api/http.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "deliver/fan_out.h"
#include "deliver/handler_queue.h"
#include "deliver/job_wait.h"
#include "deliver/trouble.h"
#include "store/events.h"

/* How often it looks whether the log has grown. */
enum { ROUND_MS = 1000 };

/* The queues of a run, and how far it has looked at the log. */
struct engine {
    const struct dispatch_settings *settings;
    struct handler_host host;
    struct handler_queue *queues;
    size_t count;
    int64_t last_event; /* in the log, and when that was looked at, by the monotonic clock */
    int64_t looked;
    int64_t linger_until; /* of all queues, see handler_queue_lingers */
};

/* Takes the events that came meanwhile. */
static int take_new(struct engine *engine, struct error *e)
{
    struct store *store = engine->settings->store;
    const int64_t now = clock_monotonic();
    if (now - engine->looked < ROUND_MS || shutdown_signalled() ||
        (shutdown_requested() && now >= engine->linger_until))
        return 0;
    engine->looked = now;
    int64_t last = events_last_seq(store, e);
    if (last <= engine->last_event)
        return last < 0 ? -1 : 0;
    engine->last_event = last;
    int rc = fan_out_events(store, engine->settings->table, e);
    for (size_t i = 0; i < engine->count; i++)
        handler_queue_reopen(&engine->queues[i]);
    return rc;
}

/* Lets all queues go on until none has work left. A fault closes its own queue only; all are reported. */
static int turn(struct engine *engine, struct error *e)
{
    struct handler_queue *queues = engine->queues;
    struct handler_wait wait = {.until = INT64_MAX};
    int rc = 0;
    for (bool working = true; working;) {
        struct error unread = {0};
        engine->linger_until = 0;
        for (size_t i = 0; i < engine->count; i++) {
            int64_t until = handler_queue_lingers(&queues[i]);
            if (until > engine->linger_until)
                engine->linger_until = until;
        }
        if (take_new(engine, &unread) != 0) {
            error_add(e, &unread);
            rc = -1;
        }
        working = false;
        wait.count = 0;
        wait.http = false;
        wait.until = INT64_MAX;
        for (size_t i = 0; i < engine->count; i++) {
            struct error fault = {0};
            int more = handler_queue_step(&queues[i], &wait, &fault);
            if (more < 0) {
                error_add(e, &fault);
                rc = -1;
                queues[i].phase = QUEUE_CLOSED;
                /* what is under way is still collected, and did not say what it waits for */
                more = queues[i].busy > 0;
                if (more)
                    handler_wait_until(&wait, 0);
            }
            working = working || more != 0;
        }
        if (working)
            job_wait(&wait, engine->host.http);
    }
    free(wait.fds);
    return rc;
}

/* Ends a queue, and says it when its handler keeps failing. */
static int end_queue(struct handler_queue *queue, struct error *e)
{
    struct error fault = {0};
    bool failing = queue->failed || queue->handler->place.failing_since != TIMESTAMP_NONE;
    int rc = handler_queue_close(queue, &fault);
    if (rc == 0 && failing)
        rc = trouble_report(queue->store, queue->handler, queue->broken, &fault);
    error_add(e, &fault);
    return rc;
}

int dispatch_run(const struct dispatch_settings *settings, struct error *e)
{
    struct engine engine = {
        .settings = settings, .host = {.quiet = settings->quiet}, .looked = clock_monotonic()};
    engine.last_event = events_last_seq(settings->store, e);
    int rc = engine.last_event < 0 ? -1 : fan_out_events(settings->store, settings->table, e);
    int64_t began = clock_now();
    engine.queues = calloc(settings->table->count, sizeof *engine.queues);
    for (size_t i = 0; i < settings->table->count; i++) {
        struct handler *handler = &settings->table->rows[i];
        if (handler->stopped)
            continue;
        struct handler_queue *queue = &engine.queues[engine.count++];
        queue->handler = handler;
        queue->host = &engine.host;
        queue->store = settings->store;
        queue->run = settings->run;
        queue->began = began;
        queue->linger_until = &engine.linger_until;
        handler_queue_open(queue);
    }
    if (turn(&engine, e) != 0)
        rc = -1;
    for (size_t i = 0; i < engine.count; i++)
        if (end_queue(&engine.queues[i], e) != 0)
            rc = -1;
    http_free(engine.host.http);
    free(engine.queues);
    return rc;
}
