/*
 * http_handle: libcurl's handles, each set up for one address, and kept for the next call to it: to parse an
 * address and to set a handle up for it costs as much as to send a small request.
 */
#ifndef WOSYNC_API_HTTP_HANDLE_H
#define WOSYNC_API_HTTP_HANDLE_H

#include <curl/curl.h>
#include <stdbool.h>

#include "api/http.h"

struct http_handles;
struct http_target;

/* A handle that is set up for a target: URL, TLS, proxy. What else a call needs it sets itself, each time
 * anew: method, body, headers, times, and where what comes goes. */
struct http_handle {
    CURL *easy; /* NULL: there is none */
    struct http_target *target;
    bool by_directory; /* it trusts the system's directory of certificates, not its bundle */
};

/* An empty set; `user_agent` is copied. Free with http_handles_free, when all handles have come back. */
struct http_handles *http_handles_new(const char *user_agent);
void http_handles_free(struct http_handles *handles);

/* Takes a handle for a request: its URL, TLS files and allow_plain count. Returns NULL, or a static text that
 * says what is wrong with the URL; then *out is empty. Give it back with http_handles_give. */
const char *http_handles_take(
    struct http_handles *handles, const struct http_request *request, struct http_handle *out);

/* Has a handle trust the system's bundle of certificates in place of the directory. */
void http_handle_use_bundle(struct http_handle *handle);

/* Takes a handle back, which no multi handle holds any more; an empty one is allowed. Nothing of the call is
 * kept. */
void http_handles_give(struct http_handles *handles, struct http_handle *handle);

/* Frees a handle that must not be used again. */
void http_handles_drop(struct http_handle *handle);

#endif
