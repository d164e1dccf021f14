#include "core/scan.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/timestamp.h"

/* Deeper records, and numbers of more digits, are json-c's to judge. */
enum { MAX_DEPTH = 12, MAX_DIGITS = 18, MAX_DATE = 64 };

/* The text of a string, without its quotes. */
struct text {
    const char *at;
    size_t len;
    bool plain; /* no escapes */
};

struct reader {
    const char *at; /* a NUL ends everything: nothing takes it */
};

static bool take(struct reader *r, char c)
{
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Behind the backslash. A NUL, and halves of characters, are not plainly good. */
static bool take_escape(struct reader *r)
{
    if (*r->at == '\0' || strchr("\"\\/bfnrtu", *r->at) == NULL)
        return false;
    if (*r->at != 'u') {
        r->at++;
        return true;
    }
    unsigned code = 0;
    for (int i = 1; i <= 4; i++) {
        static const char digits[] = "0123456789abcdef";
        if (!isxdigit((unsigned char)r->at[i]))
            return false;
        code = code * 16 + (unsigned)(strchr(digits, tolower((unsigned char)r->at[i])) - digits);
    }
    r->at += 5;
    return code != 0 && (code < 0xd800 || code > 0xdfff);
}

/* One character beyond ASCII (RFC 3629, section 4). */
static bool take_character(struct reader *r)
{
    const unsigned char *s = (const unsigned char *)r->at;
    const unsigned char lead = s[0], least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0xc2 || lead > 0xf4 || s[1] < least || s[1] > most)
        return false;
    int len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    for (int i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return false;
    r->at += len;
    return true;
}

/* ASCII that stands for itself in a string. */
static const bool is_plain[256] = {
    [0x20 ... '"' - 1] = true, ['"' + 1 ... '\\' - 1] = true, ['\\' + 1 ... 0x7f] = true};

static bool take_string(struct reader *r, struct text *out)
{
    if (!take(r, '"'))
        return false;
    *out = (struct text){.at = r->at, .plain = true};
    for (;;) {
        const char *at = r->at;
        while (is_plain[(unsigned char)*at])
            at++;
        r->at = at;
        if (take(r, '"'))
            break;
        if (take(r, '\\'))
            out->plain = false;
        if (*at == '\\' ? !take_escape(r) : !take_character(r))
            return false;
    }
    out->len = (size_t)(r->at - 1 - out->at);
    return true;
}

static bool take_digits(struct reader *r)
{
    const char *begin = r->at;
    while (is_digit(*r->at))
        r->at++;
    return r->at > begin && r->at - begin <= MAX_DIGITS;
}

/* No exponent, no minus zero, no zero in front. */
static bool take_number(struct reader *r)
{
    bool negative = take(r, '-');
    if (*r->at == '0' && (negative || is_digit(r->at[1])))
        return false;
    return take_digits(r) && (!take(r, '.') || take_digits(r)) && *r->at != 'e' && *r->at != 'E';
}

static bool take_value(struct reader *r, int depth);

static bool take_members(struct reader *r, int depth)
{
    struct text key;
    if (take(r, '}'))
        return true;
    do {
        if (!take_string(r, &key) || !take(r, ':') || !take_value(r, depth))
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

static bool take_elements(struct reader *r, int depth)
{
    if (take(r, ']'))
        return true;
    do {
        if (!take_value(r, depth))
            return false;
    } while (take(r, ','));
    return take(r, ']');
}

static bool take_value(struct reader *r, int depth)
{
    struct text text;
    switch (*r->at) {
    case '"':
        return take_string(r, &text);
    case '{':
        r->at++;
        return depth < MAX_DEPTH && take_members(r, depth + 1);
    case '[':
        r->at++;
        return depth < MAX_DEPTH && take_elements(r, depth + 1);
    case 't':
        return take_word(r, "true");
    case 'f':
        return take_word(r, "false");
    case 'n':
        return take_word(r, "null");
    default:
        return take_number(r);
    }
}

/* --- the fields that are needed --- */

static bool read_id(struct reader *r, int64_t *id)
{
    const char *begin = r->at;
    if (!take_number(r))
        return false;
    *id = 0;
    for (const char *c = begin; c < r->at; c++) {
        if (!is_digit(*c))
            return false;
        *id = *id * 10 + (*c - '0');
    }
    return *id > 0;
}

static bool read_date(struct reader *r, int64_t *ms)
{
    struct text text;
    char date[MAX_DATE + 1];
    if (take_word(r, "null"))
        return true;
    if (!take_string(r, &text) || !text.plain || text.len > MAX_DATE)
        return false;
    memcpy(date, text.at, text.len);
    date[text.len] = '\0';
    return timestamp_parse(date, ms) == 0;
}

static bool read_status(struct reader *r, char out[WORKORDER_MAX_STATUS + 1])
{
    struct text text;
    if (!take_string(r, &text) || !text.plain || text.len == 0 || text.len > WORKORDER_MAX_STATUS ||
        memchr(text.at, 0x7f, text.len) != NULL)
        return false;
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

static bool read_title(struct reader *r)
{
    struct text text;
    return take_word(r, "null") || take_string(r, &text);
}

enum field { ID, UPDATED, CREATED, COMPLETED, DELETED, STATUS, TITLE, FIELDS };

#define NAME(text)                                                                                           \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }
static const struct {
    const char *text;
    size_t len;
} names[FIELDS] = {
    [ID] = NAME("id"),
    [UPDATED] = NAME("updatedAt"),
    [CREATED] = NAME("createdAt"),
    [COMPLETED] = NAME("completedAt"),
    [DELETED] = NAME("deletedAt"),
    [STATUS] = NAME("status"),
    [TITLE] = NAME("title"),
};

static enum field field_named(const struct text *key)
{
    enum field field = 0;
    while (
        field < FIELDS && (names[field].len != key->len || memcmp(names[field].text, key->at, key->len) != 0))
        field++;
    return field;
}

static bool read_field(struct reader *r, enum field field, struct scan *out)
{
    switch (field) {
    case ID:
        return read_id(r, &out->wo.id);
    case UPDATED:
        return read_date(r, &out->wo.updated);
    case CREATED:
        return read_date(r, &out->wo.created);
    case COMPLETED:
        return read_date(r, &out->wo.completed);
    case DELETED:
        return read_date(r, &out->wo.deleted);
    case STATUS:
        return read_status(r, out->status);
    case TITLE:
        return read_title(r);
    case FIELDS:
    default:
        return take_value(r, 1);
    }
}

bool scan_record(const char *json, size_t len, struct scan *out)
{
    struct reader r = {json};
    struct text key;
    bool seen[FIELDS + 1] = {false};
    *out = (struct scan){.wo = {.updated = TIMESTAMP_NONE,
                             .created = TIMESTAMP_NONE,
                             .completed = TIMESTAMP_NONE,
                             .deleted = TIMESTAMP_NONE}};
    out->wo.status = out->status;
    if (len > WORKORDER_MAX_SIZE || !take(&r, '{'))
        return false;
    do {
        if (!take_string(&r, &key) || !key.plain || !take(&r, ':'))
            return false;
        enum field field = field_named(&key);
        /* of two fields with one name the last one counts: rare enough for json-c */
        if ((seen[field] && field != FIELDS) || !read_field(&r, field, out))
            return false;
        seen[field] = true;
    } while (take(&r, ','));
    return take(&r, '}') && r.at == json + len && seen[ID] && seen[STATUS] &&
           out->wo.updated != TIMESTAMP_NONE;
}
