#include "cli/ping.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "api/http.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/shutdown.h"

/* What one try may take, and how many there are: a service that never answers must not take much of a run's
 * minute. The start is tried once, for the end says the same again. */
enum { TIMEOUT_MS = 5000, TRIES_START = 1, TRIES_END = 2 };

enum { LARGEST_BODY = 100000, LARGEST_ANSWER = 4096 };

void ping_make_id(char id[PING_ID_SIZE])
{
    const uint32_t a = random_bits(), b = random_bits(), c = random_bits(), d = random_bits();
    /* RFC 9562, section 5.4: version 4, variant 10 */
    snprintf(id, PING_ID_SIZE,
        "%08" PRIx32 "-%04" PRIx32 "-4%03" PRIx32 "-%04" PRIx32 "-%04" PRIx32 "%08" PRIx32, a, b >> 16,
        b & 0xfff, (c >> 16 & 0x3fff) | 0x8000, c & 0xffff, d);
}

/* `suffix` is part of the path, and the address may have a query. */
static void make_url(const char *url, const char *suffix, const char *id, struct buffer *out)
{
    const size_t path = strcspn(url, "?");
    buffer_append(out, url, path);
    buffer_append_format(out, "%s?%s%srid=%s", suffix, url[path] == '?' ? url + path + 1 : "",
        url[path] == '?' && url[path + 1] != '\0' ? "&" : "", id);
}

/* True when there is nothing more to try. */
static bool try_once(struct http *http, const struct http_request *request, char *why, size_t size)
{
    struct http_call *call = http_start(http, request);
    enum transfer_status transfer = http_finish(call);
    const int status = transfer == HTTP_ANSWERED || transfer == HTTP_TOO_LARGE ? http_status(call) : 0;
    *why = '\0';
    if (status == 0 && transfer != HTTP_STOPPED)
        snprintf(why, size, "%s", http_reason(call));
    else if (status != 0 && status / 100 != 2)
        snprintf(why, size, "it answered HTTP %d", status);
    http_call_free(call);
    /* a refusal is one the second time, too; after a signal there is no time */
    return *why == '\0' || transfer == HTTP_REFUSED || (status / 100 == 4 && status != 408 && status != 429);
}

static void ping(const char *url, const char *suffix, const char *id, int tries, const char *body, size_t len)
{
    static const char *const headers[] = {"Content-Type: text/plain; charset=utf-8", NULL};
    struct buffer address = {0};
    struct error e = {0};
    char why[512] = "";
    make_url(url, suffix, id, &address);
    const struct http_request request = {.method = "POST",
        .url = address.data,
        .headers = headers,
        .body = body,
        .body_len = len < LARGEST_BODY ? len : LARGEST_BODY,
        .timeout_ms = TIMEOUT_MS,
        .max_body = LARGEST_ANSWER,
        .allow_plain = true};
    if (http_check_url(url, true) == NULL && (shutdown_fd() >= 0 || shutdown_install(&e) == 0)) {
        struct http *http = http_new("wosync/" WOSYNC_VERSION);
        bool over = false;
        for (int i = 0; i < tries && !over; i++)
            over = try_once(http, &request, why, sizeof why);
        http_free(http);
    }
    if (*why != '\0')
        log_warning("ping: %s; the run is not affected; check ping_url in [metrics]", why);
    buffer_free(&address);
}

void ping_start(const char *url, const char *id)
{
    ping(url, "/start", id, TRIES_START, "", 0);
}

void ping_end(const char *url, const char *id, int exit_status, const struct buffer *lines)
{
    const char *suffix = "/fail";
    if (exit_status == EX_OK || exit_status == EX_DATAERR)
        suffix = "";
    else if (exit_status == EX_UNAVAILABLE || exit_status == EX_TEMPFAIL)
        suffix = "/log";
    ping(url, suffix, id, TRIES_END, lines->data != NULL ? lines->data : "", lines->len);
}
