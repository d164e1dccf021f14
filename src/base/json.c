/*
 * json: values are compared by what they say, not by how they are spelled: 1, 1.0 and 10e-1 are the same.
 *
 * json-c keeps a number that it cannot hold as the text that came (base/json_parse.c), so two numbers are
 * compared digit by digit, as decimals, and none is rounded.
 */
#include "base/json.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

/* Larger exponents are compared as they are spelled. */
enum { MAX_EXPONENT = 1000000000 };

void json_share(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, json_object_get(value));
}

void json_share_all(struct json_object *object, struct json_object *from)
{
    json_object_object_foreach(from, key, value)
    {
        json_share(object, key, value);
    }
}

void json_give_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, text == NULL ? NULL : json_object_new_string(text));
}

void json_give_int(struct json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}

void json_give_date(struct json_object *object, const char *key, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(ms, text);
    json_give_text(object, key, *text == '\0' ? NULL : text);
}

const char *json_number_text(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double)
               ? json_object_get_string(value)
               : NULL;
}

const char *json_integer_text(struct json_object *value)
{
    const char *text = json_number_text(value);
    return text != NULL && strpbrk(text, ".eE") == NULL ? text : NULL;
}

/* A number: 0.FIRST...LAST times 10 to `scale`. FIRST and LAST are not 0; a dot between them means nothing.
 */
struct decimal {
    bool negative;
    const char *first, *last; /* NULL: it is 0 */
    int64_t scale;
    bool vast; /* the exponent is beyond all reason */
};

static struct decimal read_decimal(const char *text)
{
    struct decimal d = {.negative = *text == '-'};
    bool behind_dot = false;
    const char *at = text + d.negative;
    for (; *at != '\0' && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            behind_dot = true;
            continue;
        }
        if (*at != '0') {
            d.first = d.first != NULL ? d.first : at;
            d.last = at;
        }
        if (d.first != NULL && !behind_dot)
            d.scale++;
        else if (d.first == NULL && behind_dot)
            d.scale--;
    }
    if (*at != '\0') {
        long long exponent = strtoll(at + 1, NULL, 10); /* the limits, where it is beyond them */
        d.vast = exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT;
        d.scale += d.vast ? 0 : exponent;
    }
    return d;
}

static bool same_digits(const struct decimal *a, const struct decimal *b)
{
    const char *x = a->first, *y = b->first;
    for (;;) {
        if (*x != *y)
            return false;
        if (x == a->last || y == b->last)
            return x == a->last && y == b->last;
        x += x[1] == '.' ? 2 : 1;
        y += y[1] == '.' ? 2 : 1;
    }
}

static bool same_number(const char *x, const char *y)
{
    if (strcmp(x, y) == 0)
        return true;
    const struct decimal a = read_decimal(x), b = read_decimal(y);
    if (a.first == NULL || b.first == NULL)
        return a.first == b.first; /* -0 is 0 */
    return !a.vast && !b.vast && a.negative == b.negative && a.scale == b.scale && same_digits(&a, &b);
}

static bool same_array(struct json_object *a, struct json_object *b)
{
    size_t length = json_object_array_length(a);
    if (json_object_array_length(b) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!json_same(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i)))
            return false;
    return true;
}

static bool same_object(struct json_object *a, struct json_object *b)
{
    if (json_object_object_length(a) != json_object_object_length(b))
        return false;
    json_object_object_foreach(a, key, value)
    {
        struct json_object *other;
        if (!json_object_object_get_ex(b, key, &other) || !json_same(value, other))
            return false;
    }
    return true;
}

/* Both are integers of 64 bits: no need for their digits. */
static bool same_integer(struct json_object *a, struct json_object *b)
{
    return json_object_get_int64(a) == json_object_get_int64(b) &&
           json_object_get_uint64(a) == json_object_get_uint64(b);
}

bool json_same(struct json_object *a, struct json_object *b)
{
    enum json_type type = json_object_get_type(a), other = json_object_get_type(b);
    if (a == b)
        return true;
    if (type == json_type_int && other == json_type_int)
        return same_integer(a, b);
    const char *x = json_number_text(a), *y = json_number_text(b);
    if (x != NULL && y != NULL)
        return same_number(x, y);
    if (type != other)
        return false;
    switch (type) {
    case json_type_array:
        return same_array(a, b);
    case json_type_object:
        return same_object(a, b);
    case json_type_string:
        return json_object_get_string_len(a) == json_object_get_string_len(b) &&
               memcmp(json_object_get_string(a), json_object_get_string(b),
                   (size_t)json_object_get_string_len(a)) == 0;
    case json_type_boolean:
        return json_object_get_boolean(a) == json_object_get_boolean(b);
    default:
        return true; /* null */
    }
}
