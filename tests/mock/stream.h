/*
 * stream: bodies that are made while they are sent: cut off, slow, or larger than memory.
 */
#ifndef MOCK_STREAM_H
#define MOCK_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"

#define STREAM_UNKNOWN UINT64_MAX /* the length is not announced */

enum { STREAM_END = -1, STREAM_BREAK = -2 }; /* the body is complete; close the connection here */

/* Made by one of the functions below, or with other functions by whoever has something to stream. */
struct stream {
    uint64_t announced; /* Content-Length, or STREAM_UNKNOWN */
    /* Writes up to MOST bytes from POSITION on into OUT. Returns how many (more than 0), or STREAM_END or
     * STREAM_BREAK. May take its time; runs without the mock's lock. */
    ssize_t (*read)(struct stream *s, uint64_t position, char *out, size_t most);
    void (*free)(struct stream *s);
};

/* BODY, whose bytes pass to the stream, announced in full but broken off after AFTER bytes; by a TCP reset of
 * SOCKET if that is not -1. */
struct stream *stream_cut(struct buffer *body, uint64_t after, int socket);

/* BODY, whose bytes pass to the stream, at BYTES_PER_SECOND. */
struct stream *stream_drip(struct buffer *body, int64_t bytes_per_second);

/* HEAD, spaces, TAIL (both constants), TOTAL bytes in all; its length is announced if ANNOUNCE. */
struct stream *stream_padded(const char *head, const char *tail, uint64_t total, bool announce);

/* Closes a TCP connection by a reset, at once. */
void stream_abort(int socket);

#endif
