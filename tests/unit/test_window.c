#include "support.h"

#include "base/timestamp.h"
#include "core/window.h"

/* Rule R1: since = min(W, S - lookback). */
static void test_since(void **state)
{
    static const struct {
        const char *what, *watermark, *started;
        int64_t lookback; /* seconds */
        const char *since;
    } table[] = {
        {"before the first pass everything is read", "", "", 300, ""},
        {"a watermark without a finished pass proves nothing", "2026-01-20T10:00:00Z", "", 300, ""},
        {"an idle account: the watermark lies far back", "2026-01-20T08:00:00Z", "2026-01-20T10:00:00Z", 300,
            "2026-01-20T08:00:00Z"},
        {"a busy one: the pass saw what is younger than its begin", "2026-01-20T10:00:07Z",
            "2026-01-20T10:00:00Z", 300, "2026-01-20T09:55:00Z"},
        {"changed just before the pass", "2026-01-20T09:59:00Z", "2026-01-20T10:00:00Z", 300,
            "2026-01-20T09:55:00Z"},
        {"both bounds at once", "2026-01-20T09:55:00Z", "2026-01-20T10:00:00Z", 300, "2026-01-20T09:55:00Z"},
        {"one millisecond decides", "2026-01-20T09:54:59.999Z", "2026-01-20T10:00:00Z", 300,
            "2026-01-20T09:54:59.999Z"},
        {"a date in the future does not poison it", "2999-01-01T00:00:00Z", "2026-01-20T10:00:00Z", 300,
            "2026-01-20T09:55:00Z"},
        {"a clock an hour ahead: the vendor's recipe", "2026-01-20T10:00:00Z", "2026-01-20T11:00:00Z", 300,
            "2026-01-20T10:00:00Z"},
        {"a clock an hour behind only reads more", "2026-01-20T10:00:00Z", "2026-01-20T09:00:00Z", 300,
            "2026-01-20T08:55:00Z"},
        {"nothing was ever seen", "", "2026-01-20T10:00:00Z", 300, "2026-01-20T09:55:00Z"},
        {"no lookback", "2026-01-20T10:00:01Z", "2026-01-20T10:00:00Z", 0, "2026-01-20T10:00:00Z"},
        {"a long lookback", "2026-01-20T10:00:01Z", "2026-01-20T10:00:00Z", 86400, "2026-01-19T10:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t since =
            window_since(instant(table[i].watermark), instant(table[i].started), table[i].lookback * 1000);
        check(since == instant(table[i].since), "%s: %lld", table[i].what, (long long)since);
    }
}

/* S: the server's time, or ours where that is earlier or where the server gave none. */
static void test_started(void **state)
{
    static const struct {
        const char *server, *local, *started;
    } table[] = {
        {"", "2026-01-20T10:00:00Z", "2026-01-20T10:00:00Z"},
        {"2026-01-20T10:00:00Z", "2026-01-20T10:00:00Z", "2026-01-20T10:00:00Z"},
        {"2026-01-20T09:00:00Z", "2026-01-20T10:00:00Z", "2026-01-20T09:00:00Z"},
        {"2026-01-20T11:00:00Z", "2026-01-20T10:00:00Z", "2026-01-20T10:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t started = window_started(instant(table[i].server), instant(table[i].local));
        check(started == instant(table[i].started), "row %zu: %lld", i, (long long)started);
    }
}

/* The sentence that R1 rests on: an update that became visible within the lookback is read by this pass or
 * the next. */
static void test_no_update_falls_between(void **state)
{
    const int64_t begin = instant("2026-01-20T10:00:00Z"), lookback = 300000;
    uint64_t seed = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t updated = begin - 400000 + next_random(&seed) % 800000;
        int64_t visible = updated + next_random(&seed) % (uint32_t)(lookback + 1);
        int64_t watermark = begin - 500000 + next_random(&seed) % 1000000;
        bool read_now = visible <= begin && updated >= begin - 500000;
        bool read_next = updated >= window_since(watermark, begin, lookback);
        check(read_now || read_next, "updated %lld, visible %lld", (long long)(updated - begin),
            (long long)(visible - begin));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_started),
        cmocka_unit_test(test_no_update_falls_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
