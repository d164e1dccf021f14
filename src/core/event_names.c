#include "core/event_names.h"

#include <json-c/json.h>
#include <stddef.h>
#include <string.h>

static const char *text_of(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    return json_object_is_type(value, json_type_string) && json_object_get_string_len(value) > 0
               ? json_object_get_string(value)
               : NULL;
}

const char *event_name(struct json_object *event, bool team, struct json_object *id)
{
    struct json_object *names = json_object_object_get(event, "names");
    if (!json_object_is_type(id, json_type_int))
        return NULL;
    return text_of(json_object_object_get(names, team ? "teams" : "users"), json_object_get_string(id));
}

const char *event_actor_name(struct json_object *event)
{
    return text_of(json_object_object_get(event, "actor"), "name");
}

struct visiting {
    struct json_object *event;
    void (*visit)(const char *name, void *context);
    void *context;
    size_t count;
};

static void visit_one(struct visiting *v, bool team, struct json_object *id)
{
    const char *name = event_name(v->event, team, id);
    v->count++;
    if (name != NULL)
        v->visit(name, v->context);
}

static void visit_list(struct visiting *v, const char *field, bool team)
{
    struct json_object *list = json_object_object_get(json_object_object_get(v->event, "data"), field);
    size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const char *type = text_of(one, "type");
        if (json_object_is_type(one, json_type_object))
            visit_one(v, type != NULL && strcmp(type, "TEAM") == 0, json_object_object_get(one, "id"));
        else
            visit_one(v, team, one);
    }
}

void event_assignee_names(
    struct json_object *event, void (*visit)(const char *name, void *context), void *context)
{
    struct visiting v = {event, visit, context, 0};
    visit_list(&v, "assignees", false);
    if (v.count > 0)
        return;
    visit_list(&v, "assigneeIds", false);
    visit_list(&v, "teamIds", true);
}
