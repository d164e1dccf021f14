/*
 * http: calls over one libcurl multi handle.
 *
 * A call is RUNNING from http_start, and DONE when libcurl reports its end. Two detours lead back to RUNNING
 * before that, each once, and neither has sent a request yet: a certificate that the system's directory does
 * not vouch for is tried against its bundle; one that is refused is looked at by another connection, so that
 * the message can name its issuer. http_finish is the only function that waits to the end; all others return
 * within the time that they are given, and a signal ends every wait.
 *
 * A handle is borrowed from http_handle for the length of a call. One that has looked again, or was only to
 * connect, is not used a second time.
 */
#include "api/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "api/http_handle.h"
#include "api/http_tls.h"
#include "api/http_url.h"
#include "base/memory.h"
#include "base/shutdown.h"

/* Connections that stay open for the next call: libcurl's own number is four for each call at work, and grows
 * small between two deliveries. */
enum { KEPT_CONNECTIONS = 32 };

struct http {
    CURLM *multi;
    struct http_handles *handles;
};

struct http_call {
    struct http *http;
    struct http_handle handle;
    struct curl_slist *headers;
    struct buffer body;
    size_t max_body;
    bool too_large;
    bool done;
    CURLcode code;
    bool connect_only;
    bool looks_again; /* it failed with `code`, and connects once more to see the certificate */
    char message[CURL_ERROR_SIZE];
    char reason[2 * CURL_ERROR_SIZE]; /* of a TLS failure */
};

struct http *http_new(const char *user_agent)
{
    struct http *http = calloc(1, sizeof *http);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* LCOV_EXCL_BR_LINE: it misses only memory */
        memory_ran_out();                                  /* LCOV_EXCL_LINE */
    http->multi = curl_multi_init();
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    http->handles = http_handles_new(user_agent);
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    http_handles_free(http->handles);
    curl_multi_cleanup(http->multi);
    free(http);
    curl_global_cleanup();
}

const char *http_check_url(const char *url, bool allow_plain)
{
    struct http_url parsed;
    const char *wrong = http_url_parse(url, allow_plain, &parsed);
    if (wrong == NULL)
        http_url_free(&parsed);
    return wrong;
}

void http_append_encoded(struct buffer *url, const char *text)
{
    char *encoded = curl_easy_escape(NULL, text, 0);
    buffer_append_text(url, encoded);
    curl_free(encoded);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    size_t n = size * count, room = call->max_body - call->body.len;
    if (n > room) {
        call->too_large = true;
        n = room;
    }
    buffer_append(&call->body, bytes, n);
    return call->too_large ? CURL_WRITEFUNC_ERROR : size * count;
}

/* Each request says its method anew: the one before it may have had another. An answer to what is sent is
 * short; only what is asked for is worth packing. */
static void set_method(CURL *easy, const struct http_request *request)
{
    bool plain = strcmp(request->method, request->body != NULL ? "POST" : "GET") == 0;
    if (request->body != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    bool packed = request->body == NULL && !request->uncompressed;
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, packed ? "gzip" : NULL);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plain ? NULL : request->method);
}

static void set_up(struct http_call *call, const struct http_request *request)
{
    CURL *easy = call->handle.easy;
    set_method(easy, request);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->message);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    if (request->connect_only)
        http_tls_connect_only(easy);
}

struct http_call *http_start(struct http *http, const struct http_request *request)
{
    struct http_call *call = calloc(1, sizeof *call);
    const char *wrong = http_handles_take(http->handles, request, &call->handle);
    call->http = http;
    call->max_body = request->max_body;
    call->connect_only = request->connect_only;
    if (wrong != NULL) {
        call->done = true;
        call->code = CURLE_URL_MALFORMAT;
        strncpy(call->message, wrong, sizeof call->message - 1);
        return call;
    }
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        call->headers = curl_slist_append(call->headers, *header);
    set_up(call, request);
    curl_multi_add_handle(http->multi, call->handle.easy);
    return call;
}

/* A certificate that the directory does not vouch for may yet stand in the bundle alone: someone has appended
 * theirs to it. Nothing was sent. Returns false when it is not so. */
static bool try_bundle(struct http_call *call, CURLcode code)
{
    if (code != CURLE_PEER_FAILED_VERIFICATION || !call->handle.by_directory)
        return false;
    http_handle_use_bundle(&call->handle);
    curl_multi_remove_handle(call->http->multi, call->handle.easy);
    call->message[0] = '\0';
    curl_multi_add_handle(call->http->multi, call->handle.easy);
    return true;
}

/* A refused certificate is looked at by a connection of its own, to say who issued it. Returns false when
 * that was done. */
static bool look_again(struct http_call *call, CURLcode code)
{
    if (!http_tls_is_refusal(code) || call->looks_again)
        return false;
    call->code = code;
    call->looks_again = true;
    http_tls_look_again(call->handle.easy);
    curl_multi_remove_handle(call->http->multi, call->handle.easy);
    curl_multi_add_handle(call->http->multi, call->handle.easy);
    return true;
}

static void finish(struct http_call *call, CURLcode code)
{
    char issuer[128] = "";
    call->done = true;
    if (call->looks_again)
        http_tls_issuer(call->handle.easy, issuer, sizeof issuer);
    else
        call->code = code;
    if (call->code != CURLE_OK)
        http_tls_describe(
            call->handle.easy, call->code, call->message, issuer, call->reason, sizeof call->reason);
}

/* Marks the calls that are done. Returns how many. */
static int collect(struct http *http)
{
    CURLMsg *message;
    int left, count = 0;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        struct http_call *call = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        if (try_bundle(call, code) || look_again(call, code))
            continue;
        finish(call, code);
        count++;
    }
    return count;
}

/* Waits for the calls, a signal and the descriptors; poll's events are curl's for what is asked for here. */
static void wait_for_any(struct http *http, const struct pollfd *fds, size_t count, int64_t ms)
{
    struct curl_waitfd few[8], *list = count < 8 ? few : malloc((count + 1) * sizeof *list);
    list[0] = (struct curl_waitfd){.fd = shutdown_fd(), .events = CURL_WAIT_POLLIN};
    for (size_t i = 0; i < count; i++)
        list[i + 1] = (struct curl_waitfd){.fd = fds[i].fd,
            .events = (short)(((fds[i].events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0) |
                              ((fds[i].events & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0))};
    curl_multi_poll(http->multi, list, (unsigned)count + 1, (int)ms, NULL);
    if (list != few)
        free(list);
}

void http_wait(struct http *http, const struct pollfd *fds, size_t count, int64_t ms)
{
    int running;
    curl_multi_perform(http->multi, &running);
    if (collect(http) > 0 || (running == 0 && count == 0))
        return;
    wait_for_any(http, fds, count, ms);
    shutdown_attend();
    curl_multi_perform(http->multi, &running);
    collect(http);
}

void http_work(struct http *http, int64_t ms)
{
    http_wait(http, NULL, 0, ms);
}

bool http_is_done(const struct http_call *call)
{
    return call->done;
}

static enum transfer_status transfer_status_of(const struct http_call *call)
{
    if (call->too_large)
        return HTTP_TOO_LARGE;
    switch (call->code) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_PARTIAL_FILE:
        return HTTP_TRUNCATED;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR: /* on_body fails only for too_large: what is left is the decoder */
        return HTTP_GARBLED;
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return HTTP_REFUSED;
    default:
        return HTTP_NO_ANSWER;
    }
}

enum transfer_status http_finish(struct http_call *call)
{
    while (!call->done && !shutdown_signalled())
        http_work(call->http, 1000);
    return call->done ? transfer_status_of(call) : HTTP_STOPPED;
}

const char *http_reason(const struct http_call *call)
{
    if (call->code == CURLE_WRITE_ERROR && !call->too_large)
        return "its gzip has several parts, or bytes behind its end";
    if (call->reason[0] != '\0')
        return call->reason;
    return call->message[0] != '\0' ? call->message : curl_easy_strerror(call->code);
}

int http_status(const struct http_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->handle.easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

const struct buffer *http_body(const struct http_call *call)
{
    return &call->body;
}

const char *http_header(struct http_call *call, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(call->handle.easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

bool http_certificate(const struct http_call *call, char *issuer, size_t size, int64_t *ends)
{
    return http_tls_certificate(call->handle.easy, issuer, size, ends);
}

void http_call_free(struct http_call *call)
{
    if (call == NULL)
        return;
    curl_multi_remove_handle(call->http->multi, call->handle.easy);
    if (call->looks_again || call->connect_only)
        http_handles_drop(&call->handle);
    else
        http_handles_give(call->http->handles, &call->handle);
    curl_slist_free_all(call->headers);
    buffer_free(&call->body);
    free(call);
}
