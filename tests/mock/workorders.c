/*
 * The list of work orders, a single one, and its comments. A list request is read whole, with the words of
 * MaintainX for what is wrong in it, before a page is looked for.
 */
#include "workorders.h"

#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cursor.h"
#include "expand.h"
#include "filter.h"
#include "page.h"
#include "paging.h"
#include "parameters.h"

static const char collection[] = "/v1/workorders";

enum { ID_DIGITS_MOST = 18 };

/* A list request, understood. */
struct list {
    size_t limit;
    struct page_order order;
    unsigned expand; /* which fields are asked for */
    bool goes_on;    /* has a cursor */
    struct cursor cursor;
    struct filter filter;
};

bool workorders_is_list(const struct request *r)
{
    return request_is(r, "GET", collection);
}

/* The order asked for by `sort`, which may have a minus in front. */
static bool parse_sort(struct page_order *order, const char *sort, struct problem *p)
{
    static const char *const words[] = {"updatedAt", "createdAt", "dueDate", "startedAt", "completedAt",
        "-updatedAt", "-createdAt", "-dueDate", "-startedAt", "-completedAt", NULL};

    order->down = *sort == '-';
    for (int key = KEY_UPDATED; key < KEY__MAX; key++) {
        if (strcmp(sort + order->down, order_key_name((enum key)key)) == 0) {
            order->key = (enum key)key;
            return true;
        }
    }
    return parameters_no_member(sort, words, p);
}

/* The order is that of `sort`, else that of the cursor, else the configured one. */
static bool parse_order(struct list *l, const struct request *r, const struct config *c, struct problem *p)
{
    static const struct page_order orders[] = {
        [DEFAULT_ORDER_ID] = {KEY_ID, false},
        [DEFAULT_ORDER_ID_DOWN] = {KEY_ID, true},
        [DEFAULT_ORDER_UPDATED] = {KEY_UPDATED, false},
        [DEFAULT_ORDER_CREATED_DOWN] = {KEY_CREATED, true},
    };
    const char *sort = request_param(r, "sort");

    l->order = l->goes_on ? l->cursor.order : orders[c->order];
    if (sort == NULL || c->sort == POLICY_IGNORED)
        return true;
    if (c->sort == POLICY_REFUSED)
        return parameters_unknown("sort", p);
    if (!parse_sort(&l->order, sort, p))
        return false;
    if (l->goes_on && (l->order.key != l->cursor.order.key || l->order.down != l->cursor.order.down))
        return problem_set(p, "cursor: it is of a list in another order.");
    return true;
}

static bool parse_list(struct list *l, const struct mock *m, const struct request *r, struct problem *p)
{
    const char *cursor = request_param(r, "cursor");
    int64_t ttl = m->config.cursor_ttl_ms;

    *l = (struct list){.goes_on = cursor != NULL};
    if (l->goes_on && !cursor_read(&l->cursor, cursor))
        return problem_set(p, "cursor is invalid.");
    if (l->goes_on && ttl > 0 && clock_now() - l->cursor.issued > ttl)
        return problem_set(p, "cursor has expired.");
    return parse_order(l, r, &m->config, p) && expand_read(&l->expand, r, false, p) &&
           filter_parse(&l->filter, r, &m->config, mock_now(m), p);
}

static bool read_list(struct list *l, const struct mock *m, const struct request *r, struct answer *a)
{
    struct problem p;

    if (!parse_list(l, m, r, &p)) {
        answer_error(a, 400, p.text);
        return false;
    }
    return paging_limit(&l->limit, r, &m->config, a);
}

static void find_page(struct page *page, struct mock *m, const struct list *l)
{
    page_find(page, m->store, l->order, l->goes_on ? &l->cursor.last : NULL, &l->filter, l->limit);
}

bool workorders_page_holds(struct mock *m, const struct request *r, int64_t id)
{
    struct answer unused = {0};
    struct page page;
    bool holds = false;
    struct list l;

    if (workorders_is_list(r) && read_list(&l, m, r, &unused)) {
        find_page(&page, m, &l);
        for (size_t i = 0; i < page.n; i++)
            holds = holds || page.rows[i]->id == id;
    }
    answer_clear(&unused);
    return holds;
}

/* The cursor behind the page; with a twist, the one that was sent, or one behind which the list begins. */
static void make_cursor(
    char out[CURSOR_LENGTH], const struct list *l, const struct page *page, enum twist twist)
{
    const struct workorder *last = page->n > 0 ? page->rows[page->n - 1] : NULL;
    struct cursor c = {.order = l->order, .issued = clock_now()};

    if (twist == TWIST_REPEAT_CURSOR && l->goes_on)
        c = l->cursor;
    else if (twist != TWIST_REPEAT_CURSOR && last != NULL)
        c.last = (struct position){order_value(l->order.key, last), last->id};
    else if (l->order.down)
        c.last = (struct position){INT64_MAX, INT64_MAX - 1};
    else
        c.last = (struct position){INT64_MIN, INT64_MIN};
    cursor_write(&c, out);
}

/* The body is written into a buffer, for it may be 200 records long; each of them is JSON by itself. */
static void write_page(struct mock *m, const struct request *r, const struct list *l, const struct page *page,
    enum twist twist, struct buffer *out)
{
    const bool thumbnails = m->config.thumbnails == THUMBNAILS_ALWAYS;
    const struct look look = {.expand = l->expand | (thumbnails ? EXPAND_THUMBNAIL : 0),
        .nulls = m->config.null_fields == NULL_FIELDS_PRESENT,
        .stamp = m->config.signed_urls == SIGNED_URLS_FRESH ? (uint32_t)clock_steady() : 0};
    const struct workorder *before = NULL;
    char cursor[CURSOR_LENGTH];

    if (twist == TWIST_DUPLICATE && l->goes_on)
        before = store_find(m->store, l->cursor.last.id);
    buffer_text(out, "{\"workOrders\":[");
    if (before != NULL) {
        store_write(m->store, out, before, look);
        if (page->n > 0)
            buffer_text(out, ",");
    }
    for (size_t i = 0; i < page->n; i++) {
        if (i > 0)
            buffer_text(out, ",");
        store_write(m->store, out, page->rows[i], look);
    }
    if (page->more || twist == TWIST_REPEAT_CURSOR)
        make_cursor(cursor, l, page, twist);
    paging_end(out, m->base_url, r, page->more || twist == TWIST_REPEAT_CURSOR ? cursor : NULL);
}

static void answer_list(struct mock *m, const struct request *r, enum twist twist, struct answer *a)
{
    struct list l;
    struct page page;

    if (!read_list(&l, m, r, a))
        return;
    find_page(&page, m, &l);
    a->status = 200;
    a->content_type = "application/json; charset=utf-8";
    write_page(m, r, &l, &page, twist, &a->body);
}

/* Adds what only the answer for a single work order has, as far as the work order has not got it by
 * command. */
static void complete_document(json_object *doc)
{
    json_object *users = json_object_new_array(), *teams = json_object_new_array(), *asset, *assignees, *id,
                *type;

    if (json_object_object_get_ex(doc, "assignees", &assignees) &&
        json_object_is_type(assignees, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(assignees); i++) {
            json_object *one = json_object_array_get_idx(assignees, i);

            if (!json_object_is_type(one, json_type_object) || !json_object_object_get_ex(one, "id", &id) ||
                !json_object_object_get_ex(one, "type", &type))
                continue;
            if (!json_object_is_type(type, json_type_string))
                continue;
            json_object_array_add(
                strcmp(json_object_get_string(type), "USER") == 0 ? users : teams, json_object_get(id));
        }
    }
    json_object_object_add(doc, "assigneeIds", users);
    json_object_object_add(doc, "teamIds", teams);
    if (!json_object_object_get_ex(doc, "assetId", NULL) && json_object_object_get_ex(doc, "asset", &asset) &&
        json_object_is_type(asset, json_type_object) && json_object_object_get_ex(asset, "id", &id))
        json_object_object_add(doc, "assetId", json_object_get(id));
    if (!json_object_object_get_ex(doc, "creatorId", NULL))
        json_object_object_add(doc, "creatorId", NULL);
    if (!json_object_object_get_ex(doc, "parentId", NULL))
        json_object_object_add(doc, "parentId", NULL);
    if (!json_object_object_get_ex(doc, "attachments", NULL))
        json_object_object_add(doc, "attachments", json_object_new_array());
    if (!json_object_object_get_ex(doc, "estimatedTime", NULL))
        json_object_object_add(doc, "estimatedTime", json_object_new_int(3600));
}

static void answer_single(
    struct mock *m, const struct request *r, const struct workorder *wo, struct answer *a)
{
    json_object *body, *doc;
    struct problem p;
    unsigned expand;

    if (!expand_read(&expand, r, true, &p)) {
        answer_error(a, 400, p.text);
        return;
    }
    if (wo->own != NULL && wo->own->raw != NULL) {
        a->status = 200;
        a->content_type = "application/json; charset=utf-8";
        buffer_text(&a->body, "{\"workOrder\":");
        store_write(m->store, &a->body, wo, (struct look){.expand = EXPAND_ALL, .nulls = true});
        buffer_text(&a->body, "}");
        return;
    }
    doc = store_document(m->store, wo);
    complete_document(doc);
    expand_strip(doc, expand | EXPAND_CATEGORIES | EXPAND_THUMBNAIL); /* those come unasked here */
    body = json_object_new_object();
    json_object_object_add(body, "workOrder", doc);
    answer_json(a, 200, body);
}

bool workorders_answer(struct mock *m, const struct request *r, enum twist twist, struct answer *a)
{
    const struct workorder *wo = NULL;
    bool comments;
    const char *id;
    size_t digits;

    if (workorders_is_list(r)) {
        answer_list(m, r, twist, a);
        return true;
    }
    if (strcmp(r->method, "GET") != 0 || !base_starts(r->path, "/v1/workorders/"))
        return false;
    id = r->path + sizeof(collection);
    digits = strspn(id, "0123456789");
    comments = strcmp(id + digits, "/comments") == 0;
    if (digits == 0 || (id[digits] != '\0' && !comments)) {
        answer_error(a, 400, "id must be an integer.");
        return true;
    }
    if (digits <= ID_DIGITS_MOST)
        wo = store_read(m->store, strtoll(id, NULL, 10));
    if (wo == NULL || wo->deleted || wo->hidden)
        answer_error(a, 404, "Not Found.");
    else if (comments)
        records_answer_comments(m->records, wo->id, r, &m->config, m->base_url, a);
    else
        answer_single(m, r, wo, a);
    return true;
}
