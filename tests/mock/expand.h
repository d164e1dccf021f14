/*
 * expand: the fields of a work order that come only when they are asked for, with `expand=NAME`.
 */
#ifndef MOCK_EXPAND_H
#define MOCK_EXPAND_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base.h"
#include "request.h"

enum {
    EXPAND_ASSIGNEES = 1,
    EXPAND_CATEGORIES = 2,
    EXPAND_ASSET = 4,
    EXPAND_LOCATION = 8,
    EXPAND_EXTRA_FIELDS = 16,
    EXPAND_THUMBNAIL = 32,
    EXPAND_ALL = 63
};

/* Which of them the request, for a list or a SINGLE work order, asks for, as a sum. False, with the PROBLEM
 * said, for a name that the vendor does not know there; those that the mock has nothing of are passed over.
 */
bool expand_read(unsigned *wanted, const struct request *r, bool single, struct problem *p);

/* Takes out of DOC those that are not wanted. */
void expand_strip(json_object *doc, unsigned wanted);

/* Takes out of DOC the members that are null. */
void expand_strip_nulls(json_object *doc);

#endif
