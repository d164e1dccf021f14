#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/secret.h"
#include "handlers/exec/subprocess_output.h"

/* Given in pieces of `piece` bytes, the tail is this. */
static void check_tail(const char *printed, size_t len, size_t piece, const char *expected)
{
    struct subprocess_output output = {.name = "x"};
    char tail[40];
    for (size_t i = 0; i < len; i += piece)
        subprocess_output_add(&output, printed + i, len - i < piece ? len - i : piece);
    subprocess_output_finish(&output);
    subprocess_output_tail(&output, tail, sizeof tail);
    check_text(tail, expected);
}

static void test_tail(void **state)
{
#define ROW(printed, tail)                                                                                   \
    {                                                                                                        \
        printed, sizeof(printed) - 1, tail                                                                   \
    }
    static const struct {
        const char *printed;
        size_t len;
        const char *tail;
    } table[] = {
        ROW("", ""),
        ROW("\n\n \n", ""),
        ROW("one\n", "one"),
        ROW("one\x7ftwo\n", "one two"),
        ROW("one\ntwo\n\n", "one two"),
        ROW("a\tb\0c\x1b[1m\r\n", "a b c [1m"),
        ROW("this line is left out as a whole\nlast line but one\nthe last line",
            "last line but one the last line"),
        ROW("0123456789012345678901234567890123456789012345", "789012345678901234567890123456789012345"),
        ROW("\xff\xfe \xc3\xbc", "?? \xc3\xbc"),
        ROW("x\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
            "\xac\xe2\x82\xac"
            "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
            "a",
            "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
            "\xe2\x82\xac"
            "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
            "a"),
        ROW("key s3cr3t-s3cr3t!", "key *************!"),
    };
#undef ROW
    (void)state;
    secret_register("s3cr3t-s3cr3t");
    for (size_t i = 0; i < COUNT(table); i++) {
        check_tail(table[i].printed, table[i].len, 1, table[i].tail);
        check_tail(table[i].printed, table[i].len, 7, table[i].tail);
        check_tail(table[i].printed, table[i].len, 1000, table[i].tail);
    }
    secret_forget();
}

/* Much more than is kept, in pieces larger and smaller than what is kept. */
static void test_much(void **state)
{
    const size_t len = 1 << 20;
    char *printed = malloc(len);
    (void)state;
    check(printed != NULL, "memory");
    memset(printed, 'x', len);
    memcpy(printed + len - 6, "\nlast\n", 6);
    check_tail(printed, len, 100, "last");
    check_tail(printed, len, 4095, "last");
    check_tail(printed, len, 4096, "last");
    check_tail(printed, len, len, "last");
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
