#include "edit.h"

#include <string.h>

#include "arguments.h"
#include "clock.h"
#include "workorder.h"

/* Members that say how to change, and are no fields of a work order. */
static const char *const special[] = {"_raw", "_remove", "_keep_updatedAt", "_visible_in_ms", "_listed_in_ms",
    "_silent", "userId", "occurredAt"};

static bool is_special(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(special); i++)
        if (strcmp(name, special[i]) == 0)
            return true;
    return false;
}

bool edit_gives(const struct edit *e, const char *name)
{
    return json_object_object_get_ex(e->fields, name, NULL);
}

static bool check_names(json_object *fields, struct problem *p)
{
    json_object_object_foreach(fields, name, value)
    {
        (void)value;
        if (name[0] == '_' && !is_special(name))
            return problem_set(p, "%s: unknown key", name);
    }
    return true;
}

bool edit_actor(struct edit *e, json_object *object, struct problem *p)
{
    const char *occurred = NULL;

    if (!arguments_integer(object, "userId", &e->user, 0, INT64_MAX, p) ||
        !arguments_text(object, "occurredAt", &occurred, p))
        return false;
    if (occurred == NULL)
        return true;
    e->dated = true;
    return clock_parse(occurred, &e->occurred) || problem_set(p, "occurredAt: not an ISO 8601 date");
}

bool edit_parse(struct edit *e, json_object *fields, struct problem *p)
{
    e->fields = fields;
    if (!json_object_is_type(fields, json_type_object))
        return problem_set(p, "a work order must be a JSON object");
    if (!check_names(fields, p))
        return false;
    json_object_object_get_ex(fields, "_raw", &e->raw);
    json_object_object_get_ex(fields, "_remove", &e->remove);
    if (e->raw != NULL && !json_object_is_type(e->raw, json_type_string))
        return problem_set(p, "_raw: not a text");
    if (e->remove != NULL && !json_object_is_type(e->remove, json_type_array))
        return problem_set(p, "_remove: not a list");
    return arguments_boolean(fields, "_keep_updatedAt", &e->keep_updated, p) &&
           arguments_boolean(fields, "_silent", &e->silent, p) &&
           arguments_integer(fields, "_visible_in_ms", &e->visible_in, 0, INT32_MAX, p) &&
           arguments_integer(fields, "_listed_in_ms", &e->listed_in, EDIT_UNTIL_RELEASED, INT32_MAX, p) &&
           edit_actor(e, fields, p);
}

/* It is complete now: completedAt and completerId say so. */
static void complete(const struct edit *e, json_object *doc)
{
    json_object *updated = NULL;

    json_object_object_get_ex(doc, "updatedAt", &updated);
    if (!edit_gives(e, "completedAt"))
        json_object_object_add(doc, "completedAt", json_object_get(updated));
    if (!edit_gives(e, "completerId") && e->user != 0)
        json_object_object_add(doc, "completerId", json_object_new_int64(e->user));
}

void edit_merge(const struct edit *e, json_object *doc)
{
    json_object *status;
    char when[CLOCK_ISO_LENGTH];

    json_object_object_foreach(e->fields, name, value)
    {
        if (!is_special(name))
            json_object_object_add(doc, name, json_object_get(value));
    }
    clock_iso(e->occurred, when);
    if (!edit_gives(e, "updatedAt") && !e->keep_updated)
        json_object_object_add(doc, "updatedAt", json_object_new_string_len(when, sizeof(when)));
    if (json_object_object_get_ex(e->fields, "status", &status) &&
        workorder_is_complete(workorder_status(json_object_get_string(status))))
        complete(e, doc);
}
