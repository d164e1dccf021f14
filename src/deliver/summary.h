/*
 * summary: one request for everything that is due, for handlers that must not flood anyone.
 */
#ifndef WOSYNC_DELIVER_SUMMARY_H
#define WOSYNC_DELIVER_SUMMARY_H

#include <stdint.h>

#include "base/error.h"
#include "handlers/handler.h"
#include "deliver/results.h"
#include "deliver/handler_table.h"

struct store;

/* Has the handler make one request of all its deliveries that are due at `now` (`latest` as in
 * deliveries_due), and lists them in `members` (with no result yet). Returns 0, or -1 when the store failed;
 * both are to be freed in either case. */
int summary_make(struct store *store, const struct handler *handler, int64_t now, int64_t latest,
    struct handler_request *request, struct results *members, struct error *e);

#endif
