/*
 * http_tls: why a TLS connection did not come about, in words: the host, who issued its certificate, and what
 * to do.
 */
#ifndef WOSYNC_API_HTTP_TLS_H
#define WOSYNC_API_HTTP_TLS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when the server's certificate was refused: nothing was sent. */
bool http_tls_is_refusal(CURLcode code);

/* Makes a handle whose certificate was refused ready to connect once more, only to see that certificate: no
 * certificate is checked, no request and no certificate of ours is sent. The handle is good for nothing else
 * afterwards. */
void http_tls_look_again(CURL *easy);

/* Makes a handle connect only: everything is checked as always, and the server's certificate can be looked
 * at. The handle is good for nothing else afterwards. */
void http_tls_connect_only(CURL *easy);

/* Of a handle that has connected only: who issued the server's certificate, and when it ends, in
 * milliseconds. False when that is not known. */
bool http_tls_certificate(CURL *easy, char *issuer, size_t size, int64_t *ends);

/* Of a handle that has looked again: writes who issued the server's certificate, "" when that is not known.
 */
void http_tls_issuer(CURL *easy, char *out, size_t size);

/*
 * Writes what failed and what to do, for a code that has to do with TLS; `said` are libcurl's own words,
 * `issuer` may be "". Returns false, and writes nothing, for any other code.
 */
bool http_tls_describe(
    CURL *easy, CURLcode code, const char *said, const char *issuer, char *out, size_t size);

#endif
