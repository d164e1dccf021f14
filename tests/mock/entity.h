/*
 * entity: what a webhook says of the work order itself: the documented fields of `newWorkOrder`, and whether
 * one of them changed.
 */
#ifndef MOCK_ENTITY_H
#define MOCK_ENTITY_H

#include <json-c/json.h>
#include <stdbool.h>

/*
 * In all of these WORK_ORDER is one as the list gives it with all expanded, or NULL, and the result is new:
 * the caller puts it.
 */

/* The documented fields, or those of them that FIELDS (a list of names; NULL: all) holds. WITH_COSTS: `costs`
 * is one of them. */
json_object *entity_json(json_object *work_order, json_object *fields, bool with_costs);

/* The ids of the assignees of that TYPE, USER or TEAM. */
json_object *entity_people(json_object *work_order, const char *type);

/* The categories, as {"id", "name"}. */
json_object *entity_categories(json_object *work_order);

/* Whether LIST holds what equals VALUE. */
bool entity_holds(json_object *list, json_object *value);

/* Whether the two differ in one of the fields that WORK_ORDER_CHANGE is sent for; and in their assignees. */
bool entity_differs(json_object *before, json_object *after);
bool entity_people_differ(json_object *before, json_object *after);

/* Whether AFTER has a category that BEFORE has not. */
bool entity_has_new_category(json_object *before, json_object *after);

#endif
