/*
 * warehouse_names: the names of users and teams on their way into a warehouse. Pure.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_WAREHOUSE_NAMES_H
#define WOSYNC_HANDLERS_WAREHOUSE_WAREHOUSE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/timestamp.h"

struct json_object;

enum warehouse_name_kind { WAREHOUSE_USER, WAREHOUSE_TEAM };

/* Where a name was seen. */
enum warehouse_name_source {
    NAME_MENTIONED, /* in an event: whoever bears it may have been removed */
    NAME_LISTED,    /* in MaintainX's list */
    NAME_REMOVED    /* no longer in that list */
};

struct warehouse_name {
    enum warehouse_name_kind kind;
    enum warehouse_name_source source;
    int64_t id;
    int64_t observed; /* when it was seen, in milliseconds */
    const char *name; /* UTF-8 without a NUL inside, not empty */
};

/* A list that owns its texts. Zero-initialize; free with warehouse_names_free. */
struct warehouse_names {
    struct warehouse_name *list;
    size_t count;
};

/* Adds the names that an event's body holds: its `names`, and its `actor`. Of each user and team there is one
 * name, the one observed last. What is no name, or has an id that is no number, is passed over. */
void warehouse_names_from_event(struct json_object *body, int64_t observed, struct warehouse_names *names);

/* Adds the names of `from`, which is empty then. */
void warehouse_names_move(struct warehouse_names *names, struct warehouse_names *from);

void warehouse_names_free(struct warehouse_names *names);

/* A name as the parameters of the statements user_put and team_put (sql/warehouse/). */
enum { WAREHOUSE_NAME_VALUES = 4 };
struct warehouse_name_values {
    const char *values[WAREHOUSE_NAME_VALUES]; /* borrowed from the name and from here */
    char id[24];
    char observed[TIMESTAMP_SIZE];
};
void warehouse_name_fill(const struct warehouse_name *name, struct warehouse_name_values *out);

#endif
