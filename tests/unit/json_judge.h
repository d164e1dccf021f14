/*
 * json_judge: what JSON is, by programs that share nothing with ours: SQLite's json_valid for the grammar of
 * RFC 8259, the C library's iconv for the characters of RFC 3629. For unit tests and fuzz targets.
 */
#ifndef WOSYNC_TESTS_JSON_JUDGE_H
#define WOSYNC_TESTS_JSON_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* Are the bytes characters? */
bool judge_utf8(const char *bytes, size_t len);

/* Is it one JSON value, with at most `depth` arrays and objects in each other, all in UTF-8? Neither allows a
 * byte order mark in front. */
bool judge_json(const char *json, size_t len, int depth);

/* What json-c's own parser reads in a text that judge_json accepts. NULL is null. */
struct json_object *judge_parse(const char *json, size_t len);

/* Is `ours` what json-c read? Where json-c's reading is known to lose something, only that may differ: an
 * integer beyond 64 bits, -0, a NUL in a name. */
bool judge_same(struct json_object *ours, struct json_object *theirs);

#endif
