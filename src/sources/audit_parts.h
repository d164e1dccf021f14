/*
 * audit_parts: an audit in progress, as the audit_*.c share it. Private to them.
 */
#ifndef WOSYNC_SOURCES_AUDIT_PARTS_H
#define WOSYNC_SOURCES_AUDIT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/page.h"
#include "core/workorder.h"
#include "sources/audit.h"

/* A growing list of ids. */
struct audit_ids {
    int64_t *list; /* owned */
    size_t count, capacity;
};

struct audit {
    const struct audit_settings *settings;
    struct audit_result *result;
    struct diff_rules rules;
    int64_t began;   /* our clock */
    int64_t vouched; /* what changed until then is in the store, unless it was missed; TIMESTAMP_NONE: nothing
                        is */
    struct audit_ids seen, left, unseen;
    int failures; /* in a row */
};

/* --- audit_lists.c --- */

/* Adds an id. */
void audit_ids_add(struct audit_ids *ids, int64_t id);

/* Sorts them, each once. */
void audit_ids_sort(struct audit_ids *ids);

/* Is it one of those, which are sorted? */
bool audit_ids_have(const struct audit_ids *ids, int64_t id);

/* Adds a finding; its detail becomes the list's. */
void audit_findings_add(struct audit_result *result, const struct audit_finding *finding);

/* Sorts them by id; of those of one work order, which is on two pages, the last one stays. */
void audit_findings_sort(struct audit_result *result);

/* --- audit_compare.c --- */

/* Compares a record, whose id and dates are in `wo`, with its snapshot; `out` has its work order and the time
 * of its request, and gets the rest. Returns 0, or -1 when the store failed. */
int audit_compare(struct audit *a, const struct page_record *found, const struct workorder *wo,
    bool from_list, struct audit_finding *out, struct error *e);

/* Did it change after what the last poll vouches for? Then the next one would be the first to see it. */
bool audit_is_left(const struct audit *a, const struct audit_finding *finding);

/* Puts the outcome of a comparison where it belongs; its detail is taken. */
void audit_note(struct audit *a, struct audit_finding *finding);

/* --- audit_look.c --- */

/* What asking for a work order by its id brought. */
enum audit_look { LOOK_THERE, LOOK_GONE, LOOK_BROKEN, LOOK_STOPPED, LOOK_FAILED };

/* Looks once more at what was found: a run may have stored it, or the list be late. LOOK_THERE, LOOK_STOPPED
 * or LOOK_FAILED. */
enum audit_look audit_look_at_findings(struct audit *a, struct error *e);

/* Asks for what the list did not show, though the store holds it; likewise. */
enum audit_look audit_look_at_unseen(struct audit *a, struct error *e);

/* --- audit.c --- */

/* Counts what the client has sent for the run, and calls for progress. */
void audit_count_request(const struct audit *a);

#endif
