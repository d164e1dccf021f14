#include "sources/filter.h"

#include <string.h>

#include "base/log.h"

/* A server that honours a filter has nothing in the far future. */
static const int64_t far_future = INT64_C(7258118400000); /* 2200-01-01T00:00:00.000Z */

/* Asks whether a spelling is honoured; API_OK with *honoured set, or what went wrong. */
static enum api_verdict probe(struct filter *filter, enum page_filter spelling, bool *honoured, struct error *e)
{
    const struct page_request request = {.filter = spelling, .since = far_future, .limit = 1};
    const char *name = page_filter_name(spelling);
    struct page_answer answer;
    enum api_verdict verdict = maintainx_page(filter->api, &request, &answer, e);
    if (verdict == API_BAD_REQUEST) {
        log_info("api: the filter %s is refused", name);
        *e = (struct error){0};
        *honoured = false;
        return API_OK;
    }
    if (verdict != API_OK)
        return verdict == API_STOPPED ? API_STOPPED : API_FAILED;
    *honoured = answer.page.count == 0;
    page_answer_free(&answer);
    log_info("api: the filter %s is %s", name, *honoured ? "honoured" : "ignored");
    return API_OK;
}

enum api_verdict filter_choose(struct filter *filter, const char *known, struct error *e)
{
    if (strcmp(filter->configured, "auto") != 0)
        known = filter->configured;
    enum page_filter spelling = known != NULL ? page_filter_named(known) : PAGE_FILTERS;
    if (spelling < PAGE_FILTERS && !filter->given_up[spelling]) {
        filter->chosen = spelling;
        return API_OK;
    }
    for (spelling = FILTER_GTE; spelling < FILTER_NONE; spelling++) {
        bool honoured = true; /* a sort shows on the pages themselves whether it is */
        if (filter->given_up[spelling])
            continue;
        enum api_verdict verdict = spelling != FILTER_SORT ? probe(filter, spelling, &honoured, e) : API_OK;
        if (verdict != API_OK)
            return verdict;
        if (honoured)
            break;
        filter->given_up[spelling] = true;
    }
    if (spelling == FILTER_NONE)
        log_warning("api: the server honours neither a filter by updatedAt nor sort: every pass reads everything");
    filter->chosen = spelling;
    filter->found = true;
    return API_OK;
}

int filter_give_up(struct filter *filter, const char *verdict, struct error *e)
{
    const char *name = page_filter_name(filter->chosen);
    if (strcmp(filter->configured, "auto") != 0)
        return fail(e, EXIT_PROTOCOL, "api: the server %s the filter %s; set filter = auto in [api]", verdict, name);
    log_info("api: the server %s the filter %s; trying the next", verdict, name);
    filter->given_up[filter->chosen] = true;
    *e = (struct error){0};
    return 0;
}
