/*
 * client: the loop of tries around one request.
 *
 *   keep_pace: the rate limit allows it -> send -> judge (request_result) -> done, or final
 *       ^                                            |
 *       '---- back_off: the budget allows another <--'
 *
 * A GET that was sent in advance (client_prefetch) skips the wait and the sending. client_pace.c knows how
 * long to wait and when to give up.
 *
 * Invariants: every request that was sent is counted against the rate limit, by what its answer says or by
 * one; no wait goes beyond the deadline, it is left to a later run instead; the error is filled whenever the
 * status is not API_OK.
 */
#include "api/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/client_pace.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

/* An answer is taken up to this size, after decompression: 200 records of 300 KB. */
enum { MAX_ANSWER = 64 << 20 };

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
    enum transfer_status transfer = http_finish(call);
    client->asked_to_wait = false;
    client->status = transfer == HTTP_ANSWERED ? http_status(call) : 0;
    if (client->status > 0 && client->status < STATUSES)
        client->statuses[client->status]++;
    if (transfer == HTTP_ANSWERED) {
        client->asked_to_wait = client_note_rate(client, request, call);
        client->bytes += (int64_t)http_body(call)->len;
    } else if (transfer != HTTP_REFUSED && transfer != HTTP_STOPPED) {
        client_count_unread(client);
    }
    enum request_result result = request_result_of(&client->settings, request, call, transfer, e);
    if (transfer == HTTP_ANSWERED && result != REQUEST_AGAIN && result != REQUEST_LIMITED)
        client->answered = true;
    if (result == REQUEST_STOPPED)
        client_stopped(e);
    if (result == REQUEST_DONE && request->read != NULL)
        result = read_body(client, request, call, e);
    if (result == REQUEST_DONE)
        *out = call;
    else
        http_call_free(call);
    return result;
}

static enum api_status api_status_of(enum request_result result)
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

/* --- requests --- */

void client_cancel_prefetch(struct client *client)
{
    if (client->ahead == NULL)
        return;
    if (http_is_done(client->ahead) && http_finish(client->ahead) == HTTP_ANSWERED)
        client_note_headers(client, client->ahead);
    else
        client_count_unread(client);
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

static struct http_call *send_now(struct client *client, const struct client_request *request)
{
    client->sent = clock_now();
    return send_request(client, request);
}

/* The answer goes to the caller; what earlier tries met is over. */
static void hand_over(struct http_call *answer, struct http_call **out, struct error *e)
{
    *e = (struct error){0};
    if (out != NULL)
        *out = answer;
    else
        http_call_free(answer);
}

enum api_status client_request(
    struct client *client, const struct client_request *request, struct http_call **out, struct error *e)
{
    struct budget budget = {0};
    struct http_call *call = take_ahead(client, request), *answer = NULL;
    for (;;) {
        enum api_status status = call != NULL ? API_OK : client_keep_pace(client, request, &budget, e);
        if (status != API_OK)
            return status;
        budget_begin(&budget);
        if (call == NULL)
            call = send_now(client, request);
        enum request_result result = try_once(client, request, call, &answer, e);
        call = NULL; /* it is in `answer`, or gone */
        if (result == REQUEST_DONE) {
            hand_over(answer, out, e);
            return API_OK;
        }
        if (try_uncompressed(client, request, result, e))
            continue;
        if (is_final(result, request))
            return api_status_of(result);
        budget_count_failure(&budget, result);
        status = client_back_off(client, &budget, request->what, e);
        if (status != API_OK)
            return status;
    }
}

void client_prefetch(struct client *client, const char *path)
{
    struct error ignored = {0};
    if (client->ahead != NULL || client_ask_to_send(client, &ignored) != 0)
        return;
    const struct client_request request = {.method = "GET", .path = path};
    client->ahead_sent = clock_now();
    client->ahead = send_request(client, &request);
    free(client->ahead_path);
    client->ahead_path = strdup(path);
    http_work(client->http, 0);
}

bool client_blames_server(const struct error *e)
{
    return e->status == EX_UNAVAILABLE || e->status == EX_PROTOCOL;
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
