/*
 * Work orders that are asked for by their ids.
 *
 * Each is one request, sent once, and one transaction: the observation, and what becomes of the row that
 * called for it. A row of store/refetches.h lives like this:
 *
 *   notified ----> asked: there ----> dropped
 *     |  |           |      '-- its steps lead only part of the way --> settle, due in a minute --> dropped
 *     |  |           '--> 404 ----> dropped (emitted as deleted where a notification says so)
 *     |  '--> a list shows it as new as the notification ----> dropped
 *     '--> fails ----> postponed, longer each time; after a day given up
 *   doubt ----> asked: whatever it says holds ----> dropped
 *
 * Invariant: a row is dropped or postponed in the transaction of its answer, so nothing is asked for twice
 * and nothing is forgotten by a crash.
 */
#include "sources/refetch.h"

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "sources/names.h"
#include "store/lateness.h"
#include "store/refetches.h"
#include "store/snapshots.h"
#include "store/store.h"
#include "store/webhook_inbox.h"
#include "store/webhook_stats.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* So long the steps of a status change may take to arrive: webhooks come within seconds, in any order. */
enum { STEPS_ARRIVE_MS = MINUTE_MS };

/* A list's updatedAt may be that much older than the moment that a notification names for the same change. */
enum { SAME_CHANGE_MS = 5000 };

/* After so many that fail in a row it is the API that fails, not the work orders. */
enum { FAILURES_IN_A_ROW = 5 };

struct refetch {
    const struct pass_settings *settings;
    const struct refetch_queue *queue;
    struct intake *intake;
    int64_t seen;     /* until when a finished pass has seen everything */
    int failures;     /* in a row */
    struct error why; /* of the last one */
};

static int observe(struct refetch *r, const struct intake_record *how, const struct buffer *json,
    struct intake_details *details, struct error *e)
{
    struct intake_record record = *how;
    record.json = json->data;
    record.len = json->len;
    record.observed = clock_now();
    record.previously_observed = r->seen;
    record.single = true;
    enum intake_result result = intake_observe(r->intake, &record, details, e);
    return result == INTAKE_TAKEN || result == INTAKE_QUARANTINED ? 0 : -1;
}

/* Did this work order fail, or the API as a whole? Without an answer, with a refused token or a rate limit it
 * is the API. */
static bool is_its_own(const struct refetch *r, enum api_status status, const struct error *e)
{
    if (status == API_FORBIDDEN || status == API_BAD_REQUEST)
        return true;
    if (status != API_FAILED || e->status == EX_NOPERM || e->status == EX_TEMPFAIL)
        return false;
    return e->status == EX_PROTOCOL ||
           (client_status(r->settings->api) != 0 && client_status(r->settings->api) != 429);
}

/* Writes what came of a request, in the transaction that it begins. */
static int begin_answer(struct refetch *r, enum refetch_status answer, const struct intake_record *how,
    const struct buffer *json, const char *why, struct error *e)
{
    const struct pass_settings *s = r->settings;
    struct intake_details details = {0};
    int rc = store_begin(s->store, e);
    if (rc == 0 && answer == REFETCH_THERE)
        rc = observe(r, how, json, &details, e);
    if (rc == 0)
        rc = r->queue->settle(s->store, r->intake, answer, &details, why, r->queue->context, e);
    return rc;
}

/* The same, to its end. */
static int write_answer(struct refetch *r, enum refetch_status answer, const struct intake_record *how,
    const struct buffer *json, const char *why, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const struct run before = *s->run;
    int rc = begin_answer(r, answer, how, json, why, e);
    if (rc == 0 && names_are_missing(s->names)) {
        /* no request inside of a transaction: it is written again once the names were asked for */
        store_rollback(s->store);
        *s->run = before;
        rc = names_read_missing(s->names, e) == 0 ? begin_answer(r, answer, how, json, why, e) : -1;
    }
    if (rc == 0)
        rc = store_commit(s->store, e);
    store_rollback(s->store);
    if (rc != 0)
        *s->run = before;
    return rc;
}

static enum pass_result ask_one(struct refetch *r, int64_t id, struct intake_record *how, struct error *e)
{
    struct buffer json = {0};
    struct error broken = {0};
    how->asked = clock_now();
    how->id_hint = id;
    enum api_status status = maintainx_work_order(r->settings->api, id, &json, e);
    how->sent = client_sent(r->settings->api);
    bool answered = status == API_OK || status == API_GONE;
    bool own = !answered && is_its_own(r, status, e);
    enum refetch_status answer = status == API_OK     ? REFETCH_THERE
                                 : status == API_GONE ? REFETCH_GONE
                                                      : REFETCH_FAILED;
    enum pass_result end = PASS_FINISHED;
    if (status == API_STOPPED) {
        if (!shutdown_signalled())
            *e = (struct error){0};
        end = PASS_STOPPED;
    } else if (!answered && !own && (e->status == EX_TEMPFAIL || e->status == EX_NOPERM)) {
        end = PASS_FAILED; /* the rate limit, the token: no fault of the work order's */
    } else if (write_answer(r, answer, how, &json, e->text, &broken) != 0) {
        *e = broken;
        end = PASS_FAILED;
    } else if (answered) {
        *e = (struct error){0};
        r->failures = 0;
    } else if (own && ++r->failures < FAILURES_IN_A_ROW) {
        log_info("%s", e->text);
        r->why = *e;
        *e = (struct error){0};
    } else {
        end = PASS_FAILED;
    }
    buffer_free(&json);
    return end;
}

/* Makes ready, once there is something to ask for. Returns 1, 0 when nothing was polled yet, -1. */
static int prepare(struct refetch *r, enum event_source source, struct error *e)
{
    const struct pass_settings *s = r->settings;
    struct account account;
    int known = account_load(s->store, &account, e);
    if (known != 1)
        return known;
    r->seen = account.observed;
    const int64_t horizon = account.horizon;
    account_free(&account);
    const struct intake_settings intake = {.config = s->config,
        .store = s->store,
        .source = source,
        .horizon = horizon,
        .run = s->run,
        .names = s->names};
    r->intake = intake_new(&intake);
    return 1;
}

enum pass_result refetch_run(const struct pass_settings *settings, enum event_source source,
    const struct refetch_queue *queue, int max, struct error *e)
{
    struct refetch r = {.settings = settings, .queue = queue};
    enum pass_result end = PASS_FINISHED;
    for (int i = 0; i < max && end == PASS_FINISHED; i++) {
        int64_t id = 0;
        struct intake_record how = {0};
        int more = queue->next(settings->store, queue->context, &id, &how, e);
        if (more == 1 && r.intake == NULL)
            more = prepare(&r, source, e);
        if (more == 0)
            break;
        if (more < 0)
            end = PASS_FAILED;
        else
            end = shutdown_requested() ? PASS_STOPPED : ask_one(&r, id, &how, e);
    }
    intake_free(r.intake);
    return end;
}

/* --- what is due --- */

struct due {
    struct refetch_row row; /* the one that is asked for */
    int64_t last;           /* the newest entry of the inbox that its answer settles */
    int64_t began;
};

static int next_due(
    struct store *store, void *context, int64_t *work_order, struct intake_record *how, struct error *e)
{
    struct due *due = context;
    int more = refetches_next(store, due->began, &due->row, e);
    if (more != 1)
        return more;
    int64_t now = clock_now();
    const struct refetch_row *row = &due->row;
    bool fresh = now - row->requested < STEPS_ARRIVE_MS ||
                 (row->occurred != TIMESTAMP_NONE && now - row->occurred < STEPS_ARRIVE_MS);
    *work_order = row->work_order;
    how->believed = row->reason == REFETCH_DOUBT;
    how->wait = row->reason == REFETCH_NOTIFIED && fresh;
    due->last = inbox_last_waiting(store, row->work_order, e);
    return due->last < 0 ? -1 : 1;
}

/* When to ask again after so many failures. */
static int64_t wait_after(int64_t failures)
{
    static const int64_t waits[] = {MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS};
    const int64_t count = (int64_t)(sizeof waits / sizeof waits[0]);
    return waits[failures < count ? failures : count - 1];
}

/* It failed: later, or after a day not again. A clock that went back ends no day. */
static int settle_failed(struct store *store, const struct due *due, const char *why, struct error *e)
{
    const struct refetch_row *row = &due->row;
    int64_t now = clock_now();
    if (now - row->requested < DAY_MS)
        return refetches_postpone(
            store, row->work_order, row->reason, now + wait_after(row->attempts), why, e);
    log_warning(
        "work order %lld: it could not be read by its id for a day: %s; it is left to polls and sweeps",
        (long long)row->work_order, why);
    if (webhook_stats_note_given_up(store, e) != 0 ||
        inbox_settle(store, row->work_order, due->last, INBOX_GIVEN_UP, e) != 0)
        return -1;
    return refetches_drop(store, row->work_order, e);
}

/* It was asked for; but while that was on its way, another notification may have come. */
static int end_row(struct store *store, const struct due *due, struct error *e)
{
    int64_t id = due->row.work_order, newest = inbox_last_waiting(store, id, e);
    if (newest < 0)
        return -1;
    if (newest > due->last)
        return refetches_postpone(store, id, REFETCH_NOTIFIED, clock_now(), NULL, e);
    return refetches_drop(store, id, e);
}

static int settle_gone(struct store *store, struct intake *intake, const struct due *due, struct error *e)
{
    const struct refetch_row *row = &due->row;
    /* without a notification that says so, a sweep is to prove it */
    if (row->gone_at != TIMESTAMP_NONE &&
        intake_gone(intake, row->work_order, row->gone_at, row->gone_by, clock_now(), e) < 0)
        return -1;
    if (row->doubted != TIMESTAMP_NONE && snapshots_set_doubted(store, row->work_order, row->doubted, e) != 0)
        return -1;
    return end_row(store, due, e);
}

static int settle_there(
    struct store *store, const struct due *due, const struct intake_details *details, struct error *e)
{
    const struct refetch_row *row = &due->row;
    int64_t now = clock_now();
    if (details->waiting)
        return refetches_postpone(store, row->work_order, REFETCH_SETTLE, now + STEPS_ARRIVE_MS, NULL, e);
    /* older than what is known: once more, and then it is believed */
    if (details->doubtful)
        return refetches_postpone(store, row->work_order, REFETCH_DOUBT, now + STEPS_ARRIVE_MS, NULL, e);
    if (row->reason == REFETCH_DOUBT && row->doubted != TIMESTAMP_NONE && details->updated > row->doubted &&
        snapshots_set_doubted(store, row->work_order, row->doubted, e) != 0)
        return -1;
    return end_row(store, due, e);
}

static int settle_due(struct store *store, struct intake *intake, enum refetch_status answer,
    const struct intake_details *details, const char *why, void *context, struct error *e)
{
    const struct due *due = context;
    if (answer == REFETCH_FAILED)
        return settle_failed(store, due, why, e);
    if (answer == REFETCH_THERE && details->changed &&
        lateness_note(store, LATENESS_WEBHOOK, clock_now() - details->updated, 0, e) != 0)
        return -1;
    int rc =
        answer == REFETCH_GONE ? settle_gone(store, intake, due, e) : settle_there(store, due, details, e);
    if (rc != 0 || due->last == 0)
        return rc;
    if (inbox_settle(store, due->row.work_order, due->last, INBOX_DONE, e) != 0)
        return -1;
    return webhook_stats_note_good(store, clock_now(), e);
}

enum pass_result refetch_due(const struct pass_settings *settings, int max, struct error *e)
{
    struct due due = {.began = clock_now()};
    const struct refetch_queue queue = {&due, next_due, settle_due};
    return refetch_run(settings, SOURCE_WEBHOOK, &queue, max, e);
}

int refetch_shown(struct store *store, const struct intake_details *details, int64_t now, struct error *e)
{
    struct refetch_row row;
    int waits = refetches_get(store, details->id, &row, e);
    if (waits != 1)
        return waits;
    if (row.reason == REFETCH_DOUBT || row.gone_at != TIMESTAMP_NONE || row.occurred == TIMESTAMP_NONE ||
        details->updated < row.occurred - SAME_CHANGE_MS)
        return 0;
    int64_t last = inbox_last_waiting(store, details->id, e);
    if (last < 0 || inbox_settle(store, details->id, last, INBOX_DONE, e) != 0 ||
        refetches_drop(store, details->id, e) != 0)
        return -1;
    return webhook_stats_note_good(store, now, e);
}
