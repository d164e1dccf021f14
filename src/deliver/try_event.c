#include "deliver/try_event.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "store/deliveries.h"

/* An answer is read up to this size: enough to say what is wrong. */
enum { MAX_ANSWER = 64 << 10 };

/* Shaped like the events of work orders, so that a receiver can read it as one; 0 is no work order's id. */
static const char body_format[] =
    "{\"id\":\"wosync.test/%s\",\"event\":\"wosync.test\",\"timestamp\":\"%s\",\"observedAt\":\"%s\","
    "\"previouslyObservedAt\":null,\"source\":\"doctor\",\"names\":{\"users\":{},\"teams\":{}},"
    "\"data\":{\"id\":0,\"title\":\"Test of wosync: nothing has "
    "happened\",\"status\":\"OPEN\",\"priority\":\"NONE\","
    "\"createdAt\":\"%s\",\"updatedAt\":\"%s\"}}";

static void send(
    const struct handler *handler, const struct delivery *delivery, struct delivery_result *result)
{
    struct handler_request request = {0};
    handler->type->prepare(handler->state, delivery, &request);
    const struct http_request http_request = {.method = "POST",
        .url = request.url,
        .headers = (const char *const *)request.headers,
        .body = request.body,
        .body_len = request.body_len,
        .timeout_ms = handler->timeout,
        .max_body = MAX_ANSWER,
        .allow_plain = true,
        .tls = request.tls};
    struct http *http = http_new("wosync/" WOSYNC_VERSION);
    struct http_call *call = http_start(http, &http_request);
    handler_judge(call, http_finish(call), result);
    http_call_free(call);
    http_free(http);
    handler_request_free(&request);
}

enum try_result try_event(const struct handler *handler, int64_t now, struct error *e)
{
    struct delivery_result result = {.verdict = DELIVERY_LATER, .retry_after = -1};
    char date[TIMESTAMP_SIZE], body[1024], id[64];
    if (handler->type->keeps)
        return TRY_KEEPS;
    timestamp_format(now, date);
    snprintf(id, sizeof id, "wosync.test/%s", date);
    snprintf(body, sizeof body, body_format, date, date, date, date, date);
    const struct delivery delivery = {.type = EVENT_TYPES, .id = id, .body = body, .body_len = strlen(body)};
    const struct handler_work work = {.deliveries = &delivery, .count = 1, .timeout = handler->timeout};
    if (handler->type->prepare != NULL)
        send(handler, &delivery, &result);
    else
        handler->type->deliver(handler->state, &work, &result);
    if (result.verdict == DELIVERY_DONE)
        return TRY_DELIVERED;
    fail(e, EX_UNAVAILABLE, "%s", result.error);
    return TRY_FAILED;
}
