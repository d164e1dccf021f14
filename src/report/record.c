#include "report/record.h"

#include <string.h>

#include "base/json_parse.h"
#include "base/timestamp.h"

/* As deep as a stored record may be. */
enum { MAX_DEPTH = 64, MAX_DATE = 64 };

static bool is_text(const struct json_text *text, const char *word)
{
    return text->plain && strlen(word) == text->len && memcmp(text->at, word, text->len) == 0;
}

/* Reads a text; anything else is stepped over, and *out is empty. False: the JSON is broken. */
static bool read_text(struct json_scan *s, struct json_text *out)
{
    *out = (struct json_text){0};
    return json_scan_peek(s) == '"' ? json_scan_string(s, out) : json_scan_value(s, MAX_DEPTH);
}

static bool read_id(struct json_scan *s, int64_t *id)
{
    struct json_text text;
    const char c = json_scan_peek(s);
    if (c < '1' || c > '9')
        return json_scan_value(s, MAX_DEPTH);
    if (!json_scan_number(s, &text))
        return false;
    *id = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || text.len > 18) {
            *id = 0;
            return true;
        }
        *id = *id * 10 + (text.at[i] - '0');
    }
    return true;
}

static bool read_date(struct json_scan *s, int64_t *ms, bool *bad)
{
    struct json_text text;
    char date[MAX_DATE + 1];
    const bool null = json_scan_peek(s) == 'n';
    if (!read_text(s, &text))
        return false;
    if (text.at != NULL && text.plain && text.len <= MAX_DATE) {
        memcpy(date, text.at, text.len);
        date[text.len] = '\0';
        if (timestamp_parse(date, ms) == 0)
            return true;
    }
    *bad = *bad || !null;
    return true;
}

/* An asset or a location that came with the record. */
static bool read_place(struct json_scan *s, struct record_place *place)
{
    struct json_text key;
    int64_t id = 0;
    if (json_scan_peek(s) != '{')
        return json_scan_value(s, MAX_DEPTH);
    json_scan_take(s, '{');
    if (json_scan_take(s, '}'))
        return true;
    do {
        if (!json_scan_string(s, &key) || !json_scan_take(s, ':'))
            return false;
        bool read = is_text(&key, "name") ? read_text(s, &place->name)
                    : is_text(&key, "id") ? read_id(s, &id)
                                          : json_scan_value(s, MAX_DEPTH);
        if (!read)
            return false;
    } while (json_scan_take(s, ','));
    if (place->id == 0)
        place->id = id;
    return json_scan_take(s, '}');
}

static bool read_status(struct json_scan *s, struct record *out)
{
    struct json_text text;
    if (!read_text(s, &text))
        return false;
    size_t len = text.len < RECORD_STATUS_SIZE ? text.len : RECORD_STATUS_SIZE - 1;
    if (len > 0)
        memcpy(out->status, text.at, len);
    out->status[len] = '\0';
    return true;
}

static bool read_priority(struct json_scan *s, struct record *out)
{
    struct json_text text;
    if (!read_text(s, &text))
        return false;
    out->priority = is_text(&text, "HIGH")     ? PRIORITY_HIGH
                    : is_text(&text, "MEDIUM") ? PRIORITY_MEDIUM
                    : is_text(&text, "LOW")    ? PRIORITY_LOW
                                               : PRIORITY_NONE;
    return true;
}

static bool read_type(struct json_scan *s, struct record *out)
{
    struct json_text text;
    if (!read_text(s, &text))
        return false;
    out->type = is_text(&text, "PREVENTIVE") ? TYPE_PREVENTIVE
                : is_text(&text, "REACTIVE") ? TYPE_REACTIVE
                                             : TYPE_OTHER;
    return true;
}

static bool read_field(struct json_scan *s, const struct json_text *key, struct record *out)
{
    if (is_text(key, "status"))
        return read_status(s, out);
    if (is_text(key, "priority"))
        return read_priority(s, out);
    if (is_text(key, "type"))
        return read_type(s, out);
    if (is_text(key, "createdAt"))
        return read_date(s, &out->created, &out->bad_date);
    if (is_text(key, "completedAt"))
        return read_date(s, &out->completed, &out->bad_date);
    if (is_text(key, "dueDate"))
        return read_date(s, &out->due, &out->bad_date);
    if (is_text(key, "assetId"))
        return read_id(s, &out->asset.id);
    if (is_text(key, "locationId"))
        return read_id(s, &out->location.id);
    if (is_text(key, "asset"))
        return read_place(s, &out->asset);
    if (is_text(key, "location"))
        return read_place(s, &out->location);
    return json_scan_value(s, MAX_DEPTH);
}

static enum work_state state_of(const char *status, char *const *completed)
{
    for (size_t i = 0; completed[i] != NULL; i++)
        if (strcmp(completed[i], status) == 0)
            return WORK_DONE;
    if (strcmp(status, "CANCELED") == 0)
        return WORK_CANCELED;
    return strcmp(status, "SKIPPED") == 0 ? WORK_SKIPPED : WORK_OPEN;
}

bool record_read(const char *json, size_t len, char *const *completed, struct record *out)
{
    struct json_scan s = json_scan_begin(json, len);
    struct json_text key;
    *out = (struct record){.created = TIMESTAMP_NONE,
        .completed = TIMESTAMP_NONE,
        .due = TIMESTAMP_NONE,
        .priority = PRIORITY_NONE,
        .type = TYPE_OTHER};
    if (!json_scan_take(&s, '{'))
        return false;
    do {
        if (!json_scan_string(&s, &key) || !json_scan_take(&s, ':') || !read_field(&s, &key, out))
            return false;
    } while (json_scan_take(&s, ','));
    out->state = state_of(out->status, completed);
    return out->status[0] != '\0' && json_scan_take(&s, '}');
}

char *record_copy_name(const struct json_text *name)
{
    struct buffer text = {0};
    if (name->at == NULL || name->len == 0)
        return NULL;
    json_unescape(name, &text);
    return text.data;
}
