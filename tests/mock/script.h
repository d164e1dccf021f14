/*
 * script: changes that happen in the middle of a pass: each right after a certain list request has been
 * answered.
 */
#ifndef MOCK_SCRIPT_H
#define MOCK_SCRIPT_H

#include <json-c/json.h>
#include <stdint.h>

#include "base.h"
#include "change.h"

/* All zero: nothing to do. */
struct script {
    json_object *steps; /* a list, or NULL */
    int64_t seen;       /* list requests since it was set */
    int64_t fired;
    struct problem problem; /* why the last step that failed did */
};

/* Takes the place of the script before. STEPS is shared, not taken over. False with the reason in P if it is
 * no script. */
bool script_set(struct script *script, json_object *steps, struct problem *p);

/* A list request has been answered: carries out in W what is due. */
void script_run(struct script *script, const struct change_world *w);

/* How far it is, for GET /mock/state. The caller puts the object. */
json_object *script_json(const struct script *script);

void script_free(struct script *script);

#endif
