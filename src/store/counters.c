#include "store/counters.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "core/workorder.h"
#include "store/rows.h"

/* What a poll found less long ago may still come by webhook. */
enum { ON_ITS_WAY_MS = 60000 };

/* Counting statuses takes this part of the time at the most, and is done so often at the least. */
enum { STATUS_SHARE = 300, STATUS_OLDEST_MS = 3600 * 1000 };

/* MaintainX has a handful. */
enum { MOST_STATUSES = 50 };

int counters_add(struct store *store, const char *name, const char *first, int64_t more, struct error *e)
{
    return STORE_RUN(store, e, SQL_COUNTER_ADD, V_TEXT(name), V_TEXT(first), V_INT(more));
}

int64_t counters_get(struct store *store, const char *name, const char *first, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_COUNTER_GET, V_TEXT(name), V_TEXT(first));
}

int counters_list(struct store *store, const char *name,
    void (*each)(const char *first, const char *second, int64_t value, void *context), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_COUNTER_LIST;
    int rc;
    if (STORE_QUERY(store, e, q, V_TEXT(name)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1)
        each(store_get_text(store, q, 0), store_get_text(store, q, 1), store_int(store, q, 2), context);
    return rc;
}

int counters_last_run(struct store *store, const char *kind, struct last_run *out, struct error *e)
{
    const enum sql_statement q = SQL_LAST_RUN_GET;
    *out = (struct last_run){0};
    int found = STORE_FIND(store, e, q, V_TEXT(kind));
    if (found == 1)
        *out = (struct last_run){
            store_int(store, q, 0), store_int(store, q, 1), store_int(store, q, 2), store_int(store, q, 3)};
    store_done(store, q);
    return found < 0 ? -1 : 0;
}

int counters_delays(
    struct store *store, const char *what, const char *label, struct delays *out, struct error *e)
{
    const enum sql_statement q = SQL_DELAY_LIST;
    int n = 0, rc = 0;
    *out = (struct delays){0};
    if (STORE_QUERY(store, e, q, V_TEXT(what), V_TEXT(label)) != 0)
        return -1;
    while (n < DELAY_STEPS && (rc = store_next(store, q, e)) == 1) {
        out->up_to[n] = store_int(store, q, 0);
        out->count[n++] = store_int(store, q, 1);
        out->total += store_int(store, q, 2);
    }
    store_done(store, q);
    return rc < 0 ? -1 : 0;
}

int counters_count_missed(struct store *store, int64_t now, struct error *e)
{
    const int64_t until = now - ON_ITS_WAY_MS;
    if (STORE_RUN(store, e, SQL_MISSED_COUNT, V_INT(until)) != 0)
        return -1;
    return STORE_RUN(store, e, SQL_MISSED_UNTIL, V_INT(until));
}

/* 1, 0 or -1. */
static int is_count_due(struct store *store, int64_t now, struct error *e)
{
    const enum sql_statement q = SQL_STATUS_COUNTED_GET;
    int found = store_query_all(store, q, e) == 0 ? store_next(store, q, e) : -1;
    if (found != 1)
        return found == 0 ? 1 : -1;
    const int64_t counted = store_int(store, q, 0), took = store_int(store, q, 1);
    const bool changed = store_int(store, q, 2) != 0;
    store_done(store, q);
    if (now < counted)
        return 1; /* the clock went back */
    return now - counted >= took * STATUS_SHARE && (changed || now - counted >= STATUS_OLDEST_MS);
}

struct status_count {
    char status[WORKORDER_MAX_STATUS + 1];
    int64_t count;
};

struct status_list {
    int64_t event_seq; /* what was in the store before they were counted: what came meanwhile calls for
                          another count */
    int64_t document;
    struct status_count rows[MOST_STATUSES];
    int count;
};

/* More than there is room for count as the last one. */
static void add_status(struct status_list *list, const char *status)
{
    int i = 0;
    while (i < list->count && strcmp(list->rows[i].status, status) != 0)
        i++;
    if (i == MOST_STATUSES)
        i--;
    if (i == list->count)
        snprintf(list->rows[list->count++].status, sizeof list->rows[i].status, "%s",
            i == MOST_STATUSES - 1 ? "OTHER" : status);
    list->rows[i].count++;
}

/* Returns 1, 0 when a signal ended it, -1 when the store failed. */
static int read_statuses(struct store *store, struct status_list *out, struct error *e)
{
    const enum sql_statement q = SQL_STATUS_COUNTS_MAKE;
    if (store_get(store, SQL_STATUS_COUNTS_SEEN, NULL, 0, e) != 0)
        return -1;
    out->event_seq = store_int(store, SQL_STATUS_COUNTS_SEEN, 0);
    out->document = store_int(store, SQL_STATUS_COUNTS_SEEN, 1);
    store_done(store, SQL_STATUS_COUNTS_SEEN);
    int rc = store_query_all(store, q, e) == 0 ? 1 : -1;
    while (rc == 1 && !shutdown_signalled() && (rc = store_next(store, q, e)) == 1)
        add_status(out, store_get_text(store, q, 0));
    store_done(store, q);
    return rc < 0 ? -1 : rc == 0;
}

static int write_statuses(
    struct store *store, const struct status_list *list, int64_t now, int64_t took, struct error *e)
{
    if (store_begin_relaxed(store, e) != 0)
        return -1;
    int rc = store_run(store, SQL_STATUS_COUNTS_CLEAR, NULL, 0, e);
    for (int i = 0; rc == 0 && i < list->count; i++)
        rc = STORE_RUN(
            store, e, SQL_STATUS_COUNTS_PUT, V_TEXT(list->rows[i].status), V_INT(list->rows[i].count));
    if (rc == 0)
        rc = STORE_RUN(store, e, SQL_STATUS_COUNTED_SET, V_INT(now), V_INT(took), V_INT(list->event_seq),
            V_INT(list->document));
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
}

int counters_count_statuses(struct store *store, int64_t now, struct error *e)
{
    struct status_list list = {.count = 0};
    int rc = is_count_due(store, now, e);
    const int64_t began = clock_monotonic();
    if (rc == 1)
        rc = read_statuses(store, &list, e);
    return rc == 1 ? write_statuses(store, &list, now, clock_monotonic() - began, e) : rc;
}

int counters_statuses(struct store *store, void (*each)(const char *status, int64_t count, void *context),
    void *context, struct error *e)
{
    const enum sql_statement q = SQL_STATUS_COUNTS_LIST;
    int rc = store_query_all(store, q, e);
    while (rc >= 0 && (rc = store_next(store, q, e)) == 1)
        each(store_get_text(store, q, 0), store_int(store, q, 1), context);
    return rc;
}
