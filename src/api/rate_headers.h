/*
 * rate_headers: what an answer's headers say about the rate limit and about waiting.
 */
#ifndef WOSYNC_API_RATE_HEADERS_H
#define WOSYNC_API_RATE_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http.h"
#include "core/rate_limit.h"

/*
 * Notes X-Rate-Limit-Limit, -Remaining and -Reset of an answered call that came at `now`, and Retry-After of
 * one that is busy or broken (status_is_transient); counts the request where the answer says nothing, unless
 * it was `counted` before it was sent. Both kinds of seconds may be Unix times. Returns true when the answer
 * asks to wait: a 429, or Retry-After.
 */
bool rate_headers_note(struct rate_limit *rate_limit, struct http_call *call, bool counted, int64_t now);

#endif
