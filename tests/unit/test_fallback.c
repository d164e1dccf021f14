#include "support.h"

#include <string.h>

#include "base/timestamp.h"
#include "core/fallback.h"

enum { NOW = 1000000, SILENCE = 1000, SAFETY = 10000 };

static void test_reasons(void **state)
{
    static const struct {
        int64_t webhook, poll, broken;
        bool unfinished;
        const char *reason; /* a part of it; NULL: none */
    } table[] = {
        {NOW, NOW, 0, false, NULL},
        {NOW - 999, NOW - 9999, 0, false, NULL},
        {NOW - 1000, NOW, 0, false, "webhook_silence"},
        {NOW, NOW - 10000, 0, false, "safety_poll"},
        {NOW, NOW, 1, false, "not valid"},
        {NOW, NOW, 0, true, "unfinished"},
        {TIMESTAMP_NONE, NOW, 0, false, "no webhook ever came"},
        {NOW, TIMESTAMP_NONE, 0, false, "nothing was polled yet"},
        /* the clock went back */
        {NOW + 1, NOW, 0, false, "webhook_silence"},
        {NOW, NOW + 1, 0, false, "safety_poll"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct fallback fallback = {.now = NOW,
            .webhook = table[i].webhook,
            .poll = table[i].poll,
            .silence = SILENCE,
            .safety_poll = SAFETY,
            .broken = table[i].broken,
            .unfinished = table[i].unfinished};
        const char *reason = fallback_reason(&fallback);
        check((reason == NULL) == (table[i].reason == NULL), "row %zu: %s", i, reason);
        if (reason != NULL)
            check(strstr(reason, table[i].reason) != NULL, "row %zu: %s", i, reason);
    }
}

static void test_nothing_is_allowed_to_pass(void **state)
{
    const struct fallback fallback = {
        .now = NOW, .webhook = NOW, .poll = NOW, .silence = 0, .safety_poll = SAFETY};
    (void)state;
    assert_non_null(fallback_reason(&fallback));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_nothing_is_allowed_to_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
