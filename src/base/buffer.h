/*
 * buffer: bytes that grow.
 *
 * Start from `struct buffer b = {0}`; the buffer owns `data`, which is NULL while empty, and always keeps a
 * NUL after the last byte, so `data` may be used as a string where the bytes hold none. Where memory runs out
 * the program ends (base/memory.h), so nothing here fails.
 */
#ifndef WOSYNC_BASE_BUFFER_H
#define WOSYNC_BASE_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data;
    size_t len;      /* bytes in use, without the NUL */
    size_t capacity; /* bytes allocated */
};

/* Makes room for `more` bytes (and the NUL) after `len`. */
void buffer_reserve(struct buffer *b, size_t more);

/* Appends `n` bytes. */
void buffer_append(struct buffer *b, const void *bytes, size_t n);

/* Appends a string without its NUL. */
void buffer_append_text(struct buffer *b, const char *text);

/* Appends printf-formatted text. */
void buffer_append_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties the buffer but keeps its memory for the next use. */
void buffer_clear(struct buffer *b);

/* Frees the memory and zeroes the struct; may be called on an empty buffer and twice. */
void buffer_free(struct buffer *b);

#endif
