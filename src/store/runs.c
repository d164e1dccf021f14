#include "store/runs.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/rows.h"
#include "store/store.h"

int runs_save(struct store *store, struct run *run, struct error *e)
{
    if (run->number == 0) {
        if (STORE_RUN(store, e, SQL_RUN_ADD, V_TEXT(run->kind), V_INT(run->began), V_DATE(run->since)) != 0)
            return -1;
        run->number = store_last_id(store);
    }
    return STORE_RUN(store, e, SQL_RUN_SET, V_INT(run->number), V_DATE(run->ended), V_DATE(run->since),
        V_DATE(run->until), V_INT(run->requests), V_INT(run->pages), V_INT(run->bytes), V_INT(run->records),
        V_INT(run->quarantined), V_INT(run->healed), V_INT(run->events[EVENT_CREATED]),
        V_INT(run->events[EVENT_STATUS_CHANGED]), V_INT(run->events[EVENT_COMPLETED]),
        V_INT(run->events[EVENT_UPDATED]), V_INT(run->events[EVENT_DELETED]), V_INT(run->delivered),
        V_INT(run->dead), V_DATE(run->exit_status >= 0 ? run->exit_status : TIMESTAMP_NONE),
        V_TEXT(run->message));
}

int runs_list(struct store *store, int count,
    int (*each)(const struct run *run, void *context, struct error *e), void *context, struct error *e)
{
    const enum sql_statement q = SQL_RUN_LIST;
    int rc;
    if (STORE_QUERY(store, e, q, V_INT(count)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        struct run run = {.number = store_int(store, q, 0),
            .kind = store_get_text(store, q, 1),
            .began = store_int(store, q, 2),
            .ended = store_date(store, q, 3),
            .since = store_date(store, q, 4),
            .until = store_date(store, q, 5),
            .requests = store_int(store, q, 6),
            .pages = store_int(store, q, 7),
            .bytes = store_int(store, q, 8),
            .records = store_int(store, q, 9),
            .quarantined = store_int(store, q, 10),
            .healed = store_int(store, q, 11),
            .delivered = store_int(store, q, 17),
            .dead = store_int(store, q, 18),
            .exit_status = store_is_null(store, q, 19) ? -1 : store_int(store, q, 19),
            .message = store_get_text(store, q, 20)};
        for (int type = 0; type < EVENT_TYPES; type++)
            run.events[type] = store_int(store, q, 12 + type);
        if (each(&run, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int runs_last_end(struct store *store, const char *kind, struct run_end *out, struct error *e)
{
    int found = STORE_FIND(store, e, SQL_RUN_LAST_END, V_TEXT(kind));
    if (found == 1) {
        const char *message = store_get_text(store, SQL_RUN_LAST_END, 1);
        out->exit_status = store_int(store, SQL_RUN_LAST_END, 0);
        out->message = strdup(message != NULL ? message : "");
    }
    store_done(store, SQL_RUN_LAST_END);
    return found;
}

int runs_last_success(struct store *store, const char *kind, int64_t *ended, struct error *e)
{
    *ended = TIMESTAMP_NONE;
    int found = STORE_FIND(store, e, SQL_RUN_LAST_SUCCESS, V_TEXT(kind));
    if (found == 1)
        *ended = store_date(store, SQL_RUN_LAST_SUCCESS, 0);
    store_done(store, SQL_RUN_LAST_SUCCESS);
    return found < 0 ? -1 : 0;
}

int runs_successes(struct store *store,
    int (*each)(const char *kind, int64_t ended, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_RUN_SUCCESSES;
    int rc;
    if (store_query(store, q, NULL, 0, e) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1)
        if (each(store_get_text(store, q, 0), store_int(store, q, 1), context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    return rc;
}

int runs_spans(struct store *store, int64_t since,
    int (*each)(int64_t began, int64_t ended, void *context, struct error *e), void *context, struct error *e)
{
    const enum sql_statement q = SQL_RUN_SPANS;
    int rc;
    if (STORE_QUERY(store, e, q, V_INT(since)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1)
        if (each(store_int(store, q, 0), store_date(store, q, 1), context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    return rc;
}
