/*
 * pass_around: one work order that makes every page fail which holds it delays itself and nothing else (rule
 * R9).
 *
 * A page that fails may pass: the run ends, as for any fault. Where the next run begins at the same page and
 * that fails again while the list answers otherwise (a probe shows it, and that both bounds by updatedAt are
 * honoured), the pass goes into a detour: it reads windows of time, halves those that fail, and skips the one
 * millisecond that is left (core/detour). Of what shares this millisecond it reads what it can reach from
 * both ends.
 *
 * What is skipped is in the store before the pass goes on behind it (rule R1): the next passes leave it out,
 * and ask for it by itself when it is due. Each window is asked for once; after each failure the probe is
 * sent with the patience that any request has, so that an outage on the way skips nothing.
 */
#include "sources/pass_around.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "sources/pass_page.h"
#include "sources/read_around.h"
#include "store/skipped.h"
#include "store/store.h"

static int set_window(struct reader *r, struct error *e)
{
    return read_around_set_window(r->settings->store, &r->state.detour, r->kind->everything, e);
}

/* From here on the pass reads in windows, from its bound on. */
static void begin_detour(struct reader *r, enum page_filter spelling, int64_t bad)
{
    const int64_t from = r->state.since != TIMESTAMP_NONE ? r->state.since : 0;
    detour_begin(&r->state.detour, from, bad);
    r->sent = spelling;
    pass_set_text(&r->state.filter, page_filter_name(spelling));
    pass_set_text(&r->state.cursor, NULL);
    cursors_clear(r->cursors);
}

/* The filter by bounds that this server honours; PAGE_FILTERS when that is not known. */
static enum page_filter bounded(const struct reader *r)
{
    enum page_filter filter = r->sent;
    if (filter > FILTER_GTE && r->account.filter != NULL)
        filter = page_filter_named(r->account.filter);
    return filter <= FILTER_GTE ? filter : PAGE_FILTERS;
}

/* A new pass leaves out what is known to fail. */
int pass_avoid_skipped(struct reader *r, struct error *e)
{
    int64_t next, from = r->state.since != TIMESTAMP_NONE ? r->state.since : 0;
    if (skipped_next(r->settings->store, from, &next, e) != 0)
        return -1;
    if (next == TIMESTAMP_NONE || r->no_windows || bounded(r) == PAGE_FILTERS)
        return 0;
    begin_detour(r, bounded(r), TIMESTAMP_NONE);
    return set_window(r, e);
}

/* --- one instant --- */

/* Asks once for a page of what was updated at an instant. */
static enum api_status ask_instant(struct reader *r, const struct page_request *like, int64_t at,
    struct page_answer *answer, struct error *e)
{
    struct page_request request = *like;
    request.filter = bounded(r);
    request.since = request.until = at;
    request.single = true;
    return maintainx_page(r->settings->api, &request, answer, e);
}

/* What was updated in the very millisecond of a work order that cannot be shown: as much as comes before it
 * in this order, in smaller and smaller pages. Returns 0, or -1 when the store failed. */
static int read_neighbours(struct reader *r, int64_t at, const char *order, struct error *e)
{
    char *cursor = NULL;
    int rc = 0, limit = (int)r->settings->config->page_size;
    while (rc == 0 && limit > 0 && !shutdown_requested()) {
        const struct page_request like = {.limit = limit, .cursor = cursor, .order = order};
        struct page_answer answer;
        enum api_status status = ask_instant(r, &like, at, &answer, e);
        if (status == API_OK) {
            rc = pass_store_instant(r, &answer, at, false, e);
            pass_set_text(&cursor, answer.page.next_cursor);
            page_answer_free(&answer);
            limit = cursor != NULL ? limit : 0;
        } else {
            bool page_fails = status != API_STOPPED && status != API_FORBIDDEN && e->status != EX_TEMPFAIL;
            limit = page_fails ? limit / 2 : 0;
            *e = (struct error){0};
        }
    }
    free(cursor);
    return rc;
}

/* Reads all that was updated at one instant. Returns 1 when that is done, 0 when it fails still (the error
 * says why), -1 when the store failed or the run must end. */
static int read_instant(struct reader *r, int64_t at, struct error *e)
{
    char *cursor = NULL;
    bool more = true;
    int rc = 1;
    while (rc == 1 && more) {
        const struct page_request like = {.limit = (int)r->settings->config->page_size, .cursor = cursor};
        struct page_answer answer;
        enum api_status status = ask_instant(r, &like, at, &answer, e);
        if (status != API_OK) {
            rc = status == API_STOPPED || e->status == EX_TEMPFAIL ? -1 : 0;
            break;
        }
        pass_set_text(&cursor, answer.page.next_cursor);
        more = cursor != NULL;
        rc = pass_store_instant(r, &answer, at, !more, e) == 0 ? 1 : -1;
        page_answer_free(&answer);
    }
    free(cursor);
    return rc;
}

/* --- a page that fails --- */

enum step_result pass_check_list(struct reader *r, enum page_filter spelling, enum bounds_question question,
    enum bounds_status *bounds, struct error *e)
{
    int64_t date, asked = clock_now();
    enum api_status status = read_around_probe(r->settings->api, spelling, question, bounds, &date, e);
    if (status == API_OK && *bounds == BOUNDS_HONOURED)
        pass_note_start(r, asked, date);
    return status == API_OK ? STEP_AGAIN : status == API_STOPPED ? STEP_STOPPED : STEP_FAILED;
}

/* The page where the last run failed fails again. When the list is well, it is tried once more, and then read
 * around. */
static enum step_result page_failed_again(struct reader *r, const struct error *why, struct error *e)
{
    enum bounds_status bounds;
    enum page_filter spelling = bounded(r);
    if (spelling == PAGE_FILTERS && filter_choose(&r->filter, r->account.filter, e) == API_OK &&
        r->filter.chosen <= FILTER_GTE)
        spelling = r->filter.chosen;
    enum step_result step = pass_check_list(r, spelling, r->failed_twice ? ASK_LOWER : ASK_UPPER, &bounds, e);
    if (step != STEP_AGAIN)
        return step;
    if (bounds == BOUNDS_IGNORED && r->sent == spelling)
        return STEP_IGNORED;
    log_info("%s; asking once more", why->text);
    if (bounds != BOUNDS_HONOURED || r->no_windows) {
        r->failed_before = false; /* nothing is left but patience */
    } else if (!r->failed_twice) {
        r->failed_twice = true;
    } else {
        log_info("%s, while other pages do not; reading around it", why->text);
        begin_detour(r, spelling, clock_now());
        r->stored = CURSOR_BEHIND;
        if (set_window(r, e) != 0)
            return STEP_FAILED;
    }
    return STEP_AGAIN;
}

/* A window of a detour fails. */
static enum step_result window_failed(struct reader *r, const struct error *why, struct error *e)
{
    enum bounds_status bounds;
    bool news;
    const int64_t from = r->state.detour.from;
    /* the smaller windows have shown that the upper bound is honoured; if the lower one is ignored, each
     * instant fails that comes after the bad one */
    const bool instant = r->state.detour.until == from;
    enum step_result step = pass_check_list(r, r->sent, instant ? ASK_LOWER : ASK_BOTH, &bounds, e);
    if (step != STEP_AGAIN)
        return step;
    if (bounds == BOUNDS_IGNORED || bounds == BOUNDS_REFUSED)
        return bounds == BOUNDS_IGNORED ? STEP_IGNORED : STEP_REFUSED;
    if (bounds != BOUNDS_HONOURED) {
        log_info("%s; the server no longer honours an upper bound, the pass starts over without", why->text);
        r->no_windows = true;
        return STEP_OVER;
    }
    if (instant &&
        (read_neighbours(r, from, "createdAt", e) != 0 || read_neighbours(r, from, "-createdAt", e) != 0))
        return STEP_FAILED;
    if (read_around_failed(r->settings->store, &r->state.detour, why, &news, e) != 0 || set_window(r, e) != 0)
        return STEP_FAILED;
    r->skipped += news;
    pass_set_text(&r->state.cursor, NULL);
    cursors_clear(r->cursors);
    r->stored = CURSOR_BEHIND;
    return STEP_AGAIN;
}

/* Once in a run. When it cannot be noted, the next run has as much patience as this one. */
static void note_failure(struct reader *r)
{
    struct error unnoted = {0};
    if (r->failed_now)
        return;
    r->failed_now = true;
    if (page_failures_note(r->settings->store, r->kind->name, clock_now(), &unnoted) != 0)
        log_info("%s; the next run does not know that this page fails", unnoted.text);
}

enum step_result pass_page_failed(struct reader *r, struct error *e)
{
    const struct error why = *e;
    bool around = detour_is_on(&r->state.detour);
    if (!client_blames_server(&why) || r->settings->dry_run)
        return STEP_FAILED;
    if (!around)
        note_failure(r);
    if (!around && !r->failed_before)
        return STEP_FAILED;
    r->why = why;
    *e = (struct error){0};
    return around ? window_failed(r, &why, e) : page_failed_again(r, &why, e);
}

/* Asks again for what was skipped and is due; a sweep has done so with all of it. What fails is asked for
 * again later: it is no failure of the pass, which has ended. */
void pass_retry_skipped(struct reader *r)
{
    const struct pass_settings *s = r->settings;
    struct error e = {0};
    int64_t at = INT64_MIN, now = clock_now();
    int attempts;
    if (s->dry_run || s->window != NULL || r->kind->everything)
        return;
    r->state.detour = (struct detour){.from = 0}; /* its bounds are to be trusted */
    while (bounded(r) != PAGE_FILTERS && !shutdown_requested() &&
           skipped_due(s->store, at, now, &at, &attempts, &e) == 1) {
        int rc = read_instant(r, at, &e);
        if (rc < 0)
            break;
        if (rc == 0 && skipped_later(s->store, at, read_around_due(attempts + 2), e.text, &e) != 0)
            break;
        e = (struct error){0};
    }
    if (e.status != EX_OK)
        log_info("%s; what was skipped is asked for again later", e.text);
}
