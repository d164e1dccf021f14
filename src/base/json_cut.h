/*
 * json_cut: where a value ends, by its quotes and brackets alone, whatever lies between them. So one broken
 * record can be cut out of a page, and be looked at by itself.
 *
 * This is the lenient half of reading JSON: what was cut may be no JSON at all, which json_scan says.
 */
#ifndef WOSYNC_BASE_JSON_CUT_H
#define WOSYNC_BASE_JSON_CUT_H

#include "base/json_scan.h"

/* Steps over one value. False: the text ends in it (JSON_TRUNCATED), or no value begins here (then nothing
 * was stepped over). */
bool json_cut_value(struct json_scan *s);

/* Finds the value of the first member `name` of the object in `json`: *value becomes its text. */
bool json_cut_member(const char *json, size_t len, const char *name, struct json_text *value);

#endif
