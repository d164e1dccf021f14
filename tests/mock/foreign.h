/*
 * foreign: webhooks about anything but a work order, for receivers that must not keep what is in them.
 */
#ifndef MOCK_FOREIGN_H
#define MOCK_FOREIGN_H

#include <json-c/json.h>
#include <stdbool.h>

/* Adds to BODY what MaintainX sends with EVENT, as a sample; nothing for an event without one. */
void foreign_members(json_object *body, const char *event);

/* Whether MaintainX has an event of that name, about a work order or anything else. */
bool foreign_is_event(const char *name);

#endif
