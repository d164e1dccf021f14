/*
 * A recursive descent over json_scan, which knows the grammar; here only objects are made of what it read.
 * A value that was begun and could not be ended is dropped by whoever asked for it: *out is always either
 * NULL or a value that the caller owns, whatever the result.
 */
#include "base/json_parse.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/utf8.h"

struct parser {
    struct json_scan scan;
    struct buffer scratch; /* a text while it becomes an object */
};

/* --- texts --- */

static char unescaped(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; /* a quote, a slash */
    }
}

/* Appends the character of `\uXXXX`, or of two of them. Returns the place behind. The scan saw that the
 * digits are there. */
static const char *append_unit(const char *at, const char *end, struct buffer *out)
{
    char bytes[4];
    uint32_t code = (uint32_t)json_scan_unit(at + 2);
    at += 6;
    int low = code >= 0xd800 && code <= 0xdbff && end - at >= 6 && at[0] == '\\' && at[1] == 'u'
                  ? json_scan_unit(at + 2)
                  : -1;
    if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        at += 6;
    } else if (code == 0 || (code >= 0xd800 && code <= 0xdfff)) {
        code = UTF8_BAD;
    }
    buffer_append(out, bytes, utf8_write(code, bytes));
    return at;
}

void json_unescape(const struct json_text *text, struct buffer *out)
{
    const char *at = text->at, *end = at + text->len;
    while (at < end) {
        const char *escape = text->plain ? NULL : memchr(at, '\\', (size_t)(end - at));
        buffer_append(out, at, (size_t)((escape != NULL ? escape : end) - at));
        if (escape == NULL)
            return;
        if (escape[1] == 'u') {
            at = append_unit(escape, end, out);
        } else {
            const char c = unescaped(escape[1]);
            buffer_append(out, &c, 1);
            at = escape + 2;
        }
    }
}

/* The text as a C string, until the next call. */
static const char *text_of(struct parser *p, const struct json_text *text)
{
    buffer_clear(&p->scratch);
    buffer_reserve(&p->scratch, text->len);
    json_unescape(text, &p->scratch);
    p->scratch.data[p->scratch.len] = '\0';
    return p->scratch.data;
}

static struct json_object *make_string(struct parser *p, const struct json_text *text)
{
    if (text->plain)
        return json_object_new_string_len(text->at, (int)text->len);
    text_of(p, text);
    return json_object_new_string_len(p->scratch.data, (int)p->scratch.len);
}

/* --- numbers --- */

/* An integer of at most 64 bits; NULL for every other number. -0 is none: an integer would lose the sign. */
static struct json_object *make_integer(const char *digits)
{
    char *end;
    if (strcmp(digits, "-0") == 0)
        return NULL;
    errno = 0;
    intmax_t number = strtoimax(digits, &end, 10);
    if (*end != '\0')
        return NULL;
    if (errno == 0)
        return json_object_new_int64(number);
    errno = 0;
    uintmax_t large = strtoumax(digits, &end, 10); /* takes a minus, too */
    return errno == 0 && *digits != '-' ? json_object_new_uint64(large) : NULL;
}

static struct json_object *make_number(struct parser *p, const struct json_text *text)
{
    const char *digits = text_of(p, text);
    struct json_object *number = make_integer(digits);
    return number != NULL ? number : json_object_new_double_s(strtod(digits, NULL), digits);
}

/* --- values --- */

static bool parse_value(struct parser *p, int depth, struct json_object **out);

static bool parse_members(struct parser *p, int depth, struct json_object *object)
{
    struct json_scan *s = &p->scan;
    struct json_text key;
    if (json_scan_take(s, '}'))
        return true;
    do {
        struct json_object *value = NULL;
        if (!json_scan_string(s, &key))
            return false;
        if (!json_scan_take(s, ':'))
            return json_scan_unexpected(s);
        if (!parse_value(p, depth, &value)) {
            json_object_put(value);
            return false;
        }
        json_object_object_add(object, text_of(p, &key), value);
    } while (json_scan_take(s, ','));
    return json_scan_take(s, '}') ? true : json_scan_unexpected(s);
}

static bool parse_elements(struct parser *p, int depth, struct json_object *array)
{
    struct json_scan *s = &p->scan;
    if (json_scan_take(s, ']'))
        return true;
    do {
        struct json_object *value = NULL;
        if (!parse_value(p, depth, &value)) {
            json_object_put(value);
            return false;
        }
        json_object_array_add(array, value);
    } while (json_scan_take(s, ','));
    return json_scan_take(s, ']') ? true : json_scan_unexpected(s);
}

static bool parse_container(struct parser *p, int depth, struct json_object **out)
{
    if (depth == 0) {
        p->scan.fault = JSON_TOO_DEEP;
        return false;
    }
    bool object = *p->scan.at == '{';
    p->scan.at++;
    *out = object ? json_object_new_object() : json_object_new_array();
    return object ? parse_members(p, depth - 1, *out) : parse_elements(p, depth - 1, *out);
}

static bool parse_value(struct parser *p, int depth, struct json_object **out)
{
    struct json_scan *s = &p->scan;
    struct json_text text;
    switch (json_scan_peek(s)) {
    case '{':
    case '[':
        return parse_container(p, depth, out);
    case '"':
        if (!json_scan_string(s, &text))
            return false;
        *out = make_string(p, &text);
        return true;
    case 't':
        *out = json_object_new_boolean(1);
        return json_scan_word(s, "true");
    case 'f':
        *out = json_object_new_boolean(0);
        return json_scan_word(s, "false");
    case 'n':
        return json_scan_word(s, "null");
    default:
        if (!json_scan_number(s, &text))
            return false;
        *out = make_number(p, &text);
        return true;
    }
}

struct json_object *json_parse(const char *json, size_t len, int depth, enum json_fault *fault)
{
    struct parser p = {.scan = json_scan_begin(json, len)};
    struct json_object *value = NULL;
    if (parse_value(&p, depth, &value) && !json_scan_at_end(&p.scan))
        json_scan_unexpected(&p.scan);
    buffer_free(&p.scratch);
    *fault = p.scan.fault;
    if (*fault == JSON_FINE)
        return value;
    json_object_put(value);
    return NULL;
}
