/*
 * A document of the store on the page of `wosync report`: whatever it holds, every sum adds up, and the page
 * is UTF-8 and has no element that is not ours.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "base/utf8.h"
#include "report/page.h"
#include "report/report_json.h"

enum { WEEKS = 14, MONTHS = 4 };

static char *completed[] = {"DONE", "COMPLETED", NULL};

/* Every `<` begins one of our elements: what came from outside was escaped. */
static void check_elements(const char *page)
{
    static const char *const foreign[] = {"<script", "<img", "<x", "<iframe", "<!-"};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        must(strstr(page, foreign[i]) == NULL, "%s", foreign[i]);
}

static void check_sums(const struct tally *t)
{
    int64_t open = 0, statuses = 0;
    for (int p = 0; p < WORK_PRIORITIES; p++)
        open += t->open_by[p];
    for (size_t i = 0; i < t->status_count; i++)
        statuses += t->statuses[i].count;
    must(open == t->open && statuses == t->counted, "%lld open, %lld counted", (long long)t->open,
        (long long)t->counted);
    for (size_t i = 0; i < t->period.weeks.count; i++)
        for (int p = 0; p < WORK_PRIORITIES; p++)
            must(t->weeks[i].open[p] >= 0 && t->weeks[i].open[p] <= t->counted, "week %zu: %lld", i,
                (long long)t->weeks[i].open[p]);
    must(t->counted + t->deleted + t->elsewhere + t->unreadable == 2, "both records are somewhere");
}

static struct spans make_spans(size_t count, int64_t first, int64_t length)
{
    struct spans spans = {calloc(count + 1, sizeof(int64_t)), count};
    for (size_t i = 0; i <= count; i++)
        spans.starts[i] = first + (int64_t)i * length;
    return spans;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t week = INT64_C(604800000), now = INT64_C(1763892900000), since = now - 13 * week + 5;
    struct period period = {.since = since,
        .now = now,
        .weeks = make_spans(WEEKS, since - 5, week),
        .months = make_spans(MONTHS, since - week, 4 * week),
        .completed = completed};
    struct figures figures = {.version = "1",
        .organization = "",
        .last_pass = TIMESTAMP_NONE,
        .first_run = now,
        .days = make_spans(1, now, week),
        .run_days = make_spans(1, now, week)};
    struct buffer page = {0};
    char *json = copy_text(data, size);
    tally_begin(&figures.tally, &period);
    for (int i = 1; i <= 2; i++)
        tally_add(&figures.tally, &(struct tally_row){i, now - week, false, json, size});
    tally_end(&figures.tally);
    check_sums(&figures.tally);
    if (figures.tally.urgent_count > 0)
        figures.urgent[0].title = strdup(json);
    page_write(&page, &figures);
    must(utf8_is_valid(page.data, page.len), "the page is UTF-8");
    check_elements(page.data);
    json_object_put(report_json_make(&figures));
    buffer_free(&page);
    figures_free(&figures);
    free(period.weeks.starts);
    free(period.months.starts);
    free(json);
    return 0;
}
