/*
 * request_result: from what the wire said to what the client does about it.
 *
 * A status is MaintainX's own word, or that of something before it (a proxy, a firewall, a content network),
 * which speaks HTML or plain text where MaintainX speaks JSON: what those say is not blamed on the token.
 * Statuses of a busy or broken server are worth another try; all others say something about the request or
 * the configuration, and the message names the setting to look at.
 */
#include "api/request_result.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/json_parse.h"

/* Longest part of an answer in a message. */
enum { SAYS_SIZE = 256 };

bool status_is_transient(int status)
{
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

/* The server's own words, from {"error": ...} or {"errors": [{"error": ...}]}, cut short. */
static void server_says(struct json_object *answer, char out[SAYS_SIZE])
{
    struct json_object *error = NULL, *first;
    *out = '\0';
    if (json_object_object_get_ex(answer, "errors", &first) && json_object_is_type(first, json_type_array))
        json_object_object_get_ex(json_object_array_get_idx(first, 0), "error", &error);
    else
        json_object_object_get_ex(answer, "error", &error);
    if (json_object_is_type(error, json_type_string))
        snprintf(out, SAYS_SIZE, ": %.200s", json_object_get_string(error));
    size_t len = strlen(out);
    if (len > 0 && out[len - 1] == '.')
        out[len - 1] = '\0';
}

/* What a page for people calls itself, in quotes and with a blank before it; else nothing. */
static void read_title(const char *body, char out[SAYS_SIZE])
{
    static const char tag[] = "<title>";
    const char *title = strcasestr(body, tag);
    *out = '\0';
    if (title == NULL)
        return;
    title += sizeof tag - 1;
    title += strspn(title, " \t\r\n");
    int len = (int)strcspn(title, "<\r\n");
    snprintf(out, SAYS_SIZE, " \"%.*s\"", len < 80 ? len : 80, title);
}

/* 403 in JSON, or without a word, comes from MaintainX; in HTML or plain text from something before it. */
static enum request_result judge_forbidden(const struct client_settings *settings, const char *what,
    const char *body, bool is_json, const char *says, struct error *e)
{
    char title[SAYS_SIZE];
    if (is_json || body[strspn(body, " \t\r\n")] == '\0') {
        fail(e, EX_NOPERM,
            "api: %s: 403%s: the token may not do this; check its permissions and organization_id in [api]",
            what, says);
        return REQUEST_FORBIDDEN;
    }
    read_title(body, title);
    fail(e, EX_UNAVAILABLE,
        "api: %s: 403 with a page%s that is not MaintainX's: a firewall or proxy on the way refused the "
        "request, not MaintainX the token; have it allow requests to %s",
        what, title, settings->base_url);
    return REQUEST_FINAL;
}

/* A token for several organizations needs to say for which one it asks, in each request. */
static enum request_result judge_bad_request(
    const struct client_settings *settings, const char *what, const char *says, struct error *e)
{
    bool nameless = *settings->organization == '\0';
    if (nameless && strcasestr(says, "organization") != NULL) {
        fail(e, EX_CONFIG,
            "api: %s: set organization_id in [api]: the token covers several organizations (400%s)", what,
            says);
        return REQUEST_FINAL;
    }
    fail(e, EX_UNAVAILABLE, "api: %s: 400%s; check base_url in [api]%s", what, says,
        nameless ? ", and set organization_id there if the token covers several organizations" : "");
    return REQUEST_BAD;
}

static enum request_result judge_refusal(const struct client_settings *settings, const char *what, int status,
    struct http_call *call, struct error *e)
{
    const char *body = http_body(call)->data != NULL ? http_body(call)->data : "";
    const char *location = http_header(call, "location");
    char says[SAYS_SIZE];
    enum json_fault fault;
    struct json_object *answer = json_parse(body, strlen(body), JSON_PARSE_DEPTH, &fault);
    bool is_json = json_object_is_type(answer, json_type_object);
    server_says(answer, says);
    json_object_put(answer);
    switch (status) {
    case 400:
        return judge_bad_request(settings, what, says, e);
    case 401:
        fail(e, EX_NOPERM,
            "api: %s: 401: the token was refused; make a new one in MaintainX (Settings > Integrations) and "
            "put it into key_file or MAINTAINX_API_KEY",
            what);
        return REQUEST_FINAL;
    case 403:
        return judge_forbidden(settings, what, body, is_json, says, e);
    case 407:
        fail(e, EX_UNAVAILABLE,
            "api: %s: 407%s: a proxy on the way asks for a login; check https_proxy in the environment", what,
            says);
        return REQUEST_FINAL;
    case 429:
        fail(e, EX_TEMPFAIL, "api: %s: 429%s; the rate limit is used up, the next run continues here", what,
            says);
        return REQUEST_LIMITED;
    default:
        break;
    }
    if (status_is_transient(status)) {
        fail(e, EX_UNAVAILABLE, "api: %s: %d%s; the server is busy or broken, the next run continues here",
            what, status, says);
        return REQUEST_AGAIN;
    }
    if (status >= 300 && status < 400) {
        fail(e, EX_PROTOCOL, "api: %s: %d: a redirect to %.200s is not followed; check base_url in [api]",
            what, status, location != NULL ? location : "nowhere");
        return REQUEST_FINAL;
    }
    fail(e, EX_UNAVAILABLE, "api: %s: %d%s; check base_url in [api]", what, status, says);
    return status == 404 || status == 410 ? REQUEST_GONE : REQUEST_FINAL;
}

static enum request_result judge_answer(const struct client_settings *settings,
    const struct client_request *request, struct http_call *call, struct error *e)
{
    int status = http_status(call);
    bool reads = strcmp(request->method, "GET") == 0;
    if (status == 200 || (!reads && (status == 201 || status == 204)))
        return REQUEST_DONE;
    return judge_refusal(settings, request->what, status, call, e);
}

enum request_result request_result_of(const struct client_settings *settings,
    const struct client_request *request, struct http_call *call, enum transfer_status transfer,
    struct error *e)
{
    const char *what = request->what;
    switch (transfer) {
    case HTTP_ANSWERED:
        return judge_answer(settings, request, call, e);
    case HTTP_NO_ANSWER:
        fail(e, EX_UNAVAILABLE, "api: %s: no answer from %s: %s; check the network and base_url in [api]",
            what, settings->base_url, http_reason(call));
        return REQUEST_AGAIN;
    case HTTP_TRUNCATED:
        fail(e, EX_PROTOCOL, "api: %s: the answer is truncated: %s; the next run asks again", what,
            http_reason(call));
        return REQUEST_AGAIN;
    case HTTP_GARBLED:
        fail(e, EX_PROTOCOL,
            "api: %s: the answer cannot be decoded: %s; check what is between this machine and base_url in "
            "[api]",
            what, http_reason(call));
        return REQUEST_GARBLED;
    case HTTP_TOO_LARGE:
        fail(e, EX_PROTOCOL, "api: %s: the answer is larger than 64 MiB; lower page_size in [api]", what);
        return REQUEST_FINAL;
    case HTTP_REFUSED:
        fail(e, EX_UNAVAILABLE, "api: %s: %s", what, http_reason(call));
        return REQUEST_FINAL;
    case HTTP_STOPPED:
    default:
        return REQUEST_STOPPED;
    }
}
