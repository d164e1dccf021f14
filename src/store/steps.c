#include "store/steps.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/rows.h"

int steps_add(struct store *store, int64_t work_order, const struct status_step *step, int64_t received,
    struct error *e)
{
    return STORE_RUN(store, e, SQL_STEP_ADD, V_INT(work_order), V_INT(step->occurred), V_TEXT(step->from),
        V_TEXT(step->to), V_INT(step->actor), V_INT(received));
}

int steps_load(struct store *store, int64_t work_order, struct status_step **out, struct error *e)
{
    const enum sql_statement q = SQL_STEP_LIST;
    int rc, count = 0;
    *out = NULL;
    if (STORE_QUERY(store, e, q, V_INT(work_order), V_INT(STEPS_MAX)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        *out = realloc(*out, (size_t)(count + 1) * sizeof **out);
        struct status_step *step = &(*out)[count++];
        *step = (struct status_step){.occurred = store_int(store, q, 0), .actor = store_int(store, q, 3)};
        snprintf(step->from, sizeof step->from, "%s", store_get_text(store, q, 1));
        snprintf(step->to, sizeof step->to, "%s", store_get_text(store, q, 2));
    }
    if (rc == 0)
        return count;
    free(*out);
    *out = NULL;
    return -1;
}

int steps_any(struct store *store, struct error *e)
{
    int rc = store_find(store, SQL_STEP_ANY, NULL, 0, e);
    store_done(store, SQL_STEP_ANY);
    return rc;
}

int steps_drop(struct store *store, int64_t work_order, int64_t until, struct error *e)
{
    return STORE_RUN(store, e, SQL_STEP_DROP, V_INT(work_order), V_INT(until));
}
