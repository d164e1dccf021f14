#include "paging.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "page.h"

enum { LIMIT_DEFAULT = 100 };

/* The one error that is a list. Its `error` is what the vendor's description asks for in every answer of 400.
 */
static void answer_limit(const char *value, const char *text, struct answer *a)
{
    json_object *body = json_object_new_object(), *list = json_object_new_array(),
                *error = json_object_new_object();

    json_object_object_add(error, "error", json_object_new_string(text));
    json_object_object_add(error, "fieldPath", json_object_new_string("limit"));
    json_object_object_add(error, "fieldValue", json_object_new_string(value));
    json_object_array_add(list, error);
    json_object_object_add(body, "errors", list);
    json_object_object_add(body, "error", json_object_new_string(text));
    answer_json(a, 400, body);
}

bool paging_limit(size_t *limit, const struct request *r, const struct config *c, struct answer *a)
{
    const char *text = request_param(r, "limit");
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    struct problem p;

    *limit = LIMIT_DEFAULT;
    if (text != NULL && (digits == 0 || digits > 3 || text[digits] != '\0')) {
        answer_limit(text, "limit must be an integer", a);
        return false;
    }
    if (text != NULL)
        *limit = (size_t)strtoul(text, NULL, 10);
    if (*limit < 1 || *limit > PAGE_MOST) {
        problem_set(&p, "limit must be between 1 and %d", PAGE_MOST);
        answer_limit(text, p.text, a);
        return false;
    }
    if (*limit > (size_t)c->max_limit)
        *limit = (size_t)c->max_limit;
    return true;
}

/* Appends the URL of the next page: this request's query with another cursor. */
static void write_next_url(
    struct buffer *out, const char *base_url, const struct request *r, const char *cursor)
{
    struct buffer url = {0};
    json_object *text;
    const char *p = r->query;

    buffer_text(&url, base_url);
    buffer_text(&url, r->path + strlen("/v1"));
    buffer_text(&url, "?");
    while (*p != '\0') {
        size_t len = strcspn(p, "&");

        if (!base_starts(p, "cursor=") && len > 0) {
            buffer_add(&url, p, len);
            buffer_text(&url, "&");
        }
        p += len + (p[len] == '&');
    }
    buffer_text(&url, "cursor=");
    buffer_text(&url, cursor);
    text = json_object_new_string(url.data);
    buffer_text(out, json_object_to_json_string_ext(text, JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(text);
    buffer_free(&url);
}

void paging_end(struct buffer *out, const char *base_url, const struct request *r, const char *cursor)
{
    if (cursor == NULL) {
        buffer_text(out, "],\"nextCursor\":null,\"nextPageUrl\":null}");
        return;
    }
    buffer_text(out, "],\"nextCursor\":\"");
    buffer_text(out, cursor);
    buffer_text(out, "\",\"nextPageUrl\":");
    write_next_url(out, base_url, r, cursor);
    buffer_text(out, "}");
}
