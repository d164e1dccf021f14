/*
 * diff_fields: what of a work order counts as a change: which fields are compared, and how. Pure. For diff.c
 * and what belongs to it.
 */
#ifndef WOSYNC_CORE_DIFF_FIELDS_H
#define WOSYNC_CORE_DIFF_FIELDS_H

#include <stdbool.h>

#include "core/diff.h"

/* Is a status one of the complete ones? */
bool diff_is_complete(const struct diff_rules *rules, const char *status);

/*
 * The fields that differ: {"field": {"from", "to"}}, a new object that shares the values. Where both
 * documents are as the list gave them (`whole`), one that came or went is a change; else only what both sides
 * have is compared (rule R4). Absent and null are the same.
 */
struct json_object *diff_find_changes(
    const struct diff_rules *rules, struct json_object *old, struct json_object *now, bool whole);

/* The old document with the fields of the new one laid over it: a new object that shares the values of both.
 * Where both together are larger than a record may be, which nobody could read again, a reference to the new
 * one alone: what only the old one held comes back with the next observation from the list. */
struct json_object *diff_overlay(struct json_object *old, struct json_object *now);

#endif
