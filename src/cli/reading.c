/*
 * The reading half of a run, in the order of what matters most:
 *
 *   the list            in every run, unless it fails itself (or, with --fallback, webhooks do)
 *   single work orders  notified ones that the list did not show, and those of which an older state was seen
 *   proofs              of deletions that are due
 *   a sweep             when one is due: a slice of it, so that polls and deliveries have their time
 *
 * Each part has its own lock but the list, whose lock the caller holds, and its own failure: it is reported,
 * and the next part goes on, unless it is the API as a whole that fails.
 */
#include "cli/reading.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/fallback.h"
#include "core/event_line.h"
#include "core/window.h"
#include "sources/poll.h"
#include "sources/refetch.h"
#include "sources/subscription_check.h"
#include "sources/sweep.h"
#include "store/passes.h"
#include "store/refetches.h"

/* Work orders that a run asks for by their ids, at most, and proofs: the rest waits for the next run. */
enum { REFETCHES_PER_RUN = 200, PROOFS_PER_RUN = 20 };

/* The longest slice of a sweep in one run: some pages, and time is left for the next poll. */
enum { SLICE_MS = 20000 };

/* For a process of a web server: the time of one request, and of two polls that many notifications call for.
 */
enum { AT_ONCE_TIMEOUT_MS = 5000, POLLS_APART_MS = 5000 };

/* What a dry run has printed, so that a work order on two pages is not printed twice. */
struct dry_run_output {
    struct json_object *emitted;
    int64_t count;
};

static void print_event(const struct event *event, const struct event_context *context, void *data)
{
    struct dry_run_output *output = data;
    if (json_object_object_get_ex(output->emitted, event->id, NULL))
        return;
    json_object_object_add(output->emitted, event->id, json_object_new_boolean(1));
    output->count++;
    char *body = event_body(event, event->id, context);
    char *line = event_line(body);
    printf("%s\n", line);
    free(line);
    free(body);
}

static void log_summary(const struct run *run)
{
    int64_t events = 0;
    for (int type = 0; type < EVENT_TYPES; type++)
        events += run->events[type];
    log_info("sync: %lld record%s on %lld page%s, %lld event%s, %lld request%s", (long long)run->records,
        run->records == 1 ? "" : "s", (long long)run->pages, run->pages == 1 ? "" : "s", (long long)events,
        events == 1 ? "" : "s", (long long)run->requests, run->requests == 1 ? "" : "s");
}

/* True when a part failed in a way that the next one would, too: no answer, a refused token, a rate limit, a
 * store that fails. */
static bool is_hopeless(const struct error *e)
{
    return e->status != EX_OK && e->status != EX_PROTOCOL && e->status != EX_DATAERR;
}

/* Reports what a part met. Returns whether the next part is worth a try. */
static bool goes_on(struct run_context *context, struct error *e)
{
    bool hopeless = is_hopeless(e);
    run_context_report(context, e);
    *e = (struct error){0};
    return !hopeless && !shutdown_requested();
}

static enum pass_result read_list(struct run_context *context, const struct reading_options *options,
    struct pass_settings *settings, struct error *e)
{
    /* a bar would run through the lines of a dry run */
    return options->dry_run ? pass_run(settings, &poll_kind, e)
                            : run_context_read(context, &poll_kind, settings, 0, e);
}

static void read_single(struct run_context *context, struct pass_settings *settings, int max, struct error *e)
{
    if (run_context_lock(context, LOCK_REFETCH, 0) == 1)
        refetch_due(settings, max, e);
    run_context_unlock(context, LOCK_REFETCH);
}

/* --- sweeps --- */

/* Is a sweep due? One that was begun stays due until it is finished; one that someone began by hand before
 * its time is left to them. */
static bool is_sweep_due(struct run_context *context, struct error *e)
{
    int64_t finished;
    if (context->config.sweep == 0 ||
        passes_last_finished(context->store, sweep_kind.name, &finished, e) != 0)
        return false;
    /* the first pass reads everything, and counts as one */
    return finished != TIMESTAMP_NONE && window_is_due(context->config.sweep, finished, clock_now());
}

/* Proofs that are due, and a slice of a sweep that is. A sweep at work elsewhere does both itself. */
static void read_missing(struct run_context *context, struct pass_settings *settings, struct error *e)
{
    bool sweeps = is_sweep_due(context, e);
    if (e->status != EX_OK || run_context_lock(context, LOCK_SWEEP, 0) != 1)
        return;
    if (sweep_prove(settings, SOURCE_POLL, PROOFS_PER_RUN, e) == PASS_FINISHED && sweeps) {
        int64_t left = shutdown_time_left();
        shutdown_set_turn(left < SLICE_MS ? left : SLICE_MS);
        enum pass_result end = pass_run(settings, &sweep_kind, e);
        if (end == PASS_STOPPED && !shutdown_signalled())
            *e = (struct error){0};
        log_info(
            "sync: a sweep is due: %s", end == PASS_FINISHED ? "it is finished" : "a part of it was read");
        if (end == PASS_FINISHED && e->status == EX_OK)
            sweep_prove(settings, SOURCE_RECONCILE, PROOFS_PER_RUN, e);
    }
    run_context_unlock(context, LOCK_SWEEP);
}

/* --- a turn --- */

/* A pass ended. True when only its turn was over and there is more to read. What the client met then is no
 * trouble of the run where there is another turn: that it waited for the rate limit, or, where pages were
 * read, that the last try failed. */
static bool is_only_turn(
    const struct run_context *context, enum pass_result end, int64_t pages_before, struct error *e)
{
    if (end != PASS_STOPPED || shutdown_signalled() || shutdown_time_left() > 0)
        return false;
    bool another = shutdown_run_left() >= READING_SHORTEST_TURN_MS;
    bool waited = e->status == EX_TEMPFAIL && (another || context->run.pages > 0);
    bool failed = e->status == EX_UNAVAILABLE && another && context->run.pages > pages_before;
    if (waited || failed)
        *e = (struct error){0};
    return e->status == EX_OK;
}

/* Everything but the list. */
static void read_rest(struct run_context *context, const struct reading_options *options, bool polled,
    struct pass_settings *settings)
{
    struct error e = {0};
    read_single(context, settings, REFETCHES_PER_RUN, &e);
    if (!goes_on(context, &e))
        return;
    /* the reason for the silence may be that MaintainX has dropped us; once in a while is often enough to ask
     */
    if (options->fallback && polled) {
        subscription_check_all(
            settings->api, context->store, clock_now() - context->config.webhook_silence, &e);
        if (!goes_on(context, &e))
            return;
    }
    read_missing(context, settings, &e);
    goes_on(context, &e);
}

bool reading_turn(struct run_context *context, const struct reading_options *options)
{
    struct error e = {0};
    struct dry_run_output output = {.emitted = json_object_new_object()};
    struct pass_settings settings;
    struct client *api = NULL;
    const int64_t pages_before = context->run.pages;
    bool unfinished = false;
    const int64_t due = options->dry_run ? 0 : refetches_count_due(context->store, clock_now(), &e);
    bool wanted =
        due >= 0 && (!options->fallback || fallback_calls_for_poll(context, due > READING_HANDFUL, &e));
    bool sweeps = e.status == EX_OK && !options->dry_run && is_sweep_due(context, &e);
    if (e.status == EX_OK && (wanted || due > 0 || sweeps))
        api = run_context_connect(context, &settings, &e);
    if (api != NULL) {
        enum pass_result end = PASS_FINISHED;
        settings.dry_run = options->dry_run;
        settings.listener = options->dry_run ? print_event : NULL;
        settings.listener_data = &output;
        settings.notified = due > 0;
        if (wanted)
            end = read_list(context, options, &settings, &e);
        unfinished = is_only_turn(context, end, pages_before, &e);
        bool failed = e.status != EX_OK;
        if (goes_on(context, &e) && !unfinished && !options->dry_run)
            read_rest(context, options, wanted, &settings);
        run_context_disconnect(context, api);
        log_summary(&context->run);
        if (options->dry_run && !failed)
            printf("%lld event%s would be emitted; nothing was changed\n", (long long)output.count,
                output.count == 1 ? "" : "s");
    }
    run_context_report(context, &e);
    json_object_put(output.emitted);
    return unfinished;
}

/* --- at once --- */

/* Is it worth to read the list again? Not before something has been polled at all, nor in quick succession.
 */
static bool may_poll(struct run_context *context, struct error *e)
{
    struct account account;
    int known = account_load(context->store, &account, e);
    bool may = known == 1 && account.observed != TIMESTAMP_NONE &&
               window_is_due(POLLS_APART_MS, account.observed, clock_now());
    account_free(&account);
    return may;
}

/* Many at once: the list may show them all. Returns whether single work orders are to be asked for then. */
static bool read_many(struct run_context *context, struct pass_settings *settings, struct error *e)
{
    bool read = false;
    if (may_poll(context, e) && run_context_lock(context, LOCK_POLL, 0) == 1) {
        settings->notified = true;
        read = pass_run(settings, &poll_kind, e) == PASS_FINISHED;
        run_context_unlock(context, LOCK_POLL);
    }
    return read && e->status == EX_OK;
}

bool reading_notified(struct run_context *context)
{
    struct error e = {0};
    struct pass_settings settings;
    struct client *api = NULL;
    int64_t due = refetches_count_due(context->store, clock_now(), &e);
    if (context->config.timeout > AT_ONCE_TIMEOUT_MS)
        context->config.timeout = AT_ONCE_TIMEOUT_MS;
    context->config.give_up = 0;
    if (due > 0 && (api = run_context_connect(context, &settings, &e)) != NULL) {
        if (due <= READING_HANDFUL || read_many(context, &settings, &e))
            read_single(context, &settings, REFETCHES_PER_RUN, &e);
        if (e.status == EX_OK)
            due = refetches_count_due(context->store, clock_now(), &e);
    }
    /* it is tried again by the next run, which says what is wrong; a sender's web server hears nothing of
     * it */
    if (e.status != EX_OK)
        log_info("%s", e.text);
    run_context_disconnect(context, api);
    return due == 0;
}
