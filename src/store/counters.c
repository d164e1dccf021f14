#include "store/counters.h"

#include "base/clock.h"
#include "store/rows.h"

/* What a poll found less long ago may still come by webhook. */
enum { ON_ITS_WAY_MS = 60000 };

/* Counting statuses takes this part of the time at the most, and is done so often at the least. */
enum { STATUS_SHARE = 300, STATUS_OLDEST_MS = 3600 * 1000 };

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

int counters_count_statuses(struct store *store, int64_t now, struct error *e)
{
    int due = is_count_due(store, now, e);
    if (due != 1)
        return due;
    const int64_t began = clock_monotonic();
    if (store_begin_relaxed(store, e) != 0)
        return -1;
    int rc = store_run(store, SQL_STATUS_COUNTS_CLEAR, NULL, 0, e);
    if (rc == 0)
        rc = store_run(store, SQL_STATUS_COUNTS_MAKE, NULL, 0, e);
    if (rc == 0)
        rc = STORE_RUN(store, e, SQL_STATUS_COUNTED_SET, V_INT(now), V_INT(clock_monotonic() - began));
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
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
