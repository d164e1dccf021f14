#include "store/report.h"

#include <stdlib.h>
#include <string.h>

#include "store/rows.h"

int report_visit_work_orders(struct store *store,
    int (*each)(const struct report_work_order *row, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement s = SQL_REPORT_WORK_ORDERS;
    int rc = store_query_all(store, s, e);
    while (rc == 0 && (rc = store_next(store, s, e)) == 1) {
        struct report_work_order row = {.id = store_int(store, s, 0),
            .status_at = store_date(store, s, 1),
            .deleted = store_int(store, s, 2) != 0};
        row.json = store_get_bytes(store, s, 3, &row.len);
        rc = each(&row, context, e);
    }
    store_done(store, s);
    return rc;
}

int report_copy_document(struct store *store, int64_t id, char **json, size_t *len, struct error *e)
{
    *json = NULL;
    int rc = STORE_FIND(store, e, SQL_REPORT_WORK_ORDER, V_INT(id));
    if (rc == 1) {
        const void *bytes = store_get_bytes(store, SQL_REPORT_WORK_ORDER, 0, len);
        *json = malloc(*len + 1);
        memcpy(*json, bytes, *len);
        (*json)[*len] = '\0';
    }
    store_done(store, SQL_REPORT_WORK_ORDER);
    return rc;
}

int report_visit_delays(struct store *store, int64_t since, int64_t until,
    int (*each)(int64_t handler, int64_t done, int64_t delay, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement s = SQL_REPORT_DELAYS;
    int rc = STORE_QUERY(store, e, s, V_INT(since), V_INT(until));
    while (rc == 0 && (rc = store_next(store, s, e)) == 1)
        rc = each(store_int(store, s, 0), store_int(store, s, 1), store_int(store, s, 2), context, e);
    store_done(store, s);
    return rc;
}

int report_visit_runs(struct store *store, int64_t since,
    int (*each)(const struct report_run *run, void *context, struct error *e), void *context, struct error *e)
{
    const enum sql_statement s = SQL_REPORT_RUNS;
    int rc = STORE_QUERY(store, e, s, V_INT(since));
    while (rc == 0 && (rc = store_next(store, s, e)) == 1) {
        const struct report_run run = {.began = store_date(store, s, 0),
            .ended = store_date(store, s, 1),
            .exit_status = store_is_null(store, s, 2) ? -1 : store_int(store, s, 2),
            .followed = store_int(store, s, 3) != 0};
        rc = each(&run, context, e);
    }
    store_done(store, s);
    return rc;
}

int report_first_run(struct store *store, int64_t *began, struct error *e)
{
    int rc = store_get(store, SQL_REPORT_FIRST_RUN, NULL, 0, e);
    if (rc == 0)
        *began = store_date(store, SQL_REPORT_FIRST_RUN, 0);
    store_done(store, SQL_REPORT_FIRST_RUN);
    return rc;
}

int report_visit_lateness(struct store *store,
    int (*each)(const char *channel, int64_t up_to, int64_t count, void *context, struct error *e),
    void *context, struct error *e)
{
    const enum sql_statement s = SQL_REPORT_LATENESS;
    int rc = store_query_all(store, s, e);
    while (rc == 0 && (rc = store_next(store, s, e)) == 1)
        rc = each(store_get_text(store, s, 0), store_int(store, s, 1), store_int(store, s, 2), context, e);
    store_done(store, s);
    return rc;
}
