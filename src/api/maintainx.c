/*
 * maintainx: the API's requests for work orders: their paths, and what their answers are read into. What is
 * retried, and when a request may be sent, is the client's business (client.c).
 */
#include "api/maintainx.h"

#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"

/* What work orders hold only when it is asked for: names for reports, chats and warehouses, and the fields
 * that `when` may look at. A single one brings its categories unasked. */
#define EXPAND_SINGLE "expand=assignees&expand=asset&expand=location&expand=extra_fields"
#define EXPAND        EXPAND_SINGLE "&expand=categories"

static const char *const filter_names[PAGE_FILTERS] = {
    [FILTER_BRACKETS] = "updatedAt[gte]",
    [FILTER_GTE] = "updatedAtGte",
    [FILTER_SORT] = "sort",
    [FILTER_NONE] = "none",
};

const char *page_filter_name(enum page_filter filter)
{
    return filter_names[filter];
}

enum page_filter page_filter_named(const char *name)
{
    enum page_filter filter = 0;
    while (filter < PAGE_FILTERS && strcmp(filter_names[filter], name) != 0)
        filter++;
    return filter;
}

static void append_parameter(struct buffer *path, const char *name, const char *value)
{
    buffer_append_text(path, "&");
    http_append_encoded(path, name);
    buffer_append_text(path, "=");
    http_append_encoded(path, value);
}

static void append_date(struct buffer *path, const char *name, int64_t ms)
{
    char date[TIMESTAMP_SIZE];
    timestamp_format(ms, date);
    append_parameter(path, name, date);
}

static void page_path(const struct page_request *request, struct buffer *path)
{
    char since[TIMESTAMP_SIZE], until[TIMESTAMP_SIZE];
    timestamp_format(request->since, since);
    timestamp_format(request->until, until);
    buffer_append_format(path, "/workorders?limit=%d&show_upcoming=true&" EXPAND, request->limit);
    if (request->filter == FILTER_SORT)
        append_parameter(path, "sort", request->ascending ? "updatedAt" : "-updatedAt");
    else if (request->filter != FILTER_NONE && *since != '\0')
        append_parameter(path, page_filter_name(request->filter), since);
    if (request->until != 0)
        append_parameter(path, request->filter == FILTER_GTE ? "updatedAtLte" : "updatedAt[lte]", until);
    if (request->created_from != 0)
        append_date(path, "createdAt[gte]", request->created_from);
    if (request->created_until != 0)
        append_date(path, "createdAt[lte]", request->created_until);
    if (request->order != NULL)
        append_parameter(path, "sort", request->order);
    if (request->cursor != NULL)
        append_parameter(path, "cursor", request->cursor);
}

static enum body_status read_page(struct http_call *call, void *out, const char *what, struct error *e)
{
    struct page *page = out;
    const struct buffer *body = http_body(call);
    const char *reason = NULL;
    switch (page_cut(body->data != NULL ? body->data : "", body->len, page, &reason)) {
    case PAGE_OK:
        return CLIENT_TAKEN;
    case PAGE_TRUNCATED:
        fail(e, EX_PROTOCOL, "api: %s: the answer is not a page of work orders: %s", what, reason);
        return CLIENT_TORN;
    case PAGE_BAD:
    default:
        fail(e, EX_PROTOCOL, "api: %s: the answer is not a page of work orders: %s; check base_url in [api]",
            what, reason);
        return CLIENT_REFUSED;
    }
}

enum api_status maintainx_page(
    struct client *api, const struct page_request *request, struct page_answer *out, struct error *e)
{
    struct buffer path = {0};
    *out = (struct page_answer){.date = TIMESTAMP_NONE};
    page_path(request, &path);
    const struct client_request ask = {.method = "GET",
        .path = path.data,
        .what = "work orders",
        .read = read_page,
        .out = &out->page,
        .single = request->single};
    enum api_status status = client_request(api, &ask, &out->call, e);
    buffer_free(&path);
    if (status != API_OK) {
        page_answer_free(out);
        return status;
    }
    const char *date = http_header(out->call, "date");
    if (date != NULL)
        timestamp_parse_http(date, &out->date);
    return API_OK;
}

void maintainx_prefetch(struct client *api, const struct page_request *request)
{
    struct buffer path = {0};
    page_path(request, &path);
    client_prefetch(api, path.data);
    buffer_free(&path);
}

/* {"workOrder": {...}}: what is inside, as the bytes that came. */
static enum body_status read_work_order(struct http_call *call, void *out, const char *what, struct error *e)
{
    const struct buffer *body = http_body(call);
    struct page_record record;
    const char *reason = NULL;
    /* one that is cut short is not tried again at once: it may always be, and others wait behind it */
    if (page_cut_single(body->data != NULL ? body->data : "", body->len, &record, &reason) != PAGE_OK) {
        fail(e, EX_PROTOCOL, "api: %s: the answer is not a work order: %s; check base_url in [api]", what,
            reason);
        return CLIENT_REFUSED;
    }
    buffer_append(out, record.json, record.len);
    return CLIENT_TAKEN;
}

enum api_status maintainx_work_order(struct client *api, int64_t id, struct buffer *out, struct error *e)
{
    char what[64], path[160];
    snprintf(what, sizeof what, "work order %lld", (long long)id);
    snprintf(path, sizeof path, "/workorders/%lld?" EXPAND_SINGLE, (long long)id);
    const struct client_request ask = {
        .method = "GET", .path = path, .what = what, .read = read_work_order, .out = out, .single = true};
    return client_request(api, &ask, NULL, e);
}

void page_answer_free(struct page_answer *answer)
{
    page_free(&answer->page);
    http_call_free(answer->call);
    *answer = (struct page_answer){.date = TIMESTAMP_NONE};
}
