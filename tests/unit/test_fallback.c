#include "support.h"

#include <string.h>

#include "base/timestamp.h"
#include "core/fallback.h"

enum { NOW = 1000000, SILENCE = 1000, SAFETY = 10000 };

static void test_reasons(void **state)
{
    static const struct {
        int64_t webhook, poll, broken;
        bool unfinished, many;
        int64_t refused;    /* before now; 0: never */
        const char *reason; /* a part of it; NULL: none */
    } table[] = {
        {NOW, NOW, 0, false, false, 0, NULL},
        {NOW - 999, NOW - 9999, 0, false, false, 0, NULL},
        {NOW - 1000, NOW, 0, false, false, 0, "webhook_silence"},
        {NOW, NOW - 10000, 0, false, false, 0, "safety_poll"},
        {NOW, NOW, 1, false, false, 0, "not valid"},
        {NOW, NOW, 0, true, false, 0, "unfinished"},
        {TIMESTAMP_NONE, NOW, 0, false, false, 0, "no webhook has brought a work order yet"},
        {NOW, TIMESTAMP_NONE, 0, false, false, 0, "nothing was polled yet"},
        {NOW, NOW, 0, false, true, 0, "many work orders"},
        {NOW, NOW - 5, 0, false, false, 5, "refused since the last poll"},
        {NOW, NOW - 5, 0, false, false, 6, NULL},
        /* the clock went back */
        {NOW + 1, NOW, 0, false, false, 0, "webhook_silence"},
        {NOW, NOW + 1, 0, false, false, 0, "safety_poll"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct fallback fallback = {.now = NOW,
            .webhook = table[i].webhook,
            .poll = table[i].poll,
            .silence = SILENCE,
            .safety_poll = SAFETY,
            .broken = table[i].broken,
            .unfinished = table[i].unfinished,
            .many = table[i].many,
            .refused = table[i].refused != 0 ? NOW - table[i].refused : TIMESTAMP_NONE};
        const char *reason = fallback_reason(&fallback);
        check((reason == NULL) == (table[i].reason == NULL), "row %zu: %s", i, reason);
        if (reason != NULL)
            check(strstr(reason, table[i].reason) != NULL, "row %zu: %s", i, reason);
    }
}

static void test_nothing_is_allowed_to_pass(void **state)
{
    const struct fallback fallback = {.now = NOW,
        .webhook = NOW,
        .refused = TIMESTAMP_NONE,
        .poll = NOW,
        .silence = 0,
        .safety_poll = SAFETY};
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
