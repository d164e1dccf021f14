/*
 * retention: removes what is old and wanted by no one: done deliveries and their events, the records of
 * runs, what webhooks brought. What is pending or dead stays, and the ids of what was emitted are kept for
 * ever.
 */
#ifndef WOSYNC_STORE_RETENTION_H
#define WOSYNC_STORE_RETENTION_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* As many batches as a run removes: it stays short, and a minute later comes the next. */
enum { RETENTION_BATCHES = 10 };

/* Removes what was observed before `cutoff` (milliseconds), in up to `batches` transactions of up to 500
 * events each, until a signal; writes nothing when there is nothing to remove. Returns how many events went,
 * or -1 when the store failed. */
int retention_run(struct store *store, int64_t cutoff, int batches, struct error *e);

#endif
