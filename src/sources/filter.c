#include "sources/filter.h"

#include <string.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "core/workorder.h"

/* Records that are looked at to see an order, and how many steps from one date to another it takes to call it
 * one: fewer may stand in order by chance, both times. */
enum { SORT_SAMPLE = 50, LEAST_STEPS = 3 };

static const int64_t far_future = INT64_C(7258118400000); /* 2200-01-01T00:00:00.000Z */

enum honour { HONOURED, IGNORED, REFUSED, NOT_TO_BE_SEEN };

/* Sends one probe; `honour` is REFUSED, or left for the caller to find from the answer. */
static enum api_verdict ask(struct filter *filter, const struct page_request *request,
    struct page_answer *answer, enum honour *honour, struct error *e)
{
    enum api_verdict verdict = maintainx_page(filter->api, request, answer, e);
    if (verdict == API_BAD_REQUEST) {
        *e = (struct error){0};
        *honour = REFUSED;
        return API_OK;
    }
    return verdict == API_OK || verdict == API_STOPPED ? verdict : API_FAILED;
}

/* A server that honours a filter has nothing in the far future. */
static enum api_verdict probe_bound(
    struct filter *filter, enum page_filter spelling, enum honour *honour, struct error *e)
{
    const struct page_request request = {.filter = spelling, .since = far_future, .limit = 1};
    struct page_answer answer;
    *honour = IGNORED;
    enum api_verdict verdict = ask(filter, &request, &answer, honour, e);
    if (verdict == API_OK && *honour != REFUSED && answer.page.count == 0)
        *honour = HONOURED;
    page_answer_free(&answer);
    return verdict;
}

/* How the updatedAt of a page's records run. */
struct run_of_dates {
    int rises; /* how many times */
    int falls;
};

static void look_at_dates(const struct page *page, struct run_of_dates *out)
{
    int64_t last = TIMESTAMP_NONE;
    *out = (struct run_of_dates){0, 0};
    for (size_t i = 0; i < page->count; i++) {
        struct workorder wo;
        const char *reason;
        if (workorder_parse(page->records[i].json, page->records[i].len, &wo, &reason) != WORKORDER_OK)
            continue;
        out->rises += last != TIMESTAMP_NONE && wo.updated > last;
        out->falls += last != TIMESTAMP_NONE && wo.updated < last;
        last = wo.updated;
        workorder_free(&wo);
    }
}

/* A sort that is honoured rises one way and falls the other way; one page alone may look sorted by chance.
 * Where all but a few are of one instant it cannot be seen. */
static enum api_verdict probe_sort(struct filter *filter, enum honour *honour, struct error *e)
{
    struct run_of_dates up = {0, 0}, down = {0, 0};
    for (int i = 0; i < 2; i++) {
        const struct page_request request = {
            .filter = FILTER_SORT, .since = TIMESTAMP_NONE, .limit = SORT_SAMPLE, .ascending = i == 0};
        struct page_answer answer;
        *honour = IGNORED;
        enum api_verdict verdict = ask(filter, &request, &answer, honour, e);
        if (verdict == API_OK && *honour != REFUSED)
            look_at_dates(&answer.page, i == 0 ? &up : &down);
        page_answer_free(&answer);
        if (verdict != API_OK || *honour == REFUSED)
            return verdict;
    }
    if (up.falls > 0 || down.rises > 0)
        *honour = IGNORED;
    else
        *honour = up.rises >= LEAST_STEPS && down.falls >= LEAST_STEPS ? HONOURED : NOT_TO_BE_SEEN;
    return API_OK;
}

static enum api_verdict probe(
    struct filter *filter, enum page_filter spelling, enum honour *honour, struct error *e)
{
    static const char *const words[] = {[HONOURED] = "honoured",
        [IGNORED] = "ignored",
        [REFUSED] = "refused",
        [NOT_TO_BE_SEEN] = "not to be judged yet"};
    enum api_verdict verdict =
        spelling == FILTER_SORT ? probe_sort(filter, honour, e) : probe_bound(filter, spelling, honour, e);
    if (verdict == API_OK)
        log_info("api: the filter %s is %s", page_filter_name(spelling), words[*honour]);
    return verdict;
}

enum api_verdict filter_choose(struct filter *filter, const char *known, struct error *e)
{
    enum honour honour = IGNORED;
    if (strcmp(filter->configured, "auto") != 0)
        known = filter->configured;
    enum page_filter spelling = known != NULL ? page_filter_named(known) : PAGE_FILTERS;
    if (spelling < PAGE_FILTERS) {
        filter->chosen = spelling;
        return API_OK;
    }
    for (spelling = FILTER_GTE; spelling < FILTER_NONE && honour != HONOURED; spelling++) {
        if (filter->given_up[spelling])
            continue;
        enum api_verdict verdict = probe(filter, spelling, &honour, e);
        if (verdict != API_OK)
            return verdict;
        filter->chosen = spelling;
        filter->given_up[spelling] = honour == IGNORED || honour == REFUSED;
    }
    /* from the order of a few dates nothing can be told: the next pass looks again */
    filter->found = honour != NOT_TO_BE_SEEN;
    if (honour == HONOURED)
        return API_OK;
    filter->chosen = FILTER_NONE;
    if (filter->found)
        log_warning(
            "api: the server honours neither a filter by updatedAt nor sort: every pass reads everything");
    return API_OK;
}

int filter_give_up(struct filter *filter, const char *verdict, struct error *e)
{
    const char *name = page_filter_name(filter->chosen);
    if (strcmp(filter->configured, "auto") != 0)
        return fail(
            e, EX_PROTOCOL, "api: the server %s the filter %s; set filter = auto in [api]", verdict, name);
    log_info("api: the server %s the filter %s; trying the next", verdict, name);
    filter->given_up[filter->chosen] = true;
    *e = (struct error){0};
    return 0;
}
