/*
 * gzip: compression of bodies.
 */
#ifndef MOCK_GZIP_H
#define MOCK_GZIP_H

#include <stdint.h>

#include "buffer.h"

/* Compresses BODY in place, fast rather than small. */
void gzip_body(struct buffer *body);

/* Appends to OUT what unpacks to HEAD, spaces and TAIL, TOTAL bytes in all: about a thousandth of that. */
void gzip_bomb(struct buffer *out, const char *head, const char *tail, uint64_t total);

#endif
