#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "report/figures.h"
#include "report/record.h"
#include "report/tally.h"

static char *completed[] = {"DONE", "COMPLETED", NULL};

/* --- a record --- */

static struct record read_record(const char *json)
{
    struct record record;
    check(record_read(json, strlen(json), completed, &record), "%s", json);
    return record;
}

static void test_record(void **state)
{
    struct record r =
        read_record("{\"id\":7,\"status\":\"DONE\",\"priority\":\"HIGH\",\"type\":\"PREVENTIVE\","
                    "\"createdAt\":\"2026-01-01T00:00:00.000Z\","
                    "\"completedAt\":\"2026-01-02T00:00:00Z\",\"dueDate\":null,\"assetId\":5,\"asset\":{"
                    "\"name\":\"Pump \\\"A\\\"\",\"id\":6,\"x\":[1,{}]},"
                    "\"location\":{\"id\":601,\"name\":\"Hall\"},\"extra\":{\"status\":\"OPEN\"}}");
    (void)state;
    check(r.state == WORK_DONE && r.priority == PRIORITY_HIGH && r.type == TYPE_PREVENTIVE, "what it is");
    check(r.created == instant("2026-01-01T00:00:00Z") && r.completed == instant("2026-01-02T00:00:00Z") &&
              r.due == TIMESTAMP_NONE && !r.bad_date,
        "its dates");
    check(r.asset.id == 5 && r.location.id == 601,
        "assetId outweighs asset.id, which counts where it stands alone");
    char *name = record_copy_name(&r.asset.name);
    check_text(name, "Pump \"A\"");
    free(name);
}

static void test_odd_records(void **state)
{
    static const struct {
        const char *json;
        enum work_state state;
        bool bad_date;
    } table[] = {{"{\"status\":\"OPEN\"}", WORK_OPEN, false},
        {"{\"status\":\"COMPLETED\"}", WORK_DONE, false}, {"{\"status\":\"CANCELED\"}", WORK_CANCELED, false},
        {"{\"status\":\"SKIPPED\"}", WORK_SKIPPED, false}, {"{\"status\":\"done\"}", WORK_OPEN, false},
        {"{ \"status\" : \"ON_HOLD\" , \"dueDate\" : \"soon\" }", WORK_OPEN, true},
        {"{\"status\":\"OPEN\",\"createdAt\":5}", WORK_OPEN, true},
        {"{\"asset\":[],\"location\":\"x\",\"assetId\":\"5\",\"status\":\"OPEN\"}", WORK_OPEN, false},
        {"{\"priority\":{},\"type\":null,\"asset\":{},\"status\":\"OPEN\"}", WORK_OPEN, false}};
    static const char *const broken[] = {"", "[]", "{}", "{\"status\":\"\"}", "{\"status\":5}",
        "{\"status\":\"OPEN\"", "{\"status\":\"OPEN\",\"asset\":{\"name\"}}"};
    struct record record;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        record = read_record(table[i].json);
        check(record.state == table[i].state && record.bad_date == table[i].bad_date, "%s", table[i].json);
        check(record.asset.id == 0 && record.location.id == 0 && record.created == TIMESTAMP_NONE, "%s",
            table[i].json);
    }
    for (size_t i = 0; i < COUNT(broken); i++)
        check(!record_read(broken[i], strlen(broken[i]), completed, &record), "%s", broken[i]);
}

/* --- values, spans, places --- */

static void test_percentiles(void **state)
{
    static const struct {
        size_t count;
        int percent;
        int64_t expected;
    } table[] = {{0, 50, -1}, {1, 50, 1}, {1, 90, 1}, {2, 50, 1}, {2, 90, 2}, {3, 50, 2}, {10, 50, 5},
        {10, 90, 9}, {11, 90, 10}, {100, 90, 90}, {100, 0, 1}, {100, 100, 100}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct values values = {0};
        for (size_t n = table[i].count; n > 0; n--)
            values_add(&values, (int64_t)n);
        values_sort(&values);
        check(values_percentile(&values, table[i].percent) == table[i].expected, "row %zu", i);
        values_free(&values);
    }
}

static void test_spans(void **state)
{
    int64_t starts[] = {10, 20, 35};
    const struct spans spans = {starts, 2};
    static const struct {
        int64_t ms;
        size_t at;
    } table[] = {{9, 2}, {10, 0}, {19, 0}, {20, 1}, {34, 1}, {35, 2}, {1000, 2}, {INT64_MIN, 2}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(spans_find(&spans, table[i].ms) == table[i].at, "%lld: %zu", (long long)table[i].ms,
            spans_find(&spans, table[i].ms));
}

static void test_places(void **state)
{
    struct places places = {0};
    (void)state;
    for (int64_t id = 1; id <= 5000; id++) {
        struct place *place = places_find(&places, &(struct record_place){.id = id * 1024});
        place->open = id % 7;
        place->overdue = id % 5;
    }
    check(places.count == 5000 && places_find(&places, &(struct record_place){.id = 1024})->open == 1 &&
              places.count == 5000,
        "found again");
    check(places_rank(&places, 10) == 10, "ten");
    for (size_t i = 0; i < 10; i++)
        check(places.slots[i].open == 6 && places.slots[i].overdue == 4 &&
                  (i == 0 || places.slots[i - 1].id < places.slots[i].id),
            "place %zu", i);
    places_free(&places);
    check(places_rank(&places, 10) == 0, "none");
}

/* --- the tally --- */

#define DAY INT64_C(86400000)

static int64_t weeks[] = {0, 7 * DAY, 14 * DAY, 21 * DAY}, months[] = {-DAY, 20 * DAY, 40 * DAY};
static const struct period period = {
    .since = 3 * DAY, .now = 17 * DAY, .weeks = {weeks, 3}, .months = {months, 2}, .completed = completed};

static void add(struct tally *t, int64_t id, const char *more, double created, double done, double due)
{
    char json[512], dates[3][64] = {"", "", ""};
    const double days[] = {created, done, due};
    static const char *const names[] = {"createdAt", "completedAt", "dueDate"};
    for (int i = 0; i < 3; i++)
        if (days[i] > -1000) {
            char text[TIMESTAMP_SIZE];
            timestamp_format((int64_t)(days[i] * (double)DAY), text);
            snprintf(dates[i], sizeof dates[i], "\"%s\":\"%s\",", names[i], text);
        }
    snprintf(json, sizeof json, "{%s%s%s%s\"id\":%lld}", dates[0], dates[1], dates[2], more, (long long)id);
    tally_add(t, &(struct tally_row){id, 5 * DAY, false, json, strlen(json)});
}

#define NO      -9999.0
#define OPEN    "\"status\":\"OPEN\",\"priority\":\"LOW\","
#define DONE    "\"status\":\"DONE\","
#define PM_DONE "\"status\":\"DONE\",\"type\":\"PREVENTIVE\","

static int64_t open_in(const struct tally *t, size_t week)
{
    int64_t sum = 0;
    for (int p = 0; p < WORK_PRIORITIES; p++)
        sum += t->weeks[week].open[p];
    return sum;
}

static void test_backlog(void **state)
{
    struct tally t;
    (void)state;
    tally_begin(&t, &period);
    add(&t, 1, OPEN, -50, NO, NO);                      /* always open */
    add(&t, 2, DONE, 2, 8, NO);                         /* open at the first end */
    add(&t, 3, DONE, 1, 2, NO);                         /* at none */
    add(&t, 4, "\"status\":\"CANCELED\",", -3, NO, NO); /* until its status was seen, on the fifth day */
    add(&t, 5, DONE, 8, 16, NO);                        /* at the second */
    add(&t, 6, OPEN, 16, NO, 16.5);                     /* at the last, which is now */
    add(&t, 7, OPEN, -9, NO, 2);
    tally_end(&t);
    check(open_in(&t, 0) == 3 && open_in(&t, 1) == 3 && open_in(&t, 2) == 3, "%lld, %lld, %lld",
        (long long)open_in(&t, 0), (long long)open_in(&t, 1), (long long)open_in(&t, 2));
    check(t.open == 3 && t.open_before == 4 && t.overdue == 2 && t.overdue_before == 1,
        "open %lld, %lld; overdue %lld, %lld", (long long)t.open, (long long)t.open_before,
        (long long)t.overdue, (long long)t.overdue_before);
    check(t.weeks[0].created == 2 && t.weeks[0].completed == 1 && t.weeks[1].completed == 1 &&
              t.weeks[2].completed == 1,
        "per week");
    check(t.urgent_count == 2 && t.urgent[0].id == 7 && t.urgent[1].id == 6, "the longer overdue one first");
    check(tally_weeks_of_work(&t) < 0, "the first work order is seven weeks old");
    tally_free(&t);
}

static void test_on_time(void **state)
{
    struct tally t;
    (void)state;
    tally_begin(&t, &period);
    add(&t, 1, PM_DONE, 0, 10, 10);                                            /* at the last instant */
    add(&t, 2, PM_DONE, 0, 10.01, 10);                                         /* late */
    add(&t, 3, "\"status\":\"SKIPPED\",\"type\":\"PREVENTIVE\",", 0, NO, 10);  /* missed */
    add(&t, 4, "\"status\":\"CANCELED\",\"type\":\"PREVENTIVE\",", 0, NO, 10); /* does not count */
    add(&t, 5, "\"status\":\"OPEN\",\"type\":\"PREVENTIVE\",", 0, NO, 16.9);   /* missed */
    add(&t, 6, "\"status\":\"OPEN\",\"type\":\"PREVENTIVE\",", 0, NO, 17.1);   /* not due yet */
    add(&t, 7, "\"status\":\"OPEN\",\"type\":\"PREVENTIVE\",\"completedAt\":\"1970-01-02T00:00:00Z\",", 0, NO,
        9);                              /* done once, and open again */
    add(&t, 8, DONE, 0, 5, 6);           /* not preventive */
    add(&t, 9, PM_DONE, -5, -2, 0);      /* in the period before */
    add(&t, 10, PM_DONE, -40, -20, -30); /* before that */
    tally_end(&t);
    check(t.this.preventive.met == 1 && t.this.preventive.of == 5, "%lld of %lld",
        (long long)t.this.preventive.met, (long long)t.this.preventive.of);
    check(t.this.all.met == 2 && t.this.all.of == 6, "%lld of %lld", (long long)t.this.all.met,
        (long long)t.this.all.of);
    check(t.before.preventive.met == 1 && t.before.preventive.of == 1, "before");
    check(t.months[0].preventive.met == 2 && t.months[0].preventive.of == 6 && t.months[1].all.of == 0,
        "months");
    tally_free(&t);
}

static void test_times(void **state)
{
    struct tally t;
    (void)state;
    tally_begin(&t, &period);
    for (int i = 1; i <= 10; i++)
        add(&t, i, "\"status\":\"DONE\",\"priority\":\"HIGH\",", 4, 4 + i, NO);
    add(&t, 11, DONE, 12, 10, NO);   /* before it was created */
    add(&t, 12, DONE, 1, NO, NO);    /* no one knows when */
    add(&t, 13, DONE, -200, -5, NO); /* in the period before */
    add(&t, 14, DONE, NO, 5, NO);    /* no date of creation */
    add(&t, 15, "", 1, 2, NO);       /* no status */
    tally_end(&t);
    check(t.this.durations.count == 10 && values_percentile(&t.this.durations, 50) == 5 * DAY &&
              values_percentile(&t.this.by_priority[PRIORITY_HIGH], 90) == 9 * DAY,
        "the times");
    check(t.before.durations.count == 1 && t.backwards == 1 && t.undated == 1 && t.unreadable == 2 &&
              t.counted == 13,
        "what was left out");
    check(t.completed_lately == 12, "%lld in twelve weeks", (long long)t.completed_lately);
    check(t.months[0].completed[TYPE_OTHER] == 11, "%lld", (long long)t.months[0].completed[TYPE_OTHER]);
    check(tally_weeks_of_work(&t) == 0, "nothing is open");
    tally_free(&t);
}

/* Twenty are kept, the most urgent ones, in whatever order they come. */
static void test_urgent(void **state)
{
    static const char *const priorities[] = {"HIGH", "MEDIUM", "LOW", "NONE"};
    struct tally t;
    (void)state;
    tally_begin(&t, &period);
    for (int i = 0; i < 100; i++) {
        char more[64];
        const int n = i * 37 % 100;
        snprintf(
            more, sizeof more, "\"status\":\"OPEN\",\"priority\":\"%s\",", priorities[n / 8 < 4 ? n / 8 : 3]);
        add(&t, n + 1, more, -100, NO, -50 + n);
    }
    tally_end(&t);
    check(t.urgent_count == TALLY_URGENT, "twenty");
    for (int i = 0; i < TALLY_URGENT; i++)
        check(t.urgent[i].id == i + 1, "place %d: %lld", i, (long long)t.urgent[i].id);
    tally_free(&t);
}

static void test_many_statuses(void **state)
{
    struct tally t;
    int64_t sum = 0;
    (void)state;
    tally_begin(&t, &period);
    for (int i = 0; i < 40; i++) {
        char more[64];
        snprintf(more, sizeof more, "\"status\":\"S%d\",", i);
        add(&t, i + 1, more, 1, NO, NO);
    }
    tally_end(&t);
    check(t.status_count == TALLY_STATUSES, "%zu", t.status_count);
    for (size_t i = 0; i < t.status_count; i++)
        sum += t.statuses[i].count;
    check(sum == 40, "none is lost");
    tally_free(&t);
}

/* --- runs by the hour --- */

#define HOUR INT64_C(3600000)

static void test_runs(void **state)
{
    static int64_t days[] = {0, 24 * HOUR, 47 * HOUR}; /* the second has 23 hours */
    struct figures f = {.run_days = {days, 2}, .first_run = 2 * HOUR + 1};
    (void)state;
    figures_note_run(&f, 2 * HOUR + 1, 2 * HOUR + 2, true);
    figures_note_run(&f, 5 * HOUR - 1, 7 * HOUR, true); /* in four hours */
    figures_note_run(&f, 6 * HOUR + 5, 6 * HOUR + 9, false);
    figures_note_run(&f, 6 * HOUR + 10, 6 * HOUR + 11, true); /* which mends nothing */
    figures_note_run(&f, -5 * HOUR, -4 * HOUR, true);         /* before all */
    figures_note_run(&f, 23 * HOUR, 25 * HOUR, true);
    figures_note_gaps(&f, 26 * HOUR + 5);
    static const char expected[] = "  +.++x+...............+", second[] = "++.";
    static const char marks[] = {
        [CELL_NOTHING] = ' ', [CELL_GAP] = '.', [CELL_SUCCESS] = '+', [CELL_FAILURE] = 'x'};
    for (size_t i = 0; i < 24; i++)
        check(marks[f.cells[0][i]] == expected[i], "hour %zu: %c", i, marks[f.cells[0][i]]);
    for (size_t i = 0; i < FIGURES_HOURS; i++)
        check(marks[f.cells[1][i]] == (i < 3 ? second[i] : ' '), "second day, hour %zu: %c", i,
            marks[f.cells[1][i]]);
    check(f.run_count == 6 && f.failed_runs == 1, "counted");
    check(figures_is_success(0) && figures_is_success(65) && figures_is_success(75) &&
              !figures_is_success(69) && !figures_is_success(78),
        "statuses");
    check(figures_late_step(0) == 0 && figures_late_step(5000) == 0 && figures_late_step(5001) == 1 &&
              figures_late_step(INT64_MAX) == 7,
        "steps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_record), cmocka_unit_test(test_odd_records),
        cmocka_unit_test(test_percentiles), cmocka_unit_test(test_spans), cmocka_unit_test(test_places),
        cmocka_unit_test(test_backlog), cmocka_unit_test(test_on_time), cmocka_unit_test(test_times),
        cmocka_unit_test(test_urgent), cmocka_unit_test(test_many_statuses), cmocka_unit_test(test_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
