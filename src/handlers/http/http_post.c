/* http: a POST of the event, signed as the Standard Webhooks specification says. */
#include "handlers/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config_value.h"
#include "core/signature.h"
#include "handlers/http/cloudevent.h"
#include "handlers/http/headers.h"
#include "handlers/http_job.h"
#include "handlers/http_probe.h"

/* A new secret and the one it takes the place of. */
enum { SECRETS = 2 };

/* Content-Type, Idempotency-Key, webhook-id, webhook-timestamp, webhook-signature. */
enum { OUR_HEADERS = 5 };

struct http_state {
    char *url;
    char **headers; /* the user's */
    struct signature_key *secrets[SECRETS];
    int secret_count;
    char *source; /* of CloudEvents; NULL: the event as it is */
    char *ca_file;
    char *certificate;
    char *key;
};

static const struct handler_key keys[] = {{.name = "url", .required = true, .indirect = true},
    {.name = "secret_file", .repeatable = true}, {.name = "header", .repeatable = true, .indirect = true},
    {.name = "format"}, {.name = "ca_file"}, {.name = "client_certificate"}, {.name = "client_key"},
    {.name = NULL}};

static void release(void *context)
{
    struct http_state *state = context;
    for (int i = 0; i < state->secret_count; i++)
        signature_key_free(state->secrets[i]);
    headers_free(state->headers);
    free(state->url);
    free(state->source);
    free(state->ca_file);
    free(state->certificate);
    free(state->key);
    free(state);
}

/* --- from the configuration; each adds a problem for what is wrong --- */

static void read_secret(
    const struct handler_setup *setup, const struct ini_setting *setting, struct http_state *state)
{
    const char *wrong = NULL;
    char *secret = setup_file_secret(setup, setting, setting->value);
    if (secret == NULL)
        return;
    struct signature_key *key = signature_key_new(secret, &wrong);
    explicit_bzero(secret, strlen(secret));
    free(secret);
    if (key == NULL) {
        setup_problem(setup, setting->line,
            "secret_file: %s: %s; make one with: echo whsec_$(openssl rand -base64 32)", setting->value,
            wrong);
        return;
    }
    state->secrets[state->secret_count++] = key;
    if (signature_key_length(key) < SIGNATURE_GOOD_SECRET)
        buffer_append_format(setup->warnings, "%s: the secret is shorter than %d bytes and may be guessed\n",
            setting->value, SIGNATURE_GOOD_SECRET);
}

static void read_secrets(const struct handler_setup *setup, struct http_state *state)
{
    const struct ini_setting *setting = NULL;
    while ((setting = setup_next(setup, "secret_file", setting)) != NULL) {
        if (state->secret_count == SECRETS) {
            setup_problem(setup, setting->line, "secret_file: two at the most, the new and the old one");
            return;
        }
        read_secret(setup, setting, state);
    }
}

static void read_format(const struct handler_setup *setup, struct http_state *state)
{
    const struct ini_setting *setting = ini_setting(setup->section, "format");
    if (setting == NULL || strcmp(setting->value, "event") == 0)
        return;
    if (strcmp(setting->value, "cloudevents") != 0) {
        setup_problem(setup, setting->line, "format = %s: write event or cloudevents", setting->value);
        return;
    }
    state->source = cloudevent_source(setup->base_url, setup->organization);
}

/* A file that TLS needs: better found missing now than at every delivery. */
static char *read_path(const struct handler_setup *setup, const char *key)
{
    const struct ini_setting *setting = ini_setting(setup->section, key);
    if (setting == NULL)
        return NULL;
    const char *wrong = config_check_file(setting->value);
    if (wrong != NULL) {
        setup_problem(setup, setting->line, "%s: %s: it cannot be read: %s", key, setting->value, wrong);
        return NULL;
    }
    return strdup(setting->value);
}

static void read_tls(const struct handler_setup *setup, struct http_state *state)
{
    const struct ini_setting *key = ini_setting(setup->section, "client_key");
    state->ca_file = read_path(setup, "ca_file");
    state->certificate = read_path(setup, "client_certificate");
    state->key = read_path(setup, "client_key");
    if (key != NULL && ini_setting(setup->section, "client_certificate") == NULL)
        setup_problem(setup, key->line, "client_key: there is no client_certificate that it belongs to");
}

static void *make(const struct handler_setup *setup)
{
    size_t before = setup->problems->len;
    struct http_state *state = calloc(1, sizeof *state);
    state->url = setup_url(setup, "url");
    state->headers = headers_make(setup);
    read_secrets(setup, state);
    read_format(setup, state);
    read_tls(setup, state);
    if (setup->problems->len == before)
        return state;
    release(state);
    return NULL;
}

/* --- a delivery --- */

/*
 * The event's id as a header's value. An id is made of words that come from outside: what does not belong
 * into a header, or into a URL's path, is percent-encoded; ordinary ids stay as they are. The signature is
 * over the value that is sent. As nothing in it looks like the beginning of JSON, no part of a signed message
 * can be passed off as another message's body.
 */
static void append_id(struct buffer *out, const char *id)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/+";
    size_t len = strspn(id, plain);
    buffer_append(out, id, len);
    for (id += len; *id != '\0'; id += len) {
        buffer_append_format(out, "%%%02X", (unsigned char)*id++);
        len = strspn(id, plain);
        buffer_append(out, id, len);
    }
}

static void append_signatures(struct buffer *out, const struct http_state *state, const char *id, int64_t now,
    const struct http_job_request *request)
{
    char signature[SIGNATURE_SIZE];
    buffer_append_text(out, "webhook-signature:");
    for (int i = 0; i < state->secret_count; i++) {
        signature_webhook(state->secrets[i], id, now, request->body, request->body_len, signature);
        buffer_append_text(out, " ");
        buffer_append_text(out, signature);
    }
}

static char *make_header(const char *name, const char *value)
{
    struct buffer line = {0};
    buffer_append_text(&line, name);
    buffer_append_text(&line, ": ");
    buffer_append_text(&line, value);
    return line.data;
}

/* The headers that differ from event to event and from try to try. Returns the first free place. */
static char **add_webhook_headers(
    const struct http_state *state, const char *event, struct http_job_request *request, char **next)
{
    struct buffer id = {0}, signatures = {0};
    char seconds[32];
    int64_t now = clock_now() / 1000; /* of this try: receivers refuse old ones */
    snprintf(seconds, sizeof seconds, "%" PRId64, now);
    append_id(&id, event);
    if (state->secret_count > 0) {
        append_signatures(&signatures, state, id.data, now, request);
        *next++ = signatures.data;
    }
    *next++ = make_header("Idempotency-Key", id.data);
    *next++ = make_header("webhook-id", id.data);
    *next++ = make_header("webhook-timestamp", seconds);
    buffer_free(&id);
    return next;
}

static void make_body(
    const struct http_state *state, struct handler_event *event, struct http_job_request *request)
{
    struct buffer made = {0};
    request->body = event->body;
    request->body_len = event->body_len;
    if (state->source == NULL)
        return;
    cloudevent_append(&made, event, state->source);
    request->body = request->made = made.data;
    request->body_len = made.len;
}

static void prepare(
    const struct http_state *state, struct handler_event *event, struct http_job_request *request)
{
    size_t own = 0;
    while (state->headers[own] != NULL)
        own++;
    request->tls = (struct http_tls){state->ca_file, state->certificate, state->key};
    request->url = state->url;
    request->headers = calloc(OUR_HEADERS + own + 1, sizeof *request->headers);
    make_body(state, event, request);
    char **next = request->headers;
    *next++ =
        strdup(state->source != NULL ? "Content-Type: " CLOUDEVENT_TYPE : "Content-Type: application/json");
    next = add_webhook_headers(state, event->id, request, next);
    for (size_t i = 0; i < own; i++)
        *next++ = strdup(state->headers[i]);
}

static int probe(void *context, struct handler_probe *out, struct error *e)
{
    const struct http_state *state = context;
    const struct http_tls tls = {state->ca_file, state->certificate, state->key};
    return http_probe(state->url, &tls, out, e);
}

static void *start(
    void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    struct http_job_request request = {0};
    (void)results;
    prepare(state, batch->events, &request);
    return http_job_start(host, &request, batch->timeout, http_job_judge_status);
}

static int render(void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    struct http_job_request request = {0};
    (void)e; /* this cannot fail */
    prepare(state, batch->events, &request);
    http_job_render(&request, &out->bytes);
    out->suffix = ".http";
    http_job_request_free(&request);
    return 0;
}

const struct handler_type handler_http = {
    .name = "http",
    .keys = keys,
    .make = make,
    .free = release,
    .driver = {.start = start, .poll = http_job_poll, .collect = http_job_collect, .cancel = http_job_cancel},
    .probe = probe,
    .render = render,
};
