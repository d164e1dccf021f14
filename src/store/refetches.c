#include "store/refetches.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/rows.h"

static const char *const reason_names[REFETCH_REASONS] = {
    [REFETCH_NOTIFIED] = "notified",
    [REFETCH_SETTLE] = "settle",
    [REFETCH_DOUBT] = "doubt",
};

int refetches_request(struct store *store, const struct refetch_row *row, int64_t due, struct error *e)
{
    return STORE_RUN(store, e, SQL_REFETCH_REQUEST, V_INT(row->work_order), V_TEXT(reason_names[row->reason]),
        V_INT(row->requested), V_DATE(row->occurred), V_DATE(row->gone_at), V_INT(row->gone_by),
        V_DATE(row->doubted), V_INT(due));
}

static enum refetch_reason read_reason(const char *name)
{
    enum refetch_reason reason = REFETCH_NOTIFIED;
    for (int i = 0; i < REFETCH_REASONS; i++)
        if (name != NULL && strcmp(name, reason_names[i]) == 0)
            reason = (enum refetch_reason)i;
    return reason;
}

static void read_row(struct store *store, enum sql_statement q, struct refetch_row *out)
{
    *out = (struct refetch_row){.work_order = store_int(store, q, 0),
        .reason = read_reason(store_get_text(store, q, 1)),
        .requested = store_int(store, q, 2),
        .occurred = store_date(store, q, 3),
        .gone_at = store_date(store, q, 4),
        .gone_by = store_int(store, q, 5),
        .doubted = store_date(store, q, 6),
        .attempts = store_int(store, q, 7)};
    store_done(store, q);
}

int refetches_next(struct store *store, int64_t now, struct refetch_row *row, struct error *e)
{
    const enum sql_statement q = SQL_REFETCH_NEXT;
    int rc = STORE_FIND(store, e, q, V_INT(now), V_INT(row->attempts), V_INT(row->work_order));
    if (rc == 1)
        read_row(store, q, row);
    return rc;
}

int refetches_get(struct store *store, int64_t work_order, struct refetch_row *out, struct error *e)
{
    const enum sql_statement q = SQL_REFETCH_GET;
    int rc = STORE_FIND(store, e, q, V_INT(work_order));
    if (rc == 1)
        read_row(store, q, out);
    return rc;
}

int refetches_drop(struct store *store, int64_t work_order, struct error *e)
{
    return STORE_RUN(store, e, SQL_REFETCH_DROP, V_INT(work_order));
}

int refetches_postpone(struct store *store, int64_t work_order, enum refetch_reason reason, int64_t due,
    const char *error, struct error *e)
{
    return STORE_RUN(store, e, SQL_REFETCH_POSTPONE, V_INT(work_order), V_TEXT(reason_names[reason]),
        V_INT(error != NULL), V_INT(due), V_TEXT(error));
}

int64_t refetches_count_due(struct store *store, int64_t now, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_REFETCH_COUNT_DUE, V_INT(now));
}

int refetches_count(struct store *store, struct refetch_counts *out, struct error *e)
{
    const enum sql_statement q = SQL_REFETCH_COUNT;
    if (store_get(store, q, NULL, 0, e) != 0)
        return -1;
    *out = (struct refetch_counts){store_int(store, q, 0), store_date(store, q, 1), store_int(store, q, 2)};
    store_done(store, q);
    return 0;
}

int refetches_visit_failed(struct store *store, int max,
    int (*visit)(const struct refetch_failure *failure, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_REFETCH_LIST_FAILED;
    int rc;
    if (STORE_QUERY(store, e, q, V_INT(max)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        const struct refetch_failure failure = {.work_order = store_int(store, q, 0),
            .requested = store_int(store, q, 1),
            .attempts = store_int(store, q, 2),
            .due = store_int(store, q, 3),
            .error = store_get_text(store, q, 4)};
        if (visit(&failure, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int tombstones_add(struct store *store, int64_t work_order, int64_t deleted_at, struct error *e)
{
    return STORE_RUN(store, e, SQL_TOMBSTONE_ADD, V_INT(work_order), V_INT(deleted_at));
}

int tombstones_get(struct store *store, int64_t work_order, int64_t *deleted_at, struct error *e)
{
    *deleted_at = TIMESTAMP_NONE;
    int rc = STORE_FIND(store, e, SQL_TOMBSTONE_GET, V_INT(work_order));
    if (rc == 1)
        *deleted_at = store_int(store, SQL_TOMBSTONE_GET, 0);
    store_done(store, SQL_TOMBSTONE_GET);
    return rc < 0 ? -1 : 0;
}
