/*
 * assignee_names: users and teams of an event's work order in words. The list and the webhooks give them as
 * numbers, as addresses, or whole; the event's `names` say who the numbers are.
 */
#ifndef WOSYNC_HANDLERS_REPORT_ASSIGNEE_NAMES_H
#define WOSYNC_HANDLERS_REPORT_ASSIGNEE_NAMES_H

#include "base/buffer.h"

struct json_object;

/* Appends who stands in the work order's field `key` (an object), or else `id_key` (a number): a name, an
 * address, `User 2031`; nothing when neither is there. */
void assignee_names_append(
    struct buffer *out, struct json_object *event, const char *key, const char *id_key);

/* Appends the assignees, from `assignees` or else `assigneeIds` and `teamIds`, separated by ", ". */
void assignee_names_append_all(struct buffer *out, struct json_object *event);

#endif
