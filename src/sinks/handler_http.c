/* http: a POST of the event. */
#include "sinks/handler_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_state {
    char *url;
};

static const struct handler_key keys[] = {{"url", true, false}, {NULL, false, false}};

static void release(void *context)
{
    struct http_state *state = context;
    if (state != NULL)
        free(state->url);
    free(state);
}

static void *make(const struct handler_setup *setup)
{
    struct http_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        setup_problem(setup, 0, "out of memory");
        return NULL;
    }
    state->url = setup_url(setup, "url");
    if (state->url != NULL)
        return state;
    release(state);
    return NULL;
}

static int prepare(void *context, const struct delivery *delivery, struct handler_request *request)
{
    const struct http_state *state = context;
    request->url = strdup(state->url);
    request->body = malloc(delivery->body_len + 1);
    request->headers = calloc(3, sizeof *request->headers);
    if (request->url == NULL || request->body == NULL || request->headers == NULL)
        return -1;
    memcpy(request->body, delivery->body, delivery->body_len + 1);
    request->body_len = delivery->body_len;
    request->headers[0] = strdup("Content-Type: application/json");
    if (request->headers[0] == NULL || asprintf(&request->headers[1], "Idempotency-Key: %s", delivery->id) < 0)
        return -1;
    return 0;
}

const struct handler_type handler_http = {
    .name = "http",
    .keys = keys,
    .make = make,
    .free = release,
    .prepare = prepare,
};
