#include "support.h"

#include <stdlib.h>
#include <time.h>

#include "base/calendar.h"

/* Written out, for the machine may have no list of time zones. */
#define BERLIN    "CET-1CEST,M3.5.0,M10.5.0/3"
#define KATHMANDU "<+0545>-5:45"
#define SANTIAGO  "<-04>4<-03>,M9.1.6/24,M4.1.6/24"
#define ST_JOHNS  "NST3:30NDT,M3.2.0,M11.1.0"

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("TZ");
    tzset();
    return 0;
}

/* Where the time zone changes, a day has 23 or 25 hours. */
static void test_begin(void **state)
{
    static const struct {
        const char *zone, *at;
        enum calendar_unit unit;
        const char *floor, *next;
    } table[] = {
        {"UTC", "2026-11-26T18:43:36Z", CALENDAR_DAY, "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"},
        {"UTC", "2026-11-26T18:43:36Z", CALENDAR_WEEK, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
        {"UTC", "2026-11-29T23:59:59Z", CALENDAR_WEEK, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
        {"UTC", "2026-11-23T00:00:00Z", CALENDAR_WEEK, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
        {"UTC", "2026-12-31T23:59:59Z", CALENDAR_MONTH, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"UTC", "2024-02-29T12:00:00Z", CALENDAR_MONTH, "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
        {BERLIN, "2026-03-29T12:00:00Z", CALENDAR_DAY, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
        {BERLIN, "2026-10-25T12:00:00Z", CALENDAR_DAY, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
        {BERLIN, "2026-03-29T12:00:00Z", CALENDAR_WEEK, "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"},
        {KATHMANDU, "2026-10-31T18:30:00Z", CALENDAR_MONTH, "2026-10-31T18:15:00Z", "2026-11-30T18:15:00Z"},
        {SANTIAGO, "2026-09-06T12:00:00Z", CALENDAR_DAY, "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
        {"UTC", "1969-12-31T23:59:59Z", CALENDAR_DAY, "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        set_zone(table[i].zone);
        const int64_t at = instant(table[i].at) + 500;
        check(calendar_floor(table[i].unit, at - 500) == instant(table[i].floor) &&
                  calendar_floor(table[i].unit, at) == instant(table[i].floor),
            "row %zu: %lld", i, (long long)calendar_floor(table[i].unit, at));
        check(calendar_next(table[i].unit, at) == instant(table[i].next), "row %zu: %lld", i,
            (long long)calendar_next(table[i].unit, at));
    }
}

static void test_format(void **state)
{
    static const char *const expected[] = {[CALENDAR_SHORT] = "1 Mar",
        [CALENDAR_DATE] = "1 Mar 2026",
        [CALENDAR_MINUTE] = "1 Mar 2026, 04:05",
        [CALENDAR_SEP] = "Mar",
        [CALENDAR_SEP_2026] = "Mar 2026",
        [CALENDAR_ISO] = "2026-03-01"};
    char text[CALENDAR_SIZE];
    (void)state;
    set_zone(KATHMANDU);
    for (size_t i = 0; i < COUNT(expected); i++) {
        calendar_format((enum calendar_format)i, instant("2026-02-28T22:20:00Z"), text);
        check_text(text, expected[i]);
    }
}

static void test_zone(void **state)
{
    static const struct {
        const char *zone, *at, *text;
    } table[] = {{"UTC", "2026-01-01T00:00:00Z", "UTC"}, {BERLIN, "2026-01-01T00:00:00Z", "CET, UTC+01:00"},
        {BERLIN, "2026-07-01T00:00:00Z", "CEST, UTC+02:00"},
        {ST_JOHNS, "2026-01-01T00:00:00Z", "NST, UTC-03:30"},
        {KATHMANDU, "2026-01-01T00:00:00Z", "UTC+05:45"}};
    char text[CALENDAR_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        set_zone(table[i].zone);
        calendar_zone(instant(table[i].at), text);
        check_text(text, table[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_begin, teardown),
        cmocka_unit_test_teardown(test_format, teardown), cmocka_unit_test_teardown(test_zone, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
