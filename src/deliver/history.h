/*
 * history: the steps that a work order has taken, as far as the event log knows them, for handler types that
 * want them.
 */
#ifndef WOSYNC_DELIVER_HISTORY_H
#define WOSYNC_DELIVER_HISTORY_H

#include "base/error.h"
#include "handlers/handler.h"

struct store;

/* Sets the history of an event: nothing later than it. Free with history_free. Returns 0, or -1 when the
 * store failed. */
int history_read(struct store *store, struct handler_event *event, struct error *e);

/* Frees the history of an event; one without is allowed. */
void history_free(struct handler_event *event);

#endif
