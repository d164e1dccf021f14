/*
 * comment: comments on work orders on command.
 */
#ifndef MOCK_COMMENT_H
#define MOCK_COMMENT_H

#include <json-c/json.h>

#include "base.h"
#include "mock.h"

/*
 * Adds the comments of LIST, {"work_order", "content", "authorId", "type", "url", "occurredAt"} each, and
 * tells those who are registered for it. Moves lastMessageSentAt of the work order, not its updatedAt. RESULT
 * gets their ids. False with the reason in P at the first that cannot be added. Under the mock's lock.
 */
bool comment_add(struct mock *m, json_object *list, json_object *result, struct problem *p);

#endif
