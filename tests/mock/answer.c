#include "answer.h"

#include <stdlib.h>

#include "base.h"

void answer_json(struct answer *a, unsigned status, json_object *body)
{
    size_t len;
    const char *text = json_object_to_json_string_length(
        body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

    buffer_free(&a->body);
    a->status = status;
    a->content_type = "application/json; charset=utf-8";
    buffer_add(&a->body, text, len);
    json_object_put(body);
}

void answer_error(struct answer *a, unsigned status, const char *text)
{
    json_object *error = json_object_new_object();

    json_object_object_add(error, "error", json_object_new_string(text));
    answer_json(a, status, error);
}

void answer_errors(struct answer *a, unsigned status, const char *text)
{
    json_object *body = json_object_new_object(), *list = json_object_new_array(),
                *error = json_object_new_object();

    json_object_object_add(error, "error", json_object_new_string(text));
    json_object_array_add(list, error);
    json_object_object_add(body, "errors", list);
    answer_json(a, status, body);
}

void answer_empty(struct answer *a, unsigned status)
{
    buffer_free(&a->body);
    a->status = status;
    a->content_type = NULL;
}

void answer_header(struct answer *a, const char *name, const char *value)
{
    a->headers = base_resize(a->headers, a->nheaders + 1, sizeof(*a->headers));
    a->headers[a->nheaders++] = (struct answer_header){base_copy(name), base_copy(value)};
}

void answer_clear(struct answer *a)
{
    for (size_t i = 0; i < a->nheaders; i++) {
        free(a->headers[i].name);
        free(a->headers[i].value);
    }
    free(a->headers);
    buffer_free(&a->body);
    if (a->stream != NULL)
        a->stream->free(a->stream);
    *a = (struct answer){0};
}
