/*
 * audit_compare: an audit in progress, and what it does with one work order. Private to the audit_*.c.
 */
#ifndef WOSYNC_SOURCES_AUDIT_COMPARE_H
#define WOSYNC_SOURCES_AUDIT_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/page.h"
#include "core/workorder.h"
#include "sources/audit.h"
#include "sources/audit_lists.h"
#include "store/audit.h"

struct audit {
    const struct audit_settings *settings;
    struct audit_result *result;
    struct diff_rules rules;
    int64_t began;   /* our clock */
    int64_t vouched; /* what changed until then is in the store, unless it was missed; what changed later, the
                        next poll reads (again) */
    struct audit_ids seen, left, unseen;
    struct audit_ids left_late; /* of the left, those that the second look at the findings showed */
    int failures;               /* in a row */
};

/* Compares a record, whose id and dates are in `wo`, with its snapshot; `out` has its work order and the time
 * of its request, and gets the rest. Returns 0, or -1 when the store failed. */
int audit_compare(struct audit *a, const struct page_record *found, const struct workorder *wo,
    bool from_list, struct audit_finding *out, struct error *e);

/* Did it change after what the last poll vouches for? Then the next one reads it. */
bool audit_is_left(const struct audit *a, const struct audit_finding *finding);

/* Has a run stored it since it was asked for? A date later than now, of a clock that was wrong, says
 * nothing. */
bool audit_is_stored_since(const struct audit_snapshot *known, int64_t sent);

/* Puts the outcome of a comparison where it belongs; its detail is taken. */
void audit_note(struct audit *a, struct audit_finding *finding);

/* Counts what the client has sent for the run, and calls for progress. */
void audit_count_request(const struct audit *a);

#endif
