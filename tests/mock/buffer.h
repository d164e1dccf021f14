/*
 * buffer: bytes that grow. All zero is an empty buffer.
 */
#ifndef MOCK_BUFFER_H
#define MOCK_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data; /* NULL as long as nothing was ever put in; always followed by a NUL otherwise */
    size_t len;
    size_t cap;
};

/* Makes room for EXTRA more bytes and returns where they go; the caller adds what it used to `len`. */
char *buffer_room(struct buffer *b, size_t extra);

/* Appends LEN bytes. */
void buffer_add(struct buffer *b, const void *bytes, size_t len);

/* Appends a string. */
void buffer_text(struct buffer *b, const char *text);

/* Puts LEN bytes before everything else. */
void buffer_prepend(struct buffer *b, const void *bytes, size_t len);

/* Frees the bytes and makes the buffer empty again. */
void buffer_free(struct buffer *b);

#endif
