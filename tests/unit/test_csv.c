#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/report/csv.h"

static void test_field(void **state)
{
#define ROW(text, csv)                                                                                       \
    {                                                                                                        \
        text, sizeof(text) - 1, csv                                                                          \
    }
    static const struct {
        const char *text;
        size_t len;
        const char *csv;
    } table[] = {
        ROW("", ""),
        ROW("plain", "plain"),
        ROW("a,b", "\"a,b\""),
        ROW("a\"b", "\"a\"\"b\""),
        ROW("\"", "\"\"\"\""),
        ROW("a\nb", "\"a\nb\""),
        ROW("a\rb", "\"a\rb\""),
        ROW(" a", "\" a\""),
        ROW("a ", "\"a \""),
        ROW("a\0b", "a b"),
        ROW("\0", " "),
        ROW("=1", "'=1"),
        ROW("+1", "'+1"),
        ROW("-1", "'-1"),
        ROW("@x", "'@x"),
        ROW("\t=1", "'\t'=1"),
        ROW("\rx", "\"'\rx\""),
        ROW("\nx", "\"'\nx\""),
        ROW("  =1", "\"'  =1\""),
        ROW("=1,\"2\"", "\"'=1,\"\"2\"\"\""),
        ROW("1=1", "1=1"),
        ROW("a;=1", "a;'=1"),
        ROW("a; =1", "a;' =1"),
        ROW("a;b;-1;@", "a;b;'-1;'@"),
        ROW(";=1", ";'=1"),
        ROW("a;b=1", "a;b=1"),
        ROW("a;", "a;"),
        ROW("a\t+1", "a\t'+1"),
        ROW("a\n=1", "\"a\n'=1\""),
        ROW("a\r\n- b", "\"a\r\n'- b\""),
        ROW("\t", "'\t"),
        ROW("\xef\xbc\x9d"
            "1",
            "'\xef\xbc\x9d"
            "1"),
        ROW(" \xef\xbc\x8b"
            "1",
            "\"' \xef\xbc\x8b"
            "1\""),
        ROW("a;\xef\xbc\x8d"
            "1",
            "a;'\xef\xbc\x8d"
            "1"),
        ROW("\xef\xbc\xa0x", "'\xef\xbc\xa0x"),
        ROW("\xef\xbc\x9e", "\xef\xbc\x9e"),
        ROW("\xef\xbc", "\xef\xbc"),
        ROW("a\0=1", "a =1"),
        ROW("\xc3\xbc\xe2\x82\xac", "\xc3\xbc\xe2\x82\xac"),
    };
#undef ROW
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer out = {0};
        buffer_append_text(&out, "x");
        csv_field(&out, table[i].text, table[i].len);
        check_text(out.data + 1, table[i].csv);
        buffer_free(&out);
    }
}

/* A record's end is found wherever the bytes are cut into pieces. */
static void test_record_end(void **state)
{
    static const char record[] = "a,\"b\r\n\"\"c\nd\",\"\",e\r\n";
    const size_t len = sizeof record - 1;
    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        struct csv_reader reader = {0};
        check(csv_record_end(&reader, record, cut) == 0, "cut at %zu", cut);
        check(csv_record_end(&reader, record + cut, len - cut) == len - cut, "cut at %zu", cut);
        check(csv_record_end(&reader, "x\nrest", 6) == 2, "behind it, cut at %zu", cut);
    }
}

/* What was written as fields reads back as one record. */
static void test_random_fields(void **state)
{
    static const char letters[] = "\",\r\n =a\t";
    uint64_t seed = 3;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct buffer out = {0};
        struct csv_reader reader = {0};
        for (int field = 0; field < 4; field++) {
            char text[16];
            size_t len = next_random(&seed) % sizeof text;
            for (size_t i = 0; i < len; i++)
                text[i] = letters[next_random(&seed) % (sizeof letters - 1)];
            buffer_append_text(&out, field == 0 ? "" : ",");
            csv_field(&out, text, len);
        }
        buffer_append_text(&out, "\r\n");
        check(csv_record_end(&reader, out.data, out.len) == out.len, "round %d: %s", round, out.data);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_record_end),
        cmocka_unit_test(test_random_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
