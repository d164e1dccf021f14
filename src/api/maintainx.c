#include "api/maintainx.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/timestamp.h"
#include "core/retry.h"
#include "core/workorder.h"

/* An answer is taken up to this size, after decompression: 200 records of 300 KB. */
enum { MAX_ANSWER = 64 << 20 };

/* A rate limit that lasts longer is left to a later run. MaintainX's windows last a minute. */
enum { LONGEST_PAUSE_MS = 5 * 60 * 1000 };

/* What work orders hold only when it is asked for: names for reports, chats and warehouses, and the fields
 * that `when` may look at. A single one brings its categories unasked. */
#define EXPAND_SINGLE "expand=assignees&expand=asset&expand=location&expand=extra_fields"
#define EXPAND        EXPAND_SINGLE "&expand=categories"

struct maintainx {
    struct maintainx_settings settings;
    struct http *http;
    struct pace pace;
    int64_t requests;
    int64_t bytes;
    struct http_call *ahead; /* a page that was asked for in advance */
    char *ahead_url;
    char *authorization; /* header lines */
    char *organization;
};

static const char *const filter_names[PAGE_FILTERS] = {
    [FILTER_GTE] = "updatedAtGte",
    [FILTER_BRACKETS] = "updatedAt[gte]",
    [FILTER_SORT] = "sort",
    [FILTER_NONE] = "none",
};

const char *page_filter_name(enum page_filter filter)
{
    return filter_names[filter];
}

enum page_filter page_filter_named(const char *name)
{
    enum page_filter filter = 0;
    while (filter < PAGE_FILTERS && strcmp(filter_names[filter], name) != 0)
        filter++;
    return filter;
}

struct maintainx *maintainx_new(
    const struct maintainx_settings *settings, const struct pace *pace, struct error *e)
{
    const char *wrong = http_check_url(settings->base_url, false);
    if (wrong != NULL) {
        fail(e, EXIT_CONFIG, "api: base_url %s: %s", settings->base_url, wrong);
        return NULL;
    }
    if (settings->token == NULL) {
        fail(e, EXIT_CONFIG,
            "api: no token; set key_file in [api] or MAINTAINX_API_KEY (MaintainX: Settings > Integrations)");
        return NULL;
    }
    if (settings->token[strcspn(settings->token, "\r\n")] != '\0' ||
        settings->organization[strcspn(settings->organization, "\r\n")] != '\0') {
        fail(e, EXIT_CONFIG, "api: the token or the organization_id holds a line break");
        return NULL;
    }
    struct maintainx *api = calloc(1, sizeof *api);
    if (api == NULL)
        goto no_memory;
    api->settings = *settings;
    api->pace = *pace;
    api->http = http_new("wosync/" WOSYNC_VERSION);
    if (api->http == NULL || asprintf(&api->authorization, "Authorization: Bearer %s", settings->token) < 0 ||
        asprintf(&api->organization, "x-organization-id: %s", settings->organization) < 0)
        goto no_memory;
    return api;
no_memory:
    maintainx_free(api);
    fail_memory(e, "api");
    return NULL;
}

void maintainx_free(struct maintainx *api)
{
    if (api == NULL)
        return;
    http_call_free(api->ahead);
    free(api->ahead_url);
    http_free(api->http);
    if (api->authorization != NULL)
        explicit_bzero(api->authorization, strlen(api->authorization));
    free(api->authorization);
    free(api->organization);
    free(api);
}

static struct http_call *send_get(struct maintainx *api, const char *url)
{
    const char *headers[] = {api->authorization, "Accept: application/json",
        *api->settings.organization != '\0' ? api->organization : NULL, NULL};
    struct http_request request = {.method = "GET",
        .url = url,
        .headers = headers,
        .timeout_ms = api->settings.timeout,
        .max_body = MAX_ANSWER};
    api->requests++;
    return http_start(api->http, &request);
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
static void note_rate(struct maintainx *api, struct http_call *call)
{
    int64_t limit = header_number(call, "x-rate-limit-limit"), now = clock_now();
    int64_t remaining = header_number(call, "x-rate-limit-remaining");
    int64_t reset = header_number(call, "x-rate-limit-reset");
    if (remaining >= 0 && reset >= 0 && http_status(call) != 429)
        pace_note(&api->pace, now, limit, remaining, reset);
    if (http_status(call) != 429)
        return;
    const char *after = http_header(call, "retry-after"), *date = http_header(call, "date");
    int64_t server = now;
    if (date != NULL)
        timestamp_parse_http(date, &server);
    int64_t wait = after != NULL ? retry_after(after, server) : -1;
    if (wait < 0 && reset >= 0)
        wait = reset * 1000;
    pace_refused(&api->pace, now, wait);
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

enum judgement { TAKE, AGAIN, BAD_REQUEST, GONE, FORBIDDEN, FINAL };

/* What to do with an answer, by its status. For AGAIN and FINAL the error says why. */
static enum judgement judge_status(struct http_call *call, const char *what, struct error *e)
{
    char says[256];
    int status = http_status(call);
    if (status == 200)
        return TAKE;
    server_says(http_body(call), says, sizeof says);
    if (status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504) {
        fail(e, EXIT_UNAVAILABLE, "api: %s: %d%s; the server is busy or broken, the next run goes on here",
            what, status, says);
        return AGAIN;
    }
    if (status == 401)
        fail(e, EXIT_NOPERM,
            "api: %s: 401: the token was refused; make a new one in MaintainX (Settings > Integrations) and "
            "put it into "
            "key_file or MAINTAINX_API_KEY",
            what);
    else if (status == 403)
        fail(e, EXIT_NOPERM,
            "api: %s: 403%s: the token may not read this; check its permissions and organization_id in [api]",
            what, says);
    else if (status >= 300 && status < 400) {
        const char *location = http_header(call, "location");
        fail(e, EXIT_PROTOCOL, "api: %s: %d: a redirect to %.200s is not followed; check base_url in [api]",
            what, status, location != NULL ? location : "nowhere");
    } else
        fail(e, EXIT_UNAVAILABLE, "api: %s: %d%s; check base_url in [api]", what, status, says);
    return status == 400                    ? BAD_REQUEST
           : status == 404 || status == 410 ? GONE
           : status == 403                  ? FORBIDDEN
                                            : FINAL;
}

/* What to do with an exchange, before anyone looks into the body. */
static enum judgement judge(struct maintainx *api, struct http_call *call, enum http_outcome outcome,
    const char *what, struct error *e)
{
    switch (outcome) {
    case HTTP_ANSWERED:
        note_rate(api, call);
        api->bytes += (int64_t)http_body(call)->len;
        return judge_status(call, what, e);
    case HTTP_NO_ANSWER:
        fail(e, EXIT_UNAVAILABLE, "api: %s: no answer from %s: %s; check the network and base_url in [api]",
            what, api->settings.base_url, http_reason(call));
        return AGAIN;
    case HTTP_TRUNCATED:
        fail(e, EXIT_PROTOCOL, "api: %s: the answer is truncated: %s", what, http_reason(call));
        return AGAIN;
    case HTTP_TOO_LARGE:
        fail(e, EXIT_PROTOCOL, "api: %s: the answer is larger than 64 MiB; lower page_size in [api]", what);
        return FINAL;
    case HTTP_REFUSED:
        fail(e, EXIT_UNAVAILABLE, "api: %s: %s", what, http_reason(call));
        return FINAL;
    case HTTP_STOPPED:
    case HTTP_NO_MEMORY:
    default:
        fail_memory(e, "api");
        return FINAL;
    }
}

static enum api_verdict stopped(struct error *e)
{
    fail(e, EXIT_TRY_LATER, "stopped by a signal; the next run goes on here");
    return API_STOPPED;
}

/* Waits as the rate limit demands. */
static enum api_verdict keep_pace(struct maintainx *api, const char *what, struct error *e)
{
    int64_t wait = pace_wait(&api->pace, clock_now(), api->settings.reserve);
    char text[TIMESTAMP_SIZE];
    if (wait == 0)
        return stop_requested() ? stopped(e) : API_OK;
    duration_format(wait, text);
    if (wait > LONGEST_PAUSE_MS) {
        fail(e, EXIT_TRY_LATER, "api: %s: the server asks to wait %s; a later run goes on here", what, text);
        return API_FAILED;
    }
    log_info("api: %s: waiting %s for the rate limit", what, text);
    return stop_wait(wait) ? API_OK : stopped(e);
}

/* Backs off after a failure; the error says why and stays when time is up. */
static enum api_verdict back_off(
    struct maintainx *api, int failures, int64_t since, bool limited, struct error *e)
{
    /* a 429 has told its wait already; it is kept by keep_pace */
    int64_t wait = limited ? 0 : retry_request(failures, random_bits());
    int64_t ahead = limited ? pace_wait(&api->pace, clock_now(), api->settings.reserve) : wait;
    if (clock_monotonic() - since + ahead > api->settings.give_up && !(limited && failures == 1))
        return API_FAILED;
    log_info("%s; try %d follows", e->text, failures + 1);
    return stop_wait(wait) ? API_OK : stopped(e);
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
    case TAKE:
    case AGAIN:
    case FINAL:
    default:
        return API_FAILED;
    }
}

/* Looks into the body of an answer that was taken; for AGAIN and FINAL it fills the error. */
typedef enum judgement read_body(struct http_call *call, void *out, const char *what, struct error *e);

/*
 * One GET, to its end. On API_OK the call is in *out, to be freed by the caller, and `read` has taken its
 * body.
 */
static enum api_verdict get(struct maintainx *api, const char *url, const char *what, read_body *read,
    void *body, struct http_call **out, struct error *e)
{
    int64_t since = clock_monotonic();
    if (api->ahead != NULL && strcmp(api->ahead_url, url) != 0) {
        /* the pass took another turn */
        http_call_free(api->ahead);
        api->ahead = NULL;
    }
    for (int failures = 1;; failures++) {
        struct http_call *call = NULL;
        enum api_verdict verdict = API_OK;
        if (api->ahead != NULL) {
            call = api->ahead;
            api->ahead = NULL;
        } else if ((verdict = keep_pace(api, what, e)) == API_OK) {
            call = send_get(api, url);
        }
        if (verdict != API_OK)
            return verdict;
        enum http_outcome outcome = call != NULL ? http_finish(call) : HTTP_NO_MEMORY;
        enum judgement judgement = FINAL;
        if (outcome == HTTP_STOPPED)
            verdict = stopped(e);
        else
            judgement = judge(api, call, outcome, what, e);
        if (judgement == TAKE)
            judgement = read(call, body, what, e);
        if (judgement == TAKE) {
            *e = (struct error){0}; /* what earlier tries met is over */
            *out = call;
            return API_OK;
        }
        bool limited = outcome == HTTP_ANSWERED && http_status(call) == 429;
        http_call_free(call);
        if (verdict == API_STOPPED)
            return verdict;
        if (judgement != AGAIN)
            return verdict_of(judgement);
        verdict = back_off(api, failures, since, limited, e);
        if (verdict != API_OK)
            return verdict;
    }
}

static int append_parameter(struct buffer *url, const char *name, const char *value)
{
    return buffer_append_text(url, "&") != 0 || http_append_encoded(url, name) != 0 ||
                   buffer_append_text(url, "=") != 0 || http_append_encoded(url, value) != 0
               ? -1
               : 0;
}

static int page_url(const struct maintainx *api, const struct page_request *request, struct buffer *url)
{
    char since[TIMESTAMP_SIZE];
    timestamp_format(request->since, since);
    int rc = buffer_append_format(
        url, "%s/workorders?limit=%d&show_upcoming=true&" EXPAND, api->settings.base_url, request->limit);
    if (rc == 0 && request->filter == FILTER_SORT)
        rc = append_parameter(url, "sort", request->ascending ? "updatedAt" : "-updatedAt");
    else if (rc == 0 && request->filter != FILTER_NONE && *since != '\0')
        rc = append_parameter(url, page_filter_name(request->filter), since);
    if (rc == 0 && request->cursor != NULL)
        rc = append_parameter(url, "cursor", request->cursor);
    return rc;
}

static enum judgement read_page(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct page *page = out;
    const struct buffer *body = http_body(call);
    const char *reason = NULL;
    switch (page_cut(body->data != NULL ? body->data : "", body->len, page, &reason)) {
    case PAGE_OK:
        return TAKE;
    case PAGE_TRUNCATED:
        fail(e, EXIT_PROTOCOL, "api: %s: the answer is no page of work orders: %s", what, reason);
        return AGAIN;
    case PAGE_NO_MEMORY:
        fail_memory(e, "api");
        return FINAL;
    case PAGE_BAD:
    default:
        fail(e, EXIT_PROTOCOL, "api: %s: the answer is no page of work orders: %s; check base_url in [api]",
            what, reason);
        return FINAL;
    }
}

enum api_verdict maintainx_page(
    struct maintainx *api, const struct page_request *request, struct page_answer *out, struct error *e)
{
    struct buffer url = {0};
    enum api_verdict verdict = API_FAILED;
    *out = (struct page_answer){.date = TIMESTAMP_NONE};
    if (page_url(api, request, &url) != 0)
        fail_memory(e, "api");
    else
        verdict = get(api, url.data, "work orders", read_page, &out->page, &out->call, e);
    buffer_free(&url);
    if (verdict != API_OK) {
        page_answer_free(out);
        return verdict;
    }
    const char *date = http_header(out->call, "date");
    if (date != NULL)
        timestamp_parse_http(date, &out->date);
    return API_OK;
}

void maintainx_prefetch(struct maintainx *api, const struct page_request *request)
{
    struct buffer url = {0};
    if (api->ahead != NULL || pace_wait(&api->pace, clock_now(), api->settings.reserve) != 0)
        return;
    if (page_url(api, request, &url) == 0)
        api->ahead = send_get(api, url.data);
    if (api->ahead == NULL) {
        buffer_free(&url);
        return;
    }
    free(api->ahead_url);
    api->ahead_url = url.data;
}

/* {"workOrder": {...}}: what is inside, as text. */
static enum judgement read_work_order(struct http_call *call, void *out, const char *what, struct error *e)
{
    const struct buffer *body = http_body(call);
    struct json_object *answer = NULL, *found = NULL;
    struct json_tokener *parser = workorder_parser();
    enum judgement judgement = FINAL;
    if (parser != NULL && body->len <= WORKORDER_MAX_SIZE)
        answer = json_tokener_parse_ex(parser, body->data != NULL ? body->data : "", (int)body->len);
    size_t len = 0;
    const char *text = NULL;
    if (json_object_object_get_ex(answer, "workOrder", &found) &&
        json_object_is_type(found, json_type_object))
        text = json_object_to_json_string_length(
            found, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (text == NULL)
        fail(e, EXIT_PROTOCOL, "api: %s: the answer is no work order; check base_url in [api]", what);
    else if (buffer_append(out, text, len) != 0)
        fail_memory(e, "api");
    else
        judgement = TAKE;
    json_object_put(answer);
    if (parser != NULL)
        json_tokener_free(parser);
    return judgement;
}

enum api_verdict maintainx_work_order(struct maintainx *api, int64_t id, struct buffer *out, struct error *e)
{
    struct buffer url = {0};
    char what[64];
    struct http_call *call = NULL;
    enum api_verdict verdict = API_FAILED;
    snprintf(what, sizeof what, "work order %lld", (long long)id);
    if (buffer_append_format(
            &url, "%s/workorders/%lld?" EXPAND_SINGLE, api->settings.base_url, (long long)id) != 0)
        fail_memory(e, "api");
    else
        verdict = get(api, url.data, what, read_work_order, out, &call, e);
    http_call_free(call);
    buffer_free(&url);
    return verdict;
}

void page_answer_free(struct page_answer *answer)
{
    page_free(&answer->page);
    http_call_free(answer->call);
    *answer = (struct page_answer){.date = TIMESTAMP_NONE};
}

const struct pace *maintainx_pace(const struct maintainx *api)
{
    return &api->pace;
}

int64_t maintainx_requests(const struct maintainx *api)
{
    return api->requests;
}

int64_t maintainx_bytes(const struct maintainx *api)
{
    return api->bytes;
}
