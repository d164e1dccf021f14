/*
 * The documented fields of a work order in a webhook. They are named otherwise than in the list in part: the
 * list says `assignees`, `asset` and `location`, a webhook `assigneeIds`, `teamIds`, `assetId` and
 * `locationId`; categories have ids, and a part has five members.
 *
 * Invariant: `id`, `status`, `updatedAt` and `completedAt` are never among them.
 */
#include "entity.h"

#include <string.h>

#include "base.h"

/* Those that are copied as they are. */
static const char *const plain[] = {"description", "dueDate", "estimatedTime", "extraFields", "priority",
    "startDate", "title", "vendorIds", NULL};
static const char *const part_members[] = {
    "id", "quantityUsed", "unitCost", "locationId", "copyOnRecurring", NULL};

static bool is_asked_for(json_object *fields, const char *name)
{
    for (size_t i = 0; fields != NULL && i < json_object_array_length(fields); i++) {
        const char *one = json_object_get_string(json_object_array_get_idx(fields, i));

        if (one != NULL && strcmp(one, name) == 0)
            return true;
    }
    return fields == NULL;
}

/* Adds VALUE, which passes to OUT; NULL is left out. */
static void add(json_object *out, json_object *fields, const char *name, json_object *value)
{
    if (value != NULL && is_asked_for(fields, name))
        json_object_object_add(out, name, value);
    else
        json_object_put(value);
}

/* The id in the member NAME, or in the object that is the member OBJECT_NAME; NULL: neither. */
static json_object *linked_id(json_object *work_order, const char *name, const char *object_name)
{
    json_object *object, *id = NULL;

    if (!json_object_object_get_ex(work_order, name, &id) &&
        json_object_object_get_ex(work_order, object_name, &object) &&
        json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, "id", &id);
    return json_object_get(id);
}

json_object *entity_people(json_object *work_order, const char *type)
{
    json_object *list = json_object_new_array(), *assignees, *id, *own;

    if (!json_object_object_get_ex(work_order, "assignees", &assignees) ||
        !json_object_is_type(assignees, json_type_array))
        return list;
    for (size_t i = 0; i < json_object_array_length(assignees); i++) {
        json_object *one = json_object_array_get_idx(assignees, i);

        if (json_object_is_type(one, json_type_object) && json_object_object_get_ex(one, "id", &id) &&
            json_object_object_get_ex(one, "type", &own) && json_object_is_type(own, json_type_string) &&
            strcmp(json_object_get_string(own), type) == 0)
            json_object_array_add(list, json_object_get(id));
    }
    return list;
}

/* An id for a category's label: the list gives labels alone. The same label has the same id. */
static int64_t category_id(const char *label)
{
    uint32_t hash = 2166136261u;

    for (; *label != '\0'; label++)
        hash = (hash ^ (unsigned char)*label) * 16777619u;
    return 70000 + hash % 10000;
}

json_object *entity_categories(json_object *work_order)
{
    json_object *list = json_object_new_array(), *labels, *one;

    if (!json_object_object_get_ex(work_order, "categories", &labels) ||
        !json_object_is_type(labels, json_type_array))
        return list;
    for (size_t i = 0; i < json_object_array_length(labels); i++) {
        const char *label = json_object_get_string(json_object_array_get_idx(labels, i));

        if (label == NULL)
            continue;
        one = json_object_new_object();
        json_object_object_add(one, "id", json_object_new_int64(category_id(label)));
        json_object_object_add(one, "name", json_object_new_string(label));
        json_object_array_add(list, one);
    }
    return list;
}

static json_object *parts_of(json_object *work_order)
{
    json_object *list = json_object_new_array(), *parts, *one, *value;

    if (!json_object_object_get_ex(work_order, "parts", &parts) ||
        !json_object_is_type(parts, json_type_array))
        return list;
    for (size_t i = 0; i < json_object_array_length(parts); i++) {
        one = json_object_new_object();
        for (size_t k = 0; part_members[k] != NULL; k++)
            if (json_object_object_get_ex(json_object_array_get_idx(parts, i), part_members[k], &value))
                json_object_object_add(one, part_members[k], json_object_get(value));
        json_object_array_add(list, one);
    }
    return list;
}

json_object *entity_json(json_object *work_order, json_object *fields, bool with_costs)
{
    json_object *out = json_object_new_object(), *value;

    add(out, fields, "assetId", linked_id(work_order, "assetId", "asset"));
    add(out, fields, "assigneeIds", entity_people(work_order, "USER"));
    add(out, fields, "categories", entity_categories(work_order));
    for (size_t i = 0; plain[i] != NULL; i++) /* a null stays one here */
        if (is_asked_for(fields, plain[i]) && json_object_object_get_ex(work_order, plain[i], &value))
            json_object_object_add(out, plain[i], json_object_get(value));
    add(out, fields, "locationId", linked_id(work_order, "locationId", "location"));
    add(out, fields, "parts", parts_of(work_order));
    add(out, fields, "teamIds", entity_people(work_order, "TEAM"));
    if (with_costs && json_object_object_get_ex(work_order, "costs", &value))
        add(out, fields, "costs", json_object_get(value));
    return out;
}

bool entity_holds(json_object *list, json_object *value)
{
    for (size_t i = 0; i < json_object_array_length(list); i++)
        if (json_object_equal(json_object_array_get_idx(list, i), value) != 0)
            return true;
    return false;
}

/* Whether the two, which are put, differ. */
static bool differ(json_object *a, json_object *b)
{
    bool different = json_object_equal(a, b) == 0;

    json_object_put(a);
    json_object_put(b);
    return different;
}

bool entity_differs(json_object *before, json_object *after)
{
    return differ(entity_json(before, NULL, true), entity_json(after, NULL, true));
}

bool entity_people_differ(json_object *before, json_object *after)
{
    return differ(entity_people(before, "USER"), entity_people(after, "USER")) ||
           differ(entity_people(before, "TEAM"), entity_people(after, "TEAM"));
}

bool entity_has_new_category(json_object *before, json_object *after)
{
    json_object *had = entity_categories(before), *has = entity_categories(after);
    bool found = false;

    for (size_t i = 0; i < json_object_array_length(has); i++)
        found = found || !entity_holds(had, json_object_array_get_idx(has, i));
    json_object_put(had);
    json_object_put(has);
    return found;
}
