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

struct store;

/* Gives a handler the snapshots it lacks. Returns 1 when it has them all (or needs none), 0 when it failed or
 * a stop was requested, -1 when the store failed. */
int initial_load_run(struct store *store, struct handler *handler, struct error *e);

#endif
