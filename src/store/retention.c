#include "store/retention.h"

#include "store/rows.h"

/* Rows per run: a run stays short, and a minute later comes the next. */
enum { MOST = 500 };

static int drop_event(struct store *store, int64_t seq, struct error *e)
{
    if (STORE_RUN(store, e, SQL_RETENTION_KEEP_ID, V_INT(seq)) != 0 ||
        STORE_RUN(store, e, SQL_RETENTION_DROP_DELIVERIES, V_INT(seq)) != 0)
        return -1;
    return STORE_RUN(store, e, SQL_RETENTION_DROP_EVENT, V_INT(seq));
}

static int find_events(struct store *store, int64_t cutoff, int64_t events[MOST], struct error *e)
{
    int count = 0, rc = STORE_QUERY(store, e, SQL_RETENTION_FIND, V_INT(cutoff), V_INT(MOST));
    while (rc >= 0 && count < MOST && (rc = store_next(store, SQL_RETENTION_FIND, e)) == 1)
        events[count++] = store_int(store, SQL_RETENTION_FIND, 0);
    store_done(store, SQL_RETENTION_FIND);
    return rc < 0 ? -1 : count;
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

int retention_run(struct store *store, int64_t cutoff, struct error *e)
{
    int64_t events[MOST];
    int old = look(store, cutoff, e);
    if (old != 1)
        return old;
    /* what is found must still be so when it is removed: someone may be replaying events by hand */
    if (store_begin(store, e) != 0)
        return -1;
    int count = find_events(store, cutoff, events, e);
    int rc = count >= 0 ? drop_others(store, cutoff, e) : -1;
    for (int i = 0; i < count && rc == 0; i++)
        rc = drop_event(store, events[i], e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc == 0 ? count : -1;
}
