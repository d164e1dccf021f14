/*
 * change: changes to the work orders on command: the body of POST /mock/workorders, and of a script's steps.
 */
#ifndef MOCK_CHANGE_H
#define MOCK_CHANGE_H

#include <json-c/json.h>
#include <stdint.h>

#include "base.h"
#include "store.h"

/* One work order that was created (BEFORE is NULL), updated or deleted (AFTER is NULL), as the list gives it
 * with all expanded, although it may not yet be visible there. All is borrowed. */
struct change_news {
    int64_t id;
    json_object *before, *after;
    int64_t user;     /* who did it; 0: the system */
    int64_t occurred; /* when, ms since 1970 */
};

/* Who is to know of every change but the silent ones. */
struct change_listener {
    void (*tell)(void *context, const struct change_news *news);
    void *context;
};

/* What changes are carried out with. */
struct change_world {
    struct store *store;
    int64_t now;    /* the mock's time of day */
    int64_t lag_ms; /* so much later than by id the list shows what is not said otherwise */
    const struct change_listener *listener; /* may be NULL */
};

/* Carries out COMMAND and adds to RESULT what became of it. False with the reason in P at the first part that
 * cannot be done; what was done before it stays done. */
bool change_apply(const struct change_world *w, json_object *command, json_object *result, struct problem *p);

/* Whether COMMAND is an object with only those members that change_apply() knows. */
bool change_known(json_object *command, struct problem *p);

#endif
