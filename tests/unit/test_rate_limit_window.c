#include "support.h"

#include "core/rate_limit.h"

enum { NOW = 1000000 };

/* What it waits beyond the end of a window, for two clocks never tick together: a matter of its own, but
 * little. */
static int64_t margin;

static int find_margin(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 1, 0, 1);
    margin = rate_limit_wait(&rate_limit, NOW, 0) - 1000;
    return margin >= 0 && margin <= 50 ? 0 : -1;
}

static void test_nothing_known(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    check(rate_limit_wait(&rate_limit, NOW, 0) == 0 && rate_limit_wait(&rate_limit, NOW, 100) == 0,
        "a server that never said anything");
}

/* What one answer says, and how long the next request then waits. */
static void test_one_answer(void **state)
{
    const struct {
        const char *what;
        int64_t remaining, reset, later, reserve, wait;
    } table[] = {
        {"some are left", 10, 30, 0, 0, 0},
        {"one is left", 1, 30, 0, 0, 0},
        {"none is left", 0, 30, 0, 0, 30000 + margin},
        {"none is left, some time later", 0, 30, 12345, 0, 30000 - 12345 + margin},
        {"none is left, at the very end", 0, 30, 30000 + margin - 1, 0, 1},
        {"none was left, the window is over", 0, 30, 30000 + margin, 0, 0},
        {"the reserve is touched", 5, 30, 0, 5, 30000 + margin},
        {"the reserve is not touched", 6, 30, 0, 5, 0},
        {"the clock went back", 0, 30, -1, 0, 0},
        {"the clock went far back", 0, 30, -NOW + 1, 0, 0},
        {"the clock went far ahead", 0, 30, INT64_C(1000000000000), 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct rate_limit rate_limit = {0};
        rate_limit_note(&rate_limit, NOW, 100, table[i].remaining, table[i].reset);
        int64_t wait = rate_limit_wait(&rate_limit, NOW + table[i].later, table[i].reserve);
        check(wait == table[i].wait, "%s: %lld", table[i].what, (long long)wait);
    }
}

/* Of several answers in one window the earliest end counts: each is rounded up to a second. */
static void test_smallest_reset_of_a_window(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 3, 2, 60);
    rate_limit_note(
        &rate_limit, NOW + 900, 3, 1, 59); /* one second less, 900 ms later: 100 ms closer to the truth */
    rate_limit_note(&rate_limit, NOW + 1000, 3, 0, 59); /* says nothing new */
    check(rate_limit_wait(&rate_limit, NOW + 1000, 0) == 900 + 59000 - 1000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 1000, 0));
    rate_limit_note(&rate_limit, NOW + 60000, 3, 2, 60); /* the next window */
    rate_limit_note(&rate_limit, NOW + 60001, 3, 0, 60);
    check(rate_limit_wait(&rate_limit, NOW + 60001, 0) == 59999 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 60001, 0));
}

/* What is sent and never heard of uses the limit up, too. */
static void test_counted(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 3, 2, 60);
    rate_limit_count(&rate_limit, NOW);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 0, "one is left");
    rate_limit_count(&rate_limit, NOW);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 60000 + margin, "none is left");
    rate_limit_count(&rate_limit, NOW);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 60000 + margin, "less than none is left");
    rate_limit_note(&rate_limit, NOW + 60000, 3, 2, 60);
    check(rate_limit_wait(&rate_limit, NOW + 60000, 0) == 0, "a new window");
}

/* A server that never says anything is asked as often as MaintainX documents: 100 times in 60 s. */
static void test_counted_without_a_word(void **state)
{
    struct rate_limit rate_limit = {0};
    int64_t now = NOW;
    (void)state;
    for (int window = 0; window < 3; window++) {
        for (int i = 0; i < 100; i++, now += 10) {
            check(rate_limit_wait(&rate_limit, now, 0) == 0, "request %d of window %d", i, window);
            rate_limit_count(&rate_limit, now);
        }
        int64_t wait = rate_limit_wait(&rate_limit, now, 0);
        check(wait == 60000 - 1000 + margin, "window %d: %lld", window, (long long)wait);
        check(rate_limit_wait(&rate_limit, now - 10, 20) > 0, "the reserve");
        now += wait;
    }
    assert_int_equal(rate_limit_per_minute(&rate_limit, 0, 77), 77);
}

/* One that said its limit once, and nothing in the next window; and one whose windows are longer. */
static void test_counted_after_some_words(void **state)
{
    static const struct {
        int64_t reset, wait;
    } table[] = {{60, 60000}, {1, 60000}, {600, 600000}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct rate_limit rate_limit = {0};
        int64_t now = NOW + table[i].reset * 1000;
        rate_limit_note(&rate_limit, NOW, 5, 4, table[i].reset);
        for (int n = 0; n < 5; n++) {
            check(rate_limit_wait(&rate_limit, now, 0) == 0, "row %zu, request %d", i, n);
            rate_limit_count(&rate_limit, now);
        }
        check(rate_limit_wait(&rate_limit, now, 0) == table[i].wait + margin, "row %zu", i);
        /* headers come back: they are right */
        rate_limit_note(&rate_limit, now + 1000, 5, 3, 2);
        check(rate_limit_wait(&rate_limit, now + 1000, 0) == 0, "row %zu", i);
    }
}

/* Words that come while our own count runs are believed, whatever the count was. */
static void test_words_after_counting(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_count(&rate_limit, NOW);
    rate_limit_note(&rate_limit, NOW + 50000, 500, 0, 60);
    check(rate_limit_wait(&rate_limit, NOW + 50000, 0) == 60000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 50000, 0));
}

/* No wait is believed for longer than an hour; after it, one request looks, and the next hour begins. */
static void test_absurd_waits(void **state)
{
    enum { HOUR = 3600 * 1000 };
    struct rate_limit rate_limit = {0};
    int64_t now = NOW;
    (void)state;
    for (int i = 0; i < 3; i++) {
        rate_limit_note(&rate_limit, now, 100, 0, 500000);
        check(rate_limit_wait(&rate_limit, now, 0) == HOUR + margin, "a reset: %lld",
            (long long)rate_limit_wait(&rate_limit, now, 0));
        now += HOUR + margin;
        check(rate_limit_wait(&rate_limit, now, 0) == 0, "after an hour");
    }
    assert_int_equal(rate_limit.window, HOUR);
    rate_limit_refused(&rate_limit, now, INT64_C(7) * 24 * HOUR);
    check(rate_limit_wait(&rate_limit, now, 0) == HOUR + margin, "a Retry-After");
    rate_limit_hold(&rate_limit, now, INT64_MAX);
    check(rate_limit_wait(&rate_limit, now, 0) == HOUR + margin, "a 503");
}

/* A 503 that asks to wait is waited for; what the windows are is still known afterwards. */
static void test_held(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 50, 40, 20);
    rate_limit_hold(&rate_limit, NOW, 120000);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 120000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW, 0));
    check(rate_limit_wait(&rate_limit, NOW + 120000 + margin, 0) == 0, "it is over");
    check(rate_limit.limit == 50 && rate_limit.window == 20000 && rate_limit.slack == 0, "what is known");
    rate_limit = (struct rate_limit){0};
    rate_limit_hold(&rate_limit, NOW, 1000);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 1000 + margin, "nothing was known");
}

static void test_refused(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_refused(&rate_limit, NOW, 7000);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 7000 + margin, "with Retry-After, nothing known: %lld",
        (long long)rate_limit_wait(&rate_limit, NOW, 0));
    rate_limit = (struct rate_limit){0};
    rate_limit_refused(&rate_limit, NOW, -1);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 90000 + margin,
        "without Retry-After, nothing known: a whole window");
    rate_limit = (struct rate_limit){0};
    rate_limit_count(&rate_limit, NOW);
    rate_limit_refused(&rate_limit, NOW, -1);
    check(rate_limit_wait(&rate_limit, NOW, 0) == 90000 + margin && rate_limit.slack == 0,
        "our own count says nothing of the window");
    rate_limit = (struct rate_limit){0};
    rate_limit_note(&rate_limit, NOW, 100, 0, 20);
    rate_limit_refused(&rate_limit, NOW + 1, -1);
    check(rate_limit_wait(&rate_limit, NOW + 1, 0) == 19999 + margin,
        "without Retry-After, the window is known");
    rate_limit_refused(&rate_limit, NOW + 1, 3000);
    check(rate_limit_wait(&rate_limit, NOW + 1, 0) == 3000 + margin, "Retry-After wins");
    check(rate_limit_wait(&rate_limit, NOW + 1 + 3000 + margin, 0) == 0, "it is over");
}

/* A server whose seconds are rounded down refuses once; then its windows are taken to last a second longer.
 */
static void test_learns_from_a_needless_refusal(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 100, 5, 20);
    rate_limit_refused(&rate_limit, NOW + 10, 0);
    rate_limit_note(&rate_limit, NOW + 20, 100, 0, 20);
    check(rate_limit_wait(&rate_limit, NOW + 20, 0) == 20000 + 1000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 20, 0));
}

/* It is learnt once: one second is all that rounding can take away. */
static void test_learns_no_more_from_a_second_one(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        rate_limit_note(&rate_limit, NOW + i, 100, 5, 20);
        rate_limit_refused(&rate_limit, NOW + i, 0);
    }
    rate_limit_note(&rate_limit, NOW + 10, 100, 0, 20);
    check(rate_limit_wait(&rate_limit, NOW + 10, 0) == 20000 + 1000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 10, 0));
}

/* A refusal after all that was known has ended: a whole window is waited, not for a moment that has passed.
 */
static void test_refused_in_a_new_window(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 100, 50, 20);
    rate_limit_refused(&rate_limit, NOW + 20000, -1);
    check(rate_limit_wait(&rate_limit, NOW + 20000, 0) == 90000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 20000, 0));
}

/* What was said before the clock went back says nothing of the window that it is in now. */
static void test_the_clock_goes_back(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 100, 50, 20);
    rate_limit_note(&rate_limit, NOW - 15000, 100, 0, 60);
    check(rate_limit_wait(&rate_limit, NOW - 15000, 0) == 60000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW - 15000, 0));
}

/* What is known of the window stems from another time, by three days. */
static void test_refused_after_the_clock_went_back(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, 259200000, 100, 50, 60);
    rate_limit_refused(&rate_limit, 5000, -1);
    assert_int_equal(rate_limit_wait(&rate_limit, 5000, 0), 90000 + margin);
}

/* More left than before: someone's window has begun, however early. */
static void test_a_window_that_begins_early(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 100, 1, 20);
    rate_limit_note(&rate_limit, NOW + 5000, 100, 99, 60);
    rate_limit_note(&rate_limit, NOW + 5001, 100, 0, 60);
    check(rate_limit_wait(&rate_limit, NOW + 5001, 0) == 60000 - 1 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, NOW + 5001, 0));
}

/* An answer that was long on its way, and the first one of the next window: each says that two are left. */
static void test_two_windows_with_as_many_left(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, 60864, 3, 2, 5); /* of a window that ended at 58164 */
    rate_limit_note(&rate_limit, 62304, 3, 2, 5); /* of one that began at 61590 */
    rate_limit_note(&rate_limit, 62439, 3, 1, 5);
    rate_limit_note(&rate_limit, 63061, 3, 0, 4);
    check(63061 + rate_limit_wait(&rate_limit, 63061, 0) >= 66590,
        "it goes on %lld ms before the window ends",
        (long long)(66590 - 63061 - rate_limit_wait(&rate_limit, 63061, 0)));
}

/* What this process knows, and what another one has stored. */
static void test_merge(void **state)
{
    static const struct {
        const char *what;
        struct rate_limit mine, stored;
        int64_t remaining, reset;
    } table[] = {
        {"nothing here", {0}, {100, 7, NOW + 9000, NOW - 1, 60000, 0}, 7, NOW + 9000},
        {"nothing there", {100, 7, NOW + 9000, NOW - 1, 60000, 0}, {0}, 7, NOW + 9000},
        {"both count in one window", {100, 50, NOW + 9000, NOW - 5, 60000, 0},
            {100, 47, NOW + 9400, NOW - 9, 60000, 0}, 47, NOW + 9000},
        {"the other one is behind", {100, 47, NOW + 9400, NOW - 5, 60000, 0},
            {100, 50, NOW + 9000, NOW - 9, 60000, 0}, 47, NOW + 9000},
        {"none is left, the end is known better there", {100, 1, NOW + 9000, NOW - 5, 60000, 0},
            {100, 0, NOW + 8500, NOW - 9, 60000, 0}, 0, NOW + 8500},
        {"a 429 there asks for a longer wait", {100, 0, NOW + 9000, NOW - 5, 60000, 0},
            {100, 0, NOW + 20000, NOW - 9, 60000, 0}, 0, NOW + 20000},
        {"a 429 here asks for a longer wait", {100, 0, NOW + 20000, NOW - 5, 60000, 0},
            {100, 0, NOW + 9000, NOW - 9, 60000, 0}, 0, NOW + 20000},
        {"a new window began, seen here", {100, 99, NOW + 60000, NOW - 5, 60000, 0},
            {100, 0, NOW + 300, NOW - 9, 60000, 0}, 99, NOW + 60000},
        {"a new window began, seen there", {100, 0, NOW + 300, NOW - 9, 60000, 0},
            {100, 99, NOW + 60000, NOW - 5, 60000, 0}, 99, NOW + 60000},
        {"its window is over", {100, 3, NOW + 300, NOW - 9, 60000, 0},
            {100, 0, NOW - 1, NOW - 60000, 60000, 0}, 3, NOW + 300},
        {"ours is over", {100, 0, NOW - 1, NOW - 60000, 60000, 0}, {100, 3, NOW + 300, NOW - 9, 60000, 0}, 3,
            NOW + 300},
        {"there it is a guess", {10, 9, NOW + 1000, NOW - 5, 1000, 0}, {100, 99, NOW + 60000, NOW - 1, 0, 0},
            9, NOW + 1000},
        {"here it is a guess", {100, 99, NOW + 60000, NOW - 1, 0, 0}, {10, 9, NOW + 1000, NOW - 5, 1000, 0},
            9, NOW + 1000},
        {"the clock went back since it was stored", {100, 5, NOW + 300, NOW - 9, 60000, 0},
            {100, 0, NOW + 90000, NOW + 50000, 60000, 0}, 5, NOW + 300},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct rate_limit merged = table[i].mine;
        rate_limit_merge(&merged, &table[i].stored, NOW);
        check(merged.remaining == table[i].remaining && merged.reset == table[i].reset, "%s: %lld until %lld",
            table[i].what, (long long)merged.remaining, (long long)(merged.reset - NOW));
    }
    struct rate_limit learnt = {100, 5, NOW + 300, NOW - 9, 1000, 0};
    rate_limit_merge(&learnt, &(struct rate_limit){100, 6, NOW + 300, NOW - 9, 60000, 1000}, NOW);
    check(learnt.window == 60000 && learnt.slack == 1000, "what one has learnt both know");
}

/* The next window begins when its first request arrives. What is taken for its end before the answer comes is
 * no bound for what the answer says. */
static void test_roll(void **state)
{
    struct rate_limit rate_limit = {0}, stored;
    (void)state;
    rate_limit_note(&rate_limit, NOW, 10, 0, 20);
    const int64_t later = NOW + 20000 + margin;
    rate_limit_roll(&rate_limit, NOW);
    check(rate_limit.remaining == 0, "it is not over");
    rate_limit_roll(&rate_limit, later);
    check(rate_limit.remaining == 10, "it is over: %lld", (long long)rate_limit.remaining);
    rate_limit_count(&rate_limit, later);
    stored = rate_limit;
    rate_limit_note(&rate_limit, later + 900, 10, 0, 20); /* it arrived 800 ms after it was sent */
    rate_limit_merge(&rate_limit, &stored, later + 900);
    check(rate_limit_wait(&rate_limit, later + 900, 0) == 20000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, later + 900, 0));
}

/* The same, of a request that is on its way for more than half of the window. */
static void test_roll_with_a_slow_request(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 10, 0, 20);
    const int64_t later = NOW + 20000 + margin, came = later + 12000;
    rate_limit_roll(&rate_limit, later);
    rate_limit_count(&rate_limit, later);
    rate_limit_note(&rate_limit, came, 10, 0, 20);
    check(rate_limit_wait(&rate_limit, came, 0) == 20000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, came, 0));
}

/* What was seen first was the end of a window: the next one lasts longer than that. */
static void test_roll_of_a_window_seen_in_part(void **state)
{
    struct rate_limit rate_limit = {0};
    (void)state;
    rate_limit_note(&rate_limit, NOW, 10, 0, 20);
    const int64_t later = NOW + 20000 + margin;
    rate_limit_roll(&rate_limit, later);
    rate_limit_count(&rate_limit, later);
    rate_limit_note(&rate_limit, later + 100, 10, 0, 53);
    check(rate_limit_wait(&rate_limit, later + 100, 0) == 53000 + margin, "%lld",
        (long long)rate_limit_wait(&rate_limit, later + 100, 0));
}

/* A long pass alone leaves a tenth at first, and has used all of it in the end. */
static void test_modestly(void **state)
{
    static const int64_t limits[][2] = {{20, 3}, {8, 2}, {4, 1}, {3, 0}, {1, 0}};
    struct rate_limit rate_limit = {0};
    int64_t now = NOW, sent_at_once = 0, sent = 0;
    (void)state;
    check(rate_limit_wait_modestly(&rate_limit, now, 0) == 0, "nothing is known");
    rate_limit_note(&rate_limit, now, 100, 100, 60);
    const int64_t end = rate_limit.reset;
    while (now < end && rate_limit.remaining > 0) {
        int64_t wait = rate_limit_wait_modestly(&rate_limit, now, 0);
        check(wait >= 0 && wait <= end - now + margin, "%lld", (long long)wait);
        if (wait == 0) {
            rate_limit_count(&rate_limit, now);
            sent++;
        }
        sent_at_once += wait == 0 && now == NOW;
        /* at any time a poll finds its share of what is left of the window */
        check(rate_limit.remaining >= 10 * (end - now) / 60000 - 1, "%lld are left after %lld ms",
            (long long)rate_limit.remaining, (long long)(now - NOW));
        now += wait;
    }
    check(sent == 100 && sent_at_once == 90, "%lld at once, %lld in all", (long long)sent_at_once,
        (long long)sent);
    /* of few at least some, of very few not all */
    for (size_t i = 0; i < COUNT(limits); i++) {
        rate_limit = (struct rate_limit){0};
        rate_limit_note(&rate_limit, NOW, limits[i][0], limits[i][0], 60);
        while (rate_limit_wait_modestly(&rate_limit, NOW, 0) == 0)
            rate_limit_count(&rate_limit, NOW);
        check(rate_limit.remaining == limits[i][1], "of %lld %lld are left", (long long)limits[i][0],
            (long long)rate_limit.remaining);
    }
    /* the reserve of others comes on top */
    rate_limit = (struct rate_limit){0};
    rate_limit_note(&rate_limit, NOW, 100, 15, 60);
    check(rate_limit_wait_modestly(&rate_limit, NOW, 4) == 0 &&
              rate_limit_wait_modestly(&rate_limit, NOW, 5) > 0,
        "with a reserve");
}

static void test_per_minute(void **state)
{
    static const struct {
        int64_t limit, reset, reserve, rate;
    } table[] = {{100, 60, 0, 100}, {100, 30, 0, 200}, {500, 60, 100, 400}, {10, 600, 0, 1}, {5, 60, 5, 77},
        {1, 3600, 0, 1}};
    struct rate_limit rate_limit = {0};
    (void)state;
    assert_int_equal(rate_limit_per_minute(&rate_limit, 0, 77), 77);
    assert_int_equal(rate_limit_per_minute(&rate_limit, 0, 0), 1);
    rate_limit_refused(&rate_limit, NOW, 5000); /* which says nothing of how long a window is */
    assert_int_equal(rate_limit_per_minute(&rate_limit, 0, 77), 77);
    for (size_t i = 0; i < COUNT(table); i++) {
        rate_limit = (struct rate_limit){0};
        rate_limit_note(&rate_limit, NOW, table[i].limit, table[i].limit, table[i].reset);
        int64_t rate = rate_limit_per_minute(&rate_limit, table[i].reserve, 77);
        check(rate == table[i].rate, "row %zu: %lld", i, (long long)rate);
    }
}

/* --- against a limiter that counts --- */

struct limiter {
    bool first_opens; /* the first request of a window begins it; else windows follow each other without a gap
                       */
    int64_t length;   /* milliseconds */
    int64_t limit;
    int64_t begin;
    int64_t used;
};

/* One request that arrives at `now`: true when it is let through. */
static bool limiter_take(struct limiter *l, int64_t now)
{
    if (now >= l->begin + l->length) {
        l->begin = l->first_opens ? now : now - (now - l->begin) % l->length;
        l->used = 0;
    }
    if (l->used == l->limit)
        return false;
    l->used++;
    return true;
}

struct run {
    const char *what;
    bool first_opens;
    int64_t length, limit, reserve, there, back, percent;
};

/* Sends as fast as rate_limit allows for fifty windows; returns the requests that were let through, or -1 -
 * the number of refusals. */
static int64_t simulate(const struct run *run)
{
    struct limiter limiter = {run->first_opens, run->length, run->limit, 0, 0};
    struct rate_limit rate_limit = {0};
    int64_t taken = 0, refused = 0, now = 1000003;
    const int64_t end = now + 50 * run->length;
    limiter.begin = now;
    while (now < end) {
        now += rate_limit_wait(&rate_limit, now, run->reserve) + run->there;
        bool passed = limiter_take(&limiter, now);
        int64_t reset = (limiter.begin + limiter.length - now + 999) / 1000;
        now += run->back;
        rate_limit_note(&rate_limit, now, limiter.limit, limiter.limit - limiter.used, reset);
        if (!passed)
            rate_limit_refused(&rate_limit, now, -1);
        taken += passed && now < end;
        refused += !passed;
    }
    return refused > 0 ? -1 - refused : taken;
}

static void test_uses_what_is_allowed(void **state)
{
    static const struct run table[] = {
        {"60 s", false, 60000, 100, 0, 3, 4, 99},
        {"60 s, many requests", false, 60000, 2000, 0, 3, 4, 99},
        {"60 s, a slow line", false, 60000, 500, 0, 40, 45, 99},
        {"60 s, no time at all", false, 60000, 100, 0, 0, 1, 99},
        {"60 s, the first request opens", true, 60000, 100, 0, 3, 4, 99},
        {"60 s, the first opens, a slow line", true, 60000, 500, 0, 40, 45, 99},
        {"60 s, with a reserve", false, 60000, 100, 20, 3, 4, 79},
        {"2 s", false, 2000, 20, 0, 3, 4, 99},
        {"2 s, many requests", false, 2000, 150, 0, 3, 4, 99},
        {"2 s, the line takes its time", false, 2000, 20, 0, 20, 30, 99},
        {"2 s, the first request opens", true, 2000, 20, 0, 3, 4, 99},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t taken = simulate(&table[i]);
        check(taken >= 0, "%s: %lld requests were refused", table[i].what, (long long)(-taken - 1));
        check(taken * 100 >= 50 * table[i].limit * table[i].percent, "%s: %lld of %lld requests",
            table[i].what, (long long)taken, (long long)(50 * table[i].limit));
    }
}

/* One process has only counted its requests when another one, a moment ahead, has heard from the server. */
static void test_a_guess_beside_a_word(void **state)
{
    (void)state;
    const struct rate_limit guess = {.limit = 100, .remaining = 97, .reset = NOW + 60000, .seen = NOW};
    const struct rate_limit word = {
        .limit = 100000, .remaining = 99990, .reset = NOW + 54000, .seen = NOW + 1, .window = 54000};
    struct rate_limit mine = guess;
    rate_limit_merge(&mine, &word, NOW);
    assert_int_equal(rate_limit_wait_modestly(&mine, NOW, 0), 0);
    struct rate_limit later = word;
    rate_limit_merge(&later, &mine, NOW + 2);
    assert_int_equal(rate_limit_wait_modestly(&later, NOW + 2, 0), 0);
    later = word;
    rate_limit_merge(&later, &guess, NOW);
    assert_int_equal(rate_limit_wait_modestly(&later, NOW, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_guess_beside_a_word),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_one_answer),
        cmocka_unit_test(test_smallest_reset_of_a_window),
        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_counted_without_a_word),
        cmocka_unit_test(test_counted_after_some_words),
        cmocka_unit_test(test_words_after_counting),
        cmocka_unit_test(test_absurd_waits),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_learns_from_a_needless_refusal),
        cmocka_unit_test(test_learns_no_more_from_a_second_one),
        cmocka_unit_test(test_refused_in_a_new_window),
        cmocka_unit_test(test_the_clock_goes_back),
        cmocka_unit_test(test_refused_after_the_clock_went_back),
        cmocka_unit_test(test_a_window_that_begins_early),
        cmocka_unit_test(test_two_windows_with_as_many_left),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_roll),
        cmocka_unit_test(test_roll_with_a_slow_request),
        cmocka_unit_test(test_roll_of_a_window_seen_in_part),
        cmocka_unit_test(test_modestly),
        cmocka_unit_test(test_per_minute),
        cmocka_unit_test(test_uses_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, find_margin, NULL);
}
