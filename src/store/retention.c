#include "store/retention.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/shutdown.h"
#include "core/event.h"
#include "store/events.h"
#include "store/rows.h"

/* Events in one transaction: others may write between two of them. */
enum { MOST = 500 };

/* What goes, and how far the log was looked at. */
struct plan {
    struct {
        int64_t seq;
        char id[EVENT_ID_SIZE];
    } events[MOST];
    int count;
    int64_t place; /* the last event that was looked at, 0: none was */
};

static void plan_event(struct store *store, enum sql_statement q, struct plan *plan)
{
    plan->events[plan->count].seq = store_int(store, q, 0);
    snprintf(plan->events[plan->count++].id, EVENT_ID_SIZE, "%s", store_get_text(store, q, 1));
}

/* Events behind the place that retention has come to, as long as they are old; what is wanted is left. */
static int find_next(struct store *store, int64_t cutoff, struct plan *plan, struct error *e)
{
    const enum sql_statement q = SQL_RETENTION_NEXT;
    int rc = STORE_QUERY(store, e, q, V_INT(cutoff), V_INT(MOST - plan->count));
    while (rc >= 0 && (rc = store_next(store, q, e)) == 1) {
        const bool old = store_int(store, q, 2) != 0, wanted = store_int(store, q, 3) != 0;
        if (!old)
            break;
        plan->place = store_int(store, q, 0);
        if (!wanted)
            plan_event(store, q, plan);
    }
    store_done(store, q);
    return rc < 0 ? -1 : 0;
}

/* Events that were left then, and that no delivery needs any more. */
static int find_released(struct store *store, struct plan *plan, struct error *e)
{
    const enum sql_statement q = SQL_RETENTION_RELEASED;
    if (store_run(store, SQL_RETENTION_KEEP_WANTED, NULL, 0, e) != 0)
        return -1;
    int rc = STORE_QUERY(store, e, q, V_INT(MOST));
    while (rc >= 0 && plan->count < MOST && (rc = store_next(store, q, e)) == 1)
        plan_event(store, q, plan);
    store_done(store, q);
    return rc < 0 ? -1 : 0;
}

static int drop_events(struct store *store, const struct plan *plan, struct error *e)
{
    int rc = plan->place > 0 ? STORE_RUN(store, e, SQL_RETENTION_SET_PLACE, V_INT(plan->place)) : 0;
    for (int i = 0; i < plan->count && rc == 0; i++) {
        rc = events_keep_id(store, plan->events[i].id, e);
        if (rc == 0)
            rc = STORE_RUN(store, e, SQL_RETENTION_DROP_EVENT, V_INT(plan->events[i].seq));
    }
    return rc;
}

/* Is anything old? 1, 0 or -1. */
static int look(struct store *store, int64_t cutoff, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_RETENTION_LOOK, V_INT(cutoff));
    store_done(store, SQL_RETENTION_LOOK);
    return rc;
}

static int drop_others(struct store *store, int64_t cutoff, struct error *e)
{
    if (STORE_RUN(store, e, SQL_RETENTION_DROP_RUNS, V_INT(cutoff), V_INT(MOST)) != 0 ||
        STORE_RUN(store, e, SQL_RETENTION_DROP_INBOX, V_INT(cutoff), V_INT(MOST)) != 0 ||
        STORE_RUN(store, e, SQL_RETENTION_DROP_WEBHOOK_GAPS, V_INT(cutoff)) != 0 ||
        STORE_RUN(store, e, SQL_RETENTION_DROP_STEPS, V_INT(cutoff)) != 0 ||
        STORE_RUN(store, e, SQL_RETENTION_DROP_TOMBSTONES, V_INT(cutoff)) != 0)
        return -1;
    return STORE_RUN(store, e, SQL_RETENTION_DROP_QUARANTINE, V_INT(cutoff));
}

static int run_batch(struct store *store, int64_t cutoff, struct error *e)
{
    int old = look(store, cutoff, e);
    if (old != 1)
        return old;
    /* what is found must still be so when it is removed: someone may be replaying events by hand */
    if (store_begin(store, e) != 0)
        return -1;
    struct plan *plan = calloc(1, sizeof *plan);
    int rc = find_released(store, plan, e);
    if (rc == 0)
        rc = find_next(store, cutoff, plan, e);
    if (rc == 0)
        rc = drop_others(store, cutoff, e);
    if (rc == 0)
        rc = drop_events(store, plan, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    const int count = plan->count;
    free(plan);
    return rc == 0 ? count : -1;
}

int retention_run(struct store *store, int64_t cutoff, int batches, struct error *e)
{
    int removed = 0, count = 1;
    for (int i = 0; i < batches && count > 0 && (i == 0 || !shutdown_signalled()); i++) {
        count = run_batch(store, cutoff, e);
        removed += count;
    }
    return count < 0 ? -1 : removed;
}
