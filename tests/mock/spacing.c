#include "spacing.h"

#include <stdbool.h>

void spacing_add(struct buffer *body)
{
    struct buffer spaced = {0};
    bool in_text = false, escaped = false;
    char *out;

    if (body->len == 0)
        return;
    out = buffer_room(&spaced, 2 * body->len);
    for (size_t i = 0; i < body->len; i++) {
        char c = body->data[i];

        *out++ = c;
        if (!in_text && (c == ',' || c == ':'))
            *out++ = ' ';
        if (c == '"' && !escaped)
            in_text = !in_text;
        escaped = in_text && c == '\\' && !escaped;
    }
    *out = '\0';
    spaced.len = (size_t)(out - spaced.data);
    buffer_free(body);
    *body = spaced;
}
