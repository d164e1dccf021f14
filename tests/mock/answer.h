/*
 * answer: what is to be answered; transport.h sends it.
 */
#ifndef MOCK_ANSWER_H
#define MOCK_ANSWER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "stream.h"

struct answer_header {
    char *name, *value;
};

/* All zero is no answer at all: the connection is closed without one. */
struct answer {
    unsigned status;
    struct buffer body;
    struct stream *stream;    /* owned; in place of the body where it is not NULL */
    const char *content_type; /* a constant; NULL: none */
    struct answer_header *headers;
    size_t nheaders;
    bool gzip;  /* compress the body if the client takes that and it is worth it */
    bool abort; /* with status 0: close by a TCP reset */
    bool hang;  /* with status 0: close only when the client does, or the mock ends */
};

/* Answers STATUS with BODY, which is put. */
void answer_json(struct answer *a, unsigned status, json_object *body);

/* Answers STATUS with an error as the vendor writes it: {"error": TEXT}, or with a list {"errors": [{"error":
 * TEXT}]}. */
void answer_error(struct answer *a, unsigned status, const char *text);
void answer_errors(struct answer *a, unsigned status, const char *text);

/* Answers STATUS without a body. */
void answer_empty(struct answer *a, unsigned status);

/* Adds a header. */
void answer_header(struct answer *a, const char *name, const char *value);

/* Frees all that the answer owns and makes it no answer again. */
void answer_clear(struct answer *a);

#endif
