/*
 * headers: the key `header` of a handler: what the user wants sent with every request.
 */
#ifndef WOSYNC_HANDLERS_HTTP_HEADERS_H
#define WOSYNC_HANDLERS_HTTP_HEADERS_H

#include "handlers/handler.h"

/*
 * Reads all settings `header = NAME: VALUE`. The value, or its last part (`Authorization: Bearer env:TOKEN`),
 * may be `env:NAME` or `file:PATH`, so that secrets stay out of the configuration. Names that the protocol or
 * we ourselves set, and values that would break out of their line, are refused. Returns `NAME: VALUE` strings
 * that end with NULL, to be freed with headers_free, or NULL with a problem added.
 */
char **headers_make(const struct handler_setup *setup);

/* Frees; NULL is allowed. */
void headers_free(char **headers);

#endif
