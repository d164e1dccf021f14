/*
 * filter: each spelling is judged by probes: one request for a filter, two for the sort (a list may look
 * sorted one way by chance). The answer of each probe is stored before the next is sent, so that runs of a
 * second get ahead, too.
 *
 * An answer holds for a day. `unclear` (too few dates to see an order) is forgotten when a page was stored.
 */
#include "sources/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/workorder.h"
#include "store/filter_probes.h"

/* Records that are looked at to see an order, and how many steps from one date to another it takes to call it
 * one: fewer may stand in order by chance, both times. */
enum { SORT_SAMPLE = 50, MIN_STEPS = 3 };

/* How long the answer of a probe is believed, and how long a doubt lasts. */
enum { DAY_MS = 24 * 3600 * 1000, HOUR_MS = 3600 * 1000 };

enum honour { HONOURED, IGNORED, REFUSED, UNCLEAR, HONOURS };

static const char *const honour_names[HONOURS] = {"honoured", "ignored", "refused", "unclear"};

/* What is asked for at a time, as it is named in the store. */
enum probe { PROBE_BRACKETS, PROBE_GTE, PROBE_RISING, PROBE_FALLING, PROBES };

static const struct {
    const char *name;
    struct page_request request;
} probes[PROBES] = {
    [PROBE_BRACKETS] = {"updatedAt[gte]",
        {.filter = FILTER_BRACKETS, .since = FILTER_FAR_FUTURE, .limit = 1}},
    [PROBE_GTE] = {"updatedAtGte", {.filter = FILTER_GTE, .since = FILTER_FAR_FUTURE, .limit = 1}},
    [PROBE_RISING] = {"sort=updatedAt",
        {.filter = FILTER_SORT, .since = TIMESTAMP_NONE, .limit = SORT_SAMPLE, .ascending = true}},
    [PROBE_FALLING] = {"sort=-updatedAt",
        {.filter = FILTER_SORT, .since = TIMESTAMP_NONE, .limit = SORT_SAMPLE}},
};

/* --- what is remembered --- */

static struct filter_probe_key key_of(const struct filter *filter, enum probe probe)
{
    return (struct filter_probe_key){
        filter->config->base_url, filter->config->organization, probes[probe].name};
}

/* When a page has last shown that a filter is ignored, if that is not long ago: then the next one proves it.
 */
static struct filter_probe_key doubt_of(const struct filter *filter)
{
    static const char *const doubts[] = {[FILTER_BRACKETS] = "doubt updatedAt[gte]",
        [FILTER_GTE] = "doubt updatedAtGte",
        [FILTER_SORT] = "doubt sort"};
    return (struct filter_probe_key){
        filter->config->base_url, filter->config->organization, doubts[filter->chosen]};
}

/* Returns 1 when it was doubted within the hour, 0, or -1 when the store failed. */
static int was_doubted(const struct filter *filter, struct error *e)
{
    const struct filter_probe_key key = doubt_of(filter);
    char *answer = NULL;
    int64_t asked, now = clock_now();
    if (filter->doubted[filter->chosen])
        return 1;
    int rc = filter_probes_get(filter->store, &key, &answer, &asked, e);
    free(answer);
    return rc == 1 ? asked <= now && now - asked < HOUR_MS : rc;
}

/* What was known of it is to be asked anew. */
static int doubt(struct filter *filter, struct error *e)
{
    const struct filter_probe_key key = doubt_of(filter);
    filter->doubted[filter->chosen] = true;
    if (filter->dry_run)
        return 0;
    return filter_probes_clear(filter->store, e) == 0
               ? filter_probes_put(filter->store, &key, honour_names[IGNORED], clock_now(), e)
               : -1;
}

/* Returns 1 with an answer that is not too old, 0 without, -1 when the store failed. */
static int recall(const struct filter *filter, enum probe probe, enum honour *honour, struct error *e)
{
    const struct filter_probe_key key = key_of(filter, probe);
    char *answer = NULL;
    int64_t asked, now = clock_now();
    int rc = filter_probes_get(filter->store, &key, &answer, &asked, e);
    if (rc != 1)
        return rc;
    for (*honour = 0; *honour < HONOURS && strcmp(answer, honour_names[*honour]) != 0; ++*honour)
        ;
    free(answer);
    return *honour < HONOURS && asked <= now && now - asked < DAY_MS;
}

static int remember(const struct filter *filter, enum probe probe, enum honour honour, struct error *e)
{
    const struct filter_probe_key key = key_of(filter, probe);
    if (filter->dry_run)
        return 0;
    return filter_probes_put(filter->store, &key, honour_names[honour], clock_now(), e);
}

/* --- probes --- */

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

/* What an answer shows. A server that honours a filter has nothing in the far future. */
static enum honour judge(enum probe probe, const struct page *page)
{
    struct run_of_dates dates;
    if (probe == PROBE_BRACKETS || probe == PROBE_GTE)
        return page->count == 0 ? HONOURED : IGNORED;
    look_at_dates(page, &dates);
    int right = probe == PROBE_RISING ? dates.rises : dates.falls;
    int wrong = probe == PROBE_RISING ? dates.falls : dates.rises;
    return wrong > 0 ? IGNORED : right >= MIN_STEPS ? HONOURED : UNCLEAR;
}

/* Finds out what the server does with a probe: from what is remembered, else by asking, `single`: once. */
static enum api_status find_out(
    struct filter *filter, enum probe probe, bool single, enum honour *honour, struct error *e)
{
    struct page_request request = probes[probe].request;
    struct page_answer answer;
    int known = recall(filter, probe, honour, e);
    if (known != 0)
        return known == 1 ? API_OK : API_FAILED;
    request.single = single;
    enum api_status status = maintainx_page(filter->api, &request, &answer, e);
    if (status != API_OK && status != API_BAD_REQUEST)
        return status == API_STOPPED ? API_STOPPED : API_FAILED;
    *honour = REFUSED;
    if (status == API_OK) {
        *honour = judge(probe, &answer.page);
        page_answer_free(&answer);
    }
    *e = (struct error){0};
    log_info("api: %s is %s", probes[probe].name, honour_names[*honour]);
    return remember(filter, probe, *honour, e) == 0 ? API_OK : API_FAILED;
}

/* A sort that is honoured rises one way and falls the other way; one page alone may look sorted by chance. */
static enum api_status find_out_sort(struct filter *filter, bool single, enum honour *honour, struct error *e)
{
    enum honour falling;
    enum api_status status = find_out(filter, PROBE_RISING, single, honour, e);
    if (status != API_OK || *honour == IGNORED || *honour == REFUSED)
        return status;
    status = find_out(filter, PROBE_FALLING, single, &falling, e);
    if (status == API_OK && (*honour == HONOURED || falling != HONOURED))
        *honour = falling;
    return status;
}

static enum api_status find_out_spelling(
    struct filter *filter, enum page_filter spelling, bool single, enum honour *honour, struct error *e)
{
    switch (spelling) {
    case FILTER_BRACKETS:
        return find_out(filter, PROBE_BRACKETS, single, honour, e);
    case FILTER_GTE:
        return find_out(filter, PROBE_GTE, single, honour, e);
    default:
        return find_out_sort(filter, single, honour, e);
    }
}

/* --- the choice --- */

static int remember_spelling(
    const struct filter *filter, enum page_filter spelling, enum honour honour, struct error *e)
{
    static const enum probe probe_of[] = {
        [FILTER_BRACKETS] = PROBE_BRACKETS, [FILTER_GTE] = PROBE_GTE, [FILTER_SORT] = PROBE_RISING};
    return remember(filter, probe_of[spelling], honour, e);
}

/* The probes of spellings before `honoured` that failed: they count as ignored. */
static int note_worse(
    const struct filter *filter, const bool failed[], enum page_filter honoured, struct error *e)
{
    for (enum page_filter spelling = 0; spelling < honoured; spelling++)
        if (failed[spelling] && remember_spelling(filter, spelling, IGNORED, e) != 0)
            return -1;
    return 0;
}

/*
 * Looks for a spelling that is honoured and better than `than`. API_OK sets *best, to `than` where there is
 * none; *clear is false when that may change.
 *
 * A probe may fail for ever while the list is well: the server breaks at this parameter, or ignores it and then
 * breaks at a work order that it cannot show. So the next spelling is tried. The list itself fails only where
 * no probe is answered and no filter was honoured before.
 */
static enum api_status find_better(
    struct filter *filter, enum page_filter than, enum page_filter *best, bool *clear, struct error *e)
{
    struct error failure = {0};
    bool failed[PAGE_FILTERS] = {false}, answered = than != FILTER_NONE;
    *clear = true;
    for (enum page_filter spelling = 0; spelling < than; spelling++) {
        enum honour honour;
        if (filter->given_up[spelling])
            continue;
        bool single = than != FILTER_NONE || failure.status != EX_OK;
        enum api_status status = find_out_spelling(filter, spelling, single, &honour, e);
        if (status == API_FAILED && client_blames_server(e)) {
            failed[spelling] = true;
            failure = *e;
            *e = (struct error){0};
            *clear = false;
            continue;
        }
        if (status != API_OK)
            return status;
        answered = true;
        *best = spelling;
        if (honour == HONOURED)
            return note_worse(filter, failed, spelling, e) == 0 ? API_OK : API_FAILED;
        *clear = *clear && honour != UNCLEAR;
    }
    *best = than;
    if (answered)
        return API_OK;
    *e = failure;
    return API_FAILED;
}

enum api_status filter_choose(struct filter *filter, const char *known, struct error *e)
{
    enum page_filter remembered = known != NULL ? page_filter_named(known) : PAGE_FILTERS;
    bool clear;
    if (strcmp(filter->config->filter, "auto") != 0) {
        filter->chosen = page_filter_named(filter->config->filter);
        return API_OK;
    }
    enum page_filter fallback = remembered < PAGE_FILTERS ? remembered : FILTER_NONE;
    enum api_status status = find_better(filter, fallback, &filter->chosen, &clear, e);
    if (status != API_OK)
        return status;
    /* from the order of a few dates nothing can be said: the next pass looks again */
    filter->found = filter->chosen != remembered && (clear || filter->chosen != FILTER_NONE);
    return API_OK;
}

int filter_give_up(struct filter *filter, enum filter_fault fault, struct error *e)
{
    const char *name = page_filter_name(filter->chosen),
               *does = fault == FILTER_IGNORED ? "ignores" : "refuses";
    *e = (struct error){0};
    int doubted = fault == FILTER_IGNORED ? was_doubted(filter, e) : 1;
    if (doubted < 0)
        return -1;
    if (doubted == 0) {
        log_info("api: the server seems to ignore the filter %s; asking again", name);
        return doubt(filter, e);
    }
    if (strcmp(filter->config->filter, "auto") != 0)
        return fail(
            e, EX_PROTOCOL, "api: the server %s the filter %s; set filter = auto in [api]", does, name);
    log_info("api: the server %s the filter %s; trying the next", does, name);
    filter->given_up[filter->chosen] = true;
    return remember_spelling(filter, filter->chosen, fault == FILTER_IGNORED ? IGNORED : REFUSED, e);
}

int filter_forget(struct filter *filter, struct error *e)
{
    return filter->dry_run ? 0 : filter_probes_clear(filter->store, e);
}

void filter_settle(struct filter *filter)
{
    if (filter->found && filter->chosen == FILTER_NONE)
        log_warning("api: the server honours neither a filter by updatedAt nor sort: every pass reads "
                    "everything; poll "
                    "more rarely, or ask the vendor");
    filter->found = false;
}
