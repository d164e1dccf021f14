#include "support.h"

#include <string.h>

#include "base/buffer.h"

static void test_starts_empty(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_clear(&b);
    assert_null(b.data);
    assert_int_equal(buffer_append(&b, "", 0), 0);
    assert_int_equal(b.len, 0);
    check_text(b.data, "");
    buffer_free(&b);
    buffer_free(&b);
    assert_null(b.data);
    assert_int_equal(b.capacity, 0);
}

static void test_appends(void **state)
{
    struct buffer b = {0};
    (void)state;
    assert_int_equal(buffer_append_text(&b, "one"), 0);
    assert_int_equal(buffer_append_format(&b, " %d %s", 2, "three"), 0);
    assert_int_equal(buffer_append_text(&b, ""), 0);
    check_text(b.data, "one 2 three");
    assert_int_equal(buffer_append(&b, "a\0b", 3), 0);
    assert_int_equal(b.len, 14);
    assert_memory_equal(b.data, "one 2 threea\0b", 15);
    buffer_clear(&b);
    assert_int_equal(b.len, 0);
    check_text(b.data, "");
    assert_int_equal(buffer_append_text(&b, "again"), 0);
    check_text(b.data, "again");
    buffer_free(&b);
}

/* Every length on the way to some powers of two keeps its bytes and the NUL behind them. */
static void test_grows(void **state)
{
    struct buffer b = {0};
    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        char c = (char)('a' + i % 26);
        assert_int_equal(buffer_append(&b, &c, 1), 0);
        check(b.len == i + 1 && b.capacity > b.len && b.data[b.len] == '\0', "%zu bytes", i);
    }
    for (size_t i = 0; i < 5000; i++)
        check(b.data[i] == (char)('a' + i % 26), "byte %zu", i);
    buffer_free(&b);
}

static void test_long_format(void **state)
{
    struct buffer b = {0};
    (void)state;
    for (int width = 0; width < 2000; width += 111) {
        buffer_clear(&b);
        assert_int_equal(buffer_append_format(&b, "%*s|", width, ""), 0);
        check(b.len == (size_t)width + 1 && strlen(b.data) == b.len, "width %d", width);
    }
    buffer_free(&b);
}

static void test_reserve(void **state)
{
    struct buffer b = {0};
    (void)state;
    assert_int_equal(buffer_reserve(&b, 1000), 0);
    assert_in_range(b.capacity, 1001, SIZE_MAX);
    check_text(b.data, "");
    buffer_append_text(&b, "kept");
    const char *data = b.data;
    assert_int_equal(buffer_reserve(&b, 900), 0);
    assert_ptr_equal(b.data, data);
    buffer_free(&b);
}

/* What cannot be had leaves the buffer as it was. */
static void test_absurd_sizes(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_append_text(&b, "kept");
    assert_int_equal(buffer_reserve(&b, SIZE_MAX), -1);
    assert_int_equal(buffer_reserve(&b, SIZE_MAX - 1), -1);
    assert_int_equal(buffer_reserve(&b, SIZE_MAX - 4), -1);
    assert_int_equal(buffer_append(&b, "x", SIZE_MAX - 3), -1);
    assert_int_equal(b.len, 4);
    check_text(b.data, "kept");
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_empty),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_long_format),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_absurd_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
