/*
 * record: what the report needs of one work order, read from its document without a tree. Pure.
 */
#ifndef WOSYNC_REPORT_RECORD_H
#define WOSYNC_REPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_scan.h"

enum work_state { WORK_OPEN, WORK_DONE, WORK_CANCELED, WORK_SKIPPED, WORK_STATES };
enum work_priority { PRIORITY_HIGH, PRIORITY_MEDIUM, PRIORITY_LOW, PRIORITY_NONE, WORK_PRIORITIES };
enum work_type { TYPE_PREVENTIVE, TYPE_REACTIVE, TYPE_OTHER, WORK_TYPES };

enum { RECORD_STATUS_SIZE = 65 };

/* An asset or a location. The name is JSON text in the document; `at` is NULL where there is none. */
struct record_place {
    int64_t id; /* 0: none */
    struct json_text name;
};

/* Dates are milliseconds, TIMESTAMP_NONE where there is none. It borrows from the document. */
struct record {
    int64_t created, completed, due;
    enum work_state state;
    enum work_priority priority;
    enum work_type type;
    struct record_place asset, location;
    char status[RECORD_STATUS_SIZE];
    bool bad_date; /* a date was there that cannot be read: it counts as absent */
};

/*
 * Reads `len` bytes of JSON. `completed`: the statuses that mean that the work is done, ended by NULL;
 * CANCELED and SKIPPED are closed, too; every other status is open. Returns false when it is not an object
 * with a status.
 */
bool record_read(const char *json, size_t len, char *const *completed, struct record *out);

/* Copies a name out of its JSON text, to be freed; NULL where there is none. */
char *record_copy_name(const struct json_text *name);

#endif
