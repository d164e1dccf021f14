/*
 * initial_load: a handler that holds all work orders (a warehouse) is given every snapshot once, in the order
 * in which they first came, without a request to MaintainX: those that are there when it is new, and those
 * that come later, for a work order that is older than the horizon is stored without an event. It goes on
 * where it was.
 */
#ifndef WOSYNC_DELIVER_INITIAL_LOAD_H
#define WOSYNC_DELIVER_INITIAL_LOAD_H

#include "base/error.h"
#include "deliver/handler_table.h"
#include "deliver/job.h"

struct store;

/* Fills the job with the snapshots that the handler lacks next. Returns how many, 0 when it has them all, -1
 * when the store failed. */
int initial_load_next(struct store *store, const struct handler *handler, struct job *job, struct error *e);

/* Remembers that the handler has those of the job. Returns 0 or -1. */
int initial_load_done(struct store *store, struct handler *handler, const struct job *job, struct error *e);

#endif
