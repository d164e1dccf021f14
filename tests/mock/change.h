/*
 * change: changes to the work orders on command: the body of POST /mock/workorders, and of a script's steps.
 */
#ifndef MOCK_CHANGE_H
#define MOCK_CHANGE_H

#include <json-c/json.h>
#include <stdint.h>

#include "base.h"
#include "store.h"

/* Carries out COMMAND at NOW (the mock's time of day) and adds to RESULT what became of it. False with the
 * reason in P at the first part that cannot be done; what was done before it stays done. */
bool change_apply(struct store *s, json_object *command, int64_t now, json_object *result, struct problem *p);

/* Whether COMMAND is an object with only those members that change_apply() knows. */
bool change_known(json_object *command, struct problem *p);

#endif
