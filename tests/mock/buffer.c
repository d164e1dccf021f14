#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

char *buffer_room(struct buffer *b, size_t extra)
{
    size_t need = b->len + extra + 1;

    if (need > b->cap) {
        b->cap = need > b->cap * 2 ? need : b->cap * 2;
        b->data = base_resize(b->data, b->cap, 1);
    }
    return b->data + b->len;
}

void buffer_add(struct buffer *b, const void *bytes, size_t len)
{
    char *room = buffer_room(b, len);

    if (len > 0)
        memcpy(room, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_prepend(struct buffer *b, const void *bytes, size_t len)
{
    buffer_room(b, len);
    memmove(b->data + len, b->data, b->len);
    memcpy(b->data, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}
