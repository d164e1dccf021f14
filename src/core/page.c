#include "core/page.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/* The envelope: {"workOrders": [], "nextCursor": ..., "nextPageUrl": ...} and what a later version may add.
 */
enum { ENVELOPE_DEPTH = 8 };

/* Where the scan is. `end` is never read: a position that reaches it means that the page was cut short. */
struct scan {
    const char *at;
    const char *end;
    bool found; /* the array workOrders was cut */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && is_space(*s->at))
        s->at++;
}

/* The next byte that is no space, or NUL at the end. */
static char peek(struct scan *s)
{
    skip_space(s);
    return s->at < s->end ? *s->at : '\0';
}

/* From the opening quote of a string to behind its closing one; to the end where there is none. */
static void skip_string(struct scan *s)
{
    const char *begin = ++s->at;
    while (s->at < s->end) {
        const char *quote = memchr(s->at, '"', (size_t)(s->end - s->at));
        if (quote == NULL)
            break;
        const char *slash = quote;
        while (slash > begin && slash[-1] == '\\')
            slash--;
        s->at = quote + 1;
        if ((quote - slash) % 2 == 0)
            return;
    }
    s->at = s->end;
}

/* The integer behind `"id":`, or 0. */
static int64_t glance_id(struct scan at)
{
    if (peek(&at) != ':')
        return 0;
    at.at++;
    skip_space(&at);
    int64_t id = 0;
    int digits = 0;
    for (; at.at < at.end && *at.at >= '0' && *at.at <= '9' && digits < 18; at.at++, digits++)
        id = id * 10 + (*at.at - '0');
    return digits < 18 && at.at < at.end && (*at.at == ',' || *at.at == '}' || is_space(*at.at)) ? id : 0;
}

/* Between brackets, everything else is stepped over at once. */
static const bool is_bracket_or_quote[256] = {
    ['"'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true};

/* Steps over one value of any kind. With `id`, a glance at the value of the first key "id" of an object. */
static void skip_value(struct scan *s, int64_t *id)
{
    size_t depth = 0;
    do {
        while (depth > 0 && s->at < s->end && !is_bracket_or_quote[(unsigned char)*s->at])
            s->at++;
        switch (peek(s)) {
        case '"': {
            const char *key = s->at;
            skip_string(s);
            if (depth == 1 && id != NULL && *id == 0 && s->at - key == 4 && memcmp(key, "\"id\"", 4) == 0)
                *id = glance_id(*s);
            break;
        }
        case '{':
        case '[':
            depth++;
            s->at++;
            break;
        case '}':
        case ']':
            if (depth == 0)
                return;
            depth--;
            s->at++;
            break;
        case ',':
        case ':': /* instead of a value: inside of one they are stepped over above */
            return;
        default:
            while (s->at < s->end && strchr(",:]}[{\" \n\r\t", *s->at) == NULL)
                s->at++;
            if (s->at < s->end && *s->at == '\0')
                s->at++;
        }
    } while (depth > 0 && s->at < s->end);
}

static struct page_record *add_record(struct page *page)
{
    if (page->count == page->capacity) {
        page->capacity = page->capacity == 0 ? 200 : page->capacity * 2;
        page->records = realloc(page->records, page->capacity * sizeof *page->records);
    }
    struct page_record *record = &page->records[page->count++];
    *record = (struct page_record){0};
    return record;
}

/* From the opening bracket of the array to its closing one, which is left standing. */
static enum page_verdict cut_records(struct scan *s, struct page *page, const char **reason)
{
    s->at++;
    if (peek(s) == ']')
        return PAGE_OK;
    for (;;) {
        struct page_record *record = add_record(page);
        skip_space(s);
        record->json = s->at;
        skip_value(s, &record->id);
        record->len = (size_t)(s->at - record->json);
        char next = peek(s);
        if (s->at >= s->end)
            return PAGE_TRUNCATED;
        if (next == ']' && record->len > 0)
            return PAGE_OK;
        if (next != ',' || record->len == 0) {
            *reason = "its workOrders are no JSON array";
            return PAGE_BAD;
        }
        s->at++;
    }
}

/* Walks the members of the page; records go into the page, the rest into the envelope. */
static enum page_verdict cut_members(
    struct scan *s, struct page *page, struct buffer *envelope, const char **reason)
{
    static const char name[] = "\"workOrders\"";
    const char *copied = s->at;
    if (peek(s) != '{') {
        *reason = "it is no JSON object";
        return s->at >= s->end ? PAGE_TRUNCATED : PAGE_BAD;
    }
    s->at++;
    while (peek(s) == '"') {
        const char *key = s->at;
        skip_string(s);
        size_t key_len = (size_t)(s->at - key);
        if (peek(s) != ':')
            break;
        s->at++;
        if (memchr(key, '\\', key_len) != NULL) {
            *reason = "a name in it is written with escapes";
            return PAGE_BAD;
        }
        if (key_len == sizeof name - 1 && memcmp(key, name, key_len) == 0 && peek(s) == '[') {
            if (s->found) {
                *reason = "it holds workOrders twice";
                return PAGE_BAD;
            }
            s->found = true;
            buffer_append(envelope, copied, (size_t)(s->at + 1 - copied));
            enum page_verdict verdict = cut_records(s, page, reason);
            if (verdict != PAGE_OK)
                return verdict;
            copied = s->at;
            s->at++;
        } else {
            skip_value(s, NULL);
        }
        if (peek(s) == ',')
            s->at++;
    }
    if (s->at >= s->end)
        return PAGE_TRUNCATED;
    buffer_append(envelope, copied, (size_t)(s->end - copied));
    return PAGE_OK;
}

static enum page_verdict read_cursor(struct json_object *envelope, struct page *page, const char **reason)
{
    struct json_object *cursor = json_object_object_get(envelope, "nextCursor");
    struct json_object *url = json_object_object_get(envelope, "nextPageUrl");
    if (!json_object_is_type(json_object_object_get(envelope, "workOrders"), json_type_array)) {
        *reason = "it has no array workOrders";
        return PAGE_BAD;
    }
    if (cursor == NULL && url == NULL)
        return PAGE_OK;
    if (!json_object_is_type(cursor, json_type_string)) {
        *reason = cursor == NULL ? "it has a nextPageUrl but no nextCursor" : "its nextCursor is no text";
        return PAGE_BAD;
    }
    const char *text = json_object_get_string(cursor);
    size_t len = (size_t)json_object_get_string_len(cursor);
    if (len > PAGE_MAX_CURSOR || strlen(text) != len) {
        *reason = "its nextCursor is absurdly long or holds a NUL";
        return PAGE_BAD;
    }
    if (len > 0)
        page->next_cursor = strdup(text);
    return PAGE_OK;
}

static enum page_verdict read_envelope(const struct buffer *text, struct page *page, const char **reason)
{
    struct json_tokener *parser = json_tokener_new_ex(ENVELOPE_DEPTH);
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    /* json-c takes an int; what is left of 64 MiB fits */
    struct json_object *envelope = json_tokener_parse_ex(parser, text->data, (int)text->len);
    enum json_tokener_error problem = json_tokener_get_error(parser);
    enum page_verdict verdict = PAGE_BAD;
    if (problem == json_tokener_error_depth)
        *reason = "it is nested too deeply";
    else if (problem == json_tokener_continue)
        verdict = PAGE_TRUNCATED;
    else if (problem != json_tokener_success)
        *reason = "it is no JSON";
    else if (json_tokener_get_parse_end(parser) != text->len)
        *reason = "there is something behind the JSON";
    else
        verdict = read_cursor(envelope, page, reason);
    json_object_put(envelope);
    json_tokener_free(parser);
    return verdict;
}

enum page_verdict page_cut(const char *json, size_t len, struct page *page, const char **reason)
{
    struct scan s = {json, json + len, false};
    struct buffer envelope = {0};
    *reason = NULL;
    free(page->next_cursor);
    page->next_cursor = NULL;
    page->count = 0;
    enum page_verdict verdict = cut_members(&s, page, &envelope, reason);
    if (verdict == PAGE_OK)
        verdict = read_envelope(&envelope, page, reason);
    /* json-c takes names in single quotes, the scan does not */
    if (verdict == PAGE_OK && !s.found) {
        *reason = "it has no array workOrders";
        verdict = PAGE_BAD;
    }
    if (verdict == PAGE_TRUNCATED)
        *reason = "it is truncated";
    if (verdict != PAGE_OK) {
        free(page->next_cursor);
        page->next_cursor = NULL;
        page->count = 0;
    }
    buffer_free(&envelope);
    return verdict;
}

void page_free(struct page *page)
{
    free(page->records);
    free(page->next_cursor);
    *page = (struct page){0};
}
