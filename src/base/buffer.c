#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void buffer_reserve(struct buffer *b, size_t more)
{
    if (more > (size_t)PTRDIFF_MAX - b->len - 1) /* LCOV_EXCL_BR_LINE: _exit writes down no counts */
        memory_ran_out();                        /* LCOV_EXCL_LINE */
    size_t need = b->len + more + 1;
    if (need <= b->capacity)
        return;
    size_t capacity = b->capacity < 256 ? 256 : b->capacity;
    while (capacity < need)
        capacity *= 2;
    b->data = realloc(b->data, capacity);
    b->data[b->len] = '\0';
    b->capacity = capacity;
}

void buffer_append(struct buffer *b, const void *bytes, size_t n)
{
    buffer_reserve(b, n);
    if (n > 0)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buffer_append_text(struct buffer *b, const char *text)
{
    buffer_append(b, text, strlen(text));
}

void buffer_append_format(struct buffer *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n < 0)            /* LCOV_EXCL_BR_LINE: a text of more than INT_MAX bytes: there is none so long */
        memory_ran_out(); /* LCOV_EXCL_LINE */
    buffer_reserve(b, (size_t)n);
    va_start(ap, format);
    vsnprintf(b->data + b->len, (size_t)n + 1, format, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    if (b->data != NULL)
        b->data[0] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}
