#include "support.h"

#include "base/timestamp.h"
#include "core/detour.h"

/* A list in which each page fails that holds one of these instants. */
struct list {
    int64_t poisoned[8];
    size_t poisoned_count;
    int64_t last; /* the newest instant there is */
};

/* How it was read. */
struct reading {
    int64_t read_to; /* everything before was read or skipped */
    int64_t skipped[8];
    size_t skipped_count;
    int good, bad; /* windows */
};

static bool fails(const struct list *list, int64_t from, int64_t until)
{
    for (size_t i = 0; i < list->poisoned_count; i++)
        if (from <= list->poisoned[i] && (until == TIMESTAMP_NONE || list->poisoned[i] <= until))
            return true;
    return false;
}

static int64_t next_of(const int64_t *known, size_t count, int64_t from)
{
    int64_t next = TIMESTAMP_NONE;
    for (size_t i = 0; i < count; i++)
        if (known[i] >= from && (next == TIMESTAMP_NONE || known[i] < next))
            next = known[i];
    return next;
}

/* Reads all of it; `known` is left out without asking. */
static struct reading read_all(
    const struct list *list, const int64_t *known, size_t count, struct detour detour, int64_t newest)
{
    struct reading r = {.read_to = detour.from};
    for (int i = 0; i < 1000; i++) {
        while (!detour_set_window(&detour, next_of(known, count, detour.from), false))
            ;
        check(next_of(known, count, r.read_to) == TIMESTAMP_NONE ||
                  next_of(known, count, r.read_to) >= detour.from || detour.from >= r.read_to,
            "it went back");
        if (!fails(list, detour.from, detour.until)) {
            r.good++;
            if (detour_window_read(&detour))
                return r;
        } else {
            r.bad++;
            if (detour_window_failed(&detour, newest)) {
                r.skipped[r.skipped_count++] = detour.from;
                detour_skip(&detour);
            }
        }
        r.read_to = detour.from;
    }
    check(false, "it never ends");
    return r;
}

static struct detour begun(int64_t from, int64_t bad)
{
    struct detour detour;
    detour_begin(&detour, from, bad);
    return detour;
}

/* Whatever is poisoned is skipped, and nothing else, in about as many windows as it takes to halve the time.
 */
static void test_finds_what_fails(void **state)
{
    static const struct list lists[] = {
        {{0}, 0, 1000},
        {{500}, 1, 1000},
        {{0}, 1, 1000},
        {{1000}, 1, 1000},
        {{499, 500}, 2, 1000},
        {{0, 1, 2, 999, 1000}, 5, 1000},
        {{5000}, 1, 1000},                   /* dated ahead of the present */
        {{INT64_C(1200000000000)}, 1, 1000}, /* by forty years */
        {{3, INT64_C(900000000000)}, 2, 1000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct reading r = read_all(&lists[i], NULL, 0, begun(0, 1000), 1000);
        check(r.skipped_count == lists[i].poisoned_count, "list %zu: %zu", i, r.skipped_count);
        for (size_t n = 0; n < r.skipped_count; n++)
            check(r.skipped[n] == lists[i].poisoned[n], "list %zu: %lld", i, (long long)r.skipped[n]);
        check(r.good + r.bad <= 100 * (int)(lists[i].poisoned_count + 1), "list %zu: %d windows", i,
            r.good + r.bad);
    }
    struct reading r = read_all(&lists[1], NULL, 0, begun(0, 1000), 1000);
    check(r.good + r.bad < 25, "%d", r.good + r.bad);
}

/* What is known is left out at once. */
static void test_leaves_out_what_is_known(void **state)
{
    static const struct list list = {{500, 700, 701}, 3, 1000};
    (void)state;
    struct reading r = read_all(&list, list.poisoned, 3, begun(400, TIMESTAMP_NONE), 1000);
    check(r.skipped_count == 0 && r.bad == 0 && r.good == 3, "%zu, %d, %d", r.skipped_count, r.bad, r.good);
    r = read_all(&list, list.poisoned, 1, begun(500, TIMESTAMP_NONE), 1000);
    check(r.skipped_count == 2 && r.skipped[0] == 700 && r.skipped[1] == 701, "%zu", r.skipped_count);
    r = read_all(&list, list.poisoned, 3, begun(800, TIMESTAMP_NONE), 1000);
    check(r.skipped_count == 0 && r.good == 1, "%d", r.good);
}

/* The present moves while windows are read. One that fails and is dated ahead of it, for the records have
 * another clock, is not run after. */
static void test_present_that_moves(void **state)
{
    static const int64_t ahead[] = {1000, 3600000, INT64_C(12) * 86400000, INT64_C(50) * 366 * 86400000};
    const int64_t began = INT64_C(1790000000000), window_ms = 1000;
    (void)state;
    for (size_t i = 0; i < COUNT(ahead); i++) {
        const int64_t poisoned = began + ahead[i];
        const struct list list = {{poisoned}, 1, poisoned};
        struct detour detour = begun(began - 600000, began);
        int windows = 0;
        for (bool all = false; !all && windows < 200; windows++) {
            while (!detour_set_window(&detour, TIMESTAMP_NONE, false))
                ;
            if (!fails(&list, detour.from, detour.until)) {
                all = detour_window_read(&detour);
            } else if (detour_window_failed(&detour, began + windows * window_ms)) {
                check(detour.from == poisoned, "skipped: %lld", (long long)detour.from);
                detour_skip(&detour);
            }
        }
        check(windows < 200, "%lld ms ahead: it does not end", (long long)ahead[i]);
    }
}

/* Or it is asked for again, alone. */
static void test_asks_again(void **state)
{
    struct detour detour = begun(500, TIMESTAMP_NONE);
    (void)state;
    check(detour_set_window(&detour, 502, true) && detour.from == 500 && detour.until == 501, "before it");
    assert_false(detour_window_read(&detour));
    check(detour_set_window(&detour, 502, true) && detour.from == 502 && detour.until == 502, "it");
    assert_true(detour_window_failed(&detour, 1000));
    detour_skip(&detour);
    check(detour_set_window(&detour, TIMESTAMP_NONE, true) && detour.from == 503, "behind it");
    assert_int_equal(detour.until, TIMESTAMP_NONE);
}

static void test_states(void **state)
{
    struct detour detour = DETOUR_NONE;
    (void)state;
    assert_false(detour_is_on(&detour));
    detour_begin(&detour, 10, 5); /* the present lies before the bound: a clock went back */
    check(detour_is_on(&detour) && detour.bad == 10, "%lld", (long long)detour.bad);
    assert_true(detour_set_window(&detour, TIMESTAMP_NONE, false));
    assert_int_equal(detour.until, 10);
    assert_true(detour_window_failed(&detour, 5));
    detour_skip(&detour);
    check(detour.from == 11 && detour.bad == TIMESTAMP_NONE, "behind it");
    assert_true(detour_set_window(&detour, TIMESTAMP_NONE, false));
    assert_int_equal(detour.until, TIMESTAMP_NONE);
    assert_true(detour_window_read(&detour));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_fails),
        cmocka_unit_test(test_leaves_out_what_is_known),
        cmocka_unit_test(test_present_that_moves),
        cmocka_unit_test(test_asks_again),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
