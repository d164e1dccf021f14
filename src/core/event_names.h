/*
 * event_names: the people of an event by name, read back from its body. Pure.
 */
#ifndef WOSYNC_CORE_EVENT_NAMES_H
#define WOSYNC_CORE_EVENT_NAMES_H

#include <stdbool.h>

struct json_object;

/* The name that the event holds for a user or team; `id` is a number of its work order, anything else has
 * none. Borrowed from the event; NULL: not known. */
const char *event_name(struct json_object *event, bool team, struct json_object *id);

/* The name of the user who did it. Borrowed from the event; NULL: not known. */
const char *event_actor_name(struct json_object *event);

/* Calls `visit` with the name of each assignee that has one in the event, in the work order's order: those of
 * `assignees`, or else of `assigneeIds` and `teamIds`. */
void event_assignee_names(
    struct json_object *event, void (*visit)(const char *name, void *context), void *context);

#endif
