/*
 * hook: the body of a webhook: MaintainX's envelope ("live"), and the body of the brief, with the whole work
 * order ("brief").
 */
#ifndef MOCK_HOOK_H
#define MOCK_HOOK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

enum spelling { SPELLING_LIVE, SPELLING_BRIEF, SPELLING__MAX };
enum hook {
    HOOK_CREATED,
    HOOK_CHANGED,
    HOOK_STATUS,
    HOOK_COMPLETED, /* only in the brief's spelling */
    HOOK_DELETED,
    HOOK_OVERDUE, /* from here on only live */
    HOOK_PART_STATUS,
    HOOK_CATEGORY,
    HOOK_COMMENT,
    HOOK__MAX
};

/* The event's name in that spelling; NULL: there is none. */
const char *hook_name(enum hook hook, enum spelling spelling);

/* The spelling that an event of that name belongs to, whether it is known or not. */
enum spelling hook_spelling(const char *event);

/* Whether an event of that name is about anything but a work order, or not known. */
bool hook_is_foreign(const char *event);

/* What a webhook reports. All is borrowed. */
struct hook_news {
    const char *event; /* any text */
    enum spelling spelling;
    int64_t id;           /* of the work order; 0: the event is about something else */
    json_object *before;  /* the work order before, as the list gives it with all expanded; NULL: not known */
    json_object *after;   /* and now; NULL: nothing but the id is known */
    bool serialize;       /* with the work order: all of it (brief), or its documented fields (live) */
    json_object *fields;  /* of it only these (a list of names); NULL: all */
    int64_t user;         /* who did it; 0: the system */
    int64_t occurred;     /* ms since 1970 */
    json_object *members; /* put over the members of the body; NULL: none */
    json_object *without; /* names of members that are left out (a list); NULL: none */
    bool spaced;          /* with a space behind each comma and colon */
};

/* Appends the body of the webhook to OUT. */
void hook_body(const struct hook_news *news, struct buffer *out);

#endif
