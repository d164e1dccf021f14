/*
 * audit_lists: ids and findings, as an audit collects them.
 */
#ifndef WOSYNC_SOURCES_AUDIT_LISTS_H
#define WOSYNC_SOURCES_AUDIT_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/audit.h"

/* A growing list of ids. */
struct audit_ids {
    int64_t *list; /* owned */
    size_t count, capacity;
};

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

#endif
