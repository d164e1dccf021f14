/*
 * maintainx: work orders, as the MaintainX API gives them: the list, page by page, and one by its id.
 */
#ifndef WOSYNC_API_MAINTAINX_H
#define WOSYNC_API_MAINTAINX_H

#include <stdbool.h>
#include <stdint.h>

#include "api/client.h"
#include "base/buffer.h"
#include "base/error.h"
#include "core/page.h"

/* How the list is asked for what changed since an instant, the best first. */
enum page_filter {
    FILTER_BRACKETS, /* updatedAt[gte]=T */
    FILTER_GTE,      /* updatedAtGte=T */
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
    bool ascending;    /* FILTER_SORT the other way round, to see whether it is honoured */
    int64_t until;     /* with FILTER_BRACKETS and FILTER_GTE: the upper bound, inclusive; 0: none is sent */
    const char *order; /* with these two and FILTER_NONE: a sort besides; NULL: the server's own order */
    int64_t created_from; /* bounds of createdAt, inclusive, besides; 0: none is sent */
    int64_t created_until;
    bool single; /* one try only (client_request) */
};

/* One page as it came. To be freed with page_answer_free. */
struct page_answer {
    struct http_call *call; /* holds the bytes that `page` points into */
    struct page page;
    int64_t date; /* the server's time, TIMESTAMP_NONE where it gave none */
};

/*
 * `GET /workorders`, by client_request; checks that the answer is a page. API_OK fills *out.
 */
enum api_status maintainx_page(
    struct client *api, const struct page_request *request, struct page_answer *out, struct error *e);

/* Sends the request for a page that will be asked for next, if the rate limit allows it at once: the answer
 * is on its way while this page is worked on. It is optional: nothing is lost when it fails or is never
 * followed by maintainx_page. */
void maintainx_prefetch(struct client *api, const struct page_request *request);

/*
 * `GET /workorders/{id}`, sent once: who asks has many to ask for. API_OK appends the work order, as JSON, to
 * *out. API_GONE: 404 or 410. Otherwise as maintainx_page.
 */
enum api_status maintainx_work_order(struct client *api, int64_t id, struct buffer *out, struct error *e);

/* Frees what a page owns and zeroes it. */
void page_answer_free(struct page_answer *answer);

#endif
