#include "support.h"

#include "base/timestamp.h"
#include "deliver/trouble.h"

#define HOUR INT64_C(3600000)

/* After an hour, then daily. */
static void test_when_it_is_said(void **state)
{
    static const struct {
        int64_t since, warned, now;
        bool due;
    } table[] = {
        {TIMESTAMP_NONE, TIMESTAMP_NONE, 100 * HOUR, false},
        {0, TIMESTAMP_NONE, HOUR - 1, false},
        {0, TIMESTAMP_NONE, HOUR, true},
        {0, 0, HOUR - 1, false}, /* said at once, */
        {0, 0, HOUR, true},      /* and again after an hour, */
        {0, HOUR, 2 * HOUR, false},
        {0, HOUR, 25 * HOUR - 1, false},
        {0, HOUR, 25 * HOUR, true}, /* and a day later */
        {0, 25 * HOUR, 26 * HOUR, false},
        {0, 25 * HOUR, 49 * HOUR, true},
        {100 * HOUR, 5 * HOUR, 100 * HOUR, false}, /* of a trouble before */
        {100 * HOUR, 5 * HOUR, 101 * HOUR, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(trouble_is_due(table[i].since, table[i].warned, table[i].now) == table[i].due, "row %zu", i);
}

/* Every hour of a week it is looked at: once after an hour, then once a day. */
static void test_a_week(void **state)
{
    int64_t warned = TIMESTAMP_NONE;
    int said = 0;
    (void)state;
    for (int64_t now = 0; now <= 7 * 24 * HOUR; now += HOUR / 60)
        if (trouble_is_due(0, warned, now)) {
            warned = now;
            said++;
        }
    assert_int_equal(said, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when_it_is_said),
        cmocka_unit_test(test_a_week),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
