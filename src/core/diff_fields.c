#include "core/diff_fields.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"

/* Signed URLs and figures that MaintainX computes: they move while the work order does not. */
static const char *const always_ignored[] = {
    "thumbnail", "partsAvailability", "workOrderSummary", "lastMessageSentAt", NULL};

static bool is_in(const char *const *list, const char *text)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

static bool is_ignored(const struct diff_rules *rules, const char *field)
{
    return is_in(always_ignored, field) || is_in(rules->ignored, field);
}

bool diff_is_complete(const struct diff_rules *rules, const char *status)
{
    return is_in(rules->completed, status);
}

/* Longer lists are compared in their order: this takes the square of their length. */
enum { LONGEST_SET = 64 };

static size_t count_in(struct json_object *list, struct json_object *member)
{
    size_t found = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++)
        found += json_same(json_object_array_get_idx(list, i), member);
    return found;
}

/* These are sets: nobody promises an order, and another one is no change. */
static bool same_members(const char *field, struct json_object *a, struct json_object *b)
{
    if ((strcmp(field, "assignees") != 0 && strcmp(field, "categories") != 0) ||
        !json_object_is_type(a, json_type_array) || !json_object_is_type(b, json_type_array))
        return false;
    size_t length = json_object_array_length(a);
    if (length > LONGEST_SET || json_object_array_length(b) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        struct json_object *member = json_object_array_get_idx(a, i);
        if (count_in(a, member) != count_in(b, member))
            return false;
    }
    return true;
}

/* Equal JSON; two spellings of one instant are equal too, for the channels write dates differently. */
static bool same_value(struct json_object *a, struct json_object *b)
{
    int64_t instant_a, instant_b;
    if (json_same(a, b))
        return true;
    return json_object_is_type(a, json_type_string) && json_object_is_type(b, json_type_string) &&
           timestamp_parse(json_object_get_string(a), &instant_a) == 0 &&
           timestamp_parse(json_object_get_string(b), &instant_b) == 0 && instant_a == instant_b;
}

/* What a work order is linked to comes whole, but it is no part of it: one that was renamed is no change of
 * the work order, another one is. */
static bool same_link(const char *field, struct json_object *a, struct json_object *b)
{
    struct json_object *id_a, *id_b;
    return (strcmp(field, "asset") == 0 || strcmp(field, "location") == 0) &&
           json_object_is_type(a, json_type_object) && json_object_is_type(b, json_type_object) &&
           json_object_object_get_ex(a, "id", &id_a) && json_object_object_get_ex(b, "id", &id_b) &&
           json_same(id_a, id_b);
}

static void put_change(
    struct json_object *changes, const char *field, struct json_object *from, struct json_object *to)
{
    struct json_object *change = json_object_new_object();
    json_share(change, "from", from);
    json_share(change, "to", to);
    json_object_object_add(changes, field, change);
}

/* updatedAt is the clock of the changes, not one of them. */
static bool is_compared(const struct diff_rules *rules, const char *field)
{
    return strcmp(field, "updatedAt") != 0 && !is_ignored(rules, field);
}

struct json_object *diff_find_changes(
    const struct diff_rules *rules, struct json_object *old, struct json_object *now, bool whole)
{
    struct json_object *changes = json_object_new_object();
    json_object_object_foreach(now, field, to)
    {
        struct json_object *from = NULL;
        bool both = json_object_object_get_ex(old, field, &from);
        if ((whole || both) && is_compared(rules, field) && !same_value(from, to) &&
            !same_link(field, from, to) && !same_members(field, from, to))
            put_change(changes, field, from, to);
    }
    if (whole) {
        json_object_object_foreach(old, gone, from)
        {
            if (from != NULL && is_compared(rules, gone) && !json_object_object_get_ex(now, gone, NULL))
                put_change(changes, gone, from, NULL);
        }
    }
    return changes;
}

struct json_object *diff_overlay(struct json_object *old, struct json_object *now)
{
    size_t len;
    struct json_object *merged = json_object_new_object();
    json_share_all(merged, old);
    json_share_all(merged, now);
    json_object_to_json_string_length(merged, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (len <= WORKORDER_MAX_SIZE)
        return merged;
    json_object_put(merged);
    return json_object_get(now);
}
