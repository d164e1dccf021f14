#include "support.h"

#include "deliver/breaker.h"

/* When everything fails it is open after some failures and the probes. */
static void test_everything_fails(void **state)
{
    struct breaker breaker = {.failures = 0};
    int tries = 0;
    (void)state;
    while (!breaker_is_open(&breaker)) {
        bool probe = breaker_doubts(&breaker);
        check(breaker_allows(&breaker), "nothing may be tried, and it is not open");
        if (probe)
            breaker_probe(&breaker);
        breaker_note(&breaker, false, probe);
        tries++;
    }
    assert_int_equal(tries, BREAKER_DOUBT + BREAKER_PROBES);
}

/* One success ends the doubt. */
static void test_one_success(void **state)
{
    struct breaker breaker = {.failures = 0};
    (void)state;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < BREAKER_DOUBT; i++)
            breaker_note(&breaker, false, false);
        for (int i = 1; i < BREAKER_PROBES; i++) {
            breaker_probe(&breaker);
            breaker_note(&breaker, false, true);
        }
        check(breaker_doubts(&breaker) && !breaker_is_open(&breaker), "round %d", round);
        breaker_probe(&breaker);
        breaker_note(&breaker, true, true);
        check(!breaker_doubts(&breaker), "round %d", round);
    }
}

/* No more probes are under way than may yet fail. */
static void test_probes_side_by_side(void **state)
{
    struct breaker breaker = {.failures = 0};
    int probes = 0;
    (void)state;
    for (int i = 0; i < BREAKER_DOUBT; i++)
        breaker_note(&breaker, false, false);
    for (; breaker_allows(&breaker); probes++)
        breaker_probe(&breaker);
    assert_int_equal(probes, BREAKER_PROBES);
    breaker_note(&breaker, false, true);
    check(!breaker_allows(&breaker) && !breaker_is_open(&breaker), "one of them has failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_fails),
        cmocka_unit_test(test_one_success),
        cmocka_unit_test(test_probes_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
