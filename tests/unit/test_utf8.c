#include "support.h"

#include <string.h>

#include "base/utf8.h"

static void test_next(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t code;
        size_t length;
    } table[] = {
        {"", 0, 0},
        {"a", 'a', 1},
        {"\x7f", 0x7f, 1},
        {"\xc2\x80", 0x80, 2},
        {"\xdf\xbf", 0x7ff, 2},
        {"\xe0\xa0\x80", 0x800, 3},
        {"\xed\x9f\xbf", 0xd7ff, 3},
        {"\xee\x80\x80", 0xe000, 3},
        {"\xef\xbf\xbf", 0xffff, 3},
        {"\xf0\x90\x80\x80", 0x10000, 4},
        {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
        {"\xf0\x9f\x9a\xa8!", 0x1f6a8, 4},
        {"\x80", UTF8_BAD, 1},
        {"\xc0\x80", UTF8_BAD, 1},
        {"\xc1\xbf", UTF8_BAD, 1},
        {"\xc3", UTF8_BAD, 1},
        {"\xc3(", UTF8_BAD, 1},
        {"\xe0\x9f\xbf", UTF8_BAD, 1},
        {"\xed\xa0\x80", UTF8_BAD, 1},
        {"\xe2\x82", UTF8_BAD, 1},
        {"\xf0\x8f\xbf\xbf", UTF8_BAD, 1},
        {"\xf4\x90\x80\x80", UTF8_BAD, 1},
        {"\xf5\x80\x80\x80", UTF8_BAD, 1},
        {"\xff", UTF8_BAD, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *text = table[i].bytes;
        uint32_t code = utf8_next(&text);
        check(code == table[i].code, "row %zu: %x", i, code);
        check((size_t)(text - table[i].bytes) == table[i].length, "row %zu", i);
    }
}

static void test_replace_bad(void **state)
{
    static const struct {
        const char *bytes, *mended;
    } table[] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xc3\xa9 \xf0\x9f\x9a\xa8", "caf\xc3\xa9 \xf0\x9f\x9a\xa8"},
        {"caf\xe9", "caf?"},
        {"\xc3", "?"},
        {"\xf0\x9f\x9a", "???"},
        {"\xff\xc3\xa9\xfe", "?\xc3\xa9?"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[64];
        strcpy(text, table[i].bytes);
        utf8_replace_bad(text);
        check_text(text, table[i].mended);
    }
}

static void test_make_line(void **state)
{
    char text[] = "caf\xe9\n\x1b[1m|\x7f\t|\xc2\x9b"
                  "1m|\xc2\x80\xc2\xa0";
    (void)state;
    utf8_make_line(text);
    check_text(text, "caf???[1m|??|??1m|??\xc2\xa0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_replace_bad),
        cmocka_unit_test(test_make_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
