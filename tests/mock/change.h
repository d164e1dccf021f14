/*
 * change: changes to the work orders on command: the body of POST /mock/workorders, and of a script's steps.
 */
#ifndef MOCK_CHANGE_H
#define MOCK_CHANGE_H

#include <json-c/json.h>
#include <stdint.h>

#include "base.h"
#include "store.h"

/* Who is told of every work order that is created (BEFORE is NULL), updated or deleted (AFTER is NULL), as
 * the list gives it, although it may not yet be visible there. Both are borrowed. */
struct change_listener {
    void (*tell)(void *context, int64_t id, json_object *before, json_object *after);
    void *context;
};

/* Carries out COMMAND at NOW (the mock's time of day) and adds to RESULT what became of it. LISTENER may be
 * NULL. False with the reason in P at the first part that cannot be done; what was done before it stays done.
 */
bool change_apply(struct store *s, json_object *command, int64_t now, const struct change_listener *listener,
    json_object *result, struct problem *p);

/* Whether COMMAND is an object with only those members that change_apply() knows. */
bool change_known(json_object *command, struct problem *p);

#endif
