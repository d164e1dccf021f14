#include "core/workorder.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json_parse.h"
#include "base/timestamp.h"

/* A string of at most `max` bytes; NULL for anything else. */
static const char *text_of(struct json_object *value, size_t max)
{
    return json_object_is_type(value, json_type_string) && (size_t)json_object_get_string_len(value) <= max
               ? json_object_get_string(value)
               : NULL;
}

/* Absent and null are no date; anything else must be one. */
static int date_of(struct json_object *doc, const char *key, int64_t *ms)
{
    struct json_object *value = json_object_object_get(doc, key);
    *ms = TIMESTAMP_NONE;
    if (value == NULL)
        return 0;
    const char *text = text_of(value, 64);
    return text == NULL ? -1 : timestamp_parse(text, ms);
}

static const char *read_fields(struct json_object *doc, struct workorder *wo)
{
    struct json_object *id = json_object_object_get(doc, "id");
    if (id == NULL)
        return "it has no id";
    if (!json_object_is_type(id, json_type_int) || json_object_get_int64(id) < 1 ||
        json_object_get_uint64(id) > INT64_MAX)
        return "its id is not a positive integer";
    wo->id = json_object_get_int64(id);
    if (date_of(doc, "updatedAt", &wo->updated) != 0)
        return "its updatedAt is not a date and time";
    if (wo->updated == TIMESTAMP_NONE)
        return "it has no updatedAt";
    if (date_of(doc, "createdAt", &wo->created) != 0)
        return "its createdAt is not a date and time";
    if (date_of(doc, "completedAt", &wo->completed) != 0)
        return "its completedAt is not a date and time";
    if (date_of(doc, "deletedAt", &wo->deleted) != 0)
        return "its deletedAt is not a date and time";
    wo->status = text_of(json_object_object_get(doc, "status"), WORKORDER_MAX_STATUS);
    if (wo->status == NULL || *wo->status == '\0')
        return "its status is missing or no short text";
    for (const char *c = wo->status; *c != '\0'; c++) /* it becomes part of ids, and they of header lines */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "its status holds control characters";
    struct json_object *title = json_object_object_get(doc, "title");
    wo->title = text_of(title, WORKORDER_MAX_SIZE);
    if (title != NULL && wo->title == NULL)
        return "its title is not a text";
    return NULL;
}

enum workorder_result workorder_from_doc(struct json_object *doc, struct workorder *out, const char **reason)
{
    *out = (struct workorder){0};
    if (!json_object_is_type(doc, json_type_object)) {
        *reason = "it is not a JSON object";
        return WORKORDER_BAD;
    }
    *reason = read_fields(doc, out);
    if (*reason != NULL) {
        *out = (struct workorder){0};
        return WORKORDER_BAD;
    }
    out->doc = json_object_get(doc);
    return WORKORDER_OK;
}

/* A fault inside of a record whose ends are clear is that record's own. */
static enum workorder_result judge_fault(enum json_fault fault, const char **reason)
{
    switch (fault) {
    case JSON_TOO_DEEP:
        *reason = "it is nested deeper than 32 levels";
        return WORKORDER_BAD;
    case JSON_NOT_UTF8:
        *reason = "it holds bytes that are no UTF-8";
        return WORKORDER_BAD;
    case JSON_CONTROL:
        *reason = "it holds a control character that is not escaped";
        return WORKORDER_BAD;
    case JSON_NOT_A_NUMBER:
        *reason = "it holds NaN or Infinity in place of a number";
        return WORKORDER_BAD;
    default:
        *reason = "it is not JSON";
        return WORKORDER_NOT_JSON;
    }
}

enum workorder_result workorder_parse(
    const char *json, size_t len, struct workorder *out, const char **reason)
{
    enum json_fault fault;
    *out = (struct workorder){0};
    if (len > WORKORDER_MAX_SIZE) {
        *reason = "it is larger than 1 MiB";
        return WORKORDER_BAD;
    }
    struct json_object *doc = json_parse(json, len, WORKORDER_MAX_DEPTH, &fault);
    if (fault != JSON_FINE)
        return judge_fault(fault, reason);
    enum workorder_result result = workorder_from_doc(doc, out, reason);
    json_object_put(doc);
    return result;
}

void workorder_free(struct workorder *wo)
{
    json_object_put(wo->doc);
    *wo = (struct workorder){0};
}
