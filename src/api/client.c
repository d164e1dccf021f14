#include "api/client.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "core/retry.h"

/* An answer is taken up to this size, after decompression: 200 records of 300 KB. */
enum { MAX_ANSWER = 64 << 20 };

/* A rate limit that lasts longer is left to a later run. MaintainX's windows last a minute. */
enum { LONGEST_PAUSE_MS = 5 * 60 * 1000 };

struct client {
    struct client_settings settings;
    struct http *http;
    struct rate_limit rate_limit;
    int64_t requests;
    int64_t bytes;
    int status;              /* of the last answer, 0: there was none */
    struct http_call *ahead; /* what was asked for in advance, with GET */
    char *ahead_path;
    char *authorization; /* header lines */
    char *organization;
};

struct client *client_new(
    const struct client_settings *settings, const struct rate_limit *rate_limit, struct error *e)
{
    if (settings->token == NULL) {
        fail(e, EX_CONFIG,
            "api: no token; set key_file in [api] or MAINTAINX_API_KEY (MaintainX: Settings > Integrations)");
        return NULL;
    }
    if (settings->token[strcspn(settings->token, "\r\n")] != '\0' ||
        settings->organization[strcspn(settings->organization, "\r\n")] != '\0') {
        fail(e, EX_CONFIG, "api: the token or the organization_id holds a line break");
        return NULL;
    }
    struct client *client = calloc(1, sizeof *client);
    struct buffer authorization = {0}, organization = {0};
    client->settings = *settings;
    client->rate_limit = *rate_limit;
    client->http = http_new("wosync/" WOSYNC_VERSION);
    buffer_append_format(&authorization, "Authorization: Bearer %s", settings->token);
    buffer_append_format(&organization, "x-organization-id: %s", settings->organization);
    client->authorization = authorization.data;
    client->organization = organization.data;
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    http_call_free(client->ahead);
    free(client->ahead_path);
    http_free(client->http);
    explicit_bzero(client->authorization, strlen(client->authorization));
    free(client->authorization);
    free(client->organization);
    free(client);
}

static struct http_call *send_request(struct client *client, const struct client_request *request)
{
    const char *headers[5] = {client->authorization, "Accept: application/json"};
    struct buffer url = {0};
    int n = 2;
    if (*client->settings.organization != '\0')
        headers[n++] = client->organization;
    if (request->body != NULL)
        headers[n++] = "Content-Type: application/json";
    buffer_append_format(&url, "%s%s", client->settings.base_url, request->path);
    const struct http_request http = {.method = request->method,
        .url = url.data,
        .headers = headers,
        .body = request->body,
        .body_len = request->body != NULL ? strlen(request->body) : 0,
        .timeout_ms = client->settings.timeout,
        .max_body = MAX_ANSWER};
    client->requests++;
    struct http_call *call = http_start(client->http, &http);
    buffer_free(&url);
    return call;
}

static int64_t header_number(struct http_call *call, const char *name)
{
    const char *text = http_header(call, name);
    char *end;
    if (text == NULL)
        return -1;
    errno = 0;
    double n = strtod(text, &end);
    return errno != 0 || end == text || !(n >= 0 && n < 1e9) ? -1 : (int64_t)(n + 0.999);
}

/* What every answer says about the rate limit. */
static void note_rate(struct client *client, struct http_call *call)
{
    int64_t limit = header_number(call, "x-rate-limit-limit"), now = clock_now();
    int64_t remaining = header_number(call, "x-rate-limit-remaining");
    int64_t reset = header_number(call, "x-rate-limit-reset");
    if (http_status(call) != 429) {
        if (remaining >= 0 && reset >= 0)
            rate_limit_note(&client->rate_limit, now, limit, remaining, reset);
        return;
    }
    const char *after = http_header(call, "retry-after"), *date = http_header(call, "date");
    int64_t server = now;
    if (date != NULL)
        timestamp_parse_http(date, &server);
    int64_t wait = after != NULL ? retry_after(after, server) : -1;
    if (wait < 0 && reset >= 0)
        wait = reset * 1000;
    rate_limit_refused(&client->rate_limit, now, wait);
}

/* The server's own words, from {"error": ...} or {"errors": [{"error": ...}]}, cut short. */
static void server_says(const struct buffer *body, char *out, size_t size)
{
    struct json_object *answer = NULL, *error = NULL, *first;
    *out = '\0';
    if (body->data != NULL)
        answer = json_tokener_parse(body->data);
    if (json_object_object_get_ex(answer, "errors", &first) && json_object_is_type(first, json_type_array))
        json_object_object_get_ex(json_object_array_get_idx(first, 0), "error", &error);
    else
        json_object_object_get_ex(answer, "error", &error);
    if (json_object_is_type(error, json_type_string))
        snprintf(out, size, ": %.200s", json_object_get_string(error));
    json_object_put(answer);
}

/* How a try ended, for the loop of tries. */
enum judgement { TAKE, AGAIN, LIMITED, STOPPED, BAD_REQUEST, GONE, FORBIDDEN, FINAL };

/* What to do with an answer, by its status. For AGAIN and FINAL the error says why. */
static enum judgement judge_status(
    struct http_call *call, const struct client_request *request, struct error *e)
{
    char says[256];
    const char *what = request->what;
    int status = http_status(call);
    bool reads = strcmp(request->method, "GET") == 0;
    if (status == 200 || (!reads && (status == 201 || status == 204)))
        return TAKE;
    server_says(http_body(call), says, sizeof says);
    if (status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504) {
        fail(e, EX_UNAVAILABLE, "api: %s: %d%s; the server is busy or broken, the next run goes on here",
            what, status, says);
        return status == 429 ? LIMITED : AGAIN;
    }
    if (status == 401)
        fail(e, EX_NOPERM,
            "api: %s: 401: the token was refused; make a new one in MaintainX (Settings > Integrations) and "
            "put it into "
            "key_file or MAINTAINX_API_KEY",
            what);
    else if (status == 403)
        fail(e, EX_NOPERM,
            "api: %s: 403%s: the token may not do this; check its permissions and organization_id in [api]",
            what, says);
    else if (status >= 300 && status < 400) {
        const char *location = http_header(call, "location");
        fail(e, EX_PROTOCOL, "api: %s: %d: a redirect to %.200s is not followed; check base_url in [api]",
            what, status, location != NULL ? location : "nowhere");
    } else
        fail(e, EX_UNAVAILABLE, "api: %s: %d%s; check base_url in [api]", what, status, says);
    return status == 400                    ? BAD_REQUEST
           : status == 404 || status == 410 ? GONE
           : status == 403                  ? FORBIDDEN
                                            : FINAL;
}

static enum api_verdict stopped(struct error *e)
{
    fail(e, EX_TEMPFAIL, "stopped by a signal; the next run goes on here");
    return API_STOPPED;
}

/* What to do with an exchange, before anyone looks into the body. */
static enum judgement judge(struct client *client, const struct client_request *request,
    struct http_call *call, enum http_outcome outcome, struct error *e)
{
    const char *what = request->what;
    client->status = outcome == HTTP_ANSWERED ? http_status(call) : 0;
    switch (outcome) {
    case HTTP_ANSWERED:
        note_rate(client, call);
        client->bytes += (int64_t)http_body(call)->len;
        return judge_status(call, request, e);
    case HTTP_NO_ANSWER:
        rate_limit_spend(&client->rate_limit);
        fail(e, EX_UNAVAILABLE, "api: %s: no answer from %s: %s; check the network and base_url in [api]",
            what, client->settings.base_url, http_reason(call));
        return AGAIN;
    case HTTP_TRUNCATED:
        rate_limit_spend(&client->rate_limit);
        fail(e, EX_PROTOCOL, "api: %s: the answer is truncated: %s", what, http_reason(call));
        return AGAIN;
    case HTTP_TOO_LARGE:
        fail(e, EX_PROTOCOL, "api: %s: the answer is larger than 64 MiB; lower page_size in [api]", what);
        return FINAL;
    case HTTP_REFUSED:
        fail(e, EX_UNAVAILABLE, "api: %s: %s", what, http_reason(call));
        return FINAL;
    case HTTP_STOPPED:
    default:
        stopped(e);
        return STOPPED;
    }
}

/* Waits as the rate limit demands. */
static enum api_verdict keep_pace(struct client *client, const char *what, struct error *e)
{
    int64_t wait = rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve);
    char text[TIMESTAMP_SIZE];
    if (wait == 0)
        return shutdown_requested() ? stopped(e) : API_OK;
    duration_format(wait, text);
    if (wait > LONGEST_PAUSE_MS) {
        fail(e, EX_TEMPFAIL, "api: %s: the server asks to wait %s; a later run goes on here", what, text);
        return API_FAILED;
    }
    log_info("api: %s: waiting %s for the rate limit", what, text);
    return shutdown_wait(wait) ? API_OK : stopped(e);
}

/* Backs off after a failure; the error says why and stays when time is up. */
static enum api_verdict back_off(
    struct client *client, int failures, int64_t since, bool limited, struct error *e)
{
    /* a 429 has told its wait, which is kept by keep_pace; that it comes again means that it told too little
     */
    int64_t wait = limited && failures == 1 ? 0 : retry_request(failures, random_bits());
    int64_t told = limited ? rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve) : 0;
    int64_t ahead = told > wait ? told : wait;
    if (clock_monotonic() - since + ahead > client->settings.give_up && !(limited && failures == 1))
        return API_FAILED;
    log_info("%s; try %d follows", e->text, failures + 1);
    return shutdown_wait(wait) ? API_OK : stopped(e);
}

static enum api_verdict verdict_of(enum judgement judgement)
{
    switch (judgement) {
    case BAD_REQUEST:
        return API_BAD_REQUEST;
    case GONE:
        return API_GONE;
    case FORBIDDEN:
        return API_FORBIDDEN;
    case STOPPED:
        return API_STOPPED;
    case TAKE:
    case AGAIN:
    case LIMITED:
    case FINAL:
    default:
        return API_FAILED;
    }
}

void client_cancel_prefetch(struct client *client)
{
    if (client->ahead == NULL)
        return;
    if (http_is_done(client->ahead) && http_finish(client->ahead) == HTTP_ANSWERED)
        note_rate(client, client->ahead);
    else
        rate_limit_spend(&client->rate_limit);
    http_call_free(client->ahead);
    client->ahead = NULL;
}

/* What was asked for in advance, if it is this. Else the caller took another turn: it is waited for, for its
 * answer says how many requests are left, and dropped. */
static struct http_call *take_ahead(struct client *client, const struct client_request *request)
{
    struct http_call *call = client->ahead;
    if (call != NULL && strcmp(request->method, "GET") == 0 &&
        strcmp(client->ahead_path, request->path) == 0) {
        client->ahead = NULL;
        return call;
    }
    if (call != NULL)
        http_finish(call);
    client_cancel_prefetch(client);
    return NULL;
}

/* One try, to its end. TAKE leaves the call in *out; else it is freed and the error says why. */
static enum judgement try_once(struct client *client, const struct client_request *request,
    struct http_call *call, struct http_call **out, struct error *e)
{
    enum judgement judgement = judge(client, request, call, http_finish(call), e);
    if (judgement == TAKE && request->read != NULL)
        switch (request->read(call, request->out, request->what, e)) {
        case CLIENT_TAKEN:
            break;
        case CLIENT_TORN:
            judgement = AGAIN;
            break;
        case CLIENT_REFUSED:
        default:
            judgement = FINAL;
        }
    if (judgement == TAKE)
        *out = call;
    else
        http_call_free(call);
    return judgement;
}

enum api_verdict client_request(
    struct client *client, const struct client_request *request, struct http_call **out, struct error *e)
{
    int64_t since = 0; /* the first try: a rate limit that is waited for is no failure */
    struct http_call *call = take_ahead(client, request), *answer = NULL;
    for (int failures = 1;; failures++) {
        enum api_verdict verdict = call != NULL ? API_OK : keep_pace(client, request->what, e);
        if (verdict != API_OK)
            return verdict;
        if (failures == 1)
            since = clock_monotonic();
        if (call == NULL)
            call = send_request(client, request);
        enum judgement judgement = try_once(client, request, call, &answer, e);
        call = NULL;
        if (judgement == TAKE) {
            *e = (struct error){0}; /* what earlier tries met is over */
            if (out != NULL)
                *out = answer;
            else
                http_call_free(answer);
            return API_OK;
        }
        /* what was refused for its rate was not done; what got no answer may have been */
        if (judgement != LIMITED && (judgement != AGAIN || request->once))
            return verdict_of(judgement);
        verdict = back_off(client, failures, since, judgement == LIMITED, e);
        if (verdict != API_OK)
            return verdict;
    }
}

void client_prefetch(struct client *client, const char *path)
{
    if (client->ahead != NULL ||
        rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve) != 0)
        return;
    const struct client_request request = {.method = "GET", .path = path};
    client->ahead = send_request(client, &request);
    free(client->ahead_path);
    client->ahead_path = strdup(path);
    http_work(client->http, 0);
}

const struct rate_limit *client_rate_limit(const struct client *client)
{
    return &client->rate_limit;
}

int64_t client_requests(const struct client *client)
{
    return client->requests;
}

int64_t client_bytes(const struct client *client)
{
    return client->bytes;
}

int client_status(const struct client *client)
{
    return client->status;
}
