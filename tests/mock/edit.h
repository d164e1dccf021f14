/*
 * edit: one change to a work order, as a command gives it: the new fields, and how to make the change.
 */
#ifndef MOCK_EDIT_H
#define MOCK_EDIT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base.h"

enum { EDIT_UNTIL_RELEASED = -1 };

struct edit {
    json_object *fields; /* borrowed, as the next two; with members that are no fields */
    json_object *raw;    /* or NULL */
    json_object *remove; /* or NULL */
    bool keep_updated, silent;
    int64_t visible_in; /* ms until anybody sees it; 0: at once */
    int64_t listed_in;  /* ms until the list shows it; 0: at once; or EDIT_UNTIL_RELEASED */
    int64_t user;       /* who does it; 0: the system */
    int64_t occurred;   /* when, ms since 1970 */
    bool dated;         /* `occurred` was given */
};

/* Reads FIELDS over the USER and moment (OCCURRED, DATED) of E. False with the reason in P. */
bool edit_parse(struct edit *e, json_object *fields, struct problem *p);

/* Reads userId and occurredAt of OBJECT into E. False with the reason in P. */
bool edit_actor(struct edit *e, json_object *object, struct problem *p);

/* Whether the field NAME is given. */
bool edit_gives(const struct edit *e, const char *name);

/* Puts the fields over DOC and stamps updatedAt, completedAt and completerId where they are not given. */
void edit_merge(const struct edit *e, json_object *doc);

#endif
