/*
 * A page is cut in one walk over its members. What is not a record is read strictly (json_scan): the page's
 * own frame must be JSON. A record is stepped over by its quotes and brackets alone (json_cut), so whatever
 * is wrong inside of one is found later, when it is read, and concerns that one only.
 */
#include "core/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json_cut.h"
#include "base/json_parse.h"

/* How deeply that may nest which is not a record: a later version may add to
 * {"workOrders": [], "nextCursor": ..., "nextPageUrl": ...}. */
enum { FRAME_DEPTH = 8 };

/* Digits of the longest id that a glance takes. */
enum { GLANCE_DIGITS = 17 };

/* A walk over the members of an object. `on_member` stands before a member's value and steps over it; false:
 * the scan or *reason says why. */
struct walk {
    struct json_scan scan;
    bool (*on_member)(struct walk *w, const struct json_text *name);
    const char *reason;
    struct page *page;          /* of a page */
    bool found;                 /* the member that matters */
    bool has_cursor, has_url;   /* a nextCursor, a nextPageUrl that is not null */
    struct page_record *record; /* of a single record */
};

static bool refuse(struct walk *w, const char *reason)
{
    w->reason = reason;
    return false;
}

static bool is_named(const struct json_text *name, const char *text)
{
    return name->len == strlen(text) && memcmp(name->at, text, name->len) == 0;
}

/* From the opening bracket of the object to behind its closing one. */
static bool walk_members(struct walk *w)
{
    struct json_scan *s = &w->scan;
    struct json_text name;
    if (!json_scan_take(s, '{'))
        return json_scan_at_end(s) ? json_scan_unexpected(s) : refuse(w, "it is not a JSON object");
    if (json_scan_take(s, '}'))
        return true;
    do {
        if (!json_scan_string(s, &name))
            return false;
        if (!json_scan_take(s, ':'))
            return json_scan_unexpected(s);
        if (!name.plain)
            return refuse(w, "a name in it is written with escapes");
        if (!w->on_member(w, &name))
            return false;
    } while (json_scan_take(s, ','));
    return json_scan_take(s, '}') ? true : json_scan_unexpected(s);
}

/* The whole text. */
static enum page_status walk(struct walk *w)
{
    if (walk_members(w) && !json_scan_at_end(&w->scan))
        refuse(w, "there is something behind the JSON");
    switch (w->scan.fault) {
    case JSON_FINE:
        return w->reason == NULL ? PAGE_OK : PAGE_BAD;
    case JSON_TRUNCATED:
        w->reason = "it is truncated";
        return PAGE_TRUNCATED;
    case JSON_TOO_DEEP:
        w->reason = "it is nested too deeply";
        return PAGE_BAD;
    default:
        w->reason = "it is not JSON";
        return PAGE_BAD;
    }
}

/* --- records --- */

/* The integer that a record's first "id" is, or 0. */
static int64_t glance_id(const char *json, size_t len)
{
    struct json_text digits;
    return json_cut_member(json, len, "id", &digits) ? json_text_id(&digits, GLANCE_DIGITS) : 0;
}

/* One value, as a record. */
static bool cut_record(struct walk *w, struct page_record *record)
{
    struct json_scan *s = &w->scan;
    json_scan_peek(s);
    *record = (struct page_record){.json = s->at};
    if (!json_cut_value(s))
        return json_scan_unexpected(s);
    record->len = (size_t)(s->at - record->json);
    record->id = glance_id(record->json, record->len);
    return true;
}

static struct page_record *add_record(struct page *page)
{
    if (page->count == page->capacity) {
        page->capacity = page->capacity == 0 ? 200 : page->capacity * 2;
        page->records = realloc(page->records, page->capacity * sizeof *page->records);
    }
    return &page->records[page->count++];
}

static bool cut_records(struct walk *w)
{
    struct json_scan *s = &w->scan;
    if (json_scan_take(s, ']'))
        return true;
    do {
        if (!cut_record(w, add_record(w->page)))
            return false;
    } while (json_scan_take(s, ','));
    if (json_scan_take(s, ']'))
        return true;
    return json_scan_at_end(s) ? json_scan_unexpected(s) : refuse(w, "its workOrders are no JSON array");
}

/* --- a page --- */

static bool read_records(struct walk *w)
{
    struct json_scan *s = &w->scan;
    if (w->found)
        return refuse(w, "it holds workOrders twice");
    w->found = true;
    if (json_scan_take(s, '['))
        return cut_records(w);
    /* a server that leaves out what is null writes null for what is empty */
    return json_scan_peek(s) == 'n' ? json_scan_word(s, "null") : refuse(w, "it has no array workOrders");
}

static bool read_cursor(struct walk *w)
{
    struct json_scan *s = &w->scan;
    struct json_text text;
    struct buffer cursor = {0};
    free(w->page->next_cursor);
    w->page->next_cursor = NULL;
    w->has_cursor = json_scan_peek(s) == '"';
    if (json_scan_peek(s) == 'n')
        return json_scan_word(s, "null");
    if (!w->has_cursor)
        return json_scan_at_end(s) ? json_scan_unexpected(s) : refuse(w, "its nextCursor is not a text");
    s->replaced = false;
    if (!json_scan_string(s, &text))
        return false;
    json_unescape(&text, &cursor);
    if (cursor.len > PAGE_MAX_CURSOR || s->replaced) {
        buffer_free(&cursor);
        return refuse(w, "its nextCursor is longer than 4096 bytes, or holds an escape that is no character");
    }
    if (cursor.len > 0)
        w->page->next_cursor = cursor.data;
    else
        buffer_free(&cursor);
    return true;
}

static bool read_page_member(struct walk *w, const struct json_text *name)
{
    if (is_named(name, "workOrders"))
        return read_records(w);
    if (is_named(name, "nextCursor"))
        return read_cursor(w);
    if (is_named(name, "nextPageUrl"))
        w->has_url = json_scan_peek(&w->scan) != 'n';
    return json_scan_value(&w->scan, FRAME_DEPTH - 1);
}

static enum page_status refuse_page(struct walk *w, const char *reason)
{
    w->reason = reason;
    return PAGE_BAD;
}

enum page_status page_cut(const char *json, size_t len, struct page *page, const char **reason)
{
    struct walk w = {.scan = json_scan_begin(json, len), .on_member = read_page_member, .page = page};
    free(page->next_cursor);
    page->next_cursor = NULL;
    page->count = 0;
    enum page_status status = walk(&w);
    if (status == PAGE_OK && !w.found)
        status = refuse_page(&w, "it has no array workOrders");
    if (status == PAGE_OK && w.has_url && !w.has_cursor)
        status = refuse_page(&w, "it has a nextPageUrl but no nextCursor");
    *reason = w.reason;
    if (status != PAGE_OK) {
        free(page->next_cursor);
        page->next_cursor = NULL;
        page->count = 0;
    }
    return status;
}

/* --- a single record --- */

static bool read_single_member(struct walk *w, const struct json_text *name)
{
    if (!is_named(name, "workOrder"))
        return json_scan_value(&w->scan, FRAME_DEPTH - 1);
    w->found = json_scan_peek(&w->scan) == '{';
    return w->found ? cut_record(w, w->record) : refuse(w, "it has no object workOrder");
}

enum page_status page_cut_single(
    const char *json, size_t len, struct page_record *record, const char **reason)
{
    struct walk w = {.scan = json_scan_begin(json, len), .on_member = read_single_member, .record = record};
    *record = (struct page_record){0};
    enum page_status status = walk(&w);
    if (status == PAGE_OK && !w.found)
        status = refuse_page(&w, "it has no object workOrder");
    *reason = w.reason;
    return status;
}

void page_free(struct page *page)
{
    free(page->records);
    free(page->next_cursor);
    *page = (struct page){0};
}
