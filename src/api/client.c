/*
 * client: the loop of tries around one request.
 *
 * Each turn waits for the rate limit (keep_pace), sends, and judges (request_result). What failed and may go
 * well backs off and goes round again while the request's budget allows: `give_up` counts from the first try,
 * without waits for a window that was used up by others of our requests. The first wait that a 429 asks for
 * costs nothing.
 *
 * Invariants: every request that was sent is counted against the rate limit, by what its answer says or by
 * one; no wait goes beyond the deadline, it is left to a later run instead; the error is filled whenever the
 * verdict is not API_OK.
 */
#include "api/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/rate_headers.h"
#include "api/request_result.h"
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

/* A wait that an optional request calls for: a window of the rate limit. */
enum { OPTIONAL_PAUSE_MS = 60 * 1000 };

/* HTTP statuses are smaller. */
enum { STATUSES = 600 };

struct client {
    struct client_settings settings;
    struct http *http;
    struct rate_limit rate_limit;
    int64_t requests;
    int32_t statuses[STATUSES]; /* answers by HTTP status */
    int64_t bytes;
    int64_t sent;            /* when the request was sent that was answered last, by the wall clock */
    int64_t ahead_sent;      /* the same of what was asked for in advance */
    int status;              /* of the last answer, 0: the last request got none */
    bool modest;             /* leaves requests to polls */
    bool answered;           /* the server has said something else than that it is busy or broken */
    bool asked_to_wait;      /* its last answer did, with 429 or Retry-After */
    bool uncompressed;       /* it compresses in ways that cannot be undone */
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
    client->answered = settings->answered;
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
        .timeout_ms = request->timeout > 0 && request->timeout < client->settings.timeout
                          ? request->timeout
                          : client->settings.timeout,
        .max_body = MAX_ANSWER,
        .uncompressed = client->uncompressed,
        .tls = {.ca_file = client->settings.ca_file}};
    client->requests++;
    struct http_call *call = http_start(client->http, &http);
    buffer_free(&url);
    return call;
}

/* --- the rate limit --- */

/* A signal or the deadline came. In the second case the error stays: why the last try failed, if one did. */
static enum api_verdict stopped(struct error *e)
{
    if (shutdown_signalled())
        fail(e, EX_TEMPFAIL, "stopped by a signal; the next run continues here");
    return API_STOPPED;
}

/* The wait is left to a later run. One that has read something has only come to its end. */
static enum api_verdict leave_wait(
    const struct client *client, const char *what, int64_t wait, struct error *e)
{
    char text[TIMESTAMP_SIZE];
    bool too_long = wait > LONGEST_PAUSE_MS;
    duration_format(wait, text);
    *e = (struct error){0};
    if (client->answered && !too_long)
        return stopped(e);
    fail(e, EX_TEMPFAIL, "api: %s: the server asks to wait %s%s; a later run continues here", what, text,
        too_long ? "" : ", longer than this run may last");
    return API_FAILED;
}

/* How long to wait before the next request: 0 when it may be sent, -1 with the error filled. Where others
 * share the rate limit it is counted then. */
static int64_t ask_to_send(struct client *client, struct error *e)
{
    const struct client_settings *s = &client->settings;
    if (s->meter != NULL)
        return s->meter(&client->rate_limit, client->modest, s->meter_data, e);
    int64_t now = clock_now();
    return client->modest ? rate_limit_wait_modestly(&client->rate_limit, now, s->reserve)
                          : rate_limit_wait(&client->rate_limit, now, s->reserve);
}

/* A request whose answer no one reads counts all the same. */
static void count_unread(struct client *client)
{
    if (client->settings.meter == NULL)
        rate_limit_count(&client->rate_limit, clock_now());
}

static bool note_headers(struct client *client, struct http_call *call)
{
    return rate_headers_note(&client->rate_limit, call, client->settings.meter != NULL, clock_now());
}

/* Notes what an answer says about the rate limit. Returns whether it asks to wait. What is optional must not
 * keep the rest waiting for long, whatever it answers. */
static bool note_rate(struct client *client, const struct client_request *request, struct http_call *call)
{
    const struct rate_limit before = client->rate_limit;
    const int64_t now = clock_now();
    bool asked = note_headers(client, call);
    if (asked && request->optional && rate_limit_wait(&client->rate_limit, now, 0) > OPTIONAL_PAUSE_MS) {
        client->rate_limit = before;
        rate_limit_refused(&client->rate_limit, now, OPTIONAL_PAUSE_MS);
    }
    return asked;
}

/* --- one try --- */

/* An answer that stays compressed although that was not asked for cannot be read. */
static bool is_compressed(const struct client *client, struct http_call *call)
{
    static const char *const kinds[] = {"gzip", "x-gzip", "deflate", "compress", "br", "zstd"};
    const char *encoding = client->uncompressed ? http_header(call, "content-encoding") : NULL;
    for (size_t i = 0; encoding != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcasecmp(encoding, kinds[i]) == 0)
            return true;
    return false;
}

static enum request_result read_body(const struct client *client, const struct client_request *request,
    struct http_call *call, struct error *e)
{
    if (is_compressed(client, call)) {
        fail(e, EX_PROTOCOL,
            "api: %s: the answer cannot be decoded, and it stays compressed (Content-Encoding: %.40s) when "
            "asked without; check what lies between here and base_url in [api]",
            request->what, http_header(call, "content-encoding"));
        return REQUEST_FINAL;
    }
    switch (request->read(call, request->out, request->what, e)) {
    case CLIENT_TAKEN:
        return REQUEST_DONE;
    case CLIENT_TORN:
        return REQUEST_AGAIN;
    case CLIENT_REFUSED:
    default:
        return REQUEST_FINAL;
    }
}

/* One try, to its end. REQUEST_DONE leaves the call in *out; else it is freed and the error says why. */
static enum request_result try_once(struct client *client, const struct client_request *request,
    struct http_call *call, struct http_call **out, struct error *e)
{
    enum http_outcome outcome = http_finish(call);
    client->asked_to_wait = false;
    client->status = outcome == HTTP_ANSWERED ? http_status(call) : 0;
    if (client->status > 0 && client->status < STATUSES)
        client->statuses[client->status]++;
    if (outcome == HTTP_ANSWERED) {
        client->asked_to_wait = note_rate(client, request, call);
        client->bytes += (int64_t)http_body(call)->len;
    } else if (outcome != HTTP_REFUSED && outcome != HTTP_STOPPED) {
        count_unread(client);
    }
    enum request_result result = request_result_of(&client->settings, request, call, outcome, e);
    if (outcome == HTTP_ANSWERED && result != REQUEST_AGAIN && result != REQUEST_LIMITED)
        client->answered = true;
    if (result == REQUEST_STOPPED)
        stopped(e);
    if (result == REQUEST_DONE && request->read != NULL)
        result = read_body(client, request, call, e);
    if (result == REQUEST_DONE)
        *out = call;
    else
        http_call_free(call);
    return result;
}

static enum api_verdict verdict_of(enum request_result result)
{
    switch (result) {
    case REQUEST_DONE:
        return API_OK;
    case REQUEST_BAD:
        return API_BAD_REQUEST;
    case REQUEST_GONE:
        return API_GONE;
    case REQUEST_FORBIDDEN:
        return API_FORBIDDEN;
    case REQUEST_STOPPED:
        return API_STOPPED;
    case REQUEST_AGAIN:
    case REQUEST_LIMITED:
    case REQUEST_GARBLED:
    case REQUEST_FINAL:
    default:
        return API_FAILED;
    }
}

/* --- the budget of a request --- */

struct budget {
    int64_t began;   /* when the first try was sent, by the monotonic clock; 0: none was yet */
    int64_t excused; /* time since that was spent on waiting for a used up window */
    int failures;    /* tries that went wrong */
    int refusals;    /* of them, those with 429 */
    bool refused;    /* the last one */
};

static void count_failure(struct budget *budget, enum request_result result)
{
    budget->refused = result == REQUEST_LIMITED;
    budget->refusals += budget->refused;
    budget->failures++;
}

/* May there be another try after `wait`? A 429 is no failure the first time: it is waited out. */
static bool budget_allows(const struct budget *budget, int64_t wait, int64_t give_up)
{
    if (budget->refused && budget->refusals == 1)
        return true;
    return clock_monotonic() - budget->began - budget->excused + wait <= give_up;
}

/* The turn or the run ends while the client waits for the rate limit. */
static enum api_verdict wait_ended(const struct client *client, const char *what, struct error *e)
{
    if (!client->answered)
        fail(e, EX_TEMPFAIL, "api: %s: the time was over before the rate limit allowed a request", what);
    return stopped(e);
}

/* The turn or the run has ended; nothing is asked for, and nothing counted. */
static enum api_verdict time_is_over(const struct client *client, const char *what, struct error *e)
{
    int64_t wait = rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve);
    bool waits = wait > 0 && !shutdown_signalled() && shutdown_run_left() == 0;
    return waits ? leave_wait(client, what, wait, e) : stopped(e);
}

/* Waits as the rate limit demands, until a request may be sent. Another process may be quicker: so it asks
 * again after each wait. */
static enum api_verdict keep_pace(
    struct client *client, const struct client_request *request, struct budget *budget, struct error *e)
{
    char text[TIMESTAMP_SIZE];
    for (;;) {
        if (shutdown_requested())
            return time_is_over(client, request->what, e);
        int64_t wait = ask_to_send(client, e);
        if (wait <= 0)
            return wait == 0 ? API_OK : API_FAILED;
        if (request->optional || wait > LONGEST_PAUSE_MS || wait >= shutdown_run_left())
            return leave_wait(client, request->what, wait, e);
        duration_format(wait, text);
        log_info("api: %s: waiting %s for the rate limit", request->what, text);
        if (!client->asked_to_wait)
            budget->excused += wait;
        if (!shutdown_wait(wait))
            return wait_ended(client, request->what, e);
    }
}

/* Backs off after a failure; the error says why and stays when there is no further try. */
static enum api_verdict back_off(
    struct client *client, const struct budget *budget, const char *what, struct error *e)
{
    /* a 429 says how long to wait, which keep_pace does; that it comes again means that it said too little */
    int64_t wait =
        budget->refused && budget->refusals == 1 ? 0 : retry_request(budget->failures, random_bits());
    int64_t ahead = wait, asked = 0;
    if (client->asked_to_wait)
        asked = rate_limit_wait(&client->rate_limit, clock_now(), client->settings.reserve);
    if (asked > ahead)
        ahead = asked;
    if (!budget_allows(budget, ahead, client->settings.give_up))
        return API_FAILED;
    if (shutdown_signalled())
        return stopped(e);
    if (ahead >= shutdown_run_left())
        return budget->refused ? leave_wait(client, what, ahead, e) : API_FAILED;
    log_info("%s; try %d follows", e->text, budget->failures + 1);
    return shutdown_wait(wait) ? API_OK : stopped(e);
}

/* --- requests --- */

void client_cancel_prefetch(struct client *client)
{
    if (client->ahead == NULL)
        return;
    if (http_is_done(client->ahead) && http_finish(client->ahead) == HTTP_ANSWERED)
        note_headers(client, client->ahead);
    else
        count_unread(client);
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
        client->sent = client->ahead_sent;
        return call;
    }
    if (call != NULL)
        http_finish(call);
    client_cancel_prefetch(client);
    return NULL;
}

/* Is this result the end, or is there to be another try? */
static bool is_final(enum request_result result, const struct client_request *request)
{
    if (request->optional)
        return true;
    /* what was refused for its rate was not done; what got no answer may have been */
    if (result == REQUEST_LIMITED)
        return false;
    return result != REQUEST_AGAIN || request->once || request->single;
}

/* A body that cannot be decoded is asked for without compression, once and for all that follows. */
static bool try_uncompressed(
    struct client *client, const struct client_request *request, enum request_result result, struct error *e)
{
    if (result != REQUEST_GARBLED || client->uncompressed || request->once)
        return false;
    log_info("%s; asking without compression", e->text);
    client->uncompressed = true;
    return true;
}

enum api_verdict client_request(
    struct client *client, const struct client_request *request, struct http_call **out, struct error *e)
{
    struct budget budget = {0};
    struct http_call *call = take_ahead(client, request), *answer = NULL;
    for (;;) {
        enum api_verdict verdict = call != NULL ? API_OK : keep_pace(client, request, &budget, e);
        if (verdict != API_OK)
            return verdict;
        if (budget.began == 0)
            budget = (struct budget){.began = clock_monotonic()};
        if (call == NULL) {
            client->sent = clock_now();
            call = send_request(client, request);
        }
        enum request_result result = try_once(client, request, call, &answer, e);
        call = NULL;
        if (result == REQUEST_DONE) {
            *e = (struct error){0}; /* what earlier tries met is over */
            if (out != NULL)
                *out = answer;
            else
                http_call_free(answer);
            return API_OK;
        }
        if (try_uncompressed(client, request, result, e))
            continue;
        if (is_final(result, request))
            return verdict_of(result);
        count_failure(&budget, result);
        verdict = back_off(client, &budget, request->what, e);
        if (verdict != API_OK)
            return verdict;
    }
}

void client_prefetch(struct client *client, const char *path)
{
    struct error ignored = {0};
    if (client->ahead != NULL || ask_to_send(client, &ignored) != 0)
        return;
    const struct client_request request = {.method = "GET", .path = path};
    client->ahead_sent = clock_now();
    client->ahead = send_request(client, &request);
    free(client->ahead_path);
    client->ahead_path = strdup(path);
    http_work(client->http, 0);
}

void client_set_modest(struct client *client, bool modest)
{
    client->modest = modest;
}

const struct rate_limit *client_rate_limit(const struct client *client)
{
    return &client->rate_limit;
}

int64_t client_sent(const struct client *client)
{
    return client->sent;
}

void client_count_statuses(
    const struct client *client, void (*each)(int status, int64_t count, void *context), void *context)
{
    int64_t unanswered = client->requests;
    for (int status = 1; status < STATUSES; status++)
        if (client->statuses[status] > 0) {
            each(status, client->statuses[status], context);
            unanswered -= client->statuses[status];
        }
    if (unanswered > 0)
        each(0, unanswered, context);
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
