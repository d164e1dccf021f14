#include "api/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/stop.h"

enum { CONNECT_TIMEOUT_MS = 10000 };

/* Handles that are kept: as many requests as a handler has under way at the most. */
enum { SPARES = 8 };

struct http {
    CURLM *multi;
    char *user_agent;
    CURL *spares[SPARES]; /* of calls that ended: to make one anew costs as much as a request over loopback */
    int spare_count;
    bool has_ca_directory; /* the system's certificates lie in a directory by their hashes */
};

struct http_call {
    struct http *http;
    CURL *easy;
    struct curl_slist *headers;
    struct buffer body;
    size_t max_body;
    bool by_directory; /* it trusts the system's directory of certificates, not yet its bundle */
    bool too_large;
    bool done;
    CURLcode code;
    char message[CURL_ERROR_SIZE];
};

/* `a1b2c3d4.0`: the name under which OpenSSL looks for a certificate. */
static bool is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

/* Where libcurl knows a directory of hashed certificates, only those that a server needs are read; its bundle
 * of all of them costs more than the rest of a poll. */
static bool find_ca_directory(void)
{
    const char *path = curl_version_info(CURLVERSION_NOW)->capath;
    DIR *directory = path != NULL ? opendir(path) : NULL;
    if (directory == NULL)
        return false;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL && !is_hashed(entry->d_name))
        ;
    bool found = entry != NULL;
    closedir(directory);
    return found;
}

struct http *http_new(const char *user_agent)
{
    struct http *http = calloc(1, sizeof *http);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* LCOV_EXCL_BR_LINE: it misses only memory */
        memory_ran_out();                                  /* LCOV_EXCL_LINE */
    http->multi = curl_multi_init();
    http->user_agent = strdup(user_agent);
    http->has_ca_directory = find_ca_directory();
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    while (http->spare_count > 0)
        curl_easy_cleanup(http->spares[--http->spare_count]);
    curl_multi_cleanup(http->multi);
    free(http->user_agent);
    free(http);
    curl_global_cleanup();
}

static bool is_loopback(const char *host)
{
    struct in_addr four;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return strcmp(host, "[::1]") == 0; /* libcurl has brought it to its shortest form */
}

static const char *judge_url(CURLU *parsed, bool allow_plain, bool *loopback)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    const char *wrong = NULL;
    curl_url_get(parsed, CURLUPART_USER, &user, 0); /* empty, but there, before a password alone */
    curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        wrong = "it is no URL";
    else if (user != NULL)
        wrong = "a user name or password in a URL would be logged on the way; use a header or a key file";
    else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        wrong = "only https is spoken";
    else if (!(*loopback = is_loopback(host)) && strcmp(scheme, "http") == 0 && !allow_plain)
        wrong = "http is for loopback only, it would show the token to everyone on the way; use https";
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    return wrong;
}

/* As http_check_url; of a good URL, says whether it leads to loopback. */
static const char *check_url(const char *url, bool allow_plain, bool *loopback)
{
    CURLU *parsed = curl_url();
    const char *wrong = "it is no URL";
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, 0);
    if (code == CURLUE_OK)
        wrong = judge_url(parsed, allow_plain, loopback);
    else if (code == CURLUE_UNSUPPORTED_SCHEME)
        wrong = "only https is spoken";
    curl_url_cleanup(parsed);
    return wrong;
}

const char *http_check_url(const char *url, bool allow_plain)
{
    bool loopback;
    return check_url(url, allow_plain, &loopback);
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

static void set_method(CURL *easy, const struct http_request *request)
{
    if (request->body != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    }
    if (strcmp(request->method, request->body != NULL ? "POST" : "GET") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_tls(CURL *easy, const struct http_tls *tls)
{
    if (tls->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (tls->certificate != NULL)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->certificate);
    if (tls->key != NULL)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key);
}

/* Without memory, which is always there, only a text of more than 8 MB is refused: none of these is. */
static void set_up(struct http_call *call, const struct http_request *request, bool loopback)
{
    CURL *easy = call->easy;
    set_method(easy, request);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, call->http->user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    set_tls(easy, &request->tls);
    call->by_directory = call->http->has_ca_directory && request->tls.ca_file == NULL;
    if (call->by_directory)
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    /* http_proxy in the environment is not for ourselves: it would be shown the token */
    if (loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->message);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
}

static CURL *take_handle(struct http *http)
{
    return http->spare_count > 0 ? http->spares[--http->spare_count] : curl_easy_init();
}

/* Keeps a handle for the next call, without anything of the last one but its connection. */
static void give_handle(struct http *http, CURL *easy)
{
    curl_multi_remove_handle(http->multi, easy);
    curl_easy_reset(easy);
    if (http->spare_count < SPARES)
        http->spares[http->spare_count++] = easy;
    else
        curl_easy_cleanup(easy);
}

struct http_call *http_start(struct http *http, const struct http_request *request)
{
    struct http_call *call = calloc(1, sizeof *call);
    call->http = http;
    call->max_body = request->max_body;
    call->easy = take_handle(http);
    bool loopback = false;
    const char *wrong = check_url(request->url, request->allow_plain, &loopback);
    if (wrong != NULL) {
        call->done = true;
        call->code = CURLE_URL_MALFORMAT;
        strncpy(call->message, wrong, sizeof call->message - 1);
        return call;
    }
    for (const char *const *header = request->headers; header != NULL && *header != NULL; header++)
        call->headers = curl_slist_append(call->headers, *header);
    set_up(call, request, loopback);
    curl_multi_add_handle(http->multi, call->easy);
    return call;
}

/* A certificate that the directory does not vouch for may yet stand in the bundle alone: someone has appended
 * theirs to it. Nothing was sent. Returns false when it is not so. */
static bool try_bundle(struct http_call *call, CURLcode code)
{
    if (code != CURLE_PEER_FAILED_VERIFICATION || !call->by_directory)
        return false;
    const char *bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
    call->by_directory = false;
    curl_easy_setopt(call->easy, CURLOPT_CAINFO, bundle);
    curl_multi_remove_handle(call->http->multi, call->easy);
    call->message[0] = '\0';
    curl_multi_add_handle(call->http->multi, call->easy);
    return true;
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
        if (try_bundle(call, code))
            continue;
        call->done = true;
        call->code = code;
        count++;
    }
    return count;
}

void http_work(struct http *http, int64_t ms)
{
    int running;
    struct curl_waitfd signal = {.fd = stop_fd(), .events = CURL_WAIT_POLLIN};
    curl_multi_perform(http->multi, &running);
    if (collect(http) > 0 || running == 0)
        return;
    curl_multi_poll(http->multi, &signal, 1, (int)ms, NULL);
    stop_attend();
    curl_multi_perform(http->multi, &running);
    collect(http);
}

bool http_is_done(const struct http_call *call)
{
    return call->done;
}

static enum http_outcome outcome_of(const struct http_call *call)
{
    if (call->too_large)
        return HTTP_TOO_LARGE;
    switch (call->code) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
        return HTTP_TRUNCATED;
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return HTTP_REFUSED;
    default:
        return HTTP_NO_ANSWER;
    }
}

enum http_outcome http_finish(struct http_call *call)
{
    while (!call->done && !stop_signalled())
        http_work(call->http, 1000);
    return call->done ? outcome_of(call) : HTTP_STOPPED;
}

const char *http_reason(const struct http_call *call)
{
    return call->message[0] != '\0' ? call->message : curl_easy_strerror(call->code);
}

int http_status(const struct http_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

const struct buffer *http_body(const struct http_call *call)
{
    return &call->body;
}

const char *http_header(struct http_call *call, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(call->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

void http_call_free(struct http_call *call)
{
    if (call == NULL)
        return;
    give_handle(call->http, call->easy);
    curl_slist_free_all(call->headers);
    buffer_free(&call->body);
    free(call);
}
