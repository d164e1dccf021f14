/*
 * client_state: a client, as client.c and client_pace.c share it. Private to them.
 */
#ifndef WOSYNC_API_CLIENT_STATE_H
#define WOSYNC_API_CLIENT_STATE_H

#include "api/client.h"

/* HTTP statuses are smaller. */
enum { STATUSES = 600 };

struct client {
    struct client_settings settings;
    struct http *http;
    struct rate_limit rate_limit;
    int64_t requests;
    int32_t statuses[STATUSES]; /* answers by HTTP status */
    int64_t bytes;
    int64_t sent;            /* when the request was sent that was answered last, by the wall clock */
    int64_t ahead_sent;      /* the same of what was asked for in advance */
    int status;              /* of the last answer, 0: the last request got none */
    bool modest;             /* leaves requests to polls */
    bool answered;           /* the server has said something else than that it is busy or broken */
    bool asked_to_wait;      /* its last answer did, with 429 or Retry-After */
    bool uncompressed;       /* it compresses in ways that cannot be undone */
    struct http_call *ahead; /* what was asked for in advance, with GET */
    char *ahead_path;
    char *authorization; /* header lines */
    char *organization;
};

#endif
