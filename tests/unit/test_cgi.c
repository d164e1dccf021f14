#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cgi.h"

enum { MOST = 1000, HALF_A_MINUTE = 30000 };

static int64_t skipped;    /* how far our clock runs ahead of the real one */
static int64_t every_look; /* and how far it goes with each look at it: a busy machine */

/* The linker puts this in place of clock_monotonic (Makefile). */
int64_t __wrap_clock_monotonic(void);
int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void)
{
    skipped += every_look;
    return __real_clock_monotonic() + skipped;
}

/* A request of so many bytes that says it has `length`; with `open` the sender does not end it. Returns the
 * end that sends, to be closed. */
static int request(const char *length, const void *bytes, size_t len, bool open)
{
    int ends[2];
    check(pipe(ends) == 0, "pipe");
    setenv("REQUEST_METHOD", "POST", 1);
    setenv("CONTENT_LENGTH", length, 1);
    check(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO, "stdin");
    close(ends[0]);
    check(write(ends[1], bytes, len) == (ssize_t)len, "the pipe holds less");
    if (!open)
        close(ends[1]);
    return open ? ends[1] : -1;
}

static size_t count_left(void)
{
    char rest[4096];
    ssize_t n = read(STDIN_FILENO, rest, sizeof rest);
    return n > 0 ? (size_t)n : 0;
}

static int reset(void **state)
{
    (void)state;
    skipped = every_look = 0;
    return 0;
}

static void test_a_body_is_read_to_its_length(void **state)
{
    struct buffer body = {0};
    (void)state;
    request("5", "12345678", 8, false);
    assert_int_equal(cgi_read_body(MOST, &body), 0);
    assert_int_equal(body.len, 5);
    check_text(body.data, "12345");
    assert_int_equal(count_left(), 3);
    buffer_free(&body);
}

/* The first look at the clock says until when; the second comes when all but 20 ms are over. */
static void test_a_body_that_does_not_come(void **state)
{
    struct buffer body = {0};
    (void)state;
    int sender = request("5", "123", 3, true);
    every_look = HALF_A_MINUTE / 2 - 10;
    assert_int_equal(cgi_read_body(MOST, &body), 408);
    assert_int_equal(body.len, 3);
    close(sender);
    buffer_free(&body);
}

static void test_time_that_is_over_before_anything_was_read(void **state)
{
    struct buffer body = {0};
    (void)state;
    int sender = request("5", "12345", 5, true);
    every_look = HALF_A_MINUTE;
    assert_int_equal(cgi_read_body(MOST, &body), 408);
    assert_int_equal(body.len, 0);
    close(sender);
    buffer_free(&body);
}

static void test_a_body_that_ends_early(void **state)
{
    struct buffer body = {0};
    (void)state;
    request("5", "123", 3, false);
    assert_int_equal(cgi_read_body(MOST, &body), 400);
    buffer_free(&body);
}

static void test_what_is_too_large_is_read_and_thrown_away(void **state)
{
    static const char bytes[2000] = "x";
    struct buffer body = {0};
    (void)state;
    int sender = request("1999", bytes, sizeof bytes, true);
    assert_int_equal(cgi_read_body(MOST, &body), 413);
    assert_null(body.data);
    assert_int_equal(count_left(), 1);
    close(sender);
}

static void test_what_is_too_large_and_does_not_come(void **state)
{
    struct buffer body = {0};
    (void)state;
    int sender = request("2000", "12", 2, true);
    every_look = HALF_A_MINUTE / 2 - 10;
    assert_int_equal(cgi_read_body(MOST, &body), 413);
    assert_null(body.data);
    close(sender);
}

static void test_what_is_beyond_measure_is_not_read(void **state)
{
    static const char *const lengths[] = {"67108865", "18446744073709551615", "99999999999999999999999999"};
    struct buffer body = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        request(lengths[i], "123", 3, false);
        check(cgi_read_body(MOST, &body) == 413, "%s", lengths[i]);
        check(count_left() == 3, "%s: something was read", lengths[i]);
    }
}

static void test_what_is_no_post(void **state)
{
    struct buffer body = {0};
    (void)state;
    request("5", "12345", 5, false);
    setenv("REQUEST_METHOD", "GET", 1);
    assert_int_equal(cgi_read_body(MOST, &body), 405);
    assert_null(body.data);
    assert_int_equal(count_left(), 0);
    request("5", "12345", 5, false);
    unsetenv("REQUEST_METHOD");
    assert_int_equal(cgi_read_body(MOST, &body), 405);
    assert_null(body.data);
}

static void test_headers(void **state)
{
    char name[301] = "";
    (void)state;
    clear_environment();
    setenv("HTTP_X_MAINTAINX_SIGNATURE", "abc", 1);
    check_text(cgi_header("x-maintainx-signature"), "abc");
    check_text(cgi_header("X-MaintainX-Signature"), "abc");
    check_text(cgi_header("x-maintainx"), NULL);
    memset(name, 'x', sizeof name - 1);
    check_text(cgi_header(name), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_body_is_read_to_its_length, reset),
        cmocka_unit_test_setup(test_a_body_that_does_not_come, reset),
        cmocka_unit_test_setup(test_time_that_is_over_before_anything_was_read, reset),
        cmocka_unit_test_setup(test_a_body_that_ends_early, reset),
        cmocka_unit_test_setup(test_what_is_too_large_is_read_and_thrown_away, reset),
        cmocka_unit_test_setup(test_what_is_too_large_and_does_not_come, reset),
        cmocka_unit_test_setup(test_what_is_beyond_measure_is_not_read, reset),
        cmocka_unit_test_setup(test_what_is_no_post, reset),
        cmocka_unit_test_setup(test_headers, reset),
    };
    return cmocka_run_group_tests_name("cgi", tests, NULL, NULL);
}
