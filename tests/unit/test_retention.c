#include "support.h"

#include <stdio.h>

#include "store/deliveries.h"
#include "store/events.h"
#include "store/retention.h"
#include "store/store.h"

enum { CUTOFF = 1000, OLD = CUTOFF - 1 };

static int setup(void **state)
{
    *state = store_open("scratch", STORE_SCRATCH, 0, NULL);
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    store_close(*state);
    return 0;
}

static void add_events(struct store *store, int count, int64_t observed)
{
    struct error e = {0};
    assert_int_equal(store_begin(store, &e), 0);
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%lld/%d", (long long)observed, i);
        check(STORE_RUN(store, &e, SQL_EVENT_ADD, V_TEXT(id), V_TEXT("workorder.updated"), V_INT(7),
                  V_INT(observed), V_INT(observed), V_TEXT("{}")) == 0,
            "%s", e.text);
    }
    assert_int_equal(store_commit(store, &e), 0);
}

static void check_removed(struct store *store, int removed, int64_t left)
{
    struct error e = {0};
    int count = retention_run(store, CUTOFF, 1, &e);
    check(count == removed, "%d: %s", count, e.text);
    assert_int_equal(events_count(store, &e), left);
}

/* What is young, waits, is dead, or was not looked at by every handler stays. */
static void test_what_is_still_wanted_stays(void **state)
{
    struct store *store = *state;
    struct handler_position place;
    check_removed(store, 0, 0);
    add_events(store, 5, OLD);
    add_events(store, 1, CUTOFF);
    assert_int_equal(handlers_attach(store, "one", "log", false, 4, OLD, &place, NULL), 0);
    for (int64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(deliveries_add(store, place.handler, seq, 7, OLD, NULL), 0);
    assert_int_equal(deliveries_dead(store, place.handler, 2, OLD, "no", NULL), 0);
    assert_int_equal(deliveries_done(store, place.handler, &(int64_t){3}, 1, OLD, NULL), 0);
    check_removed(store, 2, 4); /* 3 and 4 */
    check_removed(store, 0, 4);
    assert_int_equal(handlers_advance(store, place.handler, 6, 0, NULL), 0);
    assert_int_equal(deliveries_done(store, place.handler, &(int64_t){1}, 1, OLD, NULL), 0);
    check_removed(store, 2, 2); /* 1 and 5 */
    assert_int_equal(deliveries_revive(store, NULL, OLD, NULL), 1);
    check_removed(store, 0, 2);
    assert_int_equal(deliveries_discard(store, "999/1", OLD, NULL), 1);
    check_removed(store, 1, 1); /* 2 */
}

/* What was left is not looked at in every run; what two handlers want goes when neither does any more. */
static void test_it_keeps_its_place(void **state)
{
    enum { DEAD = 100 };
    struct store *store = *state;
    struct handler_position place;
    add_events(store, 700, OLD);
    for (int handler = 1; handler <= 2; handler++) {
        assert_int_equal(
            handlers_attach(store, handler == 1 ? "one" : "two", "log", false, 0, OLD, &place, NULL), 0);
        for (int64_t seq = 1; seq <= DEAD; seq++) {
            assert_int_equal(deliveries_add(store, handler, seq, 7, OLD, NULL), 0);
            assert_int_equal(deliveries_dead(store, handler, seq, OLD, "no", NULL), 0);
        }
        assert_int_equal(handlers_advance(store, handler, 600, 0, NULL), 0);
    }
    check_removed(store, 400, 300); /* it has looked at 500 */
    check_removed(store, 100, 200); /* the handlers have come to 600 */
    check_removed(store, 0, 200);
    assert_true(deliveries_discard_all(store, 1, OLD, NULL) == DEAD);
    check_removed(store, 0, 200);
    assert_int_equal(deliveries_discard(store, "999/7", OLD, NULL), 1);
    check_removed(store, 1, 199);
    assert_int_equal(handlers_advance(store, 1, 700, 0, NULL), 0);
    assert_int_equal(handlers_advance(store, 2, 700, 0, NULL), 0);
    check_removed(store, 100, 99);
    assert_true(deliveries_discard_all(store, 2, OLD, NULL) == DEAD - 1);
    check_removed(store, 99, 0);
}

/* A run stays short: the next one goes on. */
static void test_some_at_a_time(void **state)
{
    add_events(*state, 1001, OLD);
    check_removed(*state, 500, 501);
    check_removed(*state, 500, 1);
    check_removed(*state, 1, 0);
    struct error e = {0};
    add_events(*state, 1600, OLD - 1);
    assert_int_equal(retention_run(*state, CUTOFF, 3, &e), 1500);
    assert_int_equal(retention_run(*state, CUTOFF, RETENTION_BATCHES, &e), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_still_wanted_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_keeps_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_some_at_a_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
