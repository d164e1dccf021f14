/*
 * maintainx: what we ask of the MaintainX API, at the pace it allows, and tried again while it makes sense.
 */
#ifndef WOSYNC_API_MAINTAINX_H
#define WOSYNC_API_MAINTAINX_H

#include <stdbool.h>
#include <stdint.h>

#include "api/http.h"
#include "base/error.h"
#include "core/pace.h"
#include "core/page.h"

struct maintainx;

/* Everything is borrowed for the life of the client; durations are milliseconds. */
struct maintainx_settings {
    const char *base_url;
    const char *token;
    const char *organization; /* "" without one */
    int64_t timeout;          /* of one request */
    int64_t give_up;          /* how long transient failures are tried again */
    int64_t reserve;          /* requests of each window that are left to others */
};

/* How the list is asked for what changed since an instant (api: "Two spellings"). */
enum page_filter {
    FILTER_GTE,      /* updatedAtGte=T */
    FILTER_BRACKETS, /* updatedAt[gte]=T */
    FILTER_SORT,     /* sort=-updatedAt, and the reader stops at the first older record */
    FILTER_NONE,     /* everything */
    PAGE_FILTERS
};

/* `updatedAtGte`, `updatedAt[gte]`, `sort`, `none`: as in the configuration and in the store. */
const char *page_filter_name(enum page_filter filter);

/* The filter of that name, PAGE_FILTERS when there is none. */
enum page_filter page_filter_named(const char *name);

/* One page to ask for. */
struct page_request {
    enum page_filter filter;
    int64_t since;      /* TIMESTAMP_NONE: no bound is sent */
    const char *cursor; /* NULL: the first page */
    int limit;
    bool ascending; /* FILTER_SORT the other way round, to see whether it is honoured */
};

/* One page as it came. To be freed with page_answer_free. */
struct page_answer {
    struct http_call *call; /* holds the bytes that `page` points into */
    struct page page;
    int64_t date; /* the server's time, TIMESTAMP_NONE where it gave none */
};

enum api_verdict {
    API_OK,
    API_BAD_REQUEST, /* 400: it does not take a parameter, or the cursor */
    API_GONE,        /* 404, 410: there is no such thing, or no longer */
    API_FORBIDDEN,   /* 403: the token may not see it; the error is filled */
    API_FAILED,      /* the error is filled */
    API_STOPPED      /* a signal or the deadline came first; the error is filled */
};

/* Makes a client; `pace` is the rate limit as last seen. Fails with EXIT_CONFIG for a bad URL or without a
 * token, EXIT_TRY_LATER when memory ran out. Free with maintainx_free. */
struct maintainx *maintainx_new(
    const struct maintainx_settings *settings, const struct pace *pace, struct error *e);

/* Frees; a request on its way is dropped. NULL is allowed. */
void maintainx_free(struct maintainx *api);

/*
 * `GET /workorders`. Waits for the server's rate limit, tries transient failures again (no connection,
 * resets, 408, 429, 500, 502, 503, 504, a truncated body) with backoff and jitter for as long as `give_up`
 * allows, and checks that the answer is a page.
 *
 * API_OK fills *out. For API_BAD_REQUEST, API_GONE and API_FORBIDDEN (EXIT_NOPERM) the error holds what the
 * server said. API_FAILED: EXIT_UNAVAILABLE (unreachable, failing, 4xx), EXIT_PROTOCOL (no JSON, truncated,
 * too large, a redirect), EXIT_NOPERM (401), EXIT_TRY_LATER (memory; a rate limit that lasts longer than we
 * wait).
 */
enum api_verdict maintainx_page(
    struct maintainx *api, const struct page_request *request, struct page_answer *out, struct error *e);

/* Sends the request for a page that will be asked for next, if the rate limit allows it at once: the answer
 * is on its way while this page is worked on. A hint; nothing is lost when it fails or is never followed by
 * maintainx_page. */
void maintainx_prefetch(struct maintainx *api, const struct page_request *request);

/*
 * `GET /workorders/{id}`. API_OK appends the work order, as JSON, to *out. API_GONE: 404 or 410. Otherwise as
 * maintainx_page.
 */
enum api_verdict maintainx_work_order(struct maintainx *api, int64_t id, struct buffer *out, struct error *e);

/* Frees what a page owns and zeroes it. */
void page_answer_free(struct page_answer *answer);

/* The rate limit as the server last told it (borrowed), the requests sent so far, and the bytes of JSON
 * received. */
const struct pace *maintainx_pace(const struct maintainx *api);
int64_t maintainx_requests(const struct maintainx *api);
int64_t maintainx_bytes(const struct maintainx *api);

#endif
