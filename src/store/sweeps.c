#include "store/sweeps.h"

#include "store/rows.h"

int sweeps_clear(struct store *store, struct error *e)
{
    return store_run(store, SQL_SWEEP_SEEN_CLEAR, NULL, 0, e);
}

int sweeps_add(struct store *store, int64_t id, struct error *e)
{
    return STORE_RUN(store, e, SQL_SWEEP_SEEN_ADD, V_INT(id));
}

int sweeps_count_missing(
    struct store *store, int64_t began, int64_t now, int64_t *missing, int64_t *known, struct error *e)
{
    if (STORE_GET(store, e, SQL_DELETION_CANDIDATE_COUNT, V_INT(began), V_INT(now)) != 0)
        return -1;
    *missing = store_int(store, SQL_DELETION_CANDIDATE_COUNT, 0);
    *known = store_int(store, SQL_DELETION_CANDIDATE_COUNT, 1);
    store_done(store, SQL_DELETION_CANDIDATE_COUNT);
    return 0;
}

int sweeps_note_missing(struct store *store, int64_t began, int64_t now, struct error *e)
{
    if (store_run(store, SQL_DELETION_CANDIDATE_FORGET_SEEN, NULL, 0, e) != 0 ||
        STORE_RUN(store, e, SQL_DELETION_CANDIDATE_NOTE, V_INT(began), V_INT(now)) != 0)
        return -1;
    return sweeps_clear(store, e);
}

int sweeps_add_refused(struct store *store, int64_t id, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_DELETION_CANDIDATE_ADD, V_INT(id), V_INT(now));
}

int sweeps_next(
    struct store *store, int64_t now, int64_t hour_ago, struct deletion_candidate *candidate, struct error *e)
{
    const enum sql_statement q = SQL_DELETION_CANDIDATE_NEXT;
    int rc = STORE_FIND(
        store, e, q, V_INT(hour_ago), V_INT(candidate->id), V_INT(now), V_INT(candidate->attempts));
    if (rc != 1)
        return rc;
    candidate->id = store_int(store, q, 0);
    candidate->refused = store_date(store, q, 1);
    candidate->attempts = store_int(store, q, 2);
    store_done(store, q);
    return 1;
}

int sweeps_postpone(struct store *store, int64_t id, int64_t due, struct error *e)
{
    return STORE_RUN(store, e, SQL_DELETION_CANDIDATE_POSTPONE, V_INT(id), V_INT(due));
}

int sweeps_find(struct store *store, int64_t id, struct deletion_candidate *out, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_DELETION_CANDIDATE_GET, V_INT(id));
    if (rc != 1)
        return rc;
    *out = (struct deletion_candidate){.id = id, .refused = store_date(store, SQL_DELETION_CANDIDATE_GET, 0)};
    store_done(store, SQL_DELETION_CANDIDATE_GET);
    return 1;
}

int sweeps_refused(struct store *store, int64_t id, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_DELETION_CANDIDATE_REFUSED, V_INT(id), V_INT(now));
}

int sweeps_drop(struct store *store, int64_t id, struct error *e)
{
    return STORE_RUN(store, e, SQL_DELETION_CANDIDATE_DROP, V_INT(id));
}

int sweeps_drop_all(struct store *store, struct error *e)
{
    return store_run(store, SQL_DELETION_CANDIDATE_CLEAR, NULL, 0, e);
}

int64_t sweeps_waiting(struct store *store, struct error *e)
{
    return store_number(store, SQL_DELETION_CANDIDATE_WAITING, NULL, 0, e);
}
