#include "deliver/dispatch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "deliver/handler_queue.h"
#include "deliver/initial_load.h"
#include "deliver/fan_out.h"

/* Results wait for at most this long to be written, so the loop comes round this often. */
enum { ROUND_MS = 100 };

static void open_lane(struct handler_queue *queue, const struct dispatch_settings *settings,
    struct handler *handler, int64_t began)
{
    queue->handler = handler;
    queue->store = settings->store;
    queue->run = settings->run;
    queue->began = queue->latest = began;
    /* what is left of the interval since the last try; a clock that went back makes it no longer */
    int64_t interval = handler->type->interval_ms;
    if (handler->place.last_try != TIMESTAMP_NONE && began - handler->place.last_try < interval) {
        int64_t left = handler->place.last_try + interval - began;
        queue->next_start = clock_monotonic() + (left < interval ? left : interval);
    }
}

/* Lets all queues that block, or all that do not, go until none has work left. A fault closes its own queue
 * only; they are all told. */
static int run_lanes(
    struct handler_queue *queues, size_t count, bool blocking, struct http **http, struct error *e)
{
    int rc = 0;
    for (;;) {
        bool working = false, under_way = false;
        int64_t pause = ROUND_MS;
        for (size_t i = 0; i < count; i++) {
            if (queues[i].handler->type->blocks != blocking)
                continue;
            struct error fault = {0};
            int more = handler_queue_step(&queues[i], http, &fault);
            if (more < 0) {
                error_add(e, &fault);
                rc = -1;
                queues[i].closed = true;
            }
            working = working || more != 0;
            under_way = under_way || queues[i].busy > 0;
            if (more == 1 && handler_queue_pause(&queues[i]) < pause)
                pause = handler_queue_pause(&queues[i]);
        }
        if (!working)
            return rc;
        if (under_way)
            http_work(*http, pause);
        else if (pause > 0)
            shutdown_wait(pause);
    }
}

int dispatch_run(const struct dispatch_settings *settings, struct error *e)
{
    size_t count = 0;
    struct http *http = NULL;
    int rc = fan_out_events(settings->store, settings->table, e);
    int64_t began = clock_now();
    struct handler_queue *queues = calloc(settings->table->count, sizeof *queues);
    for (size_t i = 0; i < settings->table->count; i++) {
        struct handler *handler = &settings->table->rows[i];
        if (handler->stopped || (settings->quiet && handler->type->prints))
            continue;
        struct error fault = {0};
        int loaded = initial_load_run(settings->store, handler, &fault);
        error_add(e, &fault);
        if (loaded < 0)
            rc = -1;
        else if (loaded == 1)
            open_lane(&queues[count++], settings, handler, began);
    }
    /* while a program runs no answer would be read: requests that are under way would run into their time
     * limits */
    if (run_lanes(queues, count, false, &http, e) != 0)
        rc = -1;
    if (run_lanes(queues, count, true, &http, e) != 0)
        rc = -1;
    for (size_t i = 0; i < count; i++) {
        struct error fault = {0};
        if (handler_queue_close(&queues[i], &fault) != 0)
            rc = -1;
        error_add(e, &fault);
    }
    http_free(http);
    free(queues);
    return rc;
}
