/*
 * hook: what a webhook says: the events and bodies of both spellings, the vendor's ("public") and that of
 * /webhooks ("brief").
 */
#ifndef MOCK_HOOK_H
#define MOCK_HOOK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

enum spelling { SPELLING_PUBLIC, SPELLING_BRIEF, SPELLING__MAX };
enum hook { HOOK_CREATED, HOOK_CHANGED, HOOK_STATUS, HOOK_COMPLETED, HOOK_DELETED, HOOK__MAX };

/* What a hook is called in that spelling; NULL: there is none. */
const char *hook_name(enum hook hook, enum spelling spelling);

/* The spelling that an event of that name belongs to, whether it is known or not. */
enum spelling hook_spelling(const char *event);

/* What is to be told. All is borrowed. */
struct hook_news {
    const char *event;       /* any text */
    enum spelling spelling;  /* of the body */
    int64_t id;              /* of the work order */
    json_object *work_order; /* as the list gives it; NULL: nothing but the id is known */
    bool serialize;          /* the work order stands in the body, and not only its id */
    json_object *fields;     /* of it only these (a list of names); NULL: all */
    const char *old_status;  /* NULL: not known */
    int64_t occurred;        /* ms since 1970 */
};

/* Appends the body of the webhook to OUT. */
void hook_body(const struct hook_news *news, struct buffer *out);

#endif
