/*
 * request_result: what the end of a transfer or the status of an answer means, and the message that says so.
 */
#ifndef WOSYNC_API_REQUEST_RESULT_H
#define WOSYNC_API_REQUEST_RESULT_H

#include <stdbool.h>

#include "api/client.h"
#include "api/http.h"
#include "base/error.h"

enum request_result {
    REQUEST_DONE,      /* a good status; nobody has looked into the body yet */
    REQUEST_AGAIN,     /* it failed and may go well: worth another try */
    REQUEST_LIMITED,   /* 429 */
    REQUEST_GARBLED,   /* its body cannot be decoded: worth a try without compression */
    REQUEST_BAD,       /* 400 */
    REQUEST_GONE,      /* 404, 410 */
    REQUEST_FORBIDDEN, /* 403 of MaintainX itself */
    REQUEST_FINAL,     /* another try would end alike */
    REQUEST_STOPPED    /* a signal came first */
};

/* True for statuses of a server, or of something before it, that is busy or broken. */
bool status_is_transient(int status);

/* Judges a finished call. For every result but REQUEST_DONE and REQUEST_STOPPED the error is filled. */
enum request_result request_result_of(const struct client_settings *settings,
    const struct client_request *request, struct http_call *call, enum transfer_status transfer,
    struct error *e);

#endif
