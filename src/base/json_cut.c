#include "base/json_cut.h"

#include <string.h>

/* From the opening quote to behind the closing one. */
static bool skip_string(struct json_scan *s)
{
    const char *begin = ++s->at;
    while (s->at < s->end) {
        const char *quote = memchr(s->at, '"', (size_t)(s->end - s->at));
        if (quote == NULL)
            break;
        const char *slash = quote;
        while (slash > begin && slash[-1] == '\\')
            slash--;
        s->at = quote + 1;
        if ((quote - slash) % 2 == 0)
            return true;
    }
    s->at = s->end;
    return json_scan_unexpected(s);
}

static const bool is_bracket_or_quote[256] = {
    ['"'] = true, ['{'] = true, ['}'] = true, ['['] = true, [']'] = true};

/* From an opening bracket to behind the one that closes it; which of the two kinds it is does not matter. */
static bool skip_brackets(struct json_scan *s)
{
    size_t depth = 0;
    do {
        while (s->at < s->end && !is_bracket_or_quote[(unsigned char)*s->at])
            s->at++;
        if (s->at == s->end)
            return json_scan_unexpected(s);
        if (*s->at == '"') {
            if (!skip_string(s))
                return false;
        } else {
            depth += *s->at == '{' || *s->at == '[' ? 1 : (size_t)-1;
            s->at++;
        }
    } while (depth > 0);
    return true;
}

/* To the first byte that cannot belong to a number or a word. */
static bool skip_scalar(struct json_scan *s)
{
    const char *begin = s->at;
    while (s->at < s->end && (*s->at == '\0' || strchr(",:]}[{\" \n\r\t", *s->at) == NULL))
        s->at++;
    return s->at > begin;
}

bool json_cut_value(struct json_scan *s)
{
    switch (json_scan_peek(s)) {
    case '"':
        return skip_string(s);
    case '{':
    case '[':
        return skip_brackets(s);
    default:
        return skip_scalar(s);
    }
}

bool json_cut_member(const char *json, size_t len, const char *name, struct json_text *value)
{
    struct json_scan s = json_scan_begin(json, len);
    if (!json_scan_take(&s, '{'))
        return false;
    while (json_scan_peek(&s) == '"') {
        const char *key = s.at + 1;
        if (!skip_string(&s))
            return false;
        size_t key_len = (size_t)(s.at - 1 - key);
        if (!json_scan_take(&s, ':'))
            return false;
        json_scan_peek(&s);
        *value = (struct json_text){.at = s.at};
        if (!json_cut_value(&s))
            return false;
        value->len = (size_t)(s.at - value->at);
        if (key_len == strlen(name) && memcmp(key, name, key_len) == 0)
            return true;
        if (!json_scan_take(&s, ','))
            return false;
    }
    return false;
}
