/*
 * warehouse_row: a work order as one flat row, made from an event or a snapshot. Pure.
 *
 * A row is a list of texts, in the order of the parameters of the statements in sql/warehouse/: every
 * database reads numbers, dates and JSON from text.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_WAREHOUSE_ROW_H
#define WOSYNC_HANDLERS_WAREHOUSE_WAREHOUSE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handlers/warehouse/warehouse_names.h"

/* WAREHOUSE_ID is the first parameter, and so on. */
enum warehouse_value {
    WAREHOUSE_ID,
    WAREHOUSE_SEQUENTIAL_ID,
    WAREHOUSE_TITLE,
    WAREHOUSE_DESCRIPTION,
    WAREHOUSE_STATUS,
    WAREHOUSE_PRIORITY,
    WAREHOUSE_TYPE,
    WAREHOUSE_CREATED_AT,
    WAREHOUSE_UPDATED_AT,
    WAREHOUSE_COMPLETED_AT,
    WAREHOUSE_DUE_DATE,
    WAREHOUSE_START_DATE,
    WAREHOUSE_ASSET_ID,
    WAREHOUSE_ASSET_NAME,
    WAREHOUSE_LOCATION_ID,
    WAREHOUSE_LOCATION_NAME,
    WAREHOUSE_CREATOR_ID,
    WAREHOUSE_COMPLETER_ID,
    WAREHOUSE_REQUESTER_ID,
    WAREHOUSE_ORGANIZATION_ID,
    WAREHOUSE_CATEGORIES,
    WAREHOUSE_ASSIGNEES,
    WAREHOUSE_DELETED, /* 0 or 1 */
    WAREHOUSE_DELETED_AT,
    WAREHOUSE_OBSERVED_AT,
    WAREHOUSE_DATA,
    WAREHOUSE_SEQ,
    WAREHOUSE_SNAPSHOT_VALUES, /* a snapshot has these, an event the following too */

    WAREHOUSE_EVENT_ID = WAREHOUSE_SNAPSHOT_VALUES,
    WAREHOUSE_EVENT_TYPE,
    WAREHOUSE_HAPPENED_AT,
    WAREHOUSE_EVENT_OBSERVED_AT,
    WAREHOUSE_FROM_STATUS,
    WAREHOUSE_TO_STATUS, /* only of an event that says a status: it goes into the history */
    WAREHOUSE_REPLACES,  /* 1, or 0: it leaves a row alone that is not of an older updatedAt */
    WAREHOUSE_ACTOR_ID,
    WAREHOUSE_EVENT_VALUES
};

/* Owns its texts, which are UTF-8 without a NUL inside (U+0000 is not to be had in PostgreSQL: U+FFFD stands
 * for it). NULL is SQL's. */
struct warehouse_row {
    char *values[WAREHOUSE_EVENT_VALUES];
    struct warehouse_names names; /* that the event mentions */
};

/* Makes the row of an event from its body; `seq` is its place in the log. Dates are UTC with milliseconds; a
 * field that is missing or of another type than expected is NULL and stays in `data` only. Only a row without
 * id, status or an updatedAt in the years 0001 to 9999 is bad. Returns NULL, or a static text that says why
 * it cannot be a row. *out is to be freed with warehouse_row_free in either case. */
const char *warehouse_row_from_event(const char *json, size_t len, int64_t seq, struct warehouse_row *out);

/* The same from a snapshot's JSON, as it is known at `observed`; it stands before every event. */
const char *warehouse_row_from_snapshot(
    const char *json, size_t len, bool deleted, int64_t observed, struct warehouse_row *out);

/* Frees what the row owns and zeroes it. */
void warehouse_row_free(struct warehouse_row *row);

#endif
