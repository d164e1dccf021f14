/*
 * intake_apply: an observation that was understood, against what is known of its work order. For intake.c.
 */
#ifndef WOSYNC_SOURCES_INTAKE_APPLY_H
#define WOSYNC_SOURCES_INTAKE_APPLY_H

#include "sources/intake_state.h"
#include "store/snapshots.h"

/*
 * Compares a work order with its snapshot (NULL: there is none) and writes what comes of it: events, the
 * snapshot, a request for the work order itself. `wo->doc` may be NULL where none is needed: a work order
 * that is new to us and has no steps, or a backfill. Returns 0 with *details filled, or -1 when the store
 * failed.
 */
int intake_apply(struct intake *intake, const struct intake_record *record, const unsigned char *fingerprint,
    const struct workorder *wo, const struct snapshot *known, struct intake_details *details,
    struct error *e);

#endif
