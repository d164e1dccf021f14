#include "support.h"

#include <math.h>

#include "report/scale.h"

static void test_make(void **state)
{
    static const struct {
        double max;
        int ticks;
        bool whole;
        double top, step;
    } table[] = {{0, 4, false, 1, 1}, {-5, 4, false, 1, 1}, {NAN, 4, false, 1, 1}, {1, 4, false, 1, 0.5},
        {1, 4, true, 1, 1}, {3, 4, true, 3, 1}, {4, 4, true, 4, 1}, {5, 4, true, 6, 2}, {9, 4, true, 10, 5},
        {10, 4, true, 10, 5}, {11, 4, true, 15, 5}, {99, 4, true, 100, 50}, {101, 4, true, 150, 50},
        {612, 4, true, 800, 200}, {1409, 4, true, 1500, 500}, {0.3, 3, false, 0.3, 0.1},
        {0.31, 3, false, 0.4, 0.2}, {7, 1, true, 10, 10}, {1e12, 4, true, 1e12, 5e11}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct scale scale = scale_make(table[i].max, table[i].ticks, table[i].whole);
        check(fabs(scale.top - table[i].top) < 1e-9 * table[i].top &&
                  fabs(scale.step - table[i].step) < 1e-9 * table[i].step,
            "row %zu: top %g, step %g", i, scale.top, scale.step);
    }
}

/* Whatever the numbers are: they fit, not half of the axis is empty, and the ticks are no more than asked
 * for. */
static void test_always(void **state)
{
    uint64_t seed = 5;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        const double max = pow(10, (double)(next_random(&seed) % 1000) / 100 - 4);
        const int ticks = 1 + (int)(next_random(&seed) % 8);
        const struct scale scale = scale_make(max, ticks, false);
        check(scale.top >= max * (1 - 1e-6) && scale.top - scale.step < max, "max %g, %d ticks: top %g", max,
            ticks, scale.top);
        check(scale_ticks(&scale) >= 1 && scale_ticks(&scale) <= ticks, "max %g, %d ticks: %d", max, ticks,
            scale_ticks(&scale));
    }
}

static void test_at(void **state)
{
    const struct scale scale = {200, 50};
    (void)state;
    check(scale_at(&scale, 0, 164, 20) == 164, "0 is at the bottom");
    check(scale_at(&scale, 200, 164, 20) == 20, "the top is at the top");
    check(scale_at(&scale, 50, 164, 20) == 128, "a quarter is a quarter of the way");
    check(scale_at(&scale, 300, 164, 20) == 20 && scale_at(&scale, -1, 164, 20) == 164 &&
              scale_at(&scale, NAN, 164, 20) == 164,
        "nothing is drawn outside");
    check(scale_ticks(&scale) == 4, "four ticks");
}

static void test_stride(void **state)
{
    (void)state;
    check(scale_stride(10, 30, 30) == 1, "they just fit");
    check(scale_stride(10, 30, 31) == 2, "every second one");
    check(scale_stride(90, 3, 45) == 15, "every fifteenth");
    check(scale_stride(3, 1, 1000) == 3 && scale_stride(1, 1, 1000) == 1 && scale_stride(0, 1, 5) == 1,
        "one is always there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_make), cmocka_unit_test(test_always),
        cmocka_unit_test(test_at), cmocka_unit_test(test_stride)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
