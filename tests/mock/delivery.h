/*
 * delivery: one webhook on its way: what is sent where, how it is signed, and what came back.
 */
#ifndef MOCK_DELIVERY_H
#define MOCK_DELIVERY_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "buffer.h"
#include "hook.h"

/* The answer; all zero: not yet sent. */
struct delivery_answer {
    unsigned status; /* of HTTP; 0: no answer came */
    struct buffer body;
    int64_t took;           /* ms */
    struct problem problem; /* why no answer came */
};

struct delivery {
    char *url, *event;
    char *secret;           /* NULL: not signed */
    char *event_id;         /* NULL: none is sent */
    enum spelling spelling; /* of the signature */
    int64_t work_order;     /* 0: none */
    struct buffer body;
    bool milliseconds;    /* the timestamp of the signature is in ms, not in seconds */
    int64_t skew;         /* ms, added to that timestamp */
    json_object *headers; /* owned: what replaces or adds to ours; null takes one out; NULL: nothing */
    int64_t due;          /* when it is to be sent, as clock_steady() */
    struct delivery_answer answer;
    struct delivery *next;
};

/* A delivery to URL with nothing in it. The caller frees it with delivery_free(), which takes NULL. */
struct delivery *delivery_new(const char *url, const char *event);
void delivery_free(struct delivery *d);

/* Frees D and all behind it. */
void delivery_free_all(struct delivery *d);

/* Another one like D, without answer or next. */
struct delivery *delivery_copy(const struct delivery *d);

/* The headers of D, lower-case names and texts, signed at NOW (ms since 1970). The caller puts the object. */
json_object *delivery_headers(const struct delivery *d, int64_t now);

/* What came of it, for a test to look at: work_order, event, url, status, body, ms, error. The caller puts
 * the object. */
json_object *delivery_json(const struct delivery *d);

#endif
