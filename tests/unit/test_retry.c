#include "support.h"

#include "core/retry.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const uint32_t randoms[] = {0, 1, 499, 500, 999, 1000, 123456789, UINT32_MAX - 1, UINT32_MAX};

/* The schedule of the Standard Webhooks specification, with at most 10 % more or less. */
static void test_delivery(void **state)
{
    static const int64_t schedule[] = {
        5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR};
    (void)state;
    for (int failures = 1; failures <= (int)COUNT(schedule); failures++) {
        int64_t wait = schedule[failures - 1], least = INT64_MAX, most = 0;
        for (uint32_t random = 0; random < 1000; random++) {
            int64_t actual = retry_delivery(failures, random);
            least = actual < least ? actual : least;
            most = actual > most ? actual : most;
        }
        check(least == wait * 9 / 10 && most <= wait * 11 / 10 && most > wait * 109 / 100,
            "%d failures: %lld to %lld", failures, (long long)least, (long long)most);
        for (size_t i = 0; i < COUNT(randoms); i++) {
            int64_t actual = retry_delivery(failures, randoms[i]);
            check(actual >= wait * 9 / 10 && actual <= wait * 11 / 10, "%d failures, random %u: %lld",
                failures, randoms[i], (long long)actual);
        }
    }
}

static void test_delivery_ends(void **state)
{
    static const int failures[] = {10, 11, 1000, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++)
        for (size_t j = 0; j < COUNT(randoms); j++)
            check(retry_delivery(failures[i], randoms[j]) == RETRY_NEVER, "%d failures", failures[i]);
}

/* Half a second, doubled up to 16 s, of which at least half is kept. */
static void test_request(void **state)
{
    static const int64_t waits[] = {500, 1000, 2000, 4000, 8000, 16000, 16000, 16000};
    (void)state;
    for (int failures = 1; failures <= (int)COUNT(waits); failures++)
        for (size_t i = 0; i < COUNT(randoms); i++) {
            int64_t wait = retry_request(failures, randoms[i]), whole = waits[failures - 1];
            check(wait >= whole / 2 && wait <= whole, "%d failures, random %u: %lld", failures, randoms[i],
                (long long)wait);
        }
    check(retry_request(INT32_MAX, UINT32_MAX) <= 16000, "very many failures");
    check(retry_request(1, 0) < retry_request(1, 999), "there is no jitter");
}

static void test_after(void **state)
{
    const int64_t now = instant("2026-11-23T10:15:00Z"), week = INT64_C(7) * 24 * HOUR;
    const struct {
        const char *text;
        int64_t wait;
    } table[] = {
        {"0", 0},
        {"1", 1000},
        {"120", 120000},
        {"0120", 120000},
        {"604800", week},
        {"604801", week},
        {"999999999", week},
        {"9999999999", week},
        {"99999999999999999999999999", week},
        {"1795428900", 0},         /* a Unix time: now, */
        {"1795429020", 120000},    /* in two minutes, */
        {"1795428000", 0},         /* in the past, */
        {"1795429020000", 120000}, /* in milliseconds */
        {"1795429020500", 120500},
        {"1000000000", 0},
        {"999999999999999999", week},
        {"Mon, 23 Nov 2026 10:15:00 GMT", 0},
        {"Mon, 23 Nov 2026 10:17:00 GMT", 120000},
        {"Mon, 23 Nov 2026 10:14:00 GMT", 0},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", week},
        {"", -1},
        {"-1", -1},
        {"+1", -1},
        {"1.5", -1},
        {"1s", -1},
        {"1 ", -1},
        {" 1", -1},
        {"0x10", -1},
        {"soon", -1},
        {"2026-11-23T10:17:00Z", -1},
        {"Mon, 23 Nov 2026 10:17:00", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t wait = retry_after(table[i].text, now);
        check(wait == table[i].wait, "\"%s\": %lld", table[i].text, (long long)wait);
    }
}

/* Retry-After moves the next try, by a day at most; a delivery is dead after its attempts and three days. */
static void test_delivery_asked(void **state)
{
    const int64_t second = 1000, hour = 3600 * second, day = 24 * hour;
    (void)state;
    static const int64_t waits[][2] = {{0, 1}, {60000, 60000}, {86400000, 86400000}, {864000000, 86400000}};
    for (int failures = 1; failures <= 12; failures++)
        for (size_t i = 0; i < COUNT(waits); i++)
            check(retry_delivery_asked(failures, 2 * day, waits[i][0], 7) == waits[i][1],
                "%d failures, row %zu", failures, i);
    check(retry_delivery_asked(3, 0, -1, 7) == retry_delivery(3, 7), "the schedule");
    check(retry_delivery_asked(10, 600 * second, -1, 7) == day, "the attempts are used up within minutes");
    check(retry_delivery_asked(10, 3 * day - hour, -1, 7) == hour, "the last one is after three days");
    check(retry_delivery_asked(10, 3 * day - 1, -1, 7) == 60 * second, "it is not tried again at once");
    check(retry_delivery_asked(10, 3 * day, -1, 7) == RETRY_NEVER, "dead");
    check(retry_delivery_asked(10, 3 * day, 60000, 7) == RETRY_NEVER, "dead, whatever it asks for");
    check(retry_delivery_asked(9, 30 * day, -1, 7) < 2 * day, "one attempt is left");
}

/* The same for a number that was read already: a rate limit's reset. */
static void test_wait(void **state)
{
    const int64_t now = instant("2026-11-23T10:15:00Z");
    (void)state;
    assert_int_equal(retry_wait(0, now), 0);
    assert_int_equal(retry_wait(60, now), 60000);
    assert_int_equal(retry_wait(500000, now), 500000000);
    assert_int_equal(retry_wait(now / 1000 + 30, now), 30000);
    assert_int_equal(retry_wait(now + 30, now), 30);
    assert_int_equal(retry_wait(now / 1000 - 30, now), 0);
    assert_int_equal(retry_wait(INT64_MAX, now), INT64_MAX - now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivery),
        cmocka_unit_test(test_delivery_ends),
        cmocka_unit_test(test_delivery_asked),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
