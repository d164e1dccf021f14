#include "support.h"

#include <string.h>

#include "base/timestamp.h"

#define UNTOUCHED INT64_C(-77)

static void test_parse_takes(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } table[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.001Z", 1},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2026-11-23T10:15:00.000Z", INT64_C(1795428900000)},
        {"2026-11-23t10:15:00z", INT64_C(1795428900000)},
        {"2026-11-23 10:15:00Z", INT64_C(1795428900000)},
        {"2026-11-23T10:15:00+00:00", INT64_C(1795428900000)},
        {"2026-11-23T10:15:00-00:00", INT64_C(1795428900000)},
        {"2026-11-23T15:45:00+05:30", INT64_C(1795428900000)},
        {"2026-11-23T02:15:00-08:00", INT64_C(1795428900000)},
        {"2026-11-24T10:14:00+23:59", INT64_C(1795428900000)},
        {"2026-11-23T10:15:00.9Z", INT64_C(1795428900900)},
        {"2026-11-23T10:15:00.98Z", INT64_C(1795428900980)},
        {"2026-11-23T10:15:00.9876543219999999999999999999Z", INT64_C(1795428900987)}, /* cut, not rounded */
        {"2026-11-23T10:15:00.000000001+00:00", INT64_C(1795428900000)},
        {"2024-02-29T12:00:00Z", INT64_C(1709208000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000)}, /* a leap second counts as the next one */
        {"2016-12-31T23:59:60.500Z", INT64_C(1483228800500)},
        {"2016-12-31T15:59:60-08:00", INT64_C(1483228800000)},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800000)},
        /* what ISO 8601 allows beyond RFC 3339 */
        {"2026-11-23T10:15Z", INT64_C(1795428900000)},
        {"2026-11-23t10:15z", INT64_C(1795428900000)},
        {"2026-11-23T10:15+00", INT64_C(1795428900000)},
        {"2026-11-23T11:15:00+01", INT64_C(1795428900000)},
        {"2026-11-23T15:45:00+0530", INT64_C(1795428900000)},
        {"2026-11-23T02:15:00.000-0800", INT64_C(1795428900000)},
        {"2026-11-23T02:15-08", INT64_C(1795428900000)},
        {"2026-11-23T10:15:00,9Z", INT64_C(1795428900900)},
        {"2026-11-23T11:15:00,987654+0100", INT64_C(1795428900987)},
        {"2026-11-23T24:00:00Z", INT64_C(1795478400000)}, /* the end of the day */
        {"2026-11-23T24:00Z", INT64_C(1795478400000)},
        {"2026-11-23T24:00:00.000+00:00", INT64_C(1795478400000)},
        {"2026-12-31T24:00:00Z", INT64_C(1798761600000)},
        {"1900-03-01T00:00:00Z", INT64_C(-2203891200000)},
        {"1904-02-29T00:00:00Z", INT64_C(-2077747200000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = UNTOUCHED;
        check(timestamp_parse(table[i].text, &ms) == 0, "%s", table[i].text);
        check(ms == table[i].ms, "%s is %lld", table[i].text, (long long)ms);
    }
}

static void test_parse_refuses(void **state)
{
    static const char *const table[] = {"", "Z", "2026", "2026-11-23", "2026-11-23T10:15", "2026-11-23T10Z",
        "20261123T101500Z", "2026-W48-1T10:15:00Z", "2026-327T10:15Z", "2026-11-23T", "2026-11-23TZ",
        "2026-11-23T10:15:00", "2026-11-23T10:15:00 Z", " 2026-11-23T10:15:00Z", "2026-11-23T10:15:00Z ",
        "2026-11-23T10:15:00Zx", "2026-11-23T10:15:00ZZ", "2026-11-23_10:15:00Z", "2026/11/23T10:15:00Z",
        "2026-11-23T10.15.00Z", "26-11-23T10:15:00Z", "2026-1-23T10:15:00Z", "2026-11-3T10:15:00Z",
        "2026-11-23T1:15:00Z", "2026-11-23T10:15:0Z", "+2026-11-23T10:15:00Z", "-026-11-23T10:15:00Z",
        "2026-11- 3T10:15:00Z", "2026-00-23T10:15:00Z", "2026-13-23T10:15:00Z", "2026-11-00T10:15:00Z",
        "2026-11-31T10:15:00Z", "2026-11-32T10:15:00Z", "2026-02-29T10:15:00Z", "2100-02-29T10:15:00Z",
        "2024-02-30T10:15:00Z", "2026-11-23T24:00:01Z", "2026-11-23T24:00:00.001Z", "2026-11-23T24:01Z",
        "2026-11-23T25:15:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:15:62Z", "2026-11-23T10:15:99Z",
        "2026-11-23T10:15:00.Z", "2026-11-23T10:15:00,Z", "2026-11-23T10:15.5Z", "2026-11-23T10:15,5Z",
        "2026-11-23T10:15:00;5Z", "2026-11-23T10:15:00.5", "2026-11-23T10:15:00.5.5Z",
        "2026-11-23T10:15:00.-5Z", "2026-11-23T10:15:00+05:3", "2026-11-23T10:15:00+053",
        "2026-11-23T10:15:00+", "2026-11-23T10:15:00+05:", "2026-11-23T10:15:00+05300",
        "2026-11-23T10:15:00+2400", "2026-11-23T10:15:00+24", "2026-11-23T10:15:00+0560",
        "2026-11-23T10:15:+01:00", "2026-11-23T10:15:00+5:30", "2026-11-23T10:15:00+24:00",
        "2026-11-23T10:15:00+05:60", "2026-11-23T10:15:00+05:30Z", "2026-11-23T10:15:00 +05:30",
        "2026-11-23T10:15:00+05:30:00", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "1795428900000",
        "2026-11-23T\xd9\xa1\xd9\xa0:15:00Z", "yesterday", "null"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = UNTOUCHED;
        check(timestamp_parse(table[i], &ms) == -1, "\"%s\" is %lld", table[i], (long long)ms);
        check(ms == UNTOUCHED, "\"%s\" is no date, but wrote %lld", table[i], (long long)ms);
    }
}

/* A zone and a leap second lead out of the years that can be written: such an instant would have no text, and
 * an event of it no whole id. */
static void test_parse_refuses_what_cannot_be_written(void **state)
{
    static const char *const table[] = {"0001-01-01T00:00:00+00:01", "0001-01-01T23:58:59.999+23:59",
        "9999-12-31T23:59:59-00:01", "9999-12-31T00:01:00-23:59", "9999-12-31T23:59:60Z",
        "9999-12-31T23:59:60.5+00:00", "9999-12-31T24:00:00Z", "9999-12-31T24:00+01"};
    int64_t ms = UNTOUCHED;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(timestamp_parse(table[i], &ms) == -1 && ms == UNTOUCHED, "%s is %lld", table[i], (long long)ms);
    check(timestamp_parse_http("Fri, 31 Dec 9999 23:59:60 GMT", &ms) == -1, "a leap second is %lld",
        (long long)ms);
    check(timestamp_parse("0001-01-01T00:01:00+00:01", &ms) == 0, "the first instant");
    check(timestamp_parse("9999-12-31T23:58:59.999-00:01", &ms) == 0, "the last instant");
}

/* Only one second can be a leap second; 61 was never one. */
static void test_parse_refuses_second_61(void **state)
{
    int64_t ms = UNTOUCHED;
    (void)state;
    check(timestamp_parse("2026-11-23T10:15:61Z", &ms) == -1, "61 as a second is %lld", (long long)ms);
    check(timestamp_parse_http("Sun, 06 Nov 1994 08:49:61 GMT", &ms) == -1, "61 as a second is %lld",
        (long long)ms);
}

/* Cut anywhere, or with one byte replaced by one that may not stand there, a date is none. */
static void test_parse_refuses_every_damage(void **state)
{
    static const char good[] = "2026-11-23T10:15:00.123+05:30";
    const size_t whole = sizeof "2026-11-23T10:15:00.123+05" - 1; /* is a date, too */
    char text[sizeof good];
    int64_t ms;
    (void)state;
    for (size_t cut = 0; cut < sizeof good - 1; cut++) {
        memcpy(text, good, sizeof good);
        text[cut] = '\0';
        check(timestamp_parse(text, &ms) == (cut == whole ? 0 : -1), "cut at %zu: %s", cut, text);
        memcpy(text, good, sizeof good);
        text[cut] = '!';
        check(timestamp_parse(text, &ms) == -1, "broken at %zu: %s", cut, text);
    }
}

static void test_http(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* UNTOUCHED: no date */
    } table[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 29 Feb 2024 12:00:00 GMT", INT64_C(1709208000000)},
        {"Sat, 31 Dec 2016 23:59:60 GMT", INT64_C(1483228800000)},
        {"Mon, 23 Nov 2026 10:15:00 GMT", INT64_C(1795428900000)},
        {"Sunday, 06-Nov-94 08:49:37 GMT", UNTOUCHED},
        {"Sun Nov  6 08:49:37 1994", UNTOUCHED},
        {"Sun, 6 Nov 1994 08:49:37 GMT", UNTOUCHED},
        {"Sun,  6 Nov 1994 08:49:37 GMT", UNTOUCHED},
        {"Sun, 06 Nov 1994 08:49:37 UTC", UNTOUCHED},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", UNTOUCHED},
        {"Sun, 06 Nov 1994 08:49:37", UNTOUCHED},
        {"Sun, 06 Nov 1994 24:49:37 GMT", UNTOUCHED},
        {"Sun, 06 Nov 1994 08:60:37 GMT", UNTOUCHED},
        {"Sun, 31 Nov 1994 08:49:37 GMT", UNTOUCHED},
        {"Wed, 29 Feb 2023 08:49:37 GMT", UNTOUCHED},
        {"Sun, 06 Nxx 1994 08:49:37 GMT", UNTOUCHED},
        {"Xxx, 06 Nov 1994 08:49:37 GMT", UNTOUCHED},
        {"Sun, 06 Nov\n1994 08:49:37 GMT", UNTOUCHED}, /* strptime's space is any white space, and none */
        {"Sun, 06 June1994 08:49:37 GMT", UNTOUCHED},
        {"Sun,\t06 Nov 1994 08:49:37 GMT", UNTOUCHED},
        {"", UNTOUCHED},
        {"0", UNTOUCHED},
        {"2026-11-23T10:15:00.000000000Z", UNTOUCHED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = UNTOUCHED;
        int rc = timestamp_parse_http(table[i].text, &ms);
        check(rc == (table[i].ms == UNTOUCHED ? -1 : 0) && ms == table[i].ms, "\"%s\" is %lld", table[i].text,
            (long long)ms);
    }
}

static void test_user(void **state)
{
    static const struct {
        const char *text;
        const char *date; /* NULL: refused */
    } table[] = {
        {"2026-11-23", "2026-11-23T00:00:00.000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000Z"},
        {"2026-11-23T10:15", "2026-11-23T10:15:00.000Z"},
        {"2026-11-23 10:15", "2026-11-23T10:15:00.000Z"},
        {"2026-11-23T10:15:30", "2026-11-23T10:15:30.000Z"},
        {"2026-11-23 10:15:30", "2026-11-23T10:15:30.000Z"},
        {"2026-11-23T10:15:30.25", "2026-11-23T10:15:30.250Z"},
        {"2026-11-23T10:15:30+05:30", "2026-11-23T04:45:30.000Z"},
        {"2026-11-23T10:15:30Z", "2026-11-23T10:15:30.000Z"},
        {"90d", "2026-04-10T12:00:00.000Z"},
        {"2h", "2026-07-09T10:00:00.000Z"},
        {"5m", "2026-07-09T11:55:00.000Z"},
        {"1500ms", "2026-07-09T11:59:58.500Z"},
        {"0", "2026-07-09T12:00:00.000Z"},
        {"", NULL},
        {"2026", NULL},
        {"2026-11", NULL},
        {"2026-02-29", NULL},
        {"2026-13-01", NULL},
        {"2026-11-23T", NULL},
        {"2026-11-23T10", NULL},
        {"2026-11-23T24:00", "2026-11-24T00:00:00.000Z"},
        {"2026-11-23T24:01", NULL},
        {"2026-11-23 10:15 ", NULL},
        {"2026-11-23T10:15:30.0000000000000000000000000000000000000000000000000", NULL},
        {"2026-11-23x10:15", NULL},
        {"23.11.2026", NULL},
        {"-5m", NULL},
        {"5", NULL},
        {"now", NULL},
        {"yesterday", NULL},
    };
    char text[TIMESTAMP_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = UNTOUCHED;
        int rc = timestamp_parse_user(table[i].text, instant("2026-07-09T12:00:00Z"), &ms);
        check(rc == (table[i].date == NULL ? -1 : 0), "\"%s\"", table[i].text);
        timestamp_format(ms, text);
        check(table[i].date == NULL ? ms == UNTOUCHED : strcmp(text, table[i].date) == 0, "\"%s\" is %s",
            table[i].text, text);
    }
}

static void test_format(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = {
        {TIMESTAMP_NONE, ""},
        {TIMESTAMP_NONE + 1, ""},
        {INT64_MAX, ""},
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {INT64_C(1795428900007), "2026-11-23T10:15:00.007Z"},
        {INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z"},
        {INT64_C(-62135596800001), "0000-12-31T23:59:59.999Z"},
        {INT64_C(-62167219200001), ""},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), ""},
    };
    char text[TIMESTAMP_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        timestamp_format(table[i].ms, text);
        check(strcmp(text, table[i].text) == 0, "%lld is %s", (long long)table[i].ms, text);
    }
}

/* What is written is read as the same instant, all over the years. */
static void test_round_trip(void **state)
{
    const int64_t first = INT64_C(-62135596800000), last = INT64_C(253402300799999);
    uint64_t seed = 4711;
    char text[TIMESTAMP_SIZE];
    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint64_t random = (uint64_t)next_random(&seed) << 32 | next_random(&seed);
        int64_t ms = first + (int64_t)(random % (uint64_t)(last - first)), back = UNTOUCHED;
        timestamp_format(ms, text);
        check(timestamp_parse(text, &back) == 0 && back == ms, "%lld is %s is %lld", (long long)ms, text,
            (long long)back);
    }
}

static void test_duration_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* UNTOUCHED: none */
    } table[] = {
        {"0", 0},
        {"0s", 0},
        {"1ms", 1},
        {"30s", 30000},
        {"5m", 300000},
        {"2h", 7200000},
        {"90d", INT64_C(7776000000)},
        {"2w", INT64_C(1209600000)},
        {"007s", 7000},
        {"36600d", INT64_C(3162240000000)},
        {"36601d", UNTOUCHED},
        {"5300w", UNTOUCHED},
        {"99999999999999999999d", UNTOUCHED},
        {"9223372036854775807ms", UNTOUCHED},
        {"", UNTOUCHED},
        {"s", UNTOUCHED},
        {"5", UNTOUCHED},
        {"-5m", UNTOUCHED},
        {"+5m", UNTOUCHED},
        {" 5m", UNTOUCHED},
        {"5 m", UNTOUCHED},
        {"5m ", UNTOUCHED},
        {"5M", UNTOUCHED},
        {"5min", UNTOUCHED},
        {"5m30s", UNTOUCHED},
        {"1.5h", UNTOUCHED},
        {"0x10s", UNTOUCHED},
        {"5y", UNTOUCHED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = UNTOUCHED;
        int rc = duration_parse(table[i].text, &ms);
        check(rc == (table[i].ms == UNTOUCHED ? -1 : 0) && ms == table[i].ms, "\"%s\" is %lld", table[i].text,
            (long long)ms);
    }
}

static void test_duration_format(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = {
        {0, "0ms"},
        {1, "1ms"},
        {850, "850ms"},
        {1000, "1s"},
        {1999, "1s"},
        {59999, "59s"},
        {60000, "1m"},
        {250000, "4m 10s"},
        {3600000, "1h"},
        {3660000, "1h 1m"},
        {3601000, "1h"},
        {INT64_C(183600000), "2d 3h"},
        {INT64_C(7776000000), "90d"},
        {INT64_C(86399999999999), "999999d 23h"},
        {INT64_C(86400000000000), "999999d"},
        {INT64_MAX, "999999d 7h"},
        {-250000, "-4m 10s"},
        {-1, "-1ms"},
    };
    char text[TIMESTAMP_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        duration_format(table[i].ms, text);
        check(strcmp(text, table[i].text) == 0, "%lld is %s", (long long)table[i].ms, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_takes),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_refuses_what_cannot_be_written),
        cmocka_unit_test(test_parse_refuses_second_61),
        cmocka_unit_test(test_parse_refuses_every_damage),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_duration_parse),
        cmocka_unit_test(test_duration_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
