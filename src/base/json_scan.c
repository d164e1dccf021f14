/*
 * The scanner is a position in the text and the first fault that was met. Every function that reads returns
 * false from the fault on and leaves the position where the fault is; `end` is never read, so the text needs
 * no NUL behind it, and a NUL in it is a byte like any other (and nowhere part of JSON).
 *
 * Texts are nearly all of a record's bytes. skip_plain steps over them eight at a time; what stops it (a
 * quote, a backslash, a control character, a byte beyond ASCII) is looked at alone.
 */
#include "base/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

static bool fail_with(struct json_scan *s, enum json_fault fault)
{
    if (s->fault == JSON_FINE)
        s->fault = fault;
    return false;
}

bool json_scan_unexpected(struct json_scan *s)
{
    return fail_with(s, s->at == s->end ? JSON_TRUNCATED : JSON_MALFORMED);
}

struct json_scan json_scan_begin(const char *json, size_t len)
{
    struct json_scan s = {.at = json, .end = json + len};
    if (len >= 3 && memcmp(json, "\xef\xbb\xbf", 3) == 0)
        s.at += 3;
    return s;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char skip_space(struct json_scan *s)
{
    while (s->at < s->end && is_space(*s->at)) {
        s->spaced = true;
        s->at++;
    }
    return s->at < s->end ? *s->at : '\0';
}

/* Nearly always there is no white space. */
static inline char peek(struct json_scan *s)
{
    return s->at < s->end && (unsigned char)*s->at > ' ' ? *s->at : skip_space(s);
}

static inline bool take(struct json_scan *s, char c)
{
    if (peek(s) != c || s->at == s->end)
        return false;
    s->at++;
    return true;
}

char json_scan_peek(struct json_scan *s)
{
    return peek(s);
}

bool json_scan_take(struct json_scan *s, char c)
{
    return take(s, c);
}

bool json_scan_at_end(struct json_scan *s)
{
    peek(s);
    return s->at == s->end;
}

/* --- texts --- */

int json_scan_unit(const char *digits)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        const char c = digits[i];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* `\uXXXX` at `at`, as a code unit; -1 where there is none before the end. */
static int unit_at(const struct json_scan *s, const char *at)
{
    return s->end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? json_scan_unit(at + 2) : -1;
}

/* From the backslash to behind the escape, a pair of surrogates at once. */
static bool step_escape(struct json_scan *s)
{
    if (s->end - s->at < 2)
        return fail_with(s, JSON_TRUNCATED);
    if (s->at[1] != 'u') {
        if (s->at[1] == '\0' || strchr("\"\\/bfnrt", s->at[1]) == NULL)
            return fail_with(s, JSON_MALFORMED);
        s->at += 2;
        return true;
    }
    int unit = unit_at(s, s->at);
    if (unit < 0)
        return fail_with(s, s->end - s->at < 6 ? JSON_TRUNCATED : JSON_MALFORMED);
    s->at += 6;
    int low = unit >= 0xd800 && unit <= 0xdbff ? unit_at(s, s->at) : -1;
    if (low >= 0xdc00 && low <= 0xdfff)
        s->at += 6;
    else if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff))
        s->replaced = true;
    return true;
}

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

/* The high bit of each byte that is zero; it may also mark bytes above the lowest one that is. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH_BYTE(0x01)) & ~word;
}

/* Over ASCII that stands for itself. */
static const char *skip_plain(const char *at, const char *end)
{
    for (uint64_t word; end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        uint64_t odd = word | zero_bytes(word ^ EACH_BYTE('"')) | zero_bytes(word ^ EACH_BYTE('\\')) |
                       (word - EACH_BYTE(0x20));
        odd &= EACH_BYTE(0x80);
        if (odd == 0)
            continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        return at + __builtin_ctzll(odd) / 8;
#else
        break;
#endif
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

bool json_scan_string(struct json_scan *s, struct json_text *out)
{
    if (!take(s, '"'))
        return json_scan_unexpected(s);
    *out = (struct json_text){.at = s->at, .plain = true};
    for (;;) {
        s->at = skip_plain(s->at, s->end);
        if (s->at == s->end)
            return fail_with(s, JSON_TRUNCATED);
        if (*s->at == '"')
            break;
        if (*s->at == '\\') {
            out->plain = false;
            if (!step_escape(s))
                return false;
            continue;
        }
        size_t len = utf8_length(s->at, (size_t)(s->end - s->at));
        if ((unsigned char)*s->at < 0x20)
            return fail_with(s, JSON_CONTROL);
        if (len == 0)
            return fail_with(s, JSON_NOT_UTF8);
        s->at += len;
    }
    out->len = (size_t)(s->at - out->at);
    s->at++;
    return true;
}

/* --- numbers and words --- */

static bool step_digits(struct json_scan *s)
{
    const char *begin = s->at;
    while (s->at < s->end && is_digit(*s->at))
        s->at++;
    return s->at > begin ? true : json_scan_unexpected(s);
}

static bool is_at(const struct json_scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

/* What other programs write where there is no number. */
static bool is_not_a_number(const struct json_scan *s)
{
    static const char *const spellings[] = {"NaN", "nan", "Infinity", "inf"};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        size_t len = strlen(spellings[i]);
        if ((size_t)(s->end - s->at) >= len && memcmp(s->at, spellings[i], len) == 0)
            return true;
    }
    return false;
}

static bool step_integer(struct json_scan *s)
{
    if (is_at(s, '0')) {
        s->at++;
        return true;
    }
    return is_not_a_number(s) ? fail_with(s, JSON_NOT_A_NUMBER) : step_digits(s);
}

static bool step_exponent(struct json_scan *s)
{
    s->at++;
    if (is_at(s, '+') || is_at(s, '-'))
        s->at++;
    return step_digits(s);
}

bool json_scan_number(struct json_scan *s, struct json_text *out)
{
    peek(s);
    *out = (struct json_text){.at = s->at, .plain = true};
    if (is_at(s, '-'))
        s->at++;
    if (!step_integer(s))
        return false;
    if (is_at(s, '.')) {
        s->at++;
        if (!step_digits(s))
            return false;
    }
    if ((is_at(s, 'e') || is_at(s, 'E')) && !step_exponent(s))
        return false;
    out->len = (size_t)(s->at - out->at);
    return true;
}

bool json_scan_word(struct json_scan *s, const char *word)
{
    peek(s);
    size_t len = strlen(word), left = (size_t)(s->end - s->at);
    if (memcmp(s->at, word, left < len ? left : len) != 0)
        return is_not_a_number(s) ? fail_with(s, JSON_NOT_A_NUMBER) : fail_with(s, JSON_MALFORMED);
    if (left < len)
        return fail_with(s, JSON_TRUNCATED);
    s->at += len;
    return true;
}

int64_t json_text_id(const struct json_text *text, size_t digits)
{
    int64_t id = 0;
    if (text->len > digits)
        return 0;
    for (size_t i = 0; i < text->len; i++) {
        if (!is_digit(text->at[i]))
            return 0;
        id = id * 10 + (text->at[i] - '0');
    }
    return id;
}

/* --- values --- */

static bool scan_members(struct json_scan *s, int depth)
{
    struct json_text key;
    if (take(s, '}'))
        return true;
    do {
        if (!json_scan_string(s, &key))
            return false;
        if (!take(s, ':'))
            return json_scan_unexpected(s);
        if (!json_scan_value(s, depth))
            return false;
    } while (take(s, ','));
    return take(s, '}') ? true : json_scan_unexpected(s);
}

static bool scan_elements(struct json_scan *s, int depth)
{
    if (take(s, ']'))
        return true;
    do {
        if (!json_scan_value(s, depth))
            return false;
    } while (take(s, ','));
    return take(s, ']') ? true : json_scan_unexpected(s);
}

bool json_scan_value(struct json_scan *s, int depth)
{
    struct json_text text;
    const char first = peek(s);
    if ((first == '{' || first == '[') && depth == 0)
        return fail_with(s, JSON_TOO_DEEP);
    switch (first) {
    case '"':
        return json_scan_string(s, &text);
    case '{':
        s->at++;
        return scan_members(s, depth - 1);
    case '[':
        s->at++;
        return scan_elements(s, depth - 1);
    case 't':
        return json_scan_word(s, "true");
    case 'f':
        return json_scan_word(s, "false");
    case 'n':
        return json_scan_word(s, "null");
    default:
        return json_scan_number(s, &text);
    }
}
