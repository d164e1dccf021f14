/*
 * json_parse: JSON text (json_scan) to json-c's objects.
 *
 * json-c's own parser is not used: what it takes for JSON differs from version to version (0.16 takes control
 * characters and overlong UTF-8, 0.18 takes no letter beyond ASCII when it is strict), and an integer beyond
 * 64 bits becomes another number. Here:
 *
 *   - a number keeps the digits it came with. An integer of at most 64 bits is json_type_int; every other
 *     number is a json_type_double that is printed as it was spelled (-0, 1.0, 1E400, 20 digits and more)
 *   - an escape that stands for no character (NUL, half of a surrogate pair) becomes U+FFFD, in keys too: so
 *     every text is UTF-8, and a C string of its whole length
 *   - of two members with one name the last one counts
 */
#ifndef WOSYNC_BASE_JSON_PARSE_H
#define WOSYNC_BASE_JSON_PARSE_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/json_scan.h"

struct json_object;

/* How deeply events and records of other programs may nest: enough for all that is no attack. */
enum { JSON_PARSE_DEPTH = 64 };

/*
 * Reads all of `len` bytes (at most INT_MAX) as one value that nests at most `depth` arrays and objects.
 * Returns an object to be dropped with json_object_put (NULL is JSON's null), with *fault JSON_FINE; or NULL
 * with the fault.
 */
struct json_object *json_parse(const char *json, size_t len, int depth, enum json_fault *fault);

/* Appends what a string of json_scan means. */
void json_unescape(const struct json_text *text, struct buffer *out);

#endif
