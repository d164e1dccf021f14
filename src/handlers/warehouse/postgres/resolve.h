/*
 * resolve: looks a host's name up before libpq does, for libpq waits for the resolver without an end of ours.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_POSTGRES_RESOLVE_H
#define WOSYNC_HANDLERS_WAREHOUSE_POSTGRES_RESOLVE_H

#include <stdint.h>

#include "handlers/module.h"

/* Looks up `host`, for `limit` milliseconds at most, and no longer than until a signal comes. Returns 0 when
 * it is known, or when there is nothing to look up (NULL, a path); -1 with the reason in *why. */
int pg_resolve(const char *host, int64_t limit, struct delivery_result *why);

#endif
