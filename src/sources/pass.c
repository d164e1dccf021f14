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
#include "store/filter_probes.h"
#include "store/rate_limit.h"
#include "store/skipped.h"
#include "store/store.h"

/* A page that changed nothing is not stored by itself: its cursor goes with what comes next, at the latest
 * after this time. Whoever is killed in between reads such pages again, which the diff makes free (rule R2).
 */
enum { SAVE_EVERY_MS = 5000 };

/* A clock that is off by so much is worth a warning. */
enum { CLOCK_OFF_MS = 2 * 60 * 1000 };

void pass_set_text(char **place, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    free(*place);
    *place = copy;
}

static struct pass_view view_of(const struct reader *r)
{
    return (struct pass_view){r->settings, &r->account, &r->state};
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
    r->saved = 0;
    r->unsaved = false;
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

static enum pass_end end_of(enum api_verdict verdict)
{
    return verdict == API_STOPPED ? PASS_STOPPED : PASS_FAILED;
}

/* Chooses a filter, where one is needed, and begins. */
static int choose_and_begin(struct reader *r, enum pass_end *end, struct error *e)
{
    *end = PASS_FAILED;
    if (!r->kind->everything) {
        enum api_verdict verdict = filter_choose(&r->filter, r->account.filter, e);
        *end = end_of(verdict);
        if (verdict != API_OK)
            return -1;
        if (r->filter.found)
            pass_set_text(&r->account.filter, page_filter_name(r->filter.chosen));
    }
    begin_anew(r);
    *end = PASS_FAILED;
    return pass_avoid_skipped(r, e);
}

/* Goes on with an unfinished pass or begins one. */
static int find_start(struct reader *r, enum pass_end *end, struct error *e)
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

/* A page showed that the filter is refused or ignored. */
static enum step give_up_filter(struct reader *r, enum filter_fault fault, struct error *e)
{
    if (filter_give_up(&r->filter, fault, e) != 0)
        return STEP_FAILED;
    free(r->account.filter);
    r->account.filter = NULL;
    return STEP_OVER;
}

/* What a page's records say about the filter they were asked with. */
enum suspicion { HONOURED, OLDER_RECORD, OUT_OF_ORDER };

static enum suspicion note_updated(struct reader *r, int64_t updated)
{
    struct pass_state *state = &r->state;
    bool older = state->since != TIMESTAMP_NONE && updated < state->since;
    enum suspicion suspicion = HONOURED;
    if (detour_is_on(&state->detour))
        older = false; /* a probe has shown that both bounds are honoured */
    if (r->sent == FILTER_SORT && state->oldest_seen != TIMESTAMP_NONE && updated > state->oldest_seen)
        suspicion = OUT_OF_ORDER;
    else if (older && r->sent != FILTER_NONE && r->sent != FILTER_SORT)
        suspicion = OLDER_RECORD;
    if (updated > state->newest)
        state->newest = updated;
    if (state->oldest_seen == TIMESTAMP_NONE || updated < state->oldest_seen)
        state->oldest_seen = updated;
    return suspicion;
}

/* The records' dates are of the server's clock, so the horizon is, too. */
static int64_t horizon_of(const struct reader *r)
{
    char text[TIMESTAMP_SIZE];
    if (r->date == TIMESTAMP_NONE)
        return r->state.started;
    int64_t off = r->date - r->state.observed;
    if (off >= CLOCK_OFF_MS || off <= -CLOCK_OFF_MS) {
        duration_format(off < 0 ? -off : off, text);
        log_warning("clock: this machine's clock is %s %s the server's; set it right (timedatectl)", text,
            off < 0 ? "ahead of" : "behind");
    }
    return r->date;
}

/* What another run has written since: it may have made the account, and polls go on beside a long pass.
 * Returns 1, 0 for a new store, -1. */
static int refresh_account(struct reader *r, struct error *e)
{
    struct account now;
    int known = pass_load_account(r->settings, &now, e);
    if (known != 1)
        return known;
    r->account.horizon = now.horizon;
    r->account.watermark = now.watermark;
    r->account.started = now.started;
    r->account.observed = now.observed;
    r->account.finished = now.finished;
    intake_set_horizon(r->intake, now.horizon);
    account_free(&now);
    return 1;
}

/* The horizon of a new store is the instant its first pass began (or what the configuration says). */
static int make_account(struct reader *r, struct error *e)
{
    const struct config *config = r->settings->config;
    int known = refresh_account(r, e);
    if (known != 0)
        return known == 1 ? 0 : -1;
    r->account.horizon = config->start == CONFIG_START_NOW ? horizon_of(r) : config->start;
    intake_set_horizon(r->intake, r->account.horizon);
    return account_make(r->settings->store, config->base_url, config->organization, r->account.horizon, e);
}

enum step pass_observe(struct reader *r, const struct page_answer *answer, struct error *e)
{
    const struct pass_view view = view_of(r);
    for (size_t i = 0; i < answer->page.count; i++) {
        const struct page_record *found = &answer->page.records[i];
        const struct intake_record record = {.json = found->json,
            .len = found->len,
            .id_hint = found->id,
            .from_list = true,
            .asked = r->state.observed,
            .sent = client_sent(r->settings->api),
            .observed = clock_now(),
            .previously_observed = r->account.observed};
        struct intake_result result;
        enum intake_verdict verdict = intake_observe(r->intake, &record, &result, e);
        if (verdict == INTAKE_FAILED || verdict == INTAKE_NOT_JSON)
            return STEP_FAILED;
        if (r->kind->seen != NULL && result.id != 0 && r->kind->seen(&view, &result, e) != 0)
            return STEP_FAILED;
        if (verdict == INTAKE_QUARANTINED)
            continue;
        switch (note_updated(r, result.updated)) {
        case OLDER_RECORD:
        case OUT_OF_ORDER:
            return STEP_IGNORED;
        case HONOURED:
        default:
            break;
        }
    }
    return intake_flush(r->intake, e) == 0 ? STEP_NEXT : STEP_FAILED;
}

/* With filter = sort the first record older than the bound ends the pass. */
static bool is_last(const struct reader *r, const struct page *page)
{
    const struct pass_state *state = &r->state;
    if (page->next_cursor == NULL)
        return !detour_is_on(&state->detour) || state->detour.until == TIMESTAMP_NONE;
    return r->sent == FILTER_SORT && state->since != TIMESTAMP_NONE && state->oldest_seen != TIMESTAMP_NONE &&
           state->oldest_seen < state->since;
}

/* Writes the cursor and the run's counters, in the caller's transaction. */
static int save_progress(struct reader *r, enum step step, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const struct pass_view view = view_of(r);
    s->run->requests = s->requests_before + client_requests(s->api);
    s->run->bytes = s->bytes_before + client_bytes(s->api);
    if (passes_save(
            s->store, r->kind->name, step == STEP_LAST ? clock_now() : TIMESTAMP_NONE, &r->state, e) != 0 ||
        rate_limit_save(s->store, client_rate_limit(s->api), e) != 0 ||
        (r->filter.found && account_set_filter(s->store, r->account.filter, e) != 0) ||
        (step == STEP_LAST && filter_probes_clear_unclear(s->store, e) != 0) ||
        (step == STEP_LAST && r->kind->finish != NULL && r->kind->finish(&view, e) != 0) ||
        runs_save(s->store, s->run, e) != 0)
        return -1;
    r->saved = clock_monotonic();
    r->unsaved = false;
    return 0;
}

/* Writes what a page brought, all of it in the caller's transaction. */
static enum step write_page(struct reader *r, const struct page_answer *answer, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const struct pass_view view = view_of(r);
    const int64_t changes = store_total_changes(s->store);
    if (make_account(r, e) != 0 ||
        (r->state.pages == 0 && r->kind->begin != NULL && r->kind->begin(&view, e) != 0))
        return STEP_FAILED;
    enum step step = pass_observe(r, answer, e);
    if (step != STEP_NEXT)
        return step;
    if ((r->failed_before || r->failed_now) && page_failures_clear(s->store, r->kind->name, e) != 0)
        return STEP_FAILED;
    if (is_last(r, &answer->page))
        step = STEP_LAST;
    r->state.pages++;
    r->state.records += (int64_t)answer->page.count;
    s->run->pages++;
    r->unsaved = true;
    bool changed = store_total_changes(s->store) != changes;
    pass_set_text(&r->state.cursor, step == STEP_LAST ? NULL : answer->page.next_cursor);
    if (step == STEP_NEXT && r->state.cursor == NULL) {
        struct detour *detour = &r->state.detour;
        if (detour->until == detour->from && skipped_remove(s->store, detour->from, e) != 0)
            return STEP_FAILED;
        detour_window_read(detour);
        cursors_clear(r->cursors);
        if (pass_set_window(r, e) != 0)
            return STEP_FAILED;
    }
    return changed && save_progress(r, step, e) != 0 ? STEP_FAILED : step;
}

/* Stores how far pages were read that changed nothing. To lose it costs reading them again: no reason to wait
 * for the disk. */
static int save_unsaved(struct reader *r, enum step step, struct error *e)
{
    struct store *store = r->settings->store;
    int rc = store_begin_relaxed(store, e);
    if (rc == 0)
        rc = save_progress(r, step, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
}

static bool is_due(const struct reader *r, enum step step)
{
    return r->unsaved &&
           (step == STEP_LAST || r->saved == 0 || clock_monotonic() - r->saved >= SAVE_EVERY_MS);
}

/* What a rolled back page had changed in memory. */
struct before {
    struct run run;
    int64_t newest, oldest_seen, pages, records;
    struct detour detour;
};

static void undo_page(struct reader *r, const struct before *before)
{
    store_rollback(r->settings->store);
    intake_drop(r->intake);
    *r->settings->run = before->run;
    r->state.newest = before->newest;
    r->state.oldest_seen = before->oldest_seen;
    r->state.pages = before->pages;
    r->state.records = before->records;
    r->state.detour = before->detour;
}

static enum step store_page(struct reader *r, const struct page_answer *answer, struct error *e)
{
    const struct pass_settings *s = r->settings;
    struct pass_state *state = &r->state;
    const struct before before = {
        *s->run, state->newest, state->oldest_seen, state->pages, state->records, state->detour};
    if (store_begin(s->store, e) != 0)
        return STEP_FAILED;
    enum step step = write_page(r, answer, e);
    if ((step == STEP_NEXT || step == STEP_LAST) && names_are_missing(s->names)) {
        /* no request inside of a transaction: the page is written again once the names were asked for */
        undo_page(r, &before);
        step = names_read_missing(s->names, e) == 0 && store_begin(s->store, e) == 0
                   ? write_page(r, answer, e)
                   : STEP_FAILED;
    }
    bool keep = (step == STEP_NEXT || step == STEP_LAST) && !s->dry_run;
    if (keep && store_commit(s->store, e) == 0 && (!is_due(r, step) || save_unsaved(r, step, e) == 0)) {
        filter_settle(&r->filter);
        r->has_read = true;
        r->failed_before = r->failed_now = false;
        return step;
    }
    if (s->dry_run && (step == STEP_NEXT || step == STEP_LAST)) {
        store_rollback(s->store);
        intake_drop(r->intake);
        s->run->number = before.run.number;
        return step;
    }
    undo_page(r, &before);
    r->unsaved = false; /* the cursor may lie behind this page by now: the stored one is good */
    return step == STEP_IGNORED ? give_up_filter(r, FILTER_IGNORED, e) : STEP_FAILED;
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

static enum step take_page(struct reader *r, const struct page_answer *answer, struct error *e)
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
    return store_page(r, answer, e);
}

/* The cursor is no longer taken: the same pass from its beginning; the diff makes that free (rule R2). */
static enum step start_over(struct reader *r, struct error *e)
{
    if (r->started_over) {
        fail(e, EX_UNAVAILABLE,
            "api: work orders: the server refused its own cursor twice; the next run starts the "
            "pass over");
        return STEP_FAILED;
    }
    log_info("%s; the cursor has expired, the pass starts over", e->text);
    *e = (struct error){0};
    r->started_over = true;
    return STEP_OVER;
}

static enum step read_page(struct reader *r, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const struct page_request request = next_request(r, r->state.cursor);
    struct page_answer answer;
    int64_t asked = clock_now();
    enum step step = STEP_FAILED;
    enum api_verdict verdict = maintainx_page(s->api, &request, &answer, e);
    switch (verdict) {
    case API_OK:
        pass_note_start(r, asked, answer.date);
        if (request.cursor != NULL)
            cursors_add(r->cursors, request.cursor);
        step = take_page(r, &answer, e);
        page_answer_free(&answer);
        return step;
    case API_BAD_REQUEST:
    case API_GONE:
        if (request.cursor != NULL)
            return start_over(r, e);
        if (verdict == API_BAD_REQUEST && r->sent != FILTER_NONE)
            return give_up_filter(r, FILTER_REFUSED, e);
        if (verdict == API_BAD_REQUEST)
            filter_forget(&r->filter, &(struct error){0}); /* it refuses any page: probes showed nothing */
        return STEP_FAILED;
    case API_STOPPED:
        return STEP_STOPPED;
    case API_FAILED:
        return pass_page_failed(r, e);
    case API_FORBIDDEN:
    default:
        return STEP_FAILED;
    }
}

static enum pass_end stopped(const struct reader *r, struct error *e)
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

static enum pass_end read_all(struct reader *r, struct error *e)
{
    enum pass_end end;
    int64_t failed = page_failures_count(r->settings->store, r->kind->name, e);
    if (failed < 0)
        return PASS_FAILED;
    r->failed_before = failed > 0;
    if (find_start(r, &end, e) != 0)
        return end == PASS_STOPPED ? stopped(r, e) : end;
    for (;;) {
        r->settings->run->since = r->state.since;
        enum step step = shutdown_requested() ? STEP_STOPPED : read_page(r, e);
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

enum pass_end pass_run(const struct pass_settings *settings, const struct pass_kind *kind, struct error *e)
{
    const struct intake_settings intake = {.config = settings->config,
        .store = settings->store,
        .source = kind->source,
        .window = settings->window,
        .run = settings->run,
        .names = settings->names,
        .listener = settings->listener,
        .listener_data = settings->listener_data};
    struct reader r = {.settings = settings,
        .kind = kind,
        .filter = {.api = settings->api,
            .store = settings->store,
            .config = settings->config,
            .dry_run = settings->dry_run},
        .intake = intake_new(&intake),
        .cursors = cursors_new()};
    if (kind->modest)
        client_set_modest(settings->api, true);
    enum pass_end end = read_all(&r, e);
    if (kind->modest)
        client_set_modest(settings->api, false);
    struct error unsaved = {0};
    if (r.unsaved && !settings->dry_run && save_unsaved(&r, STEP_NEXT, &unsaved) != 0)
        log_info("%s; the next run reads some pages again", unsaved.text);
    intake_free(r.intake);
    cursors_free(r.cursors);
    pass_state_free(&r.state);
    account_free(&r.account);
    return end;
}
