/*
 * pass: one reading of the list, page by page.
 *
 *   find_start: an unfinished pass goes on, else a filter is chosen and a new one begins
 *       |
 *       v            STEP_AGAIN: a page that failed, or a window of the detour around it (pass_around.c)
 *   read_page <------------------------------------------------------------.
 *       |            STEP_NEXT: the next page                              |
 *       |------------------------------------------------------------------'
 *       |----------> STEP_OVER: choose_and_begin, then read_page (the filter is refused or ignored, the
 *       |            server no longer takes its cursor)
 *       |----------> STEP_LAST: the pass is finished
 *       |----------> STEP_STOPPED: a signal or the deadline came; the next run continues at the same page
 *       '----------> STEP_FAILED: likewise, with the error filled
 *
 * Invariants: a page is stored whole or not at all (pass_page.c); a cursor that the server gives twice ends
 * the run; the pass starts over because of a cursor once in a run, and because of a filter as often as there
 * are spellings and doubts of them (filter.h): so it ends.
 */
#include "sources/pass.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "core/window.h"
#include "sources/account_refuse.h"
#include "sources/names.h"
#include "sources/pass_around.h"
#include "sources/pass_page.h"
#include "store/skipped.h"
#include "store/store.h"

void pass_set_text(char **place, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    free(*place);
    *place = copy;
}

static struct pass_view view_of(const struct reader *r)
{
    return (struct pass_view){r->settings, &r->account, &r->state, r->settings->run};
}

/* --- where the pass starts --- */

int pass_load_account(const struct pass_settings *s, struct account *out, struct error *e)
{
    int known = account_load(s->store, out, e);
    if (known < 0)
        return -1;
    if (known == 0) {
        *out = (struct account){.watermark = TIMESTAMP_NONE,
            .started = TIMESTAMP_NONE,
            .observed = TIMESTAMP_NONE,
            .finished = TIMESTAMP_NONE};
        return 0;
    }
    const struct config *config = s->config;
    if (strcmp(out->base_url, config->base_url) == 0 && strcmp(out->organization, config->organization) == 0)
        return 1;
    account_refuse(store_path(s->store), out, config->base_url, config->organization, e);
    account_free(out);
    return -1;
}

/* A new pass: from its kind's bound on, with the filter chosen. */
static void begin_anew(struct reader *r)
{
    const struct pass_view view = view_of(r);
    r->save_by = 0;
    r->stored = CURSOR_STORED;
    int64_t since = r->kind->everything ? TIMESTAMP_NONE : r->kind->since(&view);
    pass_state_free(&r->state);
    r->state = (struct pass_state){.since = since,
        .started = TIMESTAMP_NONE,
        .observed = TIMESTAMP_NONE,
        .newest = TIMESTAMP_NONE,
        .oldest_seen = TIMESTAMP_NONE,
        .detour = DETOUR_NONE};
    if (r->settings->window != NULL)
        r->state.window = *r->settings->window;
    /* a sort without a bound is asked for all the same: its pages show whether it is honoured */
    bool unfiltered = r->kind->everything || (since == TIMESTAMP_NONE && r->filter.chosen != FILTER_SORT);
    r->sent = unfiltered ? FILTER_NONE : r->filter.chosen;
    pass_set_text(&r->state.typed, r->settings->typed);
    pass_set_text(&r->state.filter, page_filter_name(r->sent));
}

static enum pass_result end_of(enum api_status status)
{
    return status == API_STOPPED ? PASS_STOPPED : PASS_FAILED;
}

/* Chooses a filter, where one is needed, and begins. */
static int choose_and_begin(struct reader *r, enum pass_result *end, struct error *e)
{
    *end = PASS_FAILED;
    if (!r->kind->everything) {
        enum api_status status = filter_choose(&r->filter, r->account.filter, e);
        *end = end_of(status);
        if (status != API_OK)
            return -1;
        if (r->filter.found)
            pass_set_text(&r->account.filter, page_filter_name(r->filter.chosen));
    }
    begin_anew(r);
    *end = PASS_FAILED;
    return pass_avoid_skipped(r, e);
}

/* Goes on with an unfinished pass or begins one. */
static int find_start(struct reader *r, enum pass_result *end, struct error *e)
{
    *end = PASS_FAILED;
    int known = pass_load_account(r->settings, &r->account, e);
    int unfinished = known >= 0 ? passes_load(r->settings->store, r->kind->name, &r->state, e) : -1;
    if (unfinished < 0)
        return -1;
    if (known == 1)
        intake_set_horizon(r->intake, r->account.horizon);
    enum page_filter filter = unfinished == 1 ? page_filter_named(r->state.filter) : PAGE_FILTERS;
    if (filter == PAGE_FILTERS)
        return choose_and_begin(r, end, e);
    r->filter.chosen = filter;
    r->sent = filter;
    log_info("%s: going on at page %lld of an unfinished pass", r->kind->name, (long long)r->state.pages + 1);
    return 0;
}

/* --- one page --- */

/* A page showed that the filter is refused or ignored: the one that it was asked with. On the way around a
 * page that is not always the one that the pass chose, and a sweep chose none. */
static enum step_result give_up_filter(struct reader *r, enum filter_fault fault, struct error *e)
{
    r->filter.chosen = r->sent;
    if (filter_give_up(&r->filter, fault, e) != 0)
        return STEP_FAILED;
    if (!r->settings->dry_run && account_set_filter(r->settings->store, NULL, e) != 0)
        return STEP_FAILED;
    free(r->account.filter);
    r->account.filter = NULL;
    return STEP_OVER;
}

/* The first answer of a pass says when it began. */
void pass_note_start(struct reader *r, int64_t asked, int64_t date)
{
    if (r->state.started != TIMESTAMP_NONE)
        return;
    r->date = date;
    r->state.started = window_started(date, asked);
    r->state.observed = asked;
}

/* What is asked for next. */
static struct page_request next_request(const struct reader *r, const char *cursor)
{
    const struct detour *detour = &r->state.detour;
    const bool around = detour_is_on(detour);
    return (struct page_request){.filter = r->sent,
        .since = around ? detour->from : r->state.since,
        .until = around && detour->until != TIMESTAMP_NONE ? detour->until : 0,
        .cursor = cursor,
        .limit = (int)r->settings->config->page_size,
        .single = around || r->failed_before};
}

static enum step_result take_page(struct reader *r, const struct page_answer *answer, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const char *cursor = answer->page.next_cursor;
    /* once the list has answered: what it costs to know people, and what is wrong with it, holds up nothing
     */
    if (!r->answered && names_refresh(s->names, e) != 0)
        return STEP_FAILED;
    r->answered = true;
    if (cursor != NULL) {
        if (cursors_add(r->cursors, cursor)) {
            fail(e, EX_PROTOCOL,
                "api: work orders: the server repeats a cursor, the list would never end; the next run "
                "continues here");
            return STEP_FAILED;
        }
        const struct page_request next = next_request(r, cursor);
        if (r->sent != FILTER_SORT && !shutdown_requested())
            maintainx_prefetch(s->api, &next);
    }
    return pass_store_page(r, answer, e);
}

/* The cursor is no longer taken: the same pass from its beginning; the diff makes that free (rule R2). */
static enum step_result start_over(struct reader *r, struct error *e)
{
    log_info("%s; the cursor has expired, the pass starts over", e->text);
    *e = (struct error){0};
    r->started_over = true;
    return STEP_OVER;
}

/* A page is answered with 400 or 404. The cursor may have expired, once in a run; or the filter is not taken,
 * which a question about nothing shows, also on the way around another page; else the server cannot
 * show what is on this page, and calls it our mistake. */
static enum step_result page_refused(
    struct reader *r, const struct page_request *request, enum api_status status, struct error *e)
{
    const struct error why = *e;
    const bool around = detour_is_on(&r->state.detour);
    if (request->cursor != NULL && !around && !r->started_over && !r->failed_before)
        return start_over(r, e);
    if ((request->cursor == NULL || around) && status == API_BAD_REQUEST) {
        enum bounds_status bounds;
        *e = (struct error){0};
        enum step_result step = pass_check_list(r, r->sent, ASK_BOTH, &bounds, e);
        if (step != STEP_AGAIN)
            return step;
        *e = why;
        const bool taken = bounds == BOUNDS_HONOURED || bounds == BOUNDS_LOWER;
        if (!taken && r->sent != FILTER_NONE)
            return bounds == BOUNDS_IGNORED ? STEP_IGNORED : STEP_REFUSED;
        if (!taken)
            filter_forget(&r->filter, &(struct error){0}); /* it refuses any page: probes showed nothing */
    }
    if (request->cursor != NULL && !around)
        fail(e, EX_UNAVAILABLE,
            "api: work orders: the server refused its own cursor twice; the next run asks for this page "
            "again, and then reads around it");
    return pass_page_failed(r, e);
}

static enum step_result read_page(struct reader *r, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const struct page_request request = next_request(r, r->state.cursor);
    struct page_answer answer;
    int64_t asked = clock_now();
    enum step_result step = STEP_FAILED;
    enum api_status status = maintainx_page(s->api, &request, &answer, e);
    switch (status) {
    case API_OK:
        pass_note_start(r, asked, answer.date);
        if (request.cursor != NULL)
            cursors_add(r->cursors, request.cursor);
        step = take_page(r, &answer, e);
        page_answer_free(&answer);
        break;
    case API_BAD_REQUEST:
    case API_GONE:
        step = page_refused(r, &request, status, e);
        break;
    case API_STOPPED:
        return STEP_STOPPED;
    case API_FAILED:
        step = pass_page_failed(r, e);
        break;
    case API_FORBIDDEN:
    default:
        return STEP_FAILED;
    }
    if (step == STEP_IGNORED || step == STEP_REFUSED)
        return give_up_filter(r, step == STEP_IGNORED ? FILTER_IGNORED : FILTER_REFUSED, e);
    return step;
}

static enum pass_result stopped(const struct reader *r, struct error *e)
{
    if (shutdown_signalled())
        fail(e, EX_TEMPFAIL, "%s: stopped by a signal; the next run continues here", r->kind->name);
    else if (e->status == EX_OK && !r->has_read)
        *e = r->why; /* the deadline is not to blame that nothing was read */
    return PASS_STOPPED;
}

static void report_progress(const struct reader *r)
{
    const struct pass_view view = view_of(r);
    if (r->settings->progress != NULL)
        r->settings->progress(&view, r->settings->progress_data);
}

static enum pass_result read_all(struct reader *r, struct error *e)
{
    enum pass_result end;
    int64_t failed = page_failures_count(r->settings->store, r->kind->name, e);
    if (failed < 0)
        return PASS_FAILED;
    r->failed_before = failed > 0;
    if (find_start(r, &end, e) != 0)
        return end == PASS_STOPPED ? stopped(r, e) : end;
    for (;;) {
        r->settings->run->since = r->state.since;
        enum step_result step = shutdown_requested() ? STEP_STOPPED : read_page(r, e);
        switch (step) {
        case STEP_LAST:
            report_progress(r);
            pass_retry_skipped(r);
            if (r->skipped > 0)
                fail(e, EX_UNAVAILABLE,
                    "api: work orders: %lld instant%s of the list could not be read; see: wosync status",
                    (long long)r->skipped, r->skipped > 1 ? "s" : "");
            return PASS_FINISHED;
        case STEP_OVER:
            cursors_clear(r->cursors);
            r->failed_twice = false;
            /* whatever comes of this run: the next one must not go on where this one could not */
            if (!r->settings->dry_run && passes_drop(r->settings->store, r->kind->name, e) != 0)
                return PASS_FAILED;
            if (choose_and_begin(r, &end, e) != 0)
                return end == PASS_STOPPED ? stopped(r, e) : end;
            break;
        case STEP_STOPPED:
            return stopped(r, e);
        case STEP_FAILED:
            return PASS_FAILED;
        case STEP_AGAIN:
            break;
        case STEP_NEXT:
        default:
            report_progress(r);
        }
    }
}

enum pass_result pass_run(const struct pass_settings *settings, const struct pass_kind *kind, struct error *e)
{
    struct intake_settings intake = {.config = settings->config,
        .store = settings->store,
        .source = kind->source,
        .window = settings->window,
        .names = settings->names,
        .listener = settings->listener,
        .listener_data = settings->listener_data};
    struct reader r = {.settings = settings,
        .kind = kind,
        .filter = {.api = settings->api,
            .store = settings->store,
            .config = settings->config,
            .dry_run = settings->dry_run},
        .cursors = cursors_new()};
    intake.run = &r.draft.run;
    r.intake = intake_new(&intake);
    if (kind->modest)
        client_set_modest(settings->api, true);
    enum pass_result end = read_all(&r, e);
    if (kind->modest)
        client_set_modest(settings->api, false);
    pass_store_cursor(&r);
    intake_free(r.intake);
    cursors_free(r.cursors);
    pass_state_free(&r.state);
    account_free(&r.account);
    return end;
}
