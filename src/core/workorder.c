#include "core/workorder.h"

#include <json-c/json.h>
#include <json-c/json_visit.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/timestamp.h"

struct json_tokener *workorder_parser(void)
{
    struct json_tokener *parser = json_tokener_new_ex(WORKORDER_MAX_DEPTH);
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    return parser;
}

/* A JSON string that is also a C string: not NULL, without an embedded NUL, at most `most` bytes. */
static const char *text_of(struct json_object *value, size_t most)
{
    if (!json_object_is_type(value, json_type_string))
        return NULL;
    const char *text = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value);
    return len <= most && strlen(text) == len ? text : NULL;
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
        return "its id is no positive integer";
    wo->id = json_object_get_int64(id);
    if (date_of(doc, "updatedAt", &wo->updated) != 0)
        return "its updatedAt is no date and time";
    if (wo->updated == TIMESTAMP_NONE)
        return "it has no updatedAt";
    if (date_of(doc, "createdAt", &wo->created) != 0)
        return "its createdAt is no date and time";
    if (date_of(doc, "completedAt", &wo->completed) != 0)
        return "its completedAt is no date and time";
    if (date_of(doc, "deletedAt", &wo->deleted) != 0)
        return "its deletedAt is no date and time";
    wo->status = text_of(json_object_object_get(doc, "status"), WORKORDER_MAX_STATUS);
    if (wo->status == NULL || *wo->status == '\0')
        return "its status is missing or no short text";
    for (const char *c = wo->status; *c != '\0'; c++) /* it becomes part of ids, and they of header lines */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "its status holds control characters";
    struct json_object *title = json_object_object_get(doc, "title");
    wo->title = text_of(title, WORKORDER_MAX_SIZE);
    if (title != NULL && wo->title == NULL)
        return "its title is no text";
    return NULL;
}

/* json-c takes NaN and Infinity; no one who gets the event would. 1e999 is a number. */
static int refuse_not_a_number(struct json_object *value, int flags, struct json_object *parent,
    const char *key, size_t *index, void *context)
{
    (void)flags;
    (void)parent;
    (void)key;
    (void)index;
    (void)context;
    if (!json_object_is_type(value, json_type_double) || isfinite(json_object_get_double(value)))
        return JSON_C_VISIT_RETURN_CONTINUE;
    const char *text = json_object_to_json_string(value);
    return text[strcspn(text, "NI")] == '\0' ? JSON_C_VISIT_RETURN_CONTINUE : JSON_C_VISIT_RETURN_ERROR;
}

/* The visit costs more than this look at the text, which nearly always says no. */
static bool may_hold_no_number(const char *json, size_t len)
{
    return memmem(json, len, "NaN", 3) != NULL || memmem(json, len, "nfinity", 7) != NULL;
}

enum workorder_verdict workorder_from_doc(struct json_object *doc, struct workorder *out, const char **reason)
{
    *out = (struct workorder){0};
    if (!json_object_is_type(doc, json_type_object)) {
        *reason = "it is no JSON object";
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

enum workorder_verdict workorder_parse(
    struct json_tokener *parser, const char *json, size_t len, struct workorder *out, const char **reason)
{
    *out = (struct workorder){0};
    if (len > WORKORDER_MAX_SIZE) {
        *reason = "it is larger than 1 MiB";
        return WORKORDER_BAD;
    }
    json_tokener_reset(parser);
    struct json_object *doc = json_tokener_parse_ex(parser, json, (int)len);
    enum json_tokener_error problem = json_tokener_get_error(parser);
    size_t end = json_tokener_get_parse_end(parser);
    if (problem == json_tokener_continue) {
        /* a number or a word ends only where something else begins */
        doc = json_tokener_parse_ex(parser, " ", 1);
        problem = json_tokener_get_error(parser);
        end = len;
    }
    enum workorder_verdict verdict = WORKORDER_NOT_JSON;
    if (problem == json_tokener_error_depth) {
        *reason = "it is nested deeper than 32 levels";
        verdict = WORKORDER_BAD;
    } else if (problem == json_tokener_error_parse_utf8_string) {
        *reason = "it holds bytes that are no UTF-8";
        verdict = WORKORDER_BAD;
    } else if (problem != json_tokener_success || end != len) {
        *reason = "it is no JSON";
    } else if (may_hold_no_number(json, len) && json_c_visit(doc, 0, refuse_not_a_number, NULL) != 0) {
        *reason = "it holds a number that is none";
        verdict = WORKORDER_BAD;
    } else {
        verdict = workorder_from_doc(doc, out, reason);
    }
    json_object_put(doc);
    return verdict;
}

void workorder_free(struct workorder *wo)
{
    json_object_put(wo->doc);
    *wo = (struct workorder){0};
}
