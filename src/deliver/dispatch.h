/*
 * dispatch: from the event log to the handlers (rule R6). Each handler reads the log from its own position;
 * what it wants becomes a delivery; what is due is tried, in order per work order, and a failing delivery
 * holds back only its own work order.
 */
#ifndef WOSYNC_DELIVER_DISPATCH_H
#define WOSYNC_DELIVER_DISPATCH_H

#include <stdbool.h>

#include "base/error.h"
#include "deliver/handler_table.h"
#include "store/runs.h"

struct store;

/* Everything is borrowed. */
struct dispatch_settings {
    struct store *store;
    struct handler_table *table; /* attached */
    struct run *run;             /* counts what was delivered and what became dead */
    bool quiet;                  /* nobody reads our stdout: what is printed there waits for another run */
};

/*
 * Takes new events for every handler and tries what is due, once each; ends early, between two deliveries,
 * when a stop is requested. A receiver that fails is no failure of the run. A handler whose deliveries were
 * made and could not be noted is left alone by later calls with the same table. Returns 0, or -1 when the
 * store failed or a `when` cannot be evaluated (the other handlers have run all the same).
 */
int dispatch_run(const struct dispatch_settings *settings, struct error *e);

#endif
