/* A queue with more to do than it reads at a time: the order of each work order holds all the same (rule R6).
 */
#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "fault.h"
#include "deliver/dispatch.h"
#include "deliver/handler_queue.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/store.h"

/* Events 1, 1 + WORK_ORDERS, ... are of one work order; some lie behind what is read at a time. */
enum { EVENTS = DUE_LIST_SIZE + 600, WORK_ORDERS = 299 };

/* Long enough for a delivery to be given up. */
static const int64_t FOUR_DAYS = 4 * INT64_C(86400000);

/* What happens meanwhile, with another connection to the store. */
typedef void meanwhile(struct store *other);

/* How a run goes. Zeroed: all goes well. */
struct scenario {
    int attempts; /* that the first event has behind it, */
    int64_t due;  /* and when it is to be tried again */
    bool fails;   /* it does, every time */
    int forgets;  /* when so many have been delivered, the type fills in no result; 0: never */
    int at;       /* when so many have been delivered, this happens */
    meanwhile *happens;
};

static struct {
    int64_t seqs[3 * EVENTS];
    int count;
    struct scenario scenario;
    struct store *other;
} taken;

static void *take(
    void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    (void)state;
    (void)host;
    int64_t seq = batch->events[0].seq;
    if (seq == 1 && taken.scenario.fails) {
        handler_later(results, -1, "not today");
        return NULL;
    }
    if (taken.scenario.forgets != 0 && taken.count == taken.scenario.forgets)
        return NULL;
    taken.seqs[taken.count++] = seq;
    if (taken.count == taken.scenario.at)
        taken.scenario.happens(taken.other);
    handler_done(results);
    return NULL;
}

static const struct handler_type type = {.name = "singly", .driver = {.start = take}};

static struct store *open_store(void **state)
{
    return store_open(path_in(*state, "wosync.db"), STORE_WRITE, 1000, NULL);
}

/* All events are pending for the one handler; the first of them has failed `attempts` times and is due at
 * `due`. */
static void prepare(struct store *store, struct handler_table *table, int attempts, int64_t due)
{
    const int64_t now = clock_now();
    assert_int_equal(store_begin(store, NULL), 0);
    for (int i = 0; i < EVENTS; i++) {
        struct event event = {.type = EVENT_UPDATED, .work_order = i % WORK_ORDERS + 1};
        struct json_object *doc = json_object_new_object();
        const struct event_context context = {.observed = now, .doc = doc};
        snprintf(event.id, sizeof event.id, "e%d", i + 1);
        assert_int_equal(events_append(store, &event, &context, NULL), 1);
        json_object_put(doc);
    }
    assert_int_equal(store_commit(store, NULL), 0);
    assert_int_equal(handler_table_attach(table, store, 0, now, NULL), 0);
    assert_int_equal(store_begin(store, NULL), 0);
    struct handler *handler = &table->rows[0];
    for (int64_t seq = 1; seq <= EVENTS; seq++)
        assert_int_equal(
            deliveries_add(store, handler->place.handler, seq, (seq - 1) % WORK_ORDERS + 1, now, NULL), 0);
    for (int i = 0; i < attempts; i++)
        assert_int_equal(
            deliveries_retry(store, handler->place.handler, 1, due, now - FOUR_DAYS, "not today", NULL), 0);
    assert_int_equal(handlers_advance(store, handler->place.handler, EVENTS, 0, NULL), 0);
    assert_int_equal(store_commit(store, NULL), 0);
    handler->place.position = EVENTS;
}

/* Those of each work order in their order; what comes again does not count. */
static void check_order(void)
{
    bool seen[EVENTS + 1] = {false};
    int64_t last[WORK_ORDERS] = {0};
    for (int i = 0; i < taken.count; i++) {
        int64_t seq = taken.seqs[i], *before = &last[(seq - 1) % WORK_ORDERS];
        check(seen[seq] || seq > *before, "event %lld came behind %lld", (long long)seq, (long long)*before);
        *before = seen[seq] ? *before : seq;
        seen[seq] = true;
    }
}

/* Delivers everything and checks the order; a run that fails by a fault is followed by another. Returns how
 * many came. */
static int deliver(void **state, const struct scenario *scenario)
{
    struct store *store = open_store(state);
    struct handler row = {.name = strdup("singly"), .type = &type, .timeout = 5000};
    struct handler_table table = {&row, 1};
    struct run run = {0};
    struct error e = {0};
    memset(row.on, true, sizeof row.on);
    memset(&taken, 0, sizeof taken);
    taken.scenario = *scenario;
    taken.other = open_store(state);
    prepare(store, &table, scenario->attempts, scenario->due);
    const struct dispatch_settings settings = {.store = store, .table = &table, .run = &run};
    int rc = dispatch_run(&settings, &e);
    check(rc == 0 || fault_happened(), "%s", e.text);
    row.stopped = false;
    check(rc == 0 || dispatch_run(&settings, &e) == 0, "%s", e.text);
    check_order();
    check(scenario->forgets == 0 || run.delivered == taken.count, "%lld count as delivered, %d were",
        (long long)run.delivered, taken.count);
    free(row.name);
    store_close(taken.other);
    store_close(store);
    return taken.count;
}

static void test_all_go_well(void **state)
{
    assert_int_equal(deliver(state, &(struct scenario){0}), EVENTS);
}

/* What waited for an event comes next when that has failed for the last time, not behind what was read later.
 */
static void test_the_last_try(void **state)
{
    assert_int_equal(deliver(state, &(struct scenario){.attempts = 9, .due = 1, .fails = true}), EVENTS - 1);
}

static void test_a_failure_holds_back(void **state)
{
    assert_int_equal(
        deliver(state, &(struct scenario){.fails = true}), EVENTS - (EVENTS + WORK_ORDERS - 1) / WORK_ORDERS);
}

/* A result that a type does not fill in is not the one of the job before. */
static void test_a_result_is_forgotten(void **state)
{
    assert_int_equal(deliver(state, &(struct scenario){.forgets = 3}), 3);
}

static void discard(struct store *other)
{
    assert_int_equal(deliveries_discard(other, "e1", clock_now(), NULL), 1);
}

static void revive(struct store *other)
{
    assert_int_equal(deliveries_revive(other, "e1", clock_now(), NULL), 1);
}

/* By hand, in the midst of a run: what it held back comes before what follows it. */
static void test_discarded_meanwhile(void **state)
{
    const struct scenario scenario = {
        .attempts = 1, .due = clock_now() + 3600000, .at = DUE_LIST_SIZE - 100, .happens = discard};
    assert_int_equal(deliver(state, &scenario), EVENTS - 1);
}

static void test_taken_up_again_meanwhile(void **state)
{
    const struct scenario scenario = {
        .attempts = 1, .due = clock_now() + 3600000, .at = DUE_LIST_SIZE - 100, .happens = revive};
    assert_int_equal(deliver(state, &scenario), EVENTS);
}

static long failing;

static void fail_soon(struct store *other)
{
    (void)other;
    fault_statement(failing);
}

/* The statements fail in turn that come when the queue is empty: what is written, and what is read then. */
static void test_the_store_fails(void **state)
{
    const struct scenario scenario = {.at = DUE_LIST_SIZE, .happens = fail_soon};
    int faults = 0;
    for (failing = RESULTS_AT_ONCE; failing < RESULTS_AT_ONCE + 10; failing++) {
        directory_setup(state);
        check(deliver(state, &scenario) >= EVENTS, "statement %ld", failing);
        faults += fault_happened();
        fault_statement(0);
        directory_teardown(state);
    }
    check(faults > 5, "only %d faults", faults);
}

int main(void)
{
    struct error e = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_go_well, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_the_last_try, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_a_failure_holds_back, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_a_result_is_forgotten, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_discarded_meanwhile, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_taken_up_again_meanwhile, directory_setup, directory_teardown),
        cmocka_unit_test(test_the_store_fails),
    };
    check(shutdown_install(&e) == 0, "%s", e.text);
    log_configure(LOG_LEVEL_ERROR, false);
    fault_statement(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
