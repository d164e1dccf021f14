/*
 * fan_out: each handler takes the new events of the log: what its `on` and `when` want becomes a delivery,
 * its position moves, both in one transaction.
 */
#ifndef WOSYNC_DELIVER_FAN_OUT_H
#define WOSYNC_DELIVER_FAN_OUT_H

#include "base/error.h"
#include "deliver/handler_table.h"

struct store;

/* Takes what lies behind each handler's position. Returns 0, or -1 when the store failed or a `when` cannot
 * be evaluated: that handler stays where it is, the others have gone on. */
int fan_out_events(struct store *store, struct handler_table *table, struct error *e);

#endif
