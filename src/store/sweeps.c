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

int sweeps_next(
    struct store *store, int64_t hour_ago, int64_t after, struct deletion_candidate *out, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_DELETION_CANDIDATE_NEXT, V_INT(hour_ago), V_INT(after));
    if (rc != 1)
        return rc;
    out->id = store_int(store, SQL_DELETION_CANDIDATE_NEXT, 0);
    out->refused = store_date(store, SQL_DELETION_CANDIDATE_NEXT, 1);
    store_done(store, SQL_DELETION_CANDIDATE_NEXT);
    return 1;
}

int sweeps_find(struct store *store, int64_t id, struct deletion_candidate *out, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_DELETION_CANDIDATE_GET, V_INT(id));
    if (rc != 1)
        return rc;
    *out = (struct deletion_candidate){id, store_date(store, SQL_DELETION_CANDIDATE_GET, 0)};
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
