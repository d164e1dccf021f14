#include "sources/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/window.h"
#include "sources/refetch.h"
#include "store/store.h"
#include "store/sweeps.h"

/* A second 404 proves something when it comes this much later. */
enum { HOUR_MS = 3600000 };

/* With few work orders a share of them says nothing. */
enum { LEAST_LIMIT = 20 };

static int begin(const struct pass_view *view, struct error *e)
{
    return sweeps_clear(view->settings->store, e);
}

/* A change that the next poll would not ask for should have been told by an earlier one. */
static int seen(const struct pass_view *view, const struct intake_result *result, struct error *e)
{
    int64_t since = window_since(view->account->watermark, view->account->started, view->settings->lookback);
    if (result->events > 0 && !result->back && since != TIMESTAMP_NONE && result->updated < since) {
        view->settings->run->healed++;
        log_warning("work order %lld: a change of it was missed by polling and is told now; is lookback in "
                    "[sync] long "
                    "enough? (wosync status shows how late changes become visible)",
            (long long)result->id);
    }
    return sweeps_add(view->settings->store, result->id, e);
}

static int finish(const struct pass_view *view, struct error *e)
{
    const struct pass_settings *s = view->settings;
    int64_t missing, known, limit = s->max_deletes, began = view->state->observed, now = clock_now();
    /* a server that honoured no filter may have learnt to: the next poll looks again */
    bool unfiltered =
        view->account->filter != NULL && strcmp(view->account->filter, page_filter_name(FILTER_NONE)) == 0;
    if (unfiltered && account_set_filter(s->store, NULL, e) != 0)
        return -1;
    if (sweeps_count_missing(s->store, began, now, &missing, &known, e) != 0)
        return -1;
    if (s->max_deletes_percent) {
        limit = known / 100 * s->max_deletes + known % 100 * s->max_deletes / 100;
        limit = limit < LEAST_LIMIT ? LEAST_LIMIT : limit;
    }
    if (missing <= limit)
        return sweeps_note_missing(s->store, began, now, e);
    fail(e, EX_TEMPFAIL,
        "reconcile: %lld of %lld work orders are missing at once, more than max_deletes allows: nothing is "
        "told deleted. "
        "Was a permission of the token taken away? If they are really gone, raise max_deletes in [sync] and "
        "run again",
        (long long)missing, (long long)known);
    /* nor does a 404 prove anything for those that were missing before */
    return sweeps_drop_all(s->store, e) == 0 ? sweeps_clear(s->store, e) : -1;
}

const struct pass_kind sweep_kind = {
    .name = "reconcile",
    .source = SOURCE_RECONCILE,
    .everything = true,
    .modest = true,
    .begin = begin,
    .seen = seen,
    .finish = finish,
};

/* --- the proof --- */

/* Where the proof stands. */
struct proof {
    struct deletion_candidate missing; /* the one that is being asked for */
    int64_t hour_ago;
};

static int next_missing(struct store *store, void *context, int64_t *work_order, struct error *e)
{
    struct proof *proof = context;
    int more = sweeps_next(store, proof->hour_ago, proof->missing.id, &proof->missing, e);
    *work_order = proof->missing.id;
    return more;
}

/* The first 404 is noted, the second one proves it; what is there after all, or unclear, waits for the next
 * sweep. */
static int settle_missing(struct store *store, struct intake *intake, enum refetch_answer answer,
    const struct intake_result *result, void *context, struct error *e)
{
    struct deletion_candidate now, *missing = &((struct proof *)context)->missing;
    (void)result;
    /* another run may have seen it, or asked for it, since we did */
    int waits = sweeps_find(store, missing->id, &now, e);
    if (waits != 1 || now.refused != missing->refused)
        return waits < 0 ? -1 : 0;
    if (answer == REFETCH_GONE && missing->refused == TIMESTAMP_NONE)
        return sweeps_refused(store, missing->id, clock_now(), e);
    if (answer == REFETCH_GONE && intake_gone(intake, missing->id, TIMESTAMP_NONE, clock_now(), e) < 0)
        return -1;
    return sweeps_drop(store, missing->id, e);
}

enum pass_end sweep_prove(const struct pass_settings *s, enum event_source source, int most, struct error *e)
{
    struct proof proof = {.hour_ago = clock_now() - HOUR_MS};
    const struct refetch_queue queue = {&proof, next_missing, settle_missing};
    client_set_modest(s->api, source == SOURCE_RECONCILE);
    enum pass_end end = refetch_run(s, source, &queue, most, e);
    client_set_modest(s->api, false);
    return end;
}
