#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/store.h"

enum { NOW = 1000000, LATER = NOW + 5000 };

/* A store in memory with two handlers and six events: 1 and 4 of work order 10, 2 and 5 of 20, 3 and 6 of 30;
 * all are pending for both. */
static int setup(void **state)
{
    static const int64_t work_orders[] = {10, 20, 30, 10, 20, 30};
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, NULL);
    struct handler_position place;
    if (store == NULL || store_begin(store, NULL) != 0 ||
        handlers_attach(store, "one", "log", false, 0, NOW, &place, NULL) != 0 || place.handler != 1 ||
        handlers_attach(store, "two", "http", false, 0, NOW, &place, NULL) != 0 || place.handler != 2)
        return -1;
    for (size_t i = 0; i < COUNT(work_orders); i++) {
        struct event event = {.type = EVENT_UPDATED, .work_order = work_orders[i]};
        struct json_object *doc = json_object_new_object();
        const struct event_context context = {.observed = NOW - 100 + (int64_t)i, .doc = doc};
        snprintf(event.id, sizeof event.id, "e%zu", i + 1);
        int added = events_append(store, &event, &context, NULL);
        json_object_put(doc);
        if (added != 1)
            return -1;
        for (int64_t handler = 1; handler <= 2; handler++)
            if (deliveries_add(store, handler, (int64_t)i + 1, work_orders[i], NOW, NULL) != 0)
                return -1;
    }
    *state = store;
    return 0;
}

static int teardown(void **state)
{
    store_close(*state);
    return 0;
}

/* The numbers of what is due, and as many as the count says. */
static void check_due(
    struct store *store, int64_t handler, int64_t now, int64_t after, int most, const char *expected)
{
    struct delivery due[16];
    struct buffer out = {0};
    struct error e = {0};
    buffer_append_text(&out, "");
    int count = deliveries_due(store, handler, now, now, after, most, due, &e);
    check(count >= 0, "%s", e.text);
    for (int i = 0; i < count; i++) {
        buffer_append_format(&out, "%s%lld", i > 0 ? " " : "", (long long)due[i].seq);
        check(due[i].work_order == (due[i].seq + 2) % 3 * 10 + 10, "delivery %lld", (long long)due[i].seq);
    }
    check_text(out.data, expected);
    buffer_free(&out);
    if (after == 0 && most == 16)
        assert_int_equal(deliveries_count_due(store, handler, now, now, &e), count);
}

static void test_in_the_order_of_the_log(void **state)
{
    check_due(*state, 1, NOW, 0, 16, "1 2 3 4 5 6");
    check_due(*state, 1, NOW, 0, 4, "1 2 3 4");
    check_due(*state, 1, NOW, 4, 16, "5 6");
    check_due(*state, 1, NOW, 0, 0, "");
    check_due(*state, 3, NOW, 0, 16, "");
}

/* A failed delivery holds back its own work order, for its own handler, until it is due again. */
static void test_hold_back(void **state)
{
    struct error e = {0};
    assert_int_equal(deliveries_retry(*state, 1, 2, LATER, NOW, "busy", &e), 0);
    check_due(*state, 1, NOW, 0, 16, "1 3 4 6");
    check_due(*state, 2, NOW, 0, 16, "1 2 3 4 5 6");
    check_due(*state, 1, LATER - 1, 0, 16, "1 3 4 6");
    check_due(*state, 1, LATER, 0, 16, "1 2 3 4 5 6");
    assert_int_equal(deliveries_done(*state, 1, &(int64_t){2}, 1, LATER, &e), 0);
    check_due(*state, 1, LATER, 0, 16, "1 3 4 5 6");
}

/* A later event of the work order that waits holds nothing back before it. */
static void test_holds_back_only_what_is_later(void **state)
{
    assert_int_equal(deliveries_retry(*state, 1, 5, LATER, NOW, "busy", NULL), 0);
    check_due(*state, 1, NOW, 0, 16, "1 2 3 4 6");
}

static void test_dead_is_no_longer_in_the_way(void **state)
{
    assert_int_equal(deliveries_retry(*state, 1, 1, LATER, NOW, "busy", NULL), 0);
    check_due(*state, 1, NOW, 0, 16, "2 3 5 6");
    assert_int_equal(deliveries_dead(*state, 1, 1, NOW, "refused", NULL), 0);
    check_due(*state, 1, NOW, 0, 16, "2 3 4 5 6");
}

static void test_done_is_done(void **state)
{
    for (int64_t seq = 1; seq <= 6; seq++)
        assert_int_equal(deliveries_done(*state, 1, &(int64_t){seq}, 1, NOW, NULL), 0);
    check_due(*state, 1, NOW, 0, 16, "");
    check_due(*state, 1, INT64_MAX, 0, 16, "");
    check_due(*state, 2, NOW, 0, 16, "1 2 3 4 5 6");
}

/* A clock that went back by more than a minute makes nothing wait until it has caught up. */
static void test_clock_gone_back(void **state)
{
    assert_int_equal(deliveries_retry(*state, 1, 1, LATER, NOW, "busy", NULL), 0);
    check_due(*state, 1, NOW, 0, 16, "2 3 5 6");
    check_due(*state, 1, NOW - 60000, 0, 16, "2 3 5 6");
    check_due(*state, 1, NOW - 60001, 0, 16, "1 2 3 4 5 6");
    check_due(*state, 1, NOW - 500000, 0, 16, "1 2 3 4 5 6");
}

/* What was never tried is due whatever the clock says: one that goes back a little turns no order around. */
static void test_new_ones_are_due(void **state)
{
    for (int64_t now = 0; now <= NOW; now += NOW / 4)
        check_due(*state, 1, now, 0, 16, "1 2 3 4 5 6");
    struct handler_position place;
    assert_int_equal(handlers_attach(*state, "three", "http", false, 0, NOW, &place, NULL), 0);
    assert_int_equal(place.handler, 3);
    assert_int_equal(deliveries_add(*state, 3, 1, 10, NOW, NULL), 0);
    assert_int_equal(deliveries_add(*state, 3, 4, 10, NOW - 5000, NULL), 0);
    check_due(*state, 3, NOW - 2000, 0, 16, "1 4");
}

/* A run that lasts: what it writes is later than its beginning, and that is no clock that went back. */
static void test_a_long_run_is_no_clock_gone_back(void **state)
{
    struct delivery due[16];
    assert_int_equal(deliveries_retry(*state, 1, 1, NOW + 905000, NOW + 900000, "busy", NULL), 0);
    int count = deliveries_due(*state, 1, NOW, NOW + 900000, 0, 16, due, NULL);
    for (int i = 0; i < count; i++)
        assert_int_not_equal(due[i].seq, 1);
    assert_true(count > 0);
    assert_int_equal(deliveries_count_due(*state, 1, NOW, NOW + 900000, NULL), count);
}

static void test_attempts(void **state)
{
    struct delivery due;
    for (int failures = 0; failures < 3; failures++) {
        assert_int_equal(deliveries_due(*state, 1, NOW, NOW, 0, 1, &due, NULL), 1);
        assert_int_equal(due.attempts, failures);
        assert_int_equal(deliveries_retry(*state, 1, 1, NOW, NOW, "busy", NULL), 0);
    }
}

static void check_counts(struct store *store, int64_t handler, int64_t pending, int64_t dead, int64_t oldest)
{
    struct delivery_counts counts;
    assert_int_equal(deliveries_count(store, handler, &counts, NULL), 0);
    check(counts.pending == pending && counts.dead == dead && counts.oldest == oldest, "%lld %lld %lld",
        (long long)counts.pending, (long long)counts.dead, (long long)counts.oldest);
}

static void test_counts(void **state)
{
    check_counts(*state, 1, 6, 0, NOW - 100);
    deliveries_done(*state, 1, &(int64_t){1}, 1, NOW, NULL);
    deliveries_dead(*state, 1, 2, NOW, "no", NULL);
    deliveries_retry(*state, 1, 3, LATER, NOW, "busy", NULL);
    check_counts(*state, 1, 4, 1, NOW - 98);
    check_counts(*state, 2, 6, 0, NOW - 100);
    check_counts(*state, 9, 0, 0, TIMESTAMP_NONE);
}

/* One delivery per event and handler: what was done stays done. */
static void test_no_doubles(void **state)
{
    assert_int_equal(deliveries_done(*state, 1, &(int64_t){1}, 1, NOW, NULL), 0);
    assert_int_equal(deliveries_add(*state, 1, 1, 10, NOW, NULL), 0);
    check_due(*state, 1, NOW, 0, 16, "2 3 4 5 6");
}

static int collect(const struct handler_record *row, void *context, struct error *e)
{
    (void)e;
    buffer_append_format(context, "%lld %s %s at %lld, skipped %lld, delivered %lld, %s%s\n",
        (long long)row->handler, row->name, row->type, (long long)row->position, (long long)row->skipped,
        (long long)row->delivered, row->removed != TIMESTAMP_NONE ? "removed" : "there",
        row->last_error != NULL ? row->last_error : "");
    return 0;
}

static void check_handlers(struct store *store, const char *expected)
{
    struct buffer out = {0};
    buffer_append_text(&out, "");
    assert_int_equal(handlers_list(store, collect, &out, NULL), 0);
    check_text(out.data, expected);
    buffer_free(&out);
}

static void test_figures_of_a_handler(void **state)
{
    handlers_succeeded(*state, 1, 2, NOW, NULL);
    deliveries_retry(*state, 2, 1, LATER, NOW, ": busy", NULL);
    handlers_advance(*state, 1, 6, 3, NULL);
    handlers_advance(*state, 1, 7, 2, NULL);
    check_handlers(*state, "1 one log at 7, skipped 5, delivered 2, there\n2 two http at 0, skipped 0, "
                           "delivered 0, there: busy\n");
}

/* A new handler starts at the end of the log; one that stayed, and one that comes back, keep their places. */
static void test_attach(void **state)
{
    struct handler_position place;
    handlers_advance(*state, 1, 4, 0, NULL);
    assert_int_equal(handlers_attach(*state, "one", "exec", false, 6, NOW, &place, NULL), 0);
    check(place.handler == 1 && place.position == 4, "%lld", (long long)place.position);
    assert_int_equal(handlers_attach(*state, "new", "log", false, 6, NOW, &place, NULL), 0);
    check(place.handler == 3 && place.position == 6 && place.last_try == TIMESTAMP_NONE, "%lld",
        (long long)place.position);
    assert_int_equal(handlers_remove(*state, 2, NOW, NULL), 0);
    check_handlers(*state,
        "1 one exec at 4, skipped 0, delivered 0, there\n2 two http at 0, skipped 0, delivered 0, "
        "removed\n3 new log at 6, skipped 0, delivered 0, there\n");
    assert_int_equal(handlers_attach(*state, "two", "http", false, 6, NOW, &place, NULL), 0);
    check(place.handler == 2 && place.position == 0 && place.returned, "%lld", (long long)place.position);
    check_handlers(*state,
        "1 one exec at 4, skipped 0, delivered 0, there\n2 two http at 0, skipped 0, delivered 0, "
        "there\n3 new log at 6, skipped 0, delivered 0, there\n");
}

/* A handler under a new name has what it had; where both are known, what both had is one. */
static void test_take_over(void **state)
{
    struct delivery_counts counts;
    handlers_advance(*state, 1, 4, 2, NULL);
    handlers_advance(*state, 2, 6, 0, NULL);
    assert_int_equal(handlers_take_over(*state, "three", "nobody", NULL), 0);
    assert_int_equal(handlers_take_over(*state, "three", "one", NULL), 1);
    check_handlers(*state, "1 three log at 4, skipped 2, delivered 0, there\n2 two http at 6, skipped 0, "
                           "delivered 0, there\n");
    for (int64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(deliveries_done(*state, 2, &(int64_t){seq}, 1, NOW, NULL), 0);
    assert_int_equal(handlers_take_over(*state, "two", "three", NULL), 1);
    check_handlers(*state, "2 two http at 4, skipped 2, delivered 0, there\n");
    check_due(*state, 2, NOW, 0, 16, "4 5 6");
    assert_int_equal(deliveries_count(*state, 2, &counts, NULL), 0);
    check(counts.pending == 3 && counts.due == TIMESTAMP_NONE, "%lld", (long long)counts.pending);
}

/* All that waits for a handler, and nothing of another one. */
static void test_discard_all(void **state)
{
    assert_int_equal(deliveries_dead(*state, 1, 1, NOW, "no", NULL), 0);
    assert_int_equal(deliveries_done(*state, 1, &(int64_t){2}, 1, NOW, NULL), 0);
    assert_int_equal(deliveries_discard_all(*state, 1, NOW, NULL), 5);
    check_due(*state, 1, NOW, 0, 16, "");
    check_due(*state, 2, NOW, 0, 16, "1 2 3 4 5 6");
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_store(test_in_the_order_of_the_log),
        with_store(test_hold_back),
        with_store(test_holds_back_only_what_is_later),
        with_store(test_dead_is_no_longer_in_the_way),
        with_store(test_done_is_done),
        with_store(test_clock_gone_back),
        with_store(test_new_ones_are_due),
        with_store(test_a_long_run_is_no_clock_gone_back),
        with_store(test_attempts),
        with_store(test_counts),
        with_store(test_no_doubles),
        with_store(test_figures_of_a_handler),
        with_store(test_attach),
        with_store(test_take_over),
        with_store(test_discard_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
