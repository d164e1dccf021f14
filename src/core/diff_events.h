/*
 * diff_events: the events of a diff, with their ids (rule R3). Pure. For diff.c and what belongs to it.
 *
 * An id is made of what happened: TYPE/ID, with what tells two of them apart behind it. `numbered` events may
 * share theirs with an earlier one, and take the lowest free of /2, /3, ... as they are stored.
 */
#ifndef WOSYNC_CORE_DIFF_EVENTS_H
#define WOSYNC_CORE_DIFF_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/diff.h"

/* Makes an event whose id is TYPE/ID so far. */
void diff_init_event(
    struct event *event, enum event_type type, const struct workorder *wo, int64_t timestamp);

/* Appends /INSTANT to the id; */
void diff_extend_id(struct event *event, int64_t ms);

/* /FROM-TO/INSTANT. */
void diff_name_status_changed(struct event *event, const char *from, const char *to, int64_t when);

/* Each adds one event to the diff. A completion is dated by completedAt, else by updatedAt. `numbered`: where
 * the id is taken, it becomes ID/2, ID/3. */
void diff_add_created(struct diff *out, const struct workorder *wo);
void diff_add_status_changed(struct diff *out, const struct workorder *wo, const char *from, bool numbered);
void diff_add_completed(struct diff *out, const struct workorder *wo, bool numbered);
void diff_add_updated(struct diff *out, const struct workorder *wo, bool numbered);

/*
 * The completion of a work order that was complete already, but had no completedAt: it was emitted, if at
 * all, with the updatedAt of then. Its own date may differ a little from that one, and still it is no second
 * completion. As long as there is no date, the newer updatedAt becomes another name of the same completion.
 */
void diff_add_late_completed(struct diff *out, const struct workorder *old, const struct workorder *wo);

/* Notes the deletion in the diff, too. `when` is its instant. */
void diff_add_deleted(struct diff *out, const struct workorder *wo, int64_t when);

#endif
