#include "support.h"

#include <string.h>

#include "base/error.h"
#include "base/secret.h"

static void test_fills(void **state)
{
    struct error e = {0};
    (void)state;
    assert_int_equal(fail(&e, EX_IOERR, "store %s: %d", "x.db", 5), -1);
    assert_int_equal(e.status, EX_IOERR);
    check_text(e.text, "store x.db: 5");
    assert_int_equal(fail(NULL, EX_IOERR, "no one %s", "listens"), -1);
}

/* Text from outside cannot forge log lines or talk to the terminal. */
static void test_control_characters(void **state)
{
    struct error e = {0};
    (void)state;
    fail(&e, EX_PROTOCOL, "%s", "a\nb\r\tc\x1b[31md\x7f\x01 \xc3\xa9~");
    check_text(e.text, "a?b??c?[31md?? \xc3\xa9~");
    for (int c = 1; c < 0x20; c++) {
        fail(&e, EX_PROTOCOL, "<%c>", c);
        check_text(e.text, "<?>");
    }
}

static void test_cut(void **state)
{
    struct error e;
    char text[3 * sizeof e.text];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fail(&e, EX_IOERR, "%s", text);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

static void test_masks_secrets(void **state)
{
    struct error e = {0};
    (void)state;
    secret_register("hunter22");
    fail(&e, EX_NOPERM, "api: the token hunter22 was refused (hunter22)");
    secret_forget();
    check_text(e.text, "api: the token ******** was refused (********)");
}

/* A secret that the end of the buffer cuts through must not show its beginning. */
static void test_masks_a_secret_at_the_cut(void **state)
{
    static const char secret[] = "hunter22hunter33";
    struct error e = {0};
    char padding[sizeof e.text];
    (void)state;
    memset(padding, 'x', sizeof padding);
    padding[sizeof padding - 1 - 10] = '\0'; /* ten bytes of it fit */
    secret_register(secret);
    fail(&e, EX_NOPERM, "%s%s", padding, secret);
    secret_forget();
    check(strstr(e.text, "hunter22") == NULL, "...%s", e.text + strlen(padding) - 5);
}

/* The gravest wins: a bug, then configuration, files, token, protocol, unavailable, try later, data, done. */
static void test_gravity(void **state)
{
    static const int rising[] = {EX_OK, EX_DATAERR, EX_TEMPFAIL, EX_UNAVAILABLE, EX_PROTOCOL, EX_NOPERM,
        EX_IOERR, EX_CANTCREAT, EX_CONFIG, EX_USAGE, EX_SOFTWARE};
    (void)state;
    for (size_t i = 0; i < COUNT(rising); i++)
        for (size_t j = 0; j < COUNT(rising); j++) {
            int graver = exit_graver(rising[i], rising[j]);
            check(graver == rising[i > j ? i : j], "%d and %d: %d", (int)rising[i], (int)rising[j],
                (int)graver);
        }
}

static void test_unknown_status_is_a_bug(void **state)
{
    const int unknown = (int)3;
    (void)state;
    assert_int_equal(exit_graver(unknown, EX_CONFIG), unknown);
    assert_int_equal(exit_graver(EX_CONFIG, unknown), unknown);
    assert_int_equal(exit_graver(unknown, EX_OK), unknown);
}

static void test_values_of_sysexits(void **state)
{
    (void)state;
    static const int values[][2] = {{EX_OK, 0}, {EX_USAGE, 64}, {EX_DATAERR, 65}, {EX_UNAVAILABLE, 69},
        {EX_SOFTWARE, 70}, {EX_CANTCREAT, 73}, {EX_IOERR, 74}, {EX_TEMPFAIL, 75}, {EX_PROTOCOL, 76},
        {EX_NOPERM, 77}, {EX_CONFIG, 78}};
    for (size_t i = 0; i < COUNT(values); i++)
        assert_int_equal(values[i][0], values[i][1]);
}

static void test_adding(void **state)
{
    struct error e = {0}, more = {0};
    char longest[sizeof e.text];
    (void)state;
    error_add(&e, &more);
    assert_int_equal(e.status, EX_OK);
    fail(&more, EX_UNAVAILABLE, "one");
    error_add(&e, &more);
    check(e.status == EX_UNAVAILABLE && strcmp(e.text, "one") == 0, "%d %s", (int)e.status, e.text);
    error_add(&e, &more); /* the same again */
    assert_string_equal(e.text, "one");
    fail(&more, EX_CONFIG, "two");
    error_add(&e, &more);
    check(e.status == EX_CONFIG && strcmp(e.text, "one; two") == 0, "%d %s", (int)e.status, e.text);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    fail(&more, EX_DATAERR, "%s", longest);
    error_add(&e, &more);
    check(e.status == EX_CONFIG && strlen(e.text) == sizeof e.text - 1, "%d %zu", (int)e.status,
        strlen(e.text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_masks_secrets),
        cmocka_unit_test(test_masks_a_secret_at_the_cut),
        cmocka_unit_test(test_gravity),
        cmocka_unit_test(test_unknown_status_is_a_bug),
        cmocka_unit_test(test_adding),
        cmocka_unit_test(test_values_of_sysexits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
