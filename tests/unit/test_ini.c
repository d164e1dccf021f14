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
        {"[api]\nkey = value ; why\n", "[api]:1\nkey=value:2\n", ""},
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
    static const char swallowed[] =
        "3: a line that begins with a space goes on with the line before; remove the space";
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

static void test_comment_behind_a_continuation(void **state)
{
    static const struct row table[] = {
        {"[handler x]\nwhen = a ; one\n  AND b ; two\n", "[handler x]:1\nwhen=a AND b:2\n", ""},
        {"[handler x]\nwhen = a ; one\n  AND b \t  ; two\n", "[handler x]:1\nwhen=a AND b:2\n", ""},
    };
    check_rows(state, table, COUNT(table));
}

static void test_problems(void **state)
{
    static const struct row table[] = {
        {"[api\nkey = 1\n", "[]:2\nkey=1:2\n", "1: a section header needs a closing bracket"},
        {"[api]\njust words\nkey = 1\n", "[api]:1\nkey=1:3\n", "2: it is no setting; write KEY = VALUE"},
        {"[api]\n= 1\n", "[api]:1\n=1:2\n", "2: there is no key before the ="},
        {"[api]\n  just words\nkey = 1\n", "[api]:1\nkey=1:3\n", "2: it is no setting; write KEY = VALUE"},
        {"[api]\n\t= 1\n", "[api]:1\n=1:2\n", "2: there is no key before the ="},
        {"[api]\n[]\nkey = 1\n", "[api]:1\nkey=1:3\n", "2: a section needs a name"},
        {"[api]\none\n[b\nx = 1\n=\n", "[api]:1\nx=1:4\n=:5\n", /* all at once */
            "2: it is no setting; write KEY = VALUE\n3: a section header needs a closing bracket\n"
            "5: there is no key before the ="},
    };
    check_rows(state, table, COUNT(table));
}

/* A line of the longest length is read whole; a longer one is a mistake, never a shorter value. */
static void test_long_lines(void **state)
{
    for (size_t len = INI_LONGEST_LINE - 1; len <= INI_LONGEST_LINE + 300; len++) {
        const char *path = path_in(*state, "wosync.conf");
        struct buffer text = {0}, problems = {0};
        struct ini ini;
        buffer_append_text(&text, "[a]\nx = ");
        size_t value = len - strlen("x = ");
        for (size_t i = 0; i < value; i++)
            buffer_append_text(&text, "v");
        buffer_append_text(&text, "\nafter = 1\n");
        write_text(path, text.data);
        int rc = ini_read(path, &ini, &problems);
        const struct ini_setting *x = ini_setting(ini_section(&ini, "a"), "x");
        const struct ini_setting *after = ini_setting(ini_section(&ini, "a"), "after");
        check(after != NULL && after->line == 3, "%zu bytes: the line behind is lost", len);
        if (len <= INI_LONGEST_LINE)
            check(rc == 0, "%zu bytes: %s", len, problems.data);
        if (rc == 0)
            check(x != NULL && strlen(x->value) == value, "%zu bytes: cut", len);
        else
            check(len > INI_LONGEST_LINE && x == NULL &&
                      strstr(problems.data, ":2: the line is longer") != NULL,
                "%zu bytes: %s", len, problems.data);
        if (len > INI_LONGEST_LINE + 2)
            check(rc == -1, "%zu bytes: taken", len);
        ini_free(&ini);
        buffer_free(&problems);
        buffer_free(&text);
    }
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
        const char *expected = i < 3 ? ":2: it holds a NUL byte\n" : ":3: it holds a NUL byte\n";
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

/* The limit of inih for names must not split a section in two. */
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

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_settings),
        in_directory(test_continuations),
        in_directory(test_comment_behind_a_continuation),
        in_directory(test_problems),
        in_directory(test_long_lines),
        in_directory(test_long_comment),
        in_directory(test_nul_byte),
        in_directory(test_not_utf8),
        in_directory(test_byte_order_mark),
        in_directory(test_long_section_name),
        in_directory(test_missing_file),
        in_directory(test_lookup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
