/*
 * report: what the page of `wosync report` is made of, row by row. Dates are milliseconds, TIMESTAMP_NONE
 * where there is none. Each visitor returns 0 to go on, or -1 with the error filled to stop.
 */
#ifndef WOSYNC_STORE_REPORT_H
#define WOSYNC_STORE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

/* A work order: its document is borrowed during the call. */
struct report_work_order {
    int64_t id;
    int64_t status_at; /* when it got its status, at the latest */
    bool deleted;
    const char *json;
    size_t len;
};

/* Calls `each` for every work order, in one reading of the file. Returns 0, or -1 when the store or `each`
 * failed. */
int report_visit_work_orders(struct store *store,
    int (*each)(const struct report_work_order *row, void *context, struct error *e), void *context,
    struct error *e);

/* Copies the document of a work order that is not deleted, to be freed. Returns 1, 0 when there is none, -1
 * when the store failed. */
int report_copy_document(struct store *store, int64_t id, char **json, size_t *len, struct error *e);

/* Calls `each` for every delivery that was done from `since` to before `until`, with how long it took from
 * the change on; without events that are older than the first sync. */
int report_visit_delays(struct store *store, int64_t since, int64_t until,
    int (*each)(int64_t handler, int64_t done, int64_t delay, void *context, struct error *e), void *context,
    struct error *e);

/* A run; exit_status is -1 while it is not known. */
struct report_run {
    int64_t began, ended;
    int64_t exit_status;
    bool followed; /* it has no end, and a later one of its kind was begun */
};

/* Calls `each` for every run that was at work at `since` or later, the oldest first. */
int report_visit_runs(struct store *store, int64_t since,
    int (*each)(const struct report_run *run, void *context, struct error *e), void *context,
    struct error *e);

/* When the first run that is still known began: TIMESTAMP_NONE without one. Returns 0, or -1. */
int report_first_run(struct store *store, int64_t *began, struct error *e);

/* Calls `each` for every step of the histograms of lateness: so many changes of at most `up_to` milliseconds.
 */
int report_visit_lateness(struct store *store,
    int (*each)(const char *channel, int64_t up_to, int64_t count, void *context, struct error *e),
    void *context, struct error *e);

#endif
