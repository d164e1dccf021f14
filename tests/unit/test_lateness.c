#include "support.h"

#include "base/clock.h"
#include "store/lateness.h"
#include "store/store.h"

static int setup(void **state)
{
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, NULL);
    *state = store;
    return store != NULL && store_begin(store, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    store_close(*state);
    return 0;
}

static void note(struct store *store, int64_t late, int64_t overdue, int times)
{
    struct error e = {0};
    for (int i = 0; i < times; i++)
        check(lateness_note(store, LATENESS_POLL, late, overdue, &e) == 0, "%s", e.text);
}

static struct lateness load(struct store *store)
{
    struct error e = {0};
    struct lateness found;
    check(lateness_load(store, LATENESS_POLL, &found, &e) == 0, "%s", e.text);
    return found;
}

static void test_nothing(void **state)
{
    struct lateness found = load(*state);
    check(found.count == 0 && found.p50 == 0 && found.p99 == 0 && found.largest == 0 && found.overdue == 0,
        "nothing was counted");
}

/* The step that one value falls into: its upper end is the percentile, but never beyond the largest that was
 * seen. */
static void test_steps(void **state)
{
    static const struct {
        int64_t late, up_to;
    } table[] = {{0, 1}, {1, 1}, {2, 2}, {3, 5}, {5, 5}, {6, 10}, {10, 10}, {11, 20}, {999, 1000},
        {1001, 2000}, {59999, 100000}, {INT64_C(86400000) * 365, INT64_C(50000000000)}};
    struct store *store = *state;
    for (size_t i = 0; i < COUNT(table); i++) {
        store_rollback(store);
        check(store_begin(store, NULL) == 0, "begin");
        note(store, table[i].late, 0, 1);
        note(store, table[i].up_to, 0, 1); /* in the same step, and its largest */
        struct lateness found = load(store);
        check(found.count == 2 && found.p50 == table[i].up_to && found.p99 == table[i].up_to &&
                  found.largest == table[i].up_to,
            "%lld: %lld, %lld, %lld", (long long)table[i].late, (long long)found.p50, (long long)found.p99,
            (long long)found.largest);
    }
}

static void test_percentiles(void **state)
{
    static const struct {
        const char *what;
        int quick, slow, very_slow;
        int64_t p50, p99;
    } table[] = {
        {"half and half", 50, 50, 0, 10, 5000},
        {"one more than half is slow", 49, 51, 0, 5000, 5000},
        {"the hundredth is slow", 99, 1, 0, 10, 10},
        {"two of a hundred are slow", 98, 2, 0, 10, 5000},
        {"one in two hundred is very slow", 100, 99, 1, 10, 5000},
        {"all are quick", 3, 0, 0, 10, 10},
    };
    struct store *store = *state;
    for (size_t i = 0; i < COUNT(table); i++) {
        store_rollback(store);
        check(store_begin(store, NULL) == 0, "begin");
        note(store, 10, 0, table[i].quick);
        note(store, 5000, 0, table[i].slow);
        note(store, 200000, 0, table[i].very_slow);
        struct lateness found = load(store);
        check(found.count == table[i].quick + table[i].slow + table[i].very_slow, "%s: count", table[i].what);
        check(found.p50 == table[i].p50 && found.p99 == table[i].p99, "%s: %lld, %lld", table[i].what,
            (long long)found.p50, (long long)found.p99);
    }
}

static void test_largest_and_overdue(void **state)
{
    struct store *store = *state;
    note(store, 700, -3000, 1);
    note(store, 900, 400, 1);
    note(store, 800, 600, 1);
    note(store, 90, 500, 1);
    struct lateness found = load(store);
    check(found.count == 4 && found.largest == 900 && found.overdue == 600, "%lld, %lld",
        (long long)found.largest, (long long)found.overdue);
}

/* A clock that runs behind the server's, and dates from anywhere. */
static void test_odd_values(void **state)
{
    struct store *store = *state;
    note(store, -5000, -1, 1);
    check(load(store).largest == 0 && load(store).p50 <= 1, "a negative one counts as none");
    note(store, INT64_C(1) << 60, INT64_C(1) << 60, 1);
    struct lateness found = load(store);
    check(found.count == 2 && found.largest == INT64_C(1) << 60 && found.overdue == INT64_C(1) << 60,
        "a huge one");
}

/* What a clock noted that had jumped ahead goes as soon as it is right again; what nothing confirms, after
 * thirty days. */
static void test_a_jump_is_forgotten(void **state)
{
    const int64_t day = 24 * 3600 * 1000, today = clock_now() / day * day;
    static const struct {
        int64_t days;
        bool forgotten;
    } table[] = {{2, true}, {1, true}, {0, false}, {-29, false}, {-31, true}, {-4000, true}};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        check(STORE_RUN(*state, &e, SQL_LATENESS_NOTE, V_TEXT("poll"), V_INT(INT64_C(5000000000)),
                  V_INT(INT64_C(2592000000)), V_INT(7), V_INT(today + table[i].days * day)) == 0,
            "%s", e.text);
        note(*state, 40, 0, 1);
        check((load(*state).largest < 1000) == table[i].forgotten, "%lld days", (long long)table[i].days);
        check(load(*state).count >= 1, "what is noted now is there");
        check(STORE_RUN(*state, &e, SQL_LATENESS_FORGET, V_TEXT("poll"), V_INT(INT64_MAX), V_INT(0)) == 0,
            "%s", e.text);
    }
}

/* Someone else wrote more steps there than there can be: the first of them are taken. */
static void test_too_many_steps(void **state)
{
    struct error e = {0};
    for (int64_t i = 1; i <= 65; i++)
        check(STORE_RUN(
                  *state, &e, SQL_LATENESS_NOTE, V_TEXT("poll"), V_INT(i), V_INT(i), V_INT(0), V_INT(0)) == 0,
            "%s", e.text);
    struct lateness found = load(*state);
    check(found.count == 64 && found.largest == 64 && found.p99 == 64, "%lld of %lld",
        (long long)found.largest, (long long)found.count);
}

static void test_figures_do_not_contradict_each_other(void **state)
{
    struct store *store = *state;
    note(store, 210, 0, 1);
    struct lateness found = load(store);
    check(found.p50 <= found.p99 && found.p99 <= found.largest, "%lld, %lld, %lld", (long long)found.p50,
        (long long)found.p99, (long long)found.largest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_percentiles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_largest_and_overdue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_jump_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_figures_do_not_contradict_each_other, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
