/*
 * people: `GET /users` and `GET /teams`, a page at a time. A person without a name is called by the address; one
 * without either, and one without an id, is left out. A page without the
 * list, or with a cursor that is none, is refused as a whole (EX_PROTOCOL).
 */
#include "api/people.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json_parse.h"
#include "core/page.h"

/* The API's largest page. */
enum { PAGE_SIZE = 200 };

/* What a page is read with. */
struct reading {
    const char *list;
    struct people_page *page;
};

/* Appends a text on one line: controls and blanks in a row become one space, none stands at either end. What
 * does not fit is cut, between two characters; then it returns false. */
static bool append_text(char out[PERSON_TEXT_SIZE], struct json_object *value)
{
    size_t len = strlen(out),
           end = json_object_is_type(value, json_type_string) ? (size_t)json_object_get_string_len(value) : 0;
    const char *text = end > 0 ? json_object_get_string(value) : "";
    bool space = len > 0;
    for (size_t i = 0; i < end; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c == 0x7f) {
            space = len > 0;
            continue;
        }
        size_t more = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4; /* the parser has checked the UTF-8 */
        if (len + space + more >= PERSON_TEXT_SIZE || i + more > end) {
            out[len] = '\0';
            return false;
        }
        if (space)
            out[len++] = ' ';
        memcpy(out + len, text + i, more);
        len += more;
        i += more - 1;
        space = false;
    }
    out[len] = '\0';
    return true;
}

/* False: nobody who could be shown by a name. */
static bool read_person(struct json_object *record, struct person *out)
{
    *out = (struct person){0};
    struct json_object *id = json_object_object_get(record, "id");
    if (!json_object_is_type(id, json_type_int) || json_object_get_uint64(id) > INT64_MAX ||
        json_object_get_int64(id) < 1)
        return false;
    out->id = json_object_get_int64(id);
    append_text(out->name, json_object_object_get(record, "name"));
    if (*out->name == '\0' && append_text(out->name, json_object_object_get(record, "firstName")))
        append_text(out->name, json_object_object_get(record, "lastName"));
    append_text(out->email, json_object_object_get(record, "email"));
    if (*out->name == '\0')
        memcpy(out->name, out->email, sizeof out->name);
    return *out->name != '\0';
}

/* Returns NULL, or what is wrong. */
static const char *read_cursor(struct json_object *answer, struct people_page *page)
{
    struct json_object *cursor = json_object_object_get(answer, "nextCursor");
    if (cursor == NULL)
        return json_object_object_get(answer, "nextPageUrl") == NULL
                   ? NULL
                   : "it has a nextPageUrl but no nextCursor";
    const char *text = json_object_get_string(cursor);
    size_t len = strlen(text);
    if (!json_object_is_type(cursor, json_type_string) || len > PAGE_MAX_CURSOR ||
        len != (size_t)json_object_get_string_len(cursor))
        return "its nextCursor is not a text, or too long";
    if (len > 0)
        page->next_cursor = strdup(text);
    return NULL;
}

/* Returns NULL, or what is wrong. */
static const char *read_answer(struct json_object *answer, const struct reading *reading)
{
    struct json_object *list = json_object_object_get(answer, reading->list);
    struct people_page *page = reading->page;
    people_page_free(page);
    if (!json_object_is_type(list, json_type_array))
        return "it lacks the list";
    size_t count = json_object_array_length(list);
    page->list = calloc(count + 1, sizeof *page->list);
    for (size_t i = 0; i < count; i++) {
        struct json_object *record = json_object_array_get_idx(list, i);
        if (json_object_is_type(record, json_type_object) && read_person(record, &page->list[page->count]))
            page->count++;
    }
    return read_cursor(answer, page);
}

static enum body_status read_people(struct http_call *call, void *out, const char *what, struct error *e)
{
    const struct buffer *body = http_body(call);
    enum json_fault fault;
    struct json_object *answer =
        json_parse(body->data != NULL ? body->data : "", body->len, JSON_PARSE_DEPTH, &fault);
    const char *wrong =
        json_object_is_type(answer, json_type_object) ? read_answer(answer, out) : "it is not a JSON object";
    json_object_put(answer);
    if (wrong == NULL)
        return CLIENT_TAKEN;
    fail(e, EX_PROTOCOL, "api: %s: the answer is not a page of %s: %s; check base_url in [api]", what, what,
        wrong);
    return CLIENT_REFUSED;
}

enum api_status maintainx_people(struct client *api, const char *list, const char *cursor, int64_t timeout,
    struct people_page *out, struct error *e)
{
    struct buffer path = {0};
    struct reading reading = {list, out};
    *out = (struct people_page){0};
    buffer_append_format(&path, "/%s?limit=%d", list, PAGE_SIZE);
    if (cursor != NULL) {
        buffer_append_text(&path, "&cursor=");
        http_append_encoded(&path, cursor);
    }
    const struct client_request ask = {.method = "GET",
        .path = path.data,
        .what = list,
        .read = read_people,
        .out = &reading,
        .optional = true,
        .timeout = timeout};
    enum api_status status = client_request(api, &ask, NULL, e);
    buffer_free(&path);
    if (status != API_OK)
        people_page_free(out);
    return status;
}

void people_page_free(struct people_page *page)
{
    free(page->list);
    free(page->next_cursor);
    *page = (struct people_page){0};
}
