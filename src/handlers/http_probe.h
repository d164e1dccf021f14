/*
 * http_probe: tries a receiver that speaks HTTP, for `probe` of its handler type.
 */
#ifndef WOSYNC_HANDLERS_HTTP_PROBE_H
#define WOSYNC_HANDLERS_HTTP_PROBE_H

#include "api/http.h"
#include "handlers/handler.h"

/* Finds the host, connects, and does the handshake of TLS; sends nothing. What of the address is secret is in
 * no text. As `probe` of struct handler_type: EX_UNAVAILABLE, or EX_CONFIG where a certificate is refused. */
int http_probe(const char *url, const struct http_tls *tls, struct handler_probe *probe, struct error *e);

#endif
