#include "sources/read_around.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "core/retry.h"
#include "sources/filter.h"
#include "store/skipped.h"

/* Where more of the list fails, the server is broken, and no work order to blame. */
enum { MAX_SKIPPED = 20 };

enum { DAY_MS = 24 * 3600 * 1000 };

/* Asks for a page that a server with these bounds has nothing for. API_OK sets *bounds to BOUNDS_HONOURED,
 * BOUNDS_IGNORED or BOUNDS_REFUSED. */
static enum api_status ask_for_nothing(struct client *api, const struct page_request *request,
    enum bounds_status *bounds, int64_t *date, struct error *e)
{
    struct page_answer answer;
    enum api_status status = maintainx_page(api, request, &answer, e);
    switch (status) {
    case API_OK:
        *bounds = answer.page.count == 0 ? BOUNDS_HONOURED : BOUNDS_IGNORED;
        *date = answer.date;
        page_answer_free(&answer);
        return API_OK;
    case API_BAD_REQUEST:
        *e = (struct error){0};
        *bounds = BOUNDS_REFUSED;
        return API_OK;
    case API_STOPPED:
        return API_STOPPED;
    default:
        return API_FAILED;
    }
}

enum api_status read_around_probe(struct client *api, enum page_filter spelling,
    enum bounds_question question, enum bounds_status *bounds, int64_t *date, struct error *e)
{
    /* nothing was updated in 1970, and nothing will be in 2200 */
    const struct page_request old = {.filter = spelling, .since = 0, .until = 1, .limit = 1},
                              future = {.filter = spelling, .since = FILTER_FAR_FUTURE, .limit = 1};
    const bool lower = question == ASK_LOWER;
    *bounds = BOUNDS_NONE;
    *date = TIMESTAMP_NONE;
    if (spelling != FILTER_BRACKETS && spelling != FILTER_GTE)
        return API_OK;
    enum api_status status = ask_for_nothing(api, lower ? &future : &old, bounds, date, e);
    if (lower && status == API_FAILED && client_blames_server(e)) {
        /* where the bound is ignored, the answer may hold what fails */
        status = ask_for_nothing(api, &old, bounds, date, e);
        if (status == API_OK)
            *e = (struct error){0};
        *bounds = *bounds == BOUNDS_HONOURED ? BOUNDS_IGNORED : *bounds;
        return status;
    }
    if (question == ASK_UPPER && *bounds == BOUNDS_IGNORED)
        *bounds = BOUNDS_LOWER;
    if (question != ASK_BOTH || status != API_OK || *bounds == BOUNDS_HONOURED)
        return status;
    status = ask_for_nothing(api, &future, bounds, date, e);
    if (*bounds == BOUNDS_HONOURED)
        *bounds = BOUNDS_LOWER;
    return status;
}

int read_around_set_window(struct store *store, struct detour *detour, bool again, struct error *e)
{
    int64_t skipped;
    do
        if (skipped_next(store, detour->from, &skipped, e) != 0)
            return -1;
    while (!detour_set_window(detour, skipped, again));
    return 0;
}

int64_t read_around_due(int failures)
{
    int64_t wait = retry_delivery(failures, random_bits());
    return clock_now() + (wait != RETRY_NEVER && wait < DAY_MS ? wait : DAY_MS);
}

static int skip(struct store *store, const struct detour *detour, const struct error *why, struct error *e)
{
    char at[TIMESTAMP_SIZE];
    int64_t count = skipped_count(store, e);
    if (count < 0)
        return -1;
    if (count >= MAX_SKIPPED)
        return fail(e, EX_UNAVAILABLE, "%s; %d places of the list fail, no more of it is skipped", why->text,
            MAX_SKIPPED);
    if (skipped_add(store, detour->from, clock_now(), read_around_due(1), why->text, e) != 0)
        return -1;
    timestamp_format(detour->from, at);
    log_warning(
        "api: work orders: every page fails that holds what was updated at %s: it is left out, the rest "
        "is read, and later runs ask for it again (%s)",
        at, why->text);
    return 0;
}

int read_around_failed(
    struct store *store, struct detour *detour, const struct error *why, bool *news, struct error *e)
{
    int64_t next;
    *news = false;
    if (!detour_window_failed(detour, clock_now()))
        return 0;
    if (skipped_next(store, detour->from, &next, e) != 0)
        return -1;
    *news = next != detour->from;
    if (*news && skip(store, detour, why, e) != 0)
        return -1;
    detour_skip(detour);
    return 0;
}
