#include "support.h"

#include <stdint.h>

#include "base/timestamp.h"
#include "core/exposition.h"

static void test_samples(void **state)
{
    struct buffer out = {0};
    (void)state;
    const struct exposition_label none[] = {{NULL, NULL}};
    const struct exposition_label two[] = {{"account", "a \"b\" \\ c\nd"}, {"kind", "sync"}, {NULL, NULL}};
    exposition_begin(&out, "x_total", "counter", "What it is.");
    exposition_sample(&out, "x_total", none, -7);
    exposition_sample(&out, "x_total", two, INT64_MAX);
    check_text(out.data, "# HELP x_total What it is.\n# TYPE x_total counter\nx_total -7\n"
                         "x_total{account=\"a \\\"b\\\" \\\\ c\\nd\",kind=\"sync\"} 9223372036854775807\n");
    buffer_free(&out);
}

static void test_seconds(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "x 0\n"}, {1, "x 0.001\n"}, {1000, "x 1\n"}, {1010, "x 1.010\n"}, {-1, "x -0.001\n"},
        {-2500, "x -2.500\n"}, {TIMESTAMP_NONE, "x 0\n"}, {1795718252045, "x 1795718252.045\n"}};
    const struct exposition_label none[] = {{NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        exposition_seconds(&out, "x", none, cases[i].ms);
        check_text(out.data, cases[i].text);
        buffer_free(&out);
    }
}

static void test_a_histogram_adds_up_its_steps(void **state)
{
    static const int64_t up_to[] = {500, 1000, INT64_MAX}, in_step[] = {2, 0, 3};
    const struct exposition_label labels[] = {{"account", "a"}, {"handler", "h"}, {NULL, NULL}};
    struct buffer out = {0};
    (void)state;
    exposition_histogram(&out, "d", labels, up_to, in_step, 3, 12345);
    check_text(out.data, "d_bucket{account=\"a\",handler=\"h\",le=\"0.500\"} 2\n"
                         "d_bucket{account=\"a\",handler=\"h\",le=\"1\"} 2\n"
                         "d_bucket{account=\"a\",handler=\"h\",le=\"+Inf\"} 5\n"
                         "d_sum{account=\"a\",handler=\"h\"} 12.345\n"
                         "d_count{account=\"a\",handler=\"h\"} 5\n");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_a_histogram_adds_up_its_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
