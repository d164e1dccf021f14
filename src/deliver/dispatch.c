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

static void open_lane(
    struct lane *lane, const struct dispatch_settings *settings, struct route *route, int64_t began)
{
    lane->route = route;
    lane->store = settings->store;
    lane->run = settings->run;
    lane->began = lane->latest = began;
    /* what is left of the interval since the last try; a clock that went back makes it no longer */
    int64_t interval = route->type->interval_ms;
    if (route->place.last_try != TIMESTAMP_NONE && began - route->place.last_try < interval) {
        int64_t left = route->place.last_try + interval - began;
        lane->next_start = clock_monotonic() + (left < interval ? left : interval);
    }
}

/* Lets all lanes that block, or all that do not, go until none has work left. A fault closes its own lane
 * only; they are all told. */
static int run_lanes(struct lane *lanes, size_t count, bool blocking, struct http **http, struct error *e)
{
    int rc = 0;
    for (;;) {
        bool working = false, under_way = false;
        int64_t pause = ROUND_MS;
        for (size_t i = 0; i < count; i++) {
            if (lanes[i].route->type->blocks != blocking)
                continue;
            struct error fault = {0};
            int more = lane_step(&lanes[i], http, &fault);
            if (more < 0) {
                error_add(e, &fault);
                rc = -1;
                lanes[i].closed = true;
            }
            working = working || more != 0;
            under_way = under_way || lanes[i].busy > 0;
            if (more == 1 && lane_pause(&lanes[i]) < pause)
                pause = lane_pause(&lanes[i]);
        }
        if (!working)
            return rc;
        if (under_way)
            http_work(*http, pause);
        else if (pause > 0)
            stop_wait(pause);
    }
}

int dispatch_run(const struct dispatch_settings *settings, struct error *e)
{
    size_t count = 0;
    struct http *http = NULL;
    int rc = take_events(settings->store, settings->routes, e);
    int64_t began = clock_now();
    struct lane *lanes = calloc(settings->routes->count, sizeof *lanes);
    for (size_t i = 0; i < settings->routes->count; i++) {
        struct route *route = &settings->routes->rows[i];
        if (route->stopped || (settings->quiet && route->type->prints))
            continue;
        struct error fault = {0};
        int loaded = load_run(settings->store, route, &fault);
        error_add(e, &fault);
        if (loaded < 0)
            rc = -1;
        else if (loaded == 1)
            open_lane(&lanes[count++], settings, route, began);
    }
    /* while a program runs no answer would be read: requests that are under way would run into their time
     * limits */
    if (run_lanes(lanes, count, false, &http, e) != 0)
        rc = -1;
    if (run_lanes(lanes, count, true, &http, e) != 0)
        rc = -1;
    for (size_t i = 0; i < count; i++) {
        struct error fault = {0};
        if (lane_close(&lanes[i], &fault) != 0)
            rc = -1;
        error_add(e, &fault);
    }
    http_free(http);
    free(lanes);
    return rc;
}
