#include "api/rate_headers.h"

#include <errno.h>
#include <stdlib.h>

#include "api/request_result.h"
#include "base/timestamp.h"
#include "core/retry.h"

/* A header's number, rounded up; -1 where it is absent, none, or not below `bound`. */
static int64_t header_number(struct http_call *call, const char *name, double bound)
{
    const char *text = http_header(call, name);
    char *end;
    if (text == NULL)
        return -1;
    errno = 0;
    double n = strtod(text, &end);
    if (errno != 0 || end == text || !(n >= 0 && n < bound))
        return -1;
    int64_t whole = (int64_t)n;
    return (double)whole < n ? whole + 1 : whole;
}

/* The server's time as the answer gives it; ours where it does not. */
static int64_t server_time(struct http_call *call, int64_t now)
{
    const char *date = http_header(call, "date");
    int64_t server = now;
    if (date != NULL)
        timestamp_parse_http(date, &server);
    return server;
}

bool rate_headers_note(struct rate_limit *rate_limit, struct http_call *call, bool counted, int64_t now)
{
    int64_t limit = header_number(call, "x-rate-limit-limit", 1e9), server = server_time(call, now);
    int64_t remaining = header_number(call, "x-rate-limit-remaining", 1e9);
    int64_t reset = header_number(call, "x-rate-limit-reset", 1e15);
    const char *after = http_header(call, "retry-after");
    int64_t wait = after != NULL ? retry_after(after, server) : -1;
    int status = http_status(call);
    /* the answer counts it itself */
    if (counted && (status == 429 || (remaining >= 0 && reset >= 0)))
        rate_limit->remaining++;
    if (reset >= 0)
        reset = retry_wait(reset, server);
    if (status == 429) {
        rate_limit_refused(rate_limit, now, wait >= 0 ? wait : reset);
        return true;
    }
    if (remaining >= 0 && reset >= 0)
        rate_limit_note(rate_limit, now, limit, remaining, (reset + 999) / 1000);
    else if (!counted)
        rate_limit_count(rate_limit, now);
    if (!status_is_transient(status) || wait < 0)
        return false;
    rate_limit_hold(rate_limit, now, wait);
    return true;
}
