/*
 * http: libcurl, which is known here and in http_* alone. One client holds the connections; a call is
 * started, runs while the caller does other things, and is finished. Nothing is trusted: bodies are bounded,
 * redirects are not followed, only https (and http to loopback, or where the caller allows it) is spoken.
 * Tests and the simulator link another http.c.
 */
#ifndef WOSYNC_API_HTTP_H
#define WOSYNC_API_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct http;
struct http_call;

/* Files for TLS beyond the system's own; each may be NULL. */
struct http_tls {
    const char *ca_file;     /* PEM: certificates to trust instead of the system's */
    const char *certificate; /* PEM: ours, for servers that ask who we are */
    const char *key;         /* PEM: its private key */
};

/* What to send. Everything is borrowed until http_start returns, but `body`, which must live until the call
 * is finished. Strings in `headers` are `Name: value`; the array ends with NULL and may be NULL. */
struct http_request {
    const char *method; /* GET, POST, DELETE, PATCH */
    const char *url;
    const char *const *headers;
    const void *body; /* NULL for none */
    size_t body_len;
    int64_t timeout_ms; /* for the whole exchange */
    size_t max_body;    /* bytes of answer, after decompression, that are taken */
    bool allow_plain;   /* http to other hosts than loopback, too */
    bool connect_only; /* name, TCP and TLS are tried, and nothing is sent: an answer is then empty, of status
                          0 */
    bool uncompressed; /* no compression is asked for and none is undone: the body is taken as it comes */
    struct http_tls tls;
};

enum transfer_status {
    HTTP_ANSWERED,  /* an answer came whole; its status may be anything */
    HTTP_NO_ANSWER, /* no connection, a reset, a time-out: worth another try */
    HTTP_TRUNCATED, /* the answer broke off: worth another try */
    HTTP_GARBLED, /* the answer's Content-Encoding is unknown, or its body is not what that says: worth a try
                     with `uncompressed` */
    HTTP_TOO_LARGE, /* the answer is larger than max_body; status and headers are there, and the body up to
                       there */
    HTTP_STOPPED,   /* a signal came first */
    HTTP_REFUSED    /* it was not sent: the URL is wrong, or the server did not prove who it is (TLS) */
};

/* Makes a client. `user_agent` is sent with every request. Free with http_free. */
struct http *http_new(const char *user_agent);

/* Closes the connections; the calls must be freed before. NULL is allowed. */
void http_free(struct http *http);

/* Is this a URL that may be used? https, or http to loopback (or with allow_plain to any host), without user
 * name and password. Returns NULL, or a static text that says what is wrong. */
const char *http_check_url(const char *url, bool allow_plain);

/* Percent-encodes a text for the query of a URL (RFC 3986, section 2.1) and appends it. */
void http_append_encoded(struct buffer *url, const char *text);

/* Starts a call: it goes on its way with the next http_work or http_finish. To be
 * freed with http_call_free, finished or not. */
struct http_call *http_start(struct http *http, const struct http_request *request);

/* Lets all calls of the client go on for at most `ms` milliseconds (which fit an int), or until one of them
 * is done or a signal comes. Signals are those of shutdown_install, which must have been called. */
void http_work(struct http *http, int64_t ms);

/* The same, and also until one of some descriptors is ready. */
void http_wait(struct http *http, const struct pollfd *fds, size_t count, int64_t ms);

/* True once the call is done. */
bool http_is_done(const struct http_call *call);

/* Waits until the call is done or a signal ends the wait, and says how it went. */
enum transfer_status http_finish(struct http_call *call);

/* Of a finished call: why there is no answer, in words, without secrets. Of a TLS failure it names the host,
 * who issued the certificate where that is known, and what to do. */
const char *http_reason(const struct http_call *call);

/* Of an answered call: its status; its body (owned by the call, NUL behind it); one header by name, NULL
 * where it is absent (borrowed until the next http_header of this call). */
int http_status(const struct http_call *call);
const struct buffer *http_body(const struct http_call *call);
const char *http_header(struct http_call *call, const char *name);

/* Of a finished call that was to connect only, over https: who issued the server's certificate and when it
 * ends (milliseconds, by the wall clock). False when that is not known. */
bool http_certificate(const struct http_call *call, char *issuer, size_t size, int64_t *ends);

/* Ends the call, finished or not, and frees it. NULL is allowed. */
void http_call_free(struct http_call *call);

#endif
