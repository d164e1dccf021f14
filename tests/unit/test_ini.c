#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini.h"

/* Writes what was read, one line per section and setting: `[NAME]:LINE`, `KEY=VALUE:LINE`. */
static char *dump(const struct ini *ini)
{
    struct buffer out = {0};
    buffer_append_text(&out, "");
    for (size_t i = 0; i < ini->count; i++) {
        const struct ini_section *section = &ini->sections[i];
        buffer_append_format(&out, "[%s]:%d\n", section->name, section->line);
        for (size_t j = 0; j < section->count; j++)
            buffer_append_format(&out, "%s=%s:%d\n", section->settings[j].key, section->settings[j].value,
                section->settings[j].line);
    }
    return out.data;
}

/* Reads a file of these bytes, which must come out as `settings` and `problems` (lines, each without the
 * path). */
static void check_bytes(
    void **state, const char *bytes, size_t len, const char *settings, const char *problems)
{
    const char *path = path_in(*state, "wosync.conf");
    struct buffer found = {0}, expected = {0};
    struct ini ini;
    buffer_append_text(&found, "");
    buffer_append_text(&expected, "");
    write_file(path, bytes, len, 0600);
    int rc = ini_read(path, &ini, &found);
    for (const char *line = problems; *line != '\0'; line += strspn(line, "\n")) {
        int length = (int)strcspn(line, "\n");
        buffer_append_format(&expected, "%s:%.*s\n", path, length, line);
        line += length;
    }
    check_text(found.data, expected.data);
    check(rc == (*problems == '\0' ? 0 : -1), "returned %d", rc);
    char *text = dump(&ini);
    check_text(text, settings);
    free(text);
    buffer_free(&found);
    buffer_free(&expected);
    ini_free(&ini);
    ini_free(&ini);
}

struct row {
    const char *text, *settings, *problems;
};

static void check_rows(void **state, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_bytes(state, rows[i].text, strlen(rows[i].text), rows[i].settings, rows[i].problems);
}

static void test_settings(void **state)
{
    static const struct row table[] = {
        {"", "", ""},
        {"\n\n; a comment\n# another\n", "", ""},
        {"[api]\nkey = value\n", "[api]:1\nkey=value:2\n", ""},
        {"[api]\nkey=value", "[api]:1\nkey=value:2\n", ""},
        {"[api]\r\nkey = value\r\n", "[api]:1\nkey=value:2\n", ""},
        {"[api]\nkey : value\n", "[api]:1\nkey=value:2\n", ""},
        {"[api]\nkey =\n", "[api]:1\nkey=:2\n", ""},
        {"[api]\nkey = a = b: c\n", "[api]:1\nkey=a = b: c:2\n", ""},
        {"[ api ]  \n key = value\n", "[api]:1\nkey=value:2\n", ""},
        {"[api]\n\tkey\t=\tva\tlue\t\n", "[api]:1\nkey=va\tlue:2\n", ""},
        {"[api]\rkey = 1\n", "", "1: the line holds a control character (0x0d)"},
        {"[api]\nkey = value;no comment\n", "[api]:1\nkey=value;no comment:2\n", ""},
        {"[api]\nkey = https://x/y#z\n", "[api]:1\nkey=https://x/y#z:2\n", ""},
        {"[a]\nx = 1\n[b]\ny = 2\n", "[a]:1\nx=1:2\n[b]:3\ny=2:4\n", ""},
        {"key = before a section\n", "[]:1\nkey=before a section:1\n", ""},
        {"[empty]\n[handler x]\n", "[empty]:1\n[handler x]:2\n", ""},
        {"\n\n[late]\n", "[late]:3\n", ""},
        {"[a]\nx = 1\nx = 2\n", "[a]:1\nx=1:2\nx=2:3\n", ""},
        {"[a]\nx = 1\n[b]\n[a]\nx = 2\n", "[a]:1\nx=1:2\nx=2:5\n[b]:3\n", ""},
        {"[handler pump room]\ntype = log\n", "[handler pump room]:1\ntype=log:2\n", ""},
        {"[a]\nk = \xc3\xa9\n", "[a]:1\nk=\xc3\xa9:2\n", ""},
        {"\xef\xbb\xbf", "", ""},
        /* where no value can go on, a space in front changes nothing */
        {" [a]\nx = 1\n", "[a]:1\nx=1:2\n", ""},
        {"[a]\n [b]\nx = 1\n", "[a]:1\n[b]:2\nx=1:3\n", ""},
        {"[a]\nx = 1\n[b]\n\t[c]\n x = 1\n", "[a]:1\nx=1:2\n[b]:3\n[c]:4\nx=1:5\n", ""},
        {"  x = 1\n", "[]:1\nx=1:1\n", ""},
    };
    check_rows(state, table, COUNT(table));
}

static void test_continuations(void **state)
{
    static const char swallowed[] = "3: a line that begins with a blank continues the line before, for when "
                                    "and on only; remove the blank";
    static const struct row table[] = {
        {"[handler x]\nwhen = a\n  AND b\n\tAND c\ntype = log\n",
            "[handler x]:1\nwhen=a AND b AND c:2\ntype=log:5\n", ""},
        {"[handler x]\non = a\n b\n", "[handler x]:1\non=a b:2\n", ""},
        {"[handler x]\nwhen = a\n  AND b = 1\n", "[handler x]:1\nwhen=a AND b = 1:2\n", ""},
        {"[handler x]\nwhen = a\n  ; a comment\n  AND b\n", "[handler x]:1\nwhen=a AND b:2\n", ""},
        {"[handler x]\nurl = a\n  type = log\n", "[handler x]:1\nurl=a:2\n", swallowed},
        {"[api]\npage_size = 1\n  timeout = 5s\n", "[api]:1\npage_size=1:2\n", swallowed},
        {"[handler x]\nwhen = a\nwhen = b\n", "[handler x]:1\nwhen=a:2\nwhen=b:3\n", ""},
        {"[handler x]\n  type = log\n", "[handler x]:1\ntype=log:2\n", ""},
        {"[handler x]\nwhen = a AND\n  [b] = 1\n", "[handler x]:1\nwhen=a AND [b] = 1:2\n", ""},
        {"[handler x]\nwhen = a\n   \n  AND b\n", "[handler x]:1\nwhen=a AND b:2\n", ""},
    };
    check_rows(state, table, COUNT(table));
}

/* A comment has a line of its own. What looks like one behind a value is a mistake; within quotes, and where
 * no blank is in front, it is a part of the value. */
static void test_comments(void **state)
{
#define OWN_LINE ": a comment needs a line of its own (in a value, put a ; or # after a blank in quotes)"
    static const struct row table[] = {
        {"[a]\n; one\n# two\n  ; three\n;four=4\nx = 1\n", "[a]:1\nx=1:6\n", ""},
        {"[a]\nx = 1 ; why\n", "[a]:1\nx=1:2\n", "2: x" OWN_LINE},
        {"[a]\nx = 1\t;why\n", "[a]:1\nx=1:2\n", "2: x" OWN_LINE},
        {"[a]\nx = ; why\n", "[a]:1\nx=:2\n", "2: x" OWN_LINE},
        {"[a]\nx = 1 # why\n", "[a]:1\nx=1:2\n", "2: x" OWN_LINE},
        {"[a]\nx = 1 #\n", "[a]:1\nx=1:2\n", "2: x" OWN_LINE},
        {"[a]\nx = # why\n", "[a]:1\nx=:2\n", "2: x" OWN_LINE},
        {"[a]\nx = #general\n", "[a]:1\nx=#general:2\n", ""},
        {"[a]\nx = X-Channel: #general\n", "[a]:1\nx=X-Channel: #general:2\n", ""},
        {"[a]\nx = a;b;c\n", "[a]:1\nx=a;b;c:2\n", ""},
        {"[a]\nx = https://x/y;z#; a\n", "[a]:1\nx=https://x/y;z#; a:2\n", ""},
        {"[a]\nwhen = title = 'a ; b' OR title = \"c # d\"\n",
            "[a]:1\nwhen=title = 'a ; b' OR title = \"c # d\":2\n", ""},
        {"[a]\nwhen = title = 'it''s ; b'\n", "[a]:1\nwhen=title = 'it''s ; b':2\n", ""},
        {"[a]\nwhen = title = 'a' ; b'\n", "[a]:1\nwhen=title = 'a':2\n", "2: when" OWN_LINE},
        {"[a]\nx = don't ; b\n", "[a]:1\nx=don't:2\n", "2: x" OWN_LINE},
        {"[a]\nwhen = a\n  AND b ; two\n", "[a]:1\nwhen=a AND b:2\n", "3: when" OWN_LINE},
        {"[a]\nwhen = a ; one\n  AND b ; two\n", "[a]:1\nwhen=a AND b:2\n",
            "2: when" OWN_LINE "\n3: when" OWN_LINE},
        {"[a]\nwhen = a = 'b\n  c ; d'\n", "[a]:1\nwhen=a = 'b c ; d':2\n", ""},
        {"[a] ; why\nx = 1\n", "", "1: unexpected text behind [a]; a comment needs a line of its own"},
    };
#undef OWN_LINE
    check_rows(state, table, COUNT(table));
}

/* One mistake, one line: what stands below a header that is wrong belongs nowhere. */
static void test_problems(void **state)
{
    static const struct row table[] = {
        {"[api\nkey = 1\n", "", "1: a section header needs a closing bracket"},
        {"[api]\njust words\nkey = 1\n", "[api]:1\nkey=1:3\n", "2: expected KEY = VALUE"},
        {"[api]\n= 1\n", "[api]:1\n", "2: expected a key before the ="},
        {"[api]\n: 1\n", "[api]:1\n", "2: expected a key before the :"},
        {"[api]\n  just words\nkey = 1\n", "[api]:1\nkey=1:3\n", "2: expected KEY = VALUE"},
        {"[api]\n\t= 1\n", "[api]:1\n", "2: expected a key before the ="},
        {"[api]\n[]\nkey = 1\n", "[api]:1\n", "2: a section needs a name, as in [sync]"},
        {"[api]\n[  ]\nkey = 1\n[b]\nx = 1\n", "[api]:1\n[b]:4\nx=1:5\n",
            "2: a section needs a name, as in [sync]"},
        {"[api]\none\n=\n[b\nx = 1\n=\n", "[api]:1\n", /* all at once */
            "2: expected KEY = VALUE\n3: expected a key before the =\n"
            "4: a section header needs a closing bracket"},
        {"[a]\nx = \xff\ny = 1\n", "[a]:1\ny=1:3\n",
            "2: the line holds bytes that are not UTF-8; save the file as UTF-8"},
        {"[a]\n; \xc3\ny = 1\n", "[a]:1\ny=1:3\n", ""},
        {"[a]\nx = \xef\xbf\xbd\n", "[a]:1\nx=\xef\xbf\xbd:2\n", ""},
        {"[a]\nx = a\rb\ny = 1\n", "[a]:1\ny=1:3\n", "2: the line holds a control character (0x0d)"},
        {"[a]\nx = a\x1b[1m\ny = 1\n", "[a]:1\ny=1:3\n", "2: the line holds a control character (0x1b)"},
        {"[a]\nx = a\x7f\ny = 1\n", "[a]:1\ny=1:3\n", "2: the line holds a control character (0x7f)"},
    };
    check_rows(state, table, COUNT(table));
}

static void test_utf16(void **state)
{
    static const char little[] = "\xff\xfe[\0a\0]\0\n", big[] = "\xfe\xff\0[\0a\0]\0\n";
    const char *path = path_in(*state, "wosync.conf");
    for (int i = 0; i < 2; i++) {
        struct buffer problems = {0}, expected = {0};
        struct ini ini;
        write_file(path, i == 0 ? little : big, sizeof little - 1, 0600);
        assert_int_equal(ini_read(path, &ini, &problems), -1);
        buffer_append_format(&expected, "%s: the file is UTF-16; save it as UTF-8\n", path);
        check_text(problems.data, expected.data);
        assert_int_equal(ini.count, 0);
        ini_free(&ini);
        buffer_free(&problems);
        buffer_free(&expected);
    }
}

/* A line may have any length, up to that of the file. */
static void test_long_lines(void **state)
{
    static const size_t lengths[] = {
        190, 197, 198, 199, 200, 4095, 4096, 4097, 100000, INI_LARGEST_FILE - 17};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        const char *path = path_in(*state, "wosync.conf");
        struct buffer text = {0}, problems = {0};
        struct ini ini;
        buffer_append_format(&text, "[a]\nx = %0*d\nz = 1\n", (int)lengths[i], 0);
        write_text(path, text.data);
        int rc = ini_read(path, &ini, &problems);
        const struct ini_setting *x = ini_setting(ini_section(&ini, "a"), "x");
        const struct ini_setting *z = ini_setting(ini_section(&ini, "a"), "z");
        check(rc == 0, "%zu bytes: %s", lengths[i], problems.data);
        check(x != NULL && strlen(x->value) == lengths[i], "%zu bytes: cut", lengths[i]);
        check(z != NULL && z->line == 3, "%zu bytes: the line behind is lost", lengths[i]);
        ini_free(&ini);
        buffer_free(&problems);
        buffer_free(&text);
    }
}

static void test_huge_file(void **state)
{
    const char *path = path_in(*state, "wosync.conf");
    struct buffer text = {0}, problems = {0};
    struct ini ini;
    buffer_append_format(&text, "[a]\nx = %0*d\n", INI_LARGEST_FILE, 0);
    write_text(path, text.data);
    assert_int_equal(ini_read(path, &ini, &problems), -1);
    check(strstr(problems.data, "it cannot be read: File too large") != NULL, "%s", problems.data);
    ini_free(&ini);
    buffer_free(&problems);
    buffer_free(&text);
}

static void test_long_comment(void **state)
{
    struct buffer text = {0};
    buffer_append_format(&text, "; %0500d\n[a]\nx = 1\n%500s\n", 0, "");
    check_bytes(state, text.data, text.len, "[a]:2\nx=1:3\n", "");
    buffer_free(&text);
}

/* A line that is not UTF-8 is a mistake, a comment that is not is none, and the next line counts. */
static void test_not_utf8(void **state)
{
    static const char *const wrong[] = {"x = K\xfchlanlage", "x = \xc0\x80", "x = \xed\xa0\xbd",
        "x = \xf4\x90\x80\x80", "x = \xe2\x82", "x = a \xff b", "k\xfc = 1"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const char *path = path_in(*state, "wosync.conf");
        struct buffer text = {0}, problems = {0};
        struct ini ini;
        buffer_append_format(&text,
            "; Gr\xfc\xdf"
            "e\n[a]\n%s\ny = K\xc3\xbchlanlage\n",
            wrong[i]);
        write_file(path, text.data, text.len, 0600);
        int rc = ini_read(path, &ini, &problems);
        const struct ini_setting *y = ini_setting(ini_section(&ini, "a"), "y");
        check(rc == -1 && strstr(problems.data, ":3: the line holds bytes that are not UTF-8") != NULL,
            "%s: %s", wrong[i], problems.data);
        check(
            y != NULL && y->line == 4 && strcmp(y->value, "K\xc3\xbchlanlage") == 0, "the next line is lost");
        ini_free(&ini);
        buffer_free(&text);
        buffer_free(&problems);
    }
}

/* A NUL byte is a mistake of its line, in a comment too, and the next line counts. */
static void test_nul_byte(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } table[] = {{"[a]\nx = 1\0 2\ny = 3\n", 18}, {"[a]\n; x\0\ny = 3\n", 15}, {"[a]\n\0x = 1\ny = 3\n", 17},
        {"[a]\nx = 1\n\0", 11}};
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *path = path_in(*state, "wosync.conf");
        struct buffer problems = {0};
        struct ini ini;
        write_file(path, table[i].bytes, table[i].len, 0600);
        int rc = ini_read(path, &ini, &problems);
        const struct ini_setting *y = ini_setting(ini_section(&ini, "a"), "y");
        const char *expected = i < 3 ? ":2: the line holds a NUL byte\n" : ":3: the line holds a NUL byte\n";
        check(rc == -1 && strstr(problems.data, expected) != NULL, "row %zu: %s", i, problems.data);
        check(i == 3 || (y != NULL && y->line == 3 && strcmp(y->value, "3") == 0),
            "row %zu: the next line is lost", i);
        ini_free(&ini);
        buffer_free(&problems);
    }
}

static void test_byte_order_mark(void **state)
{
    static const char text[] = "\xef\xbb\xbf[a]\nx = 1\n";
    check_bytes(state, text, sizeof text - 1, "[a]:1\nx=1:2\n", "");
}

static void test_long_section_name(void **state)
{
    static const char text[] = "[handler a-name-that-is-quite-long-0123456789-0123456789]\ntype = log\n";
    check_bytes(state, text, sizeof text - 1,
        "[handler a-name-that-is-quite-long-0123456789-0123456789]:1\ntype=log:2\n", "");
}

static void test_missing_file(void **state)
{
    struct buffer problems = {0};
    struct ini ini;
    assert_int_equal(ini_read(path_in(*state, "none"), &ini, &problems), -1);
    check(strstr(problems.data, "none: it cannot be read: No such file") != NULL, "%s", problems.data);
    assert_int_equal(ini.count, 0);
    ini_free(&ini);
    buffer_clear(&problems);
    assert_int_equal(ini_read(*state, &ini, &problems), -1);
    check(strstr(problems.data, "it cannot be read: Is a directory") != NULL, "%s", problems.data);
    ini_free(&ini);
    buffer_free(&problems);
}

static void test_lookup(void **state)
{
    const char *path = path_in(*state, "wosync.conf");
    struct buffer problems = {0};
    struct ini ini;
    write_text(path, "[a]\nx = 1\nx = 2\n[b]\n");
    assert_int_equal(ini_read(path, &ini, &problems), 0);
    check_text(ini_setting(ini_section(&ini, "a"), "x")->value, "1");
    assert_null(ini_setting(ini_section(&ini, "a"), "y"));
    assert_null(ini_setting(ini_section(&ini, "b"), "x"));
    assert_null(ini_section(&ini, "A"));
    assert_null(ini_setting(NULL, "x"));
    ini_free(&ini);
    buffer_free(&problems);
}

/* Files laid over each other: a key takes the place of all settings of that key, lines keep their file. */
static void test_files_over_each_other(void **state)
{
    static const char *const texts[] = {
        "[a]\nx = 1\nx = 2\ny = 3\n[b]\nz = 4\n", "", "[b]\nz = 5\n[a]\nx = 6\n[c]\nw = 7\n w\n"};
    struct buffer problems = {0}, places = {0}, expected = {0};
    struct ini ini = {0};
    for (size_t i = 0; i < COUNT(texts); i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu.conf", i);
        write_text(path_in(*state, name), texts[i]);
        int rc = ini_read_over(path_in(*state, name), &ini, &problems);
        assert_int_equal(rc, i < 2 ? 0 : -1);
    }
    char *text = dump(&ini);
    check_text(text, "[a]:1\ny=3:4\nx=6:10\n[b]:5\nz=5:8\n[c]:11\nw=7:12\n");
    free(text);
    ini_place(&ini, ini_setting(ini_section(&ini, "a"), "y")->line, &places);
    buffer_append_text(&places, " ");
    ini_place(&ini, ini_setting(ini_section(&ini, "a"), "x")->line, &places);
    buffer_append_format(&expected, "%s:4 ", path_in(*state, "0.conf"));
    buffer_append_format(&expected, "%s:4", path_in(*state, "2.conf"));
    check_text(places.data, expected.data);
    check(strstr(problems.data, "2.conf:7: a line that begins with a blank") != NULL, "%s", problems.data);
    check(ini_same_file(&ini, 1, 6) && !ini_same_file(&ini, 6, 7) && ini_same_file(&ini, 7, 13), "files");
    assert_int_equal(ini_read_over(path_in(*state, "none"), &ini, &problems), -1);
    assert_int_equal(ini.file_count, 3);
    ini_free(&ini);
    buffer_free(&problems);
    buffer_free(&places);
    buffer_free(&expected);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_settings),
        in_directory(test_continuations),
        in_directory(test_comments),
        in_directory(test_problems),
        in_directory(test_utf16),
        in_directory(test_long_lines),
        in_directory(test_huge_file),
        in_directory(test_long_comment),
        in_directory(test_nul_byte),
        in_directory(test_not_utf8),
        in_directory(test_byte_order_mark),
        in_directory(test_long_section_name),
        in_directory(test_missing_file),
        in_directory(test_lookup),
        in_directory(test_files_over_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
