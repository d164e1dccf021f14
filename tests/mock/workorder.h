/*
 * workorder: one work order. What lists are ordered and filtered by lies in a struct of one cache line, so
 * that a million of them are 64 MB; the JSON is generated anew for every answer, unless the work order was
 * changed by command: then it carries its own text.
 */
#ifndef MOCK_WORKORDER_H
#define MOCK_WORKORDER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

enum status {
    STATUS_OPEN,
    STATUS_IN_PROGRESS,
    STATUS_ON_HOLD,
    STATUS_DONE,
    STATUS_CANCELED,
    STATUS_SKIPPED,
    STATUS_COMPLETED, /* these two only by command: older spellings that clients must understand */
    STATUS_CLOSED,
    STATUS_OTHER, /* anything else, for records that are wrong on purpose */
    STATUS__MAX
};

enum priority { PRIORITY_NONE, PRIORITY_LOW, PRIORITY_MEDIUM, PRIORITY_HIGH, PRIORITY_OTHER, PRIORITY__MAX };

/* The text of a work order that was changed by command. */
struct own_text {
    char *json; /* a JSON object, as the list gives it */
    char *raw;  /* given out in its place where it is not NULL: need not be JSON, nor text */
    size_t len; /* of what is given out, in bytes */
};

struct workorder {
    int64_t id;
    int64_t created, updated, completed, due, start; /* ms since 1970, or TIME_NONE */
    struct own_text *own;                            /* owned; NULL: generated */
    uint8_t status, priority;                        /* enum status, enum priority */
    bool deleted, hidden;                            /* neither listed nor found */
};

/* The API's word for a status or priority; NULL for the OTHER ones. */
const char *workorder_status_name(enum status status);
const char *workorder_priority_name(enum priority priority);

/* The status or priority of that NAME, or the OTHER one. */
enum status workorder_status(const char *name);
enum priority workorder_priority(const char *name);

/* Whether the status is one in which the work is done, so that there is a completedAt. */
bool workorder_is_complete(enum status status);

/* Fills the facts of WO (dates, status, priority) from DOC. What is missing or of another type is TIME_NONE
 * or OTHER; an updatedAt that cannot be read leaves the old one, for a record must lie somewhere in the
 * order. */
void workorder_read(struct workorder *wo, json_object *doc);

/* Gives WO the text of DOC as its own, and RAW, a JSON string or NULL, to be given out in its place. */
void workorder_own(struct workorder *wo, json_object *doc, json_object *raw);

/* Frees the own text, if there is one. */
void workorder_clear(struct workorder *wo);

#endif
