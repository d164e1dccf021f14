/*
 * event: what happened to a work order, its name and its body. Pure.
 */
#ifndef WOSYNC_CORE_EVENT_H
#define WOSYNC_CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/workorder.h"

struct json_object;
struct mentions;

/* In the order in which the events of one observation are emitted. */
enum event_type {
    EVENT_CREATED,
    EVENT_STATUS_CHANGED,
    EVENT_COMPLETED,
    EVENT_UPDATED,
    EVENT_DELETED,
    EVENT_TYPES
};

/* `workorder.created` and so on: used in the store, in JSON, in the configuration and in logs alike. */
const char *event_type_name(enum event_type type);

/* The type of that name, or EVENT_TYPES when there is none. */
enum event_type event_type_named(const char *name);

/* Where an observation came from. */
enum event_source { SOURCE_POLL, SOURCE_BACKFILL, SOURCE_RECONCILE, SOURCE_WEBHOOK, EVENT_SOURCES };

/* `poll`, `backfill`, `reconcile`, `webhook`. */
const char *event_source_name(enum event_source source);

/* Bytes of the longest event id, with the NUL: two statuses, a date, an integer, a type, a number. */
enum { EVENT_ID_SIZE = 2 * WORKORDER_MAX_STATUS + 128 };

struct event {
    enum event_type type;
    int64_t work_order;
    int64_t timestamp;      /* when it happened, by the work order's own dates */
    char id[EVENT_ID_SIZE]; /* made from what happened, never from when it was seen (rule R3) */
    bool numbered;          /* when the id is taken already: /2, /3, ... instead of silence */
    /* the id under which the same thing may have been emitted before it had its date ("": none). If it was,
     * this id is kept as emitted, and that is all */
    char same_as[EVENT_ID_SIZE];
    bool only_same; /* if it was not, nothing is emitted either */
};

/* Writes the id of the n-th event of that id: the id itself for n = 1, else `ID/n`. Returns out. */
const char *event_numbered_id(const struct event *event, int n, char out[EVENT_ID_SIZE]);

/* Everything the body of an event is made of. */
struct event_context {
    int64_t observed; /* when the observation came in */
    int64_t
        previously_observed; /* until when the snapshot was known to be true; TIMESTAMP_NONE without one */
    enum event_source source;
    struct json_object *doc; /* the work order, borrowed; NULL: it is `json` */
    const char *json;        /* as compact text (scan_record), borrowed; then nothing of it has changed */
    size_t json_len;
    const char *previous_status; /* NULL when the status did not change */
    struct json_object
        *changes;  /* {"field": {"from": ..., "to": ...}}, borrowed; NULL when they are unknown */
    int64_t actor; /* the user who did it, where something besides the record says so; 0: nothing does */
    const struct mentions *mentions; /* whom the event mentions, with names, borrowed; NULL: not looked up */
};

/*
 * Makes the JSON that every handler gets, frozen when the event is stored:
 * {"id", "event", "timestamp", "observedAt", "previouslyObservedAt", "source", "actor": {"id", "name"},
 * "names": {"users": {ID: NAME}, "teams": {}}, "data": {work order, "previousStatus", "changes"}}. `actor` is
 * left out where nobody is known, its name and those in `names` where they are not known. `id` is the id as
 * it was finally given. Returns a string to be freed by the caller.
 */
char *event_body(const struct event *event, const char *id, const struct event_context *context);

/* Reads such a body back, as deeply nested as the deepest work order makes it. Returns an object to be
 * dropped with json_object_put, NULL when it is no event. */
struct json_object *event_parse(const char *body, size_t len);

#endif
