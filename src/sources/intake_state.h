/*
 * intake_state: an intake at work, as the three files that read it share it. Private to them.
 *
 *   intake.c         how a record is read: by its fingerprint, a scan or a parse, or into quarantine
 *   intake_apply.c   what is observed against what is known: the diff, and what it changes in the store
 *   intake_events.c  the events of a diff, into the log
 */
#ifndef WOSYNC_SOURCES_INTAKE_STATE_H
#define WOSYNC_SOURCES_INTAKE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "core/mentions.h"
#include "sources/intake.h"

struct held;

struct intake {
    struct intake_settings settings;
    struct diff_rules rules;
    struct held *held; /* events that wait for their page to end */
    size_t held_count, held_capacity;
    struct mentions mentions; /* of the event at hand */
    /* of this transaction, for between two other processes write */
    int64_t transaction;
    int64_t in_quarantine; /* records, as far as known; -1: not looked yet */
    int64_t missing;       /* work orders that wait for proof that they are gone; -1: not looked yet */
    int64_t steps;         /* 1: notifications have named status changes; -1: not looked yet */
};

/* A work order that is understood leaves quarantine, and is not missing: what a sweep did not see, and a 404
 * before now, prove nothing any more. Returns 0, or -1 when the store failed. */
int intake_note_sighting(struct intake *intake, int64_t work_order, struct error *e);

#endif
