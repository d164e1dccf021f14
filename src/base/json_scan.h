/*
 * json_scan: the one reader of JSON text. It walks the text and builds nothing.
 *
 * It accepts RFC 8259, and in texts RFC 3629, and nothing else: no control character in a text, no byte that
 * is not UTF-8, no comment, no NaN, no comma before a bracket. json_parse makes objects with it, core/page
 * cuts a page with it, core/scan reads the few fields of a record with it.
 *
 * json_cut finds where a value ends without reading it; it is as lenient as this is strict.
 */
#ifndef WOSYNC_BASE_JSON_SCAN_H
#define WOSYNC_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_fault {
    JSON_FINE,
    JSON_TRUNCATED,    /* the text ends in the middle */
    JSON_MALFORMED,    /* not the grammar of RFC 8259 */
    JSON_CONTROL,      /* a control character in a text */
    JSON_NOT_UTF8,     /* bytes in a text that RFC 3629 forbids */
    JSON_NOT_A_NUMBER, /* NaN, Infinity */
    JSON_TOO_DEEP      /* more nested arrays and objects than allowed */
};

/* A part of the text: a string without its quotes, or a number. */
struct json_text {
    const char *at;
    size_t len;
    bool plain; /* it means what it says: a string without escapes */
};

struct json_scan {
    const char *at;
    const char *end;       /* never read */
    enum json_fault fault; /* the first one; nothing is read behind it */
    bool spaced;           /* there was white space between two parts */
    bool replaced;         /* an escape stood for no character: NUL, or half of a surrogate pair */
};

/* Begins to read `len` bytes; a byte order mark before the JSON is passed over (RFC 8259, 8.1). */
struct json_scan json_scan_begin(const char *json, size_t len);

/* The next byte that is not white space, NUL at the end. */
char json_scan_peek(struct json_scan *s);

/* Steps over this byte (and white space before it), if it is the next one. */
bool json_scan_take(struct json_scan *s, char c);

/* Is everything read, but for white space? */
bool json_scan_at_end(struct json_scan *s);

/* Each of these reads one thing and fills *out. False: the fault says why. `depth` is how many arrays and
 * objects the value may nest. */
bool json_scan_string(struct json_scan *s, struct json_text *out);
bool json_scan_number(struct json_scan *s, struct json_text *out);
bool json_scan_word(struct json_scan *s, const char *word);
bool json_scan_value(struct json_scan *s, int depth);

/* The fault of a place where something else was expected: JSON_TRUNCATED at the end, else JSON_MALFORMED.
 * Returns false. */
bool json_scan_unexpected(struct json_scan *s);

/* The positive integer that a text spells, where it is nothing but so many `digits` at the most (18: what 64
 * bits are surely enough for); else 0. */
int64_t json_text_id(const struct json_text *text, size_t digits);

/* The code unit that the four digits of \uXXXX spell, at `digits`; -1 where they are not hexadecimal. */
int json_scan_unit(const char *digits);

#endif
