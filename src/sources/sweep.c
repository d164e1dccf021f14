#include "sources/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/window.h"
#include "sources/refetch.h"
#include "store/filter_probes.h"
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

/* A change that the next poll would not ask for should have been emitted by an earlier one. */
static int seen(const struct pass_view *view, const struct intake_details *details, struct error *e)
{
    const int64_t lookback = view->settings->config->lookback;
    int64_t since = window_since(view->account->watermark, view->account->started, lookback);
    if (details->events > 0 && !details->back && since != TIMESTAMP_NONE && details->updated < since) {
        view->run->healed++;
        log_warning(
            "work order %lld: polling missed a change of it, which is emitted now; wosync status shows how "
            "late changes become visible, and lookback and late_windows in [sync] say how far polls look "
            "back",
            (long long)details->id);
    }
    return sweeps_add(view->settings->store, details->id, e);
}

int64_t sweep_limit(const struct pass_settings *s, int64_t known)
{
    int64_t limit = s->config->max_deletes;
    if (!s->config->max_deletes_percent)
        return limit;
    limit = known / 100 * limit + known % 100 * limit / 100;
    return limit < LEAST_LIMIT ? LEAST_LIMIT : limit;
}

static int finish(const struct pass_view *view, struct error *e)
{
    const struct pass_settings *s = view->settings;
    int64_t missing, known, began = view->state->observed, now = clock_now();
    /* a server that honoured no filter may have learnt to: the next poll looks again */
    bool unfiltered =
        view->account->filter != NULL && strcmp(view->account->filter, page_filter_name(FILTER_NONE)) == 0;
    if (unfiltered && (account_set_filter(s->store, NULL, e) != 0 || filter_probes_clear(s->store, e) != 0))
        return -1;
    if (sweeps_count_missing(s->store, began, now, &missing, &known, e) != 0)
        return -1;
    if (missing <= sweep_limit(s, known))
        return sweeps_note_missing(s->store, began, now, e);
    fail(e, EX_TEMPFAIL,
        "reconcile: %lld of %lld work orders are missing at once, more than max_deletes in [sync] allows: "
        "none is "
        "emitted as deleted; check the permissions of the token; if they are really gone, raise max_deletes "
        "and run "
        "wosync reconcile again",
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
    struct deletion_candidate candidate; /* the one that is being asked for */
    int64_t now;
};

static int next_missing(
    struct store *store, void *context, int64_t *work_order, struct intake_record *how, struct error *e)
{
    struct proof *proof = context;
    (void)how;
    int more = sweeps_next(store, proof->now, proof->now - HOUR_MS, &proof->candidate, e);
    *work_order = proof->candidate.id;
    return more;
}

/* The first 404 is noted, the second one proves it; what is there after all waits for the next sweep, and one
 * whose answer says neither is asked for again, later each time. */
static int settle_missing(struct store *store, struct intake *intake, enum refetch_status answer,
    const struct intake_details *details, const char *why, void *context, struct error *e)
{
    const struct deletion_candidate *candidate = &((struct proof *)context)->candidate;
    int64_t now = clock_now();
    (void)details;
    (void)why;
    /* another run may have seen it, or asked for it, since we did */
    struct deletion_candidate waiting;
    int waits = sweeps_find(store, candidate->id, &waiting, e);
    if (waits != 1 || waiting.refused != candidate->refused)
        return waits < 0 ? -1 : 0;
    if (answer == REFETCH_FAILED)
        return sweeps_postpone(store, candidate->id, now + HOUR_MS * (candidate->attempts + 1), e);
    if (answer == REFETCH_GONE && candidate->refused == TIMESTAMP_NONE)
        return sweeps_refused(store, candidate->id, now, e);
    if (answer == REFETCH_GONE && intake_gone(intake, candidate->id, TIMESTAMP_NONE, 0, now, e) < 0)
        return -1;
    return sweeps_drop(store, candidate->id, e);
}

enum pass_result sweep_prove(
    const struct pass_settings *s, enum event_source source, int max, struct error *e)
{
    struct proof proof = {.now = clock_now()};
    const struct refetch_queue queue = {&proof, next_missing, settle_missing};
    client_set_modest(s->api, source == SOURCE_RECONCILE);
    enum pass_result end = refetch_run(s, source, &queue, max, e);
    client_set_modest(s->api, false);
    return end;
}
