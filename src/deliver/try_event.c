#include "deliver/try_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "base/timestamp.h"
#include "deliver/job_wait.h"

/* Shaped like the events of work orders, so that a receiver can read it as one; 0 is no work order's id. */
static const char body_format[] =
    "{\"id\":\"wosync.test/%s\",\"event\":\"wosync.test\",\"timestamp\":\"%s\",\"observedAt\":\"%s\","
    "\"previouslyObservedAt\":null,\"source\":\"doctor\",\"names\":{\"users\":{},\"teams\":{}},"
    "\"data\":{\"id\":0,\"title\":\"Test of wosync: nothing has "
    "happened\",\"status\":\"OPEN\",\"priority\":\"NONE\","
    "\"createdAt\":\"%s\",\"updatedAt\":\"%s\"}}";

/* Drives one job to its end. */
static void run_job(const struct handler *handler, struct handler_host *host, struct handler_batch *batch,
    struct delivery_result *result)
{
    const struct handler_driver *driver = &handler->type->driver;
    struct handler_wait wait = {.until = INT64_MAX};
    void *job = driver->start(handler->state, host, batch, result);
    while (job != NULL && !driver->collect(job, result)) {
        wait.count = 0;
        wait.http = false;
        wait.until = INT64_MAX;
        driver->poll(job, &wait);
        job_wait(&wait, host->http);
    }
    free(wait.fds);
}

enum try_result try_event(const struct handler *handler, bool quiet, int64_t now, struct error *e)
{
    struct delivery_result result = {.status = DELIVERY_LATER, .retry_after = -1};
    struct handler_host host = {.quiet = quiet};
    char date[TIMESTAMP_SIZE], body[1024], id[64];
    if (handler->type->keeps)
        return TRY_KEEPS;
    timestamp_format(now, date);
    snprintf(id, sizeof id, "wosync.test/%s", date);
    snprintf(body, sizeof body, body_format, date, date, date, date, date);
    struct handler_event event = {.type = EVENT_TYPES, .id = id, .body = body, .body_len = strlen(body)};
    struct handler_batch batch = {
        .kind = HANDLER_EVENTS, .count = 1, .events = &event, .timeout = handler->timeout};
    if (handler->type->work != NULL)
        handler->type->work(handler->state, &batch, &result);
    else
        run_job(handler, &host, &batch, &result);
    handler_event_forget(&event);
    http_free(host.http);
    if (result.status == DELIVERY_DONE)
        return TRY_DELIVERED;
    if (result.status == DELIVERY_UNTRIED)
        return TRY_UNTRIED;
    fail(e, EX_UNAVAILABLE, "%s", result.error);
    return TRY_FAILED;
}
