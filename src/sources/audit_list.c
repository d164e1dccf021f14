/*
 * The list by windows of createdAt.
 *
 *   leg 1   createdAt >= since                      descending, no filter by change
 *   leg 2   createdAt <= since, updatedAt >= since  descending
 *
 * With leg 1 alone, old work orders that changed would be missed; leg 2 alone would trust the poll's filter.
 * Without `since` there is leg 1 only, without a lower bound.
 *
 * Each page begins at the smallest createdAt of the page before, and a millisecond later: the server may know
 * it more precisely than it says. So pages overlap by a few records. Where a whole page was created within
 * one millisecond, the server's cursor leads on.
 *
 * Every record is checked against the window that was asked for and against the order: a server that ignores
 * either is read as a whole (road `everything`), as is one that refuses them.
 */
#include "sources/audit_list.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "core/scan.h"
#include "sources/cursors.h"

struct reading {
    const struct audit_list *list;
    struct page_request request;
    int64_t
        changed_since; /* what the server was asked to leave out is not to be there; TIMESTAMP_NONE: all */
    int64_t lowest;    /* createdAt on this page; TIMESTAMP_NONE: no record had one */
    char *cursor;
    struct cursors *seen;
    bool everything; /* no windows */
};

enum step_result { NEXT, LAST, UNSUPPORTED, STOPPED, FAILED };

/* Is the record where it was asked for? What has no date of creation says nothing. */
static bool is_in_window(struct reading *r, const struct workorder *wo)
{
    const struct page_request *asked = &r->request;
    if (wo->created == TIMESTAMP_NONE || r->everything)
        return true;
    if ((asked->created_from != 0 && wo->created < asked->created_from) ||
        (asked->created_until != 0 && wo->created > asked->created_until) ||
        (r->lowest != TIMESTAMP_NONE && wo->created > r->lowest) || wo->updated < r->changed_since)
        return false;
    r->lowest = wo->created;
    return true;
}

/* Without windows: is it one of those that were asked for? */
static bool is_wanted(const struct reading *r, const struct workorder *wo)
{
    return !r->everything || wo->updated >= r->list->since || wo->created >= r->list->since;
}

static enum step_result take_record(struct reading *r, const struct page_record *found, struct error *e)
{
    struct scan scan;
    struct workorder parsed = {0};
    struct audit_record record = {.found = found, .wo = &scan.wo, .sent = client_sent(r->list->api)};
    enum step_result step = NEXT;
    if (!scan_record(found->json, found->len, &scan)) {
        enum workorder_result result = workorder_parse(found->json, found->len, &parsed, &record.reason);
        if (result == WORKORDER_NOT_JSON)
            return fail(e, EX_PROTOCOL,
                       "api: a work order in the answer is no JSON: %s; the next run asks again",
                       record.reason),
                   FAILED;
        record.wo = result == WORKORDER_OK ? &parsed : NULL;
    }
    if (record.wo != NULL && !is_in_window(r, record.wo))
        step = UNSUPPORTED;
    else if ((record.wo == NULL || is_wanted(r, record.wo)) &&
             r->list->record(&record, r->list->context, e) != 0)
        step = FAILED;
    workorder_free(&parsed);
    return step;
}

/* What to ask for after a page: a window below it, or the page behind the cursor. */
static enum step_result find_next(struct reading *r, char *cursor, struct error *e)
{
    free(r->cursor);
    r->cursor = NULL;
    if (cursor == NULL)
        return LAST;
    const int64_t until = r->lowest != TIMESTAMP_NONE ? r->lowest + 1 : TIMESTAMP_NONE;
    if (!r->everything && until != TIMESTAMP_NONE &&
        (r->request.created_until == 0 || until < r->request.created_until)) {
        r->request.created_until = until;
        cursors_clear(r->seen);
        return NEXT;
    }
    if (cursors_add(r->seen, cursor))
        return fail(e, EX_PROTOCOL,
                   "api: work orders: the server repeats a cursor, the list would never end; try again "
                   "later"),
               FAILED;
    r->cursor = strdup(cursor);
    return NEXT;
}

static enum step_result read_page(struct reading *r, struct error *e)
{
    struct page_answer answer;
    r->request.cursor = r->cursor;
    r->lowest = TIMESTAMP_NONE;
    enum api_status status = maintainx_page(r->list->api, &r->request, &answer, e);
    if (status == API_BAD_REQUEST && !r->everything && r->cursor == NULL) {
        log_info("%s", e->text);
        *e = (struct error){0};
        return UNSUPPORTED;
    }
    if (status != API_OK)
        return status == API_STOPPED ? STOPPED : FAILED;
    enum step_result step = NEXT;
    for (size_t i = 0; i < answer.page.count && step == NEXT; i++)
        step = take_record(r, &answer.page.records[i], e);
    if (step == NEXT)
        step = find_next(r, answer.page.next_cursor, e);
    page_answer_free(&answer);
    if (step == NEXT || step == LAST)
        r->list->page(r->list->context);
    return step;
}

/* Reads from one request on to its end. */
static enum step_result read_leg(struct reading *r, const struct page_request *first, struct error *e)
{
    enum step_result step = NEXT;
    r->request = *first;
    while (step == NEXT)
        step = shutdown_requested() ? STOPPED : read_page(r, e);
    free(r->cursor);
    r->cursor = NULL;
    cursors_clear(r->seen);
    return step;
}

static enum step_result read_windows(struct reading *r, struct error *e)
{
    const struct audit_list *list = r->list;
    const bool bounded = list->since != TIMESTAMP_NONE;
    const struct page_request created = {.filter = FILTER_NONE,
        .since = TIMESTAMP_NONE,
        .limit = list->page_size,
        .order = "-createdAt",
        .created_from = bounded ? list->since : 0};
    const struct page_request changed = {.filter = FILTER_BRACKETS,
        .since = list->since,
        .limit = list->page_size,
        .order = "-createdAt",
        .created_until = list->since};
    enum step_result step = read_leg(r, &created, e);
    if (step == LAST && bounded) {
        r->changed_since = list->since;
        step = read_leg(r, &changed, e);
    }
    return step;
}

enum pass_result audit_list_read(const struct audit_list *list, struct error *e)
{
    struct reading r = {.list = list, .changed_since = TIMESTAMP_NONE, .seen = cursors_new()};
    enum step_result step = read_windows(&r, e);
    if (step == UNSUPPORTED) {
        log_warning("audit: the server honours no windows of createdAt; everything is read instead, in its "
                    "own order");
        r.everything = true;
        const struct page_request all = {
            .filter = FILTER_NONE, .since = TIMESTAMP_NONE, .limit = list->page_size};
        step = read_leg(&r, &all, e);
    }
    cursors_free(r.seen);
    return step == LAST ? PASS_FINISHED : step == STOPPED ? PASS_STOPPED : PASS_FAILED;
}
