/*
 * intake_events: the events of a diff, into the log. For intake.c and intake_apply.c.
 */
#ifndef WOSYNC_SOURCES_INTAKE_EVENTS_H
#define WOSYNC_SOURCES_INTAKE_EVENTS_H

#include "sources/intake_state.h"

/* Appends the events of a diff, each with the work order as it was then; those of a backfill are held back
 * until intake_flush. Adds to details->events. Returns 0, or -1 when the store failed. */
int intake_append_events(struct intake *intake, const struct diff *diff, const struct event_context *context,
    struct intake_details *details, struct error *e);

#endif
