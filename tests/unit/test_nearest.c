#include "support.h"

#include "base/nearest.h"

static void test_nearest(void **state)
{
    static const char *const known[] = {
        "path", "keep", "page_size", "timeout", "on", "when", "workorder.created"};
    static const struct {
        const char *word, *found;
    } table[] = {
        {"path", "path"},
        {"PATH", "path"},
        {"paht", "path"},
        {"pat", "path"},
        {"paths", "path"},
        {"page-size", "page_size"},
        {"pagesize", "page_size"},
        {"page_sizes_", "page_size"},
        {"pagsizes_", NULL},
        {"time_out", "timeout"},
        {"TimeOut", "timeout"},
        {"no", "on"},
        {"in", "on"},
        {"x", NULL},
        {"", NULL},
        {"token", NULL},
        {"workorder_create", "workorder.created"},
        {"a-word-that-is-longer-than-any-that-is-known-here", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check_text(nearest_word(table[i].word, known, COUNT(known)), table[i].found);
    assert_null(nearest_word("x", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
