/*
 * pass_page: one page of a pass, one transaction.
 *
 *      state, run                              the reader's, as the last page left them
 *          | copied
 *          v
 *        draft  <--- records, events, cursor, counters, in a transaction
 *          |
 *          |-- committed -------------------> adopted: the draft is the reader's state
 *          |-- names are missing -----------> rolled back; the names are read, and the page is written again
 *          '-- it failed, or shows that
 *              the filter is ignored -------> rolled back; the reader's state was never touched
 *
 * Invariants: the reader's state and the run's counters change after a commit and nowhere else (a dry run,
 * which commits nothing, moves them on as if it had); no request is sent inside of a transaction; the cursor
 * in the store is never ahead of what is stored with it (pass_reader.h says when it may be behind).
 */
#include "sources/pass_page.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "sources/names.h"
#include "sources/read_around.h"
#include "store/filter_probes.h"
#include "store/rate_limit.h"
#include "store/skipped.h"
#include "store/store.h"

/* So long a cursor may be behind. */
enum { SAVE_EVERY_MS = 5000 };

/* A clock that is off by so much is worth a warning. */
enum { CLOCK_OFF_MS = 2 * 60 * 1000 };

/* --- the draft --- */

static void begin_draft(struct reader *r)
{
    r->draft = (struct draft){.state = r->state, .run = *r->settings->run};
}

static void adopt_draft(struct reader *r)
{
    pass_set_text(&r->state.cursor, r->draft.state.cursor);
    r->draft.state.cursor = r->state.cursor;
    r->state = r->draft.state;
    *r->settings->run = r->draft.run;
}

/* What was written with the draft is undone. */
static void roll_back(struct reader *r)
{
    store_rollback(r->settings->store);
    intake_drop(r->intake);
}

/* The pass as its kind sees it inside of a page's transaction. */
static struct pass_view draft_view(struct reader *r)
{
    return (struct pass_view){r->settings, &r->account, &r->draft.state, &r->draft.run};
}

/* --- the account --- */

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

/* --- the records --- */

/* What a page's records say about the filter they were asked with. */
enum suspicion { HONOURED, OLDER_RECORD, OUT_OF_ORDER };

static enum suspicion note_updated(struct reader *r, int64_t updated)
{
    struct pass_state *state = &r->draft.state;
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

/* Observes the records of a page. Returns STEP_NEXT, STEP_IGNORED or STEP_FAILED. */
static enum step_result observe_records(struct reader *r, const struct page_answer *answer, struct error *e)
{
    const struct pass_view view = draft_view(r);
    for (size_t i = 0; i < answer->page.count; i++) {
        const struct page_record *found = &answer->page.records[i];
        const struct intake_record record = {.json = found->json,
            .len = found->len,
            .id_hint = found->id,
            .from_list = true,
            .asked = r->draft.state.observed,
            .sent = client_sent(r->settings->api),
            .observed = clock_now(),
            .previously_observed = r->account.observed};
        struct intake_details details;
        enum intake_result result = intake_observe(r->intake, &record, &details, e);
        if (result == INTAKE_FAILED || result == INTAKE_NOT_JSON)
            return STEP_FAILED;
        if (r->kind->seen != NULL && details.id != 0 && r->kind->seen(&view, &details, e) != 0)
            return STEP_FAILED;
        if (result == INTAKE_QUARANTINED)
            continue;
        switch (note_updated(r, details.updated)) {
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

int pass_store_instant(
    struct reader *r, const struct page_answer *answer, int64_t at, bool done, struct error *e)
{
    struct store *store = r->settings->store;
    begin_draft(r);
    if (store_begin(store, e) == 0 && observe_records(r, answer, e) == STEP_NEXT &&
        (!done || skipped_remove(store, at, e) == 0) && store_commit(store, e) == 0) {
        adopt_draft(r);
        return 0;
    }
    roll_back(r);
    return -1;
}

/* --- the cursor --- */

/* Writes the cursor and the run's counters, in the caller's transaction. */
static int save_progress(struct reader *r, enum step_result step, struct error *e)
{
    const struct pass_settings *s = r->settings;
    const struct pass_view view = draft_view(r);
    struct draft *draft = &r->draft;
    const bool last = step == STEP_LAST;
    draft->run.requests = s->requests_before + client_requests(s->api);
    draft->run.bytes = s->bytes_before + client_bytes(s->api);
    if (passes_save(s->store, r->kind->name, last ? clock_now() : TIMESTAMP_NONE, &draft->state, e) != 0 ||
        rate_limit_save(s->store, client_rate_limit(s->api), e) != 0 ||
        (r->filter.found && account_set_filter(s->store, r->account.filter, e) != 0) ||
        (last && filter_probes_clear_unclear(s->store, e) != 0) ||
        (last && r->kind->finish != NULL && r->kind->finish(&view, e) != 0) ||
        runs_save(s->store, &draft->run, e) != 0)
        return -1;
    draft->saved = clock_monotonic();
    return 0;
}

/* The same in a transaction of its own, behind pages that changed nothing. To lose it costs reading them
 * again: no reason to wait for the disk. */
static int save_alone(struct reader *r, enum step_result step, struct error *e)
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

void pass_store_cursor(struct reader *r)
{
    struct error unsaved = {0};
    if (r->stored == CURSOR_STORED)
        return;
    begin_draft(r);
    if (save_alone(r, STEP_NEXT, &unsaved) == 0)
        adopt_draft(r);
    else
        log_info("%s; the next run reads some pages again", unsaved.text);
}

/* --- a page --- */

/* With filter = sort the first record older than the bound ends the pass. */
static bool is_last(const struct reader *r, const struct page *page)
{
    const struct pass_state *state = &r->draft.state;
    if (page->next_cursor == NULL)
        return !detour_is_on(&state->detour) || state->detour.until == TIMESTAMP_NONE;
    return r->sent == FILTER_SORT && state->since != TIMESTAMP_NONE && state->oldest_seen != TIMESTAMP_NONE &&
           state->oldest_seen < state->since;
}

/* A window of a detour was read to its end: the next one is asked for, from its first page. */
static int end_window(struct reader *r, struct error *e)
{
    struct store *store = r->settings->store;
    struct detour *detour = &r->draft.state.detour;
    if (detour->until == detour->from && skipped_remove(store, detour->from, e) != 0)
        return -1;
    detour_window_read(detour);
    return read_around_set_window(store, detour, r->kind->everything, e);
}

/* Writes what a page brought, all of it in the caller's transaction; where it changed something, with the
 * cursor. */
static enum step_result write_page(struct reader *r, const struct page_answer *answer, struct error *e)
{
    struct store *store = r->settings->store;
    struct draft *draft = &r->draft;
    const struct pass_view view = draft_view(r);
    const int64_t changes = store_total_changes(store);
    if (make_account(r, e) != 0 ||
        (draft->state.pages == 0 && r->kind->begin != NULL && r->kind->begin(&view, e) != 0))
        return STEP_FAILED;
    enum step_result step = observe_records(r, answer, e);
    if (step != STEP_NEXT)
        return step;
    if ((r->failed_before || r->failed_now) && page_failures_clear(store, r->kind->name, e) != 0)
        return STEP_FAILED;
    if (is_last(r, &answer->page))
        step = STEP_LAST;
    draft->state.pages++;
    draft->state.records += (int64_t)answer->page.count;
    draft->run.pages++;
    draft->state.cursor = step == STEP_LAST ? NULL : answer->page.next_cursor;
    const bool changed = store_total_changes(store) != changes;
    if (step == STEP_NEXT && draft->state.cursor == NULL && end_window(r, e) != 0)
        return STEP_FAILED;
    return changed && save_progress(r, step, e) != 0 ? STEP_FAILED : step;
}

/* Commits what was written; where the cursor is not among it and is due, stores that, too. */
static int commit_page(struct reader *r, enum step_result step, struct error *e)
{
    if (store_commit(r->settings->store, e) != 0)
        return -1;
    bool is_due = r->draft.saved == 0 && (step == STEP_LAST || clock_monotonic() >= r->save_by);
    if (is_due && save_alone(r, step, e) != 0)
        return -1;
    adopt_draft(r);
    r->stored = r->draft.saved != 0 ? CURSOR_STORED : CURSOR_BEHIND;
    if (r->stored == CURSOR_STORED)
        r->save_by = r->draft.saved + SAVE_EVERY_MS;
    filter_settle(&r->filter);
    r->has_read = true;
    r->failed_before = r->failed_now = false;
    return 0;
}

/* In a dry run: the page was read, and nothing of it is kept but what was counted. */
static void pretend_page(struct reader *r)
{
    roll_back(r);
    r->draft.run.number = r->settings->run->number;
    adopt_draft(r);
}

static bool is_read(enum step_result step)
{
    return step == STEP_NEXT || step == STEP_LAST;
}

enum step_result pass_store_page(struct reader *r, const struct page_answer *answer, struct error *e)
{
    const struct pass_settings *s = r->settings;
    begin_draft(r);
    if (store_begin(s->store, e) != 0)
        return STEP_FAILED;
    enum step_result step = write_page(r, answer, e);
    if (is_read(step) && names_are_missing(s->names)) {
        /* no request inside of a transaction: the page is written again once the names were asked for */
        roll_back(r);
        begin_draft(r);
        step = names_read_missing(s->names, e) == 0 && store_begin(s->store, e) == 0
                   ? write_page(r, answer, e)
                   : STEP_FAILED;
    }
    if (is_read(step) && s->dry_run)
        pretend_page(r);
    else if (is_read(step) && commit_page(r, step, e) != 0)
        step = STEP_FAILED;
    if (is_read(step)) {
        if (r->state.cursor == NULL)
            cursors_clear(r->cursors); /* of the window that was read */
        return step;
    }
    roll_back(r);
    r->stored = CURSOR_STORED; /* a store that failed is not tried again as the run ends */
    return step;
}
