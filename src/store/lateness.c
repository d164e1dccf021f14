#include "store/lateness.h"

#include "base/clock.h"
#include "store/store.h"

/* What nothing confirms for thirty days is forgotten. */
enum { DAY_MS = 24 * 3600 * 1000 };
#define REMEMBERED_MS (INT64_C(30) * DAY_MS)

/* Steps of 1, 2, 5, 10, ...: some thirty of them up to a year. */
static int64_t step_of(int64_t ms)
{
    static const int64_t factors[] = {2, 5};
    for (int64_t decade = 1; decade < INT64_C(1) << 40; decade *= 10) {
        if (ms <= decade)
            return decade;
        for (int i = 0; i < 2; i++)
            if (ms <= decade * factors[i])
                return decade * factors[i];
    }
    return INT64_MAX;
}

int lateness_note(struct store *store, const char *channel, int64_t late, int64_t overdue, struct error *e)
{
    const int64_t now = clock_now(), today = now - now % DAY_MS;
    if (late < 0)
        late = 0; /* a clock that differs */
    if (STORE_RUN(
            store, e, SQL_LATENESS_FORGET, V_TEXT(channel), V_INT(today - REMEMBERED_MS), V_INT(today)) != 0)
        return -1;
    if (STORE_RUN(store, e, SQL_DELAY_NOTE, V_TEXT("visible"), V_TEXT(channel), V_INT(late)) != 0)
        return -1;
    return STORE_RUN(store, e, SQL_LATENESS_NOTE, V_TEXT(channel), V_INT(step_of(late)), V_INT(late),
        V_INT(overdue > 0 ? overdue : 0), V_INT(today));
}

int lateness_load(struct store *store, const char *channel, struct lateness *out, struct error *e)
{
    enum { MOST = 64 };
    int64_t steps[MOST], counts[MOST];
    int n = 0, rc = 0;
    *out = (struct lateness){0};
    if (STORE_QUERY(store, e, SQL_LATENESS_LIST, V_TEXT(channel)) != 0)
        return -1;
    while (n < MOST && (rc = store_next(store, SQL_LATENESS_LIST, e)) == 1) {
        steps[n] = store_int(store, SQL_LATENESS_LIST, 0);
        counts[n] = store_int(store, SQL_LATENESS_LIST, 1);
        out->count += counts[n++];
        out->largest = store_int(store, SQL_LATENESS_LIST, 2);
        int64_t overdue = store_int(store, SQL_LATENESS_LIST, 3);
        if (overdue > out->overdue)
            out->overdue = overdue;
    }
    store_done(store, SQL_LATENESS_LIST);
    int64_t below = 0;
    for (int i = 0; i < n; i++) {
        if (below * 2 < out->count)
            out->p50 = steps[i];
        if (below * 100 < out->count * 99)
            out->p99 = steps[i];
        below += counts[i];
    }
    /* a step may end behind the largest in it */
    out->p50 = out->p50 < out->largest ? out->p50 : out->largest;
    out->p99 = out->p99 < out->largest ? out->p99 : out->largest;
    return rc < 0 ? -1 : 0;
}
