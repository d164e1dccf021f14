#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/html.h"

#define BAD "\xef\xbf\xbd"

static const struct {
    const char *text;
    size_t len;
    const char *html;
} table[] = {
#define ROW(text, html)                                                                                      \
    {                                                                                                        \
        text, sizeof(text) - 1, html                                                                         \
    }
    ROW("", ""),
    ROW("plain", "plain"),
    ROW("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"),
    ROW("a<b", "a&lt;b"),
    ROW("<", "&lt;"),
    ROW("&amp;", "&amp;amp;"),
    ROW("a\n\tb", "a\n\tb"),
    ROW("\r\x01\x1f\x7f", BAD BAD BAD BAD),
    ROW("\0a\0", BAD "a" BAD),
    ROW("\xc2\x80\xc2\x9f\xc2\xa0", BAD BAD "\xc2\xa0"),
    ROW("\xf0\x9f\x9a\xa8 \xe2\x82\xac", "\xf0\x9f\x9a\xa8 \xe2\x82\xac"),
    ROW("\xff<\xc3", BAD "&lt;" BAD),
    ROW("\xc3<", BAD "&lt;"),
    ROW("\xc0\xbc", BAD BAD), /* an overlong < */
    ROW("\xed\xa0\x80", BAD BAD BAD),
    ROW("\xef\xbf\xbd", BAD),
#undef ROW
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer out = {0};
        buffer_append_text(&out, ">");
        html_text(&out, table[i].text, table[i].len);
        check_text(out.data + 1, table[i].html);
        buffer_free(&out);
    }
}

/* Whatever the bytes are, no character with a meaning is left. */
static void test_random_bytes(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        char text[65] = "";
        struct buffer out = {0};
        size_t len = next_random(&seed) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)next_random(&seed);
        text[len] = '\0';
        html_text(&out, text, len);
        check(
            out.data == NULL || (strlen(out.data) == out.len && strpbrk(out.data, "<>\"'\r\x01\x1b") == NULL),
            "round %d: %s", round, out.data);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
