#include "handlers/report/assignee_names.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "core/event_names.h"

static bool is_text(struct json_object *value)
{
    return json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > 0;
}

static void append_string(struct buffer *out, struct json_object *value)
{
    buffer_append(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

/* An id: a number, which the event may know a name for, or the address that the API gives in its place. */
static void append_id(struct buffer *out, struct json_object *event, struct json_object *id, bool team)
{
    const char *name = event_name(event, team, id), *kind = team ? "Team" : "User";
    if (is_text(id))
        append_string(out, id);
    else if (name != NULL)
        buffer_append_text(out, name);
    else if (json_integer_text(id) != NULL)
        buffer_append_format(out, "%s %s", kind, json_integer_text(id));
}

/* The best name that the object has for itself, else the event for its id. */
static void append_object(struct buffer *out, struct json_object *event, struct json_object *person)
{
    static const char *const names[] = {"name", "fullName", "displayName"};
    struct json_object *first = json_object_object_get(person, "firstName"),
                       *last = json_object_object_get(person, "lastName");
    struct json_object *type = json_object_object_get(person, "type");
    bool team = is_text(type) && strcmp(json_object_get_string(type), "TEAM") == 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_text(json_object_object_get(person, names[i]))) {
            append_string(out, json_object_object_get(person, names[i]));
            return;
        }
    if (is_text(first))
        append_string(out, first);
    if (is_text(first) && is_text(last))
        buffer_append_text(out, " ");
    if (is_text(last))
        append_string(out, last);
    if (is_text(first) || is_text(last))
        return;
    struct json_object *id = json_object_object_get(person, "id");
    if (is_text(json_object_object_get(person, "email")) && event_name(event, team, id) == NULL)
        append_string(out, json_object_object_get(person, "email"));
    else
        append_id(out, event, id, team);
}

void assignee_names_append(struct buffer *out, struct json_object *event, const char *key, const char *id_key)
{
    struct json_object *data = json_object_object_get(event, "data");
    size_t before = out->len;
    append_object(out, event, json_object_object_get(data, key));
    if (out->len == before)
        append_id(out, event, json_object_object_get(data, id_key), false);
}

/* Appends a list; `begin`: where the first of all lists began. */
static void append_list(
    struct buffer *out, size_t begin, struct json_object *event, const char *field, bool teams)
{
    struct json_object *list = json_object_object_get(json_object_object_get(event, "data"), field);
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        if (out->len > begin)
            buffer_append_text(out, ", ");
        if (json_object_is_type(one, json_type_object))
            append_object(out, event, one);
        else
            append_id(out, event, one, teams);
    }
}

void assignee_names_append_all(struct buffer *out, struct json_object *event)
{
    size_t begin = out->len;
    append_list(out, begin, event, "assignees", false);
    if (out->len > begin)
        return;
    append_list(out, begin, event, "assigneeIds", false);
    append_list(out, begin, event, "teamIds", true);
}
