/*
 * request: one HTTP request as the parts of the mock see it.
 */
#ifndef MOCK_REQUEST_H
#define MOCK_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

enum { REQUEST_BODY_MOST = 256 * 1024 * 1024 }; /* bytes; only a bulk of changes comes near it */

struct request_param {
    char *name, *value; /* decoded */
};

struct request {
    struct MHD_Connection *connection;
    char method[16];
    char *path;  /* as sent, without the query */
    char *query; /* as sent, without the question mark; empty if there is none */
    struct request_param *params;
    size_t nparams;
    struct buffer body;
    bool begun, body_too_large;
    bool counted; /* among the API's concurrent requests */
    int socket;
    uint64_t connection_no; /* running number of the TCP connection, from 1 */
};

/* A request for URI, path and query as sent. The caller frees it with request_free(). */
struct request *request_new(const char *uri);
void request_free(struct request *r);

/* Fills what is known once the headers are there. */
void request_begin(struct request *r, struct MHD_Connection *connection, const char *method);

/* Adds a part of the body; what goes beyond REQUEST_BODY_MOST is dropped and noted. */
void request_body(struct request *r, const char *bytes, size_t len);

/* The value of the first query parameter of that NAME, or NULL. */
const char *request_param(const struct request *r, const char *name);

/* The value of that header, whatever its case, or NULL. */
const char *request_header(const struct request *r, const char *name);

/* Whether it is METHOD on exactly PATH. */
bool request_is(const struct request *r, const char *method, const char *path);

#endif
