#include "support.h"

#include "handlers/exec/argv.h"

static void test_split(void **state)
{
    static const struct {
        const char *line;
        const char *words[6];
    } table[] = {
        {"a", {"a"}},
        {"  a \t b  ", {"a", "b"}},
        {"a\tb\t", {"a", "b"}},
        {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
        {"a''b'c d'\"e\"", {"abc de"}},
        {"a '' \"\"", {"a", "", ""}},
        {"a \"\\\"\\\\\\x\"", {"a", "\"\\\\x"}},
        {"a '\\' \\ b\\", {"a", "\\", "\\", "b\\"}},
        {"a \"it's\" '\"'", {"a", "it's", "\""}},
        {"$HOME `x` $(x) * ;", {"$HOME", "`x`", "$(x)", "*", ";"}},
        {"'/opt/my tools/x' -v", {"/opt/my tools/x", "-v"}},
    };
    const char *reason;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char **words = argv_split(table[i].line, &reason);
        check(words != NULL, "%s: %s", table[i].line, reason);
        for (size_t k = 0; k < COUNT(table[i].words); k++) {
            check_text(words[k], table[i].words[k]);
            if (words[k] == NULL)
                break;
        }
        argv_free(words);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *reason;
    } table[] = {
        {"", "it names no program"},
        {" \t", "it names no program"},
        {"'' x", "it names no program"},
        {"a 'b", "a quote is not closed"},
        {"a \"b", "a quote is not closed"},
        {"a \"b\\\"", "a quote is not closed"},
        {"'", "a quote is not closed"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *reason = NULL;
        check(argv_split(table[i].line, &reason) == NULL, "%s", table[i].line);
        check_text(reason, table[i].reason);
    }
    argv_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
