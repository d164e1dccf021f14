#include "support.h"

#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"

static void test_starts_empty(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_clear(&b);
    assert_null(b.data);
    buffer_append(&b, "", 0);
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
    buffer_append_text(&b, "one");
    buffer_append_format(&b, " %d %s", 2, "three");
    buffer_append_text(&b, "");
    check_text(b.data, "one 2 three");
    buffer_append(&b, "a\0b", 3);
    assert_int_equal(b.len, 14);
    assert_memory_equal(b.data, "one 2 threea\0b", 15);
    buffer_clear(&b);
    assert_int_equal(b.len, 0);
    check_text(b.data, "");
    buffer_append_text(&b, "again");
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
        buffer_append(&b, &c, 1);
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
        buffer_append_format(&b, "%*s|", width, "");
        check(b.len == (size_t)width + 1 && strlen(b.data) == b.len, "width %d", width);
    }
    buffer_free(&b);
}

static void test_reserve(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_reserve(&b, 1000);
    assert_in_range(b.capacity, 1001, SIZE_MAX);
    check_text(b.data, "");
    buffer_append_text(&b, "kept");
    const char *data = b.data;
    buffer_reserve(&b, 900);
    assert_ptr_equal(b.data, data);
    buffer_free(&b);
}

/* What nobody can have ends the program as memory that ran out does, before anything is written. */
static void test_absurd_sizes(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4, (size_t)PTRDIFF_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        pid_t child = fork();
        if (child == 0) {
            struct buffer b = {0};
            close(STDERR_FILENO);
            buffer_append_text(&b, "kept");
            buffer_append(&b, "x", sizes[i]);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        check(WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL, "%zu bytes: status %d", sizes[i],
            status);
    }
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
