#include "sources/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/timestamp.h"
#include "core/window.h"
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
    int64_t missing, known, limit = s->max_deletes;
    /* a server that honoured no filter may have learnt to: the next poll looks again */
    bool unfiltered =
        view->account->filter != NULL && strcmp(view->account->filter, page_filter_name(FILTER_NONE)) == 0;
    if (unfiltered && account_set_filter(s->store, NULL, e) != 0)
        return -1;
    if (sweeps_count_missing(s->store, view->state->observed, &missing, &known, e) != 0)
        return -1;
    if (s->max_deletes_percent) {
        limit = known / 100 * s->max_deletes + known % 100 * s->max_deletes / 100;
        limit = limit < LEAST_LIMIT ? LEAST_LIMIT : limit;
    }
    if (missing <= limit)
        return sweeps_note_missing(s->store, view->state->observed, e);
    fail(e, EXIT_TRY_LATER,
        "reconcile: %lld of %lld work orders are missing at once, more than max_deletes allows: nothing is "
        "told deleted. "
        "Was a permission of the token taken away? If they are really gone, raise max_deletes in [sync] and "
        "run again",
        (long long)missing, (long long)known);
    return sweeps_clear(s->store, e);
}

const struct pass_kind sweep_kind = {
    .name = "reconcile",
    .source = SOURCE_RECONCILE,
    .everything = true,
    .begin = begin,
    .seen = seen,
    .finish = finish,
};

/* --- the proof --- */

/* A missing work order that is there after all: an observation like any other. */
static int take_back(struct intake *intake, const struct pass_settings *s, int64_t id,
    const struct buffer *json, struct error *e)
{
    struct intake_result result;
    const struct intake_record record = {.json = json->data,
        .len = json->len,
        .id_hint = id,
        .observed = clock_now(),
        .previously_observed = TIMESTAMP_NONE};
    enum intake_verdict verdict = intake_observe(intake, &record, &result, e);
    return verdict == INTAKE_TAKEN || verdict == INTAKE_QUARANTINED ? sweeps_drop(s->store, id, e) : -1;
}

static int note_gone(
    struct intake *intake, const struct pass_settings *s, const struct missing *missing, struct error *e)
{
    if (missing->refused == TIMESTAMP_NONE)
        return sweeps_refused(s->store, missing->id, clock_now(), e);
    return intake_gone(intake, missing->id, clock_now(), e) < 0 ? -1 : sweeps_drop(s->store, missing->id, e);
}

static enum pass_end prove_one(
    struct intake *intake, const struct pass_settings *s, const struct missing *missing, struct error *e)
{
    struct buffer json = {0};
    const struct run before = *s->run;

    enum api_verdict verdict = maintainx_work_order(s->api, missing->id, &json, e);
    int rc = -1;
    /* neither there nor gone: it holds up no other, and waits for the next sweep, not for every poll */
    bool unclear = verdict == API_FORBIDDEN || (verdict == API_FAILED && e->status == EXIT_PROTOCOL);
    if (verdict == API_FORBIDDEN)
        log_info("%s", e->text);
    if ((verdict == API_OK || verdict == API_GONE || unclear) && store_begin(s->store, e) == 0) {
        rc = unclear             ? sweeps_drop(s->store, missing->id, e)
             : verdict == API_OK ? take_back(intake, s, missing->id, &json, e)
                                 : note_gone(intake, s, missing, e);
        if (rc == 0)
            rc = store_commit(s->store, e);
        store_rollback(s->store);
        if (rc != 0)
            *s->run = before;
    }
    buffer_free(&json);
    if ((rc == 0 && verdict != API_FAILED) || (verdict == API_STOPPED && !stop_signalled()))
        *e = (struct error){0};
    return rc == 0 ? PASS_FINISHED : verdict == API_STOPPED ? PASS_STOPPED : PASS_FAILED;
}

enum pass_end sweep_prove(const struct pass_settings *s, enum event_source source, int most, struct error *e)
{
    struct missing missing = {.id = 0};
    struct account account = {0};
    const struct intake_settings settings = {.store = s->store,
        .source = source,
        .rules = {.completed = s->completed, .ignored = s->ignored},
        .run = s->run};
    struct intake *intake = NULL;
    enum pass_end end = PASS_FINISHED;
    struct error unclear = {0}; /* of an answer that proves nothing: told at the end */
    int64_t hour_ago = clock_now() - HOUR_MS;
    for (int i = 0; i < most && end == PASS_FINISHED; i++) {
        int more = sweeps_next(s->store, hour_ago, missing.id, &missing, e);
        if (more == 0)
            break;
        if (more == 1 && intake == NULL && account_load(s->store, &account, e) == 1) {
            intake = intake_new(&settings);
            if (intake != NULL)
                intake_set_horizon(intake, account.horizon);
            else
                fail_memory(e, "reconcile");
        }
        if (more < 0 || intake == NULL)
            end = PASS_FAILED;
        else
            end = stop_requested() ? PASS_STOPPED : prove_one(intake, s, &missing, e);
        if (end == PASS_FINISHED && e->status != EXIT_DONE) {
            unclear = *e;
            *e = (struct error){0};
        }
    }
    if (e->status == EXIT_DONE)
        *e = unclear;
    intake_free(intake);
    account_free(&account);
    return end;
}
