#include "core/scan.h"

#include <string.h>

#include "base/json_scan.h"
#include "base/timestamp.h"

enum { MAX_DATE = 64, ID_DIGITS = 18 };

/* --- the fields that are needed --- */

static bool read_id(struct json_scan *s, int64_t *id)
{
    struct json_text text;
    if (!json_scan_number(s, &text))
        return false;
    *id = json_text_id(&text, ID_DIGITS);
    return *id > 0;
}

static bool read_date(struct json_scan *s, int64_t *ms)
{
    struct json_text text;
    char date[MAX_DATE + 1];
    if (json_scan_peek(s) == 'n')
        return json_scan_word(s, "null");
    if (!json_scan_string(s, &text) || !text.plain || text.len > MAX_DATE)
        return false;
    memcpy(date, text.at, text.len);
    date[text.len] = '\0';
    return timestamp_parse(date, ms) == 0;
}

static bool read_status(struct json_scan *s, char out[WORKORDER_MAX_STATUS + 1])
{
    struct json_text text;
    if (!json_scan_string(s, &text) || !text.plain || text.len == 0 || text.len > WORKORDER_MAX_STATUS ||
        memchr(text.at, 0x7f, text.len) != NULL)
        return false;
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

static bool read_title(struct json_scan *s)
{
    struct json_text text;
    return json_scan_peek(s) == 'n' ? json_scan_word(s, "null") : json_scan_string(s, &text);
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

static enum field field_named(const struct json_text *key)
{
    enum field field = 0;
    while (
        field < FIELDS && (names[field].len != key->len || memcmp(names[field].text, key->at, key->len) != 0))
        field++;
    return field;
}

static bool read_field(struct json_scan *s, enum field field, struct scan *out)
{
    switch (field) {
    case ID:
        return read_id(s, &out->wo.id);
    case UPDATED:
        return read_date(s, &out->wo.updated);
    case CREATED:
        return read_date(s, &out->wo.created);
    case COMPLETED:
        return read_date(s, &out->wo.completed);
    case DELETED:
        return read_date(s, &out->wo.deleted);
    case STATUS:
        return read_status(s, out->status);
    case TITLE:
        return read_title(s);
    case FIELDS:
    default:
        return json_scan_value(s, WORKORDER_MAX_DEPTH - 1);
    }
}

static bool read_members(struct json_scan *s, struct scan *out)
{
    struct json_text key;
    bool seen[FIELDS + 1] = {false};
    do {
        if (!json_scan_string(s, &key) || !key.plain || !json_scan_take(s, ':'))
            return false;
        enum field field = field_named(&key);
        /* of two members with one name the last one counts: rare enough for the parser */
        if ((seen[field] && field != FIELDS) || !read_field(s, field, out))
            return false;
        seen[field] = true;
    } while (json_scan_take(s, ','));
    return seen[ID] && seen[STATUS] && out->wo.updated != TIMESTAMP_NONE;
}

bool scan_record(const char *json, size_t len, struct scan *out)
{
    struct json_scan s = {.at = json, .end = json + len}; /* to a record no byte order mark belongs */
    *out = (struct scan){.wo = {.updated = TIMESTAMP_NONE,
                             .created = TIMESTAMP_NONE,
                             .completed = TIMESTAMP_NONE,
                             .deleted = TIMESTAMP_NONE}};
    out->wo.status = out->status;
    return len <= WORKORDER_MAX_SIZE && json_scan_take(&s, '{') && read_members(&s, out) &&
           json_scan_take(&s, '}') && s.at == s.end && !s.spaced && !s.replaced;
}
