#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/bars.h"
#include "report/lines.h"
#include "report/words.h"

static const char *const labels[] = {"A", "B", "<C>"};

static struct chart make_chart(const double *one, const double *two)
{
    return (struct chart){.id = "x",
        .title = "A & B",
        .finding = "More <b> than ever",
        .empty = "Nothing.",
        .unit = "work orders",
        .label_name = "Letter",
        .labels = labels,
        .count = 3,
        .series = {{"One", one, STYLE_FIRST}, {"Two", two, STYLE_SECOND}},
        .series_count = 2};
}

/* The numbers of an attribute, in the order in which elements of this class have it. */
static size_t numbers_of(const char *svg, const char *element, const char *attribute, double *out)
{
    size_t count = 0;
    char name[32];
    snprintf(name, sizeof name, " %s=\"", attribute);
    const char *drawing = strstr(svg, "<svg class=\"chart\"");
    for (const char *at = drawing; at != NULL && (at = strstr(at, element)) != NULL; at++) {
        const char *value = strstr(at, name);
        check(value != NULL, "%s has no %s", element, attribute);
        out[count++] = atof(value + strlen(name));
    }
    return count;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void near(double actual, double expected, const char *what)
{
    check(fabs(actual - expected) <= 0.11, "%s: %g, not %g", what, actual, expected);
}

static void test_bars_upon_each_other(void **state)
{
    const double one[] = {10, 0, 30}, two[] = {10, 20, NAN};
    struct chart chart = make_chart(one, two);
    struct buffer out = {0};
    double heights[8], tops[8];
    (void)state;
    chart.stacked = chart.total = true;
    bars_write(&out, &chart);
    /* the axis ends at 30: a tenth of it is 4.8 units */
    check(
        numbers_of(out.data, "<rect class=\"b4\"", "height", heights) == 2, "a 0 has no bar:\n%s", out.data);
    near(heights[0], 48, "10 of 30");
    near(heights[1], 144, "30 of 30");
    check(numbers_of(out.data, "<rect class=\"b5\"", "y", tops) == 2, "NaN has no bar");
    near(tops[0], 164 - 96, "on top of the other");
    near(tops[1], 164 - 96, "on nothing");
    check(strstr(out.data, "<td>10</td><td>10</td><td>20</td>") != NULL, "the table has the sums");
    check(strstr(out.data, "<td>30</td><td>\xe2\x80\x93</td><td>30</td>") != NULL, "no number is a dash");
    buffer_free(&out);
}

static void test_bars_side_by_side(void **state)
{
    const double one[] = {10, 20, 40}, two[] = {5, -3, 1234};
    struct chart chart = make_chart(one, two);
    struct buffer out = {0};
    double heights[8], lefts[8], widths[8], others[8];
    (void)state;
    bars_write(&out, &chart);
    check(numbers_of(out.data, "<rect class=\"b4\"", "height", heights) == 3, "three bars");
    near(heights[2], 144 * 40 / 1500.0, "the axis ends at 1,500");
    check(numbers_of(out.data, "<rect class=\"b5\"", "x", others) == 2, "a negative number has no bar");
    numbers_of(out.data, "<rect class=\"b4\"", "x", lefts);
    numbers_of(out.data, "<rect class=\"b4\"", "width", widths);
    near(lefts[0] + widths[0], others[0], "they touch");
    check(lefts[2] + 2 * widths[2] <= (double)CHART_WIDTH, "nothing is drawn outside");
    check(strstr(out.data, ">1,500</text>") != NULL && strstr(out.data, ">1,234</text>") != NULL,
        "ticks and numbers");
    buffer_free(&out);
}

static void test_what_every_figure_has(void **state)
{
    const double one[] = {1, 2, 3}, two[] = {3, 2, 1};
    static void (*const write[])(struct buffer *, const struct chart *) = {bars_write, lines_write};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct chart chart = make_chart(one, two);
        struct buffer out = {0};
        chart.running = true;
        write[i](&out, &chart);
        check(strstr(out.data,
                  "<figcaption><h3>A &amp; B</h3><p class=\"finding\">More &lt;b&gt; than ever</p>") != NULL,
            "caption");
        check(strstr(out.data, "role=\"img\" aria-labelledby=\"x-t x-d\"><title id=\"x-t\">A &amp; "
                               "B</title><desc id=\"x-d\">More &lt;b&gt; than ever</desc>") != NULL,
            "title and description");
        check(count_of(out.data, "<th scope=\"row\">") == 3 && count_of(out.data, "<th scope=\"col\">") == 3,
            "headers");
        check(strstr(out.data, "&lt;C&gt;, so far</th>") != NULL && strstr(out.data, "<C>") == NULL,
            "escaped, and not over");
        check(strstr(out.data, "nan") == NULL && strstr(out.data, "inf") == NULL, "numbers");
        buffer_free(&out);
    }
}

static void test_nothing(void **state)
{
    const double zero[] = {0, 0, 0}, none[] = {NAN, NAN, NAN};
    struct chart chart = make_chart(zero, none);
    struct buffer out = {0};
    (void)state;
    bars_write(&out, &chart);
    check(strstr(out.data, "<p class=\"empty\">Nothing.</p>") != NULL && strstr(out.data, "<svg") == NULL,
        "no bars of nothing");
    buffer_clear(&out);
    lines_write(&out, &chart);
    check(strstr(out.data, "<svg class=\"chart\"") != NULL, "a line of zeroes is one");
    buffer_clear(&out);
    chart = make_chart(none, none);
    lines_write(&out, &chart);
    check(strstr(out.data, "<p class=\"empty\">Nothing.</p>") != NULL, "no line of nothing");
    buffer_free(&out);
}

/* The commands of the first path of a class, without its coordinates. */
static void commands_of(const char *svg, const char *class, char *out)
{
    const char *at = strstr(strstr(svg, "<svg class=\"chart\""), class);
    check(at != NULL, "%s is missing", class);
    for (at = strstr(at, " d=\"") + 4; *at != '"'; at++)
        if (*at == 'M' || *at == 'L')
            *out++ = *at;
    *out = '\0';
}

static void test_lines(void **state)
{
    static const char *const five[] = {"1", "2", "3", "4", "5"};
    const double whole[] = {1, 2, 3, 4, 5}, gaps[] = {1, 2, NAN, 4, NAN};
    char commands[16];
    struct chart chart = make_chart(whole, gaps);
    struct buffer out = {0};
    (void)state;
    chart.labels = five;
    chart.count = 5;
    lines_write(&out, &chart);
    commands_of(out.data, "class=\"l4\"", commands);
    check_text(commands, "MLLLL");
    commands_of(out.data, "class=\"l5\"", commands);
    check_text(commands, "MLM");
    check(count_of(strstr(out.data, "<svg class=\"chart\""), "<circle class=\"m4") == 5, "a marker each");
    buffer_clear(&out);

    chart.running = true;
    chart.targets[0] = (struct chart_target){"Target 9", 9};
    chart.target_count = 1;
    lines_write(&out, &chart);
    commands_of(out.data, "class=\"l4\"", commands);
    check_text(commands, "MLLL");
    commands_of(out.data, "class=\"l4 faint\"", commands);
    check_text(commands, "ML");
    check(count_of(out.data, "m4 hollow") == 1, "what is not over is hollow");
    double y[4];
    const char *target = strstr(strstr(out.data, "<svg class=\"chart\""), "<path class=\"target t0\" d=\"M");
    check(target != NULL && strstr(out.data, "Target 9</li>") != NULL, "the target is drawn and named");
    check(sscanf(target, "<path class=\"target t0\" d=\"M%lf %lf", &y[0], &y[1]) == 2, "its place");
    near(y[1], 164 - 144 * 0.9, "the axis ends at 10, for the target's sake");
    buffer_free(&out);
}

/* Labels do not overlap, stay inside, and the last one is there. */
static void test_labels(void **state)
{
    static char texts[200][8];
    static const char *names[200];
    static double values[200];
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        snprintf(texts[i], sizeof texts[i], "%zu Sep", 10 + i % 20);
        names[i] = texts[i];
        values[i] = (double)i;
    }
    for (size_t count = 1; count <= 200; count++) {
        struct chart chart = {.id = "x",
            .title = "x",
            .finding = "x",
            .empty = "x",
            .unit = "x",
            .label_name = "x",
            .labels = names,
            .count = count,
            .series = {{"One", values, STYLE_FIRST}},
            .series_count = 1};
        struct buffer out = {0};
        double before = -1000, x = 0;
        values[0] = 1;
        lines_write(&out, &chart);
        const char *at = strstr(strstr(out.data, "<svg class=\"chart\""), "<g class=\"middle\">"),
                   *end = strstr(at, "</g>");
        size_t shown = 0;
        for (at = strstr(at, "<text x=\""); at != NULL && at < end; at = strstr(at + 1, "<text x=\"")) {
            x = atof(at + 9);
            check(x - before >= 6 * 6.6, "%zu labels: one at %g, the next at %g", count, before, x);
            before = x;
            shown++;
        }
        check(shown > 0 && x + 3 * 6.6 <= (double)CHART_WIDTH + 0.1, "%zu labels: the last one ends at %g",
            count, x + 3 * 6.6);
        buffer_free(&out);
    }
}

static void test_words(void **state)
{
    static const struct {
        double value;
        int decimals;
        const char *text;
    } numbers[] = {{0, 0, "0"}, {999, 0, "999"}, {1000, 0, "1,000"}, {1234567, 0, "1,234,567"},
        {93.44, 1, "93.4"}, {12345.67, 1, "12,345.7"}, {-1234, 0, "-1,234"}, {-123, 0, "-123"},
        {100000, 0, "100,000"}};
    static const struct {
        int64_t ms;
        const char *text;
    } durations[] = {{0, "0 seconds"}, {400, "0.4 seconds"}, {1000, "1 second"}, {119000, "119 seconds"},
        {120000, "2 minutes"}, {150000, "2.5 minutes"}, {7199000, "120.0 minutes"}, {7200000, "2 hours"},
        {63403941, "17.6 hours"}, {172800000, "2 days"}, {1032241545, "11.9 days"}};
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        words_number(&out, numbers[i].value, numbers[i].decimals);
        check_text(out.data, numbers[i].text);
        buffer_clear(&out);
    }
    for (size_t i = 0; i < COUNT(durations); i++) {
        words_duration(&out, durations[i].ms);
        check_text(out.data, durations[i].text);
        buffer_clear(&out);
    }
    words_count(&out, 1, "work order");
    words_count(&out, 2000, " work order");
    check_text(out.data, "1 work order2,000  work orders");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bars_upon_each_other),
        cmocka_unit_test(test_bars_side_by_side), cmocka_unit_test(test_what_every_figure_has),
        cmocka_unit_test(test_nothing), cmocka_unit_test(test_lines), cmocka_unit_test(test_labels),
        cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
