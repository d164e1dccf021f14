/*
 * report: what there is to say about a completed work order: the facts of its event, and the statuses it went
 * through as far as the event log knows them.
 */
#ifndef WOSYNC_HANDLERS_REPORT_REPORT_H
#define WOSYNC_HANDLERS_REPORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/workorder.h"
#include "handlers/handler.h"

struct json_object;

/* A status as it was seen. */
struct report_step {
    int64_t since;                         /* TIMESTAMP_NONE: it was so when it was first seen */
    int64_t span;                          /* until the next one, milliseconds; -1: not known, or the last */
    char status[WORKORDER_MAX_STATUS + 1]; /* "" for the creation of one whose status then is not known */
};

/* Dates are milliseconds, TIMESTAMP_NONE where there is none; spans are milliseconds, -1 where they are not
 * known. */
struct report {
    struct json_object *event; /* borrowed from the event, as is the id */
    struct json_object *data;  /* in it */
    const char *id;
    int64_t work_order;
    int64_t created;
    int64_t started; /* first seen in progress */
    int64_t completed;
    int64_t due;
    int64_t took;     /* from created to completed */
    int64_t waited;   /* from created to started */
    int64_t progress; /* in progress, all together */
    int64_t hold;     /* on hold, all together */
    int completions;  /* that the log knows, this one included */
    struct report_step *steps;
    size_t count;
};

/*
 * Reads a completed event and the history that it comes with. The same event makes the same report at every
 * try: nothing later than it is looked at. Fills *out, to be freed with report_free before the event goes.
 */
void report_read(struct handler_event *event, struct report *out);

/* Frees what the struct owns and zeroes it. */
void report_free(struct report *report);

/* Facts that are text. */
enum report_fact {
    REPORT_TITLE,
    REPORT_NUMBER, /* the organization's own, else the id */
    REPORT_STATUS,
    REPORT_PRIORITY,
    REPORT_TYPE,
    REPORT_CATEGORIES,
    REPORT_ASSET,
    REPORT_SERIAL,
    REPORT_LOCATION,
    REPORT_COMPLETER,
    REPORT_ASSIGNEES,
    REPORT_REQUESTER,
    REPORT_CREATOR,
    REPORT_DESCRIPTION,
    REPORT_NOTE /* the completion note */
};

/*
 * Appends a fact as plain text (not escaped for anything); nothing when the work order does not have it.
 * People are names where the document or the event has them, else `User 2031`, `Team 305`; lists are
 * separated by ", ".
 */
void report_text(const struct report *report, enum report_fact fact, struct buffer *out);

/* A status or priority as people write it: `IN_PROGRESS` as `In progress`. */
void report_words(const char *constant, struct buffer *out);

#endif
