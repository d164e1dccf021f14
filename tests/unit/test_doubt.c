/* Older states than what is known (R4): when they are a reason to ask for the work order itself, and when
 * that is due. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/timestamp.h"
#include "sources/intake.h"
#include "store/events.h"
#include "store/refetches.h"
#include "store/snapshots.h"
#include "store/steps.h"
#include "store/store.h"

#define SEEN(status, time)                                                                                   \
    "{\"id\":7,\"title\":\"Pump\",\"createdAt\":\"2026-01-20T08:00:00.000Z\",\"status\":\"" status           \
    "\",\"updatedAt\":\"2026-01-20T" time ":00.000Z\"}"

enum { HOUR = 3600000 };

static char *completed[] = {"DONE", NULL};
static char *ignored[] = {NULL};
static const struct config config = {.completed = completed, .ignored = ignored};

struct fixture {
    struct store *store;
    struct run run;
    int64_t now;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.store = store_open("scratch", STORE_SCRATCH, 0, NULL), .now = 1000000};
    *state = &f;
    return f.store != NULL && store_begin(f.store, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    store_close(((struct fixture *)*state)->store);
    return 0;
}

/* Observes it a second later, by a pass or a request that began half a second before that; or as a delivery
 * that holds all of it. Returns whether it raises a doubt. */
static bool observe(struct fixture *f, enum event_source source, const char *json)
{
    struct error e = {0};
    struct intake_details result;
    const struct intake_settings settings = {
        .config = &config, .store = f->store, .source = source, .run = &f->run};
    struct intake *intake = intake_new(&settings);
    f->now += 1000;
    const struct intake_record record = {.json = json,
        .len = strlen(json),
        .id_hint = 7,
        .from_list = source != SOURCE_WEBHOOK,
        .asked = source != SOURCE_WEBHOOK ? f->now - 500 : f->now,
        .observed = f->now,
        .previously_observed = TIMESTAMP_NONE};
    check(intake_observe(intake, &record, &result, &e) == INTAKE_TAKEN, "%s: %s", json, e.text);
    intake_free(intake);
    return result.doubtful;
}

/* Is it to be asked for, because of a doubt? */
static bool is_asked_for(struct fixture *f)
{
    struct error e = {0};
    struct refetch_row row;
    int waits = refetches_get(f->store, 7, &row, &e);
    check(waits >= 0, "%s", e.text);
    return waits == 1 && row.reason == REFETCH_DOUBT;
}

static void check_status(struct fixture *f, const char *status)
{
    struct error e = {0};
    struct snapshot snapshot;
    check(snapshots_load(f->store, 7, &snapshot, &e) == 1, "%s", e.text);
    check_text(snapshot.wo.status, status);
    snapshot_free(&snapshot);
}

/* A pass that began later shows an older state. */
static void test_a_pass_raises_a_doubt(void **state)
{
    struct fixture *f = *state;
    check(!observe(f, SOURCE_POLL, SEEN("DONE", "10:00")), "what is new is not doubtful");
    check(observe(f, SOURCE_POLL, SEEN("OPEN", "09:00")) && is_asked_for(f), "it is not asked for");
    check_status(f, "DONE");
}

/* Observes a record of work order 7 that was asked for at some time and is observed a second later. Returns how
 * many events were emitted. */
static int observe_record(struct fixture *f, enum event_source source, struct intake_record record)
{
    struct error e = {0};
    struct intake_details details;
    const struct intake_settings settings = {
        .config = &config, .store = f->store, .source = source, .run = &f->run};
    struct intake *intake = intake_new(&settings);
    f->now += 1000;
    record.len = strlen(record.json);
    record.id_hint = 7;
    record.asked = record.sent;
    record.observed = f->now;
    record.previously_observed = TIMESTAMP_NONE;
    check(intake_observe(intake, &record, &details, &e) == INTAKE_TAKEN, "%s: %s", record.json, e.text);
    intake_free(intake);
    return details.events;
}

/* The answer to such a question. */
static void answer(struct fixture *f, int64_t sent, const char *json)
{
    observe_record(f, SOURCE_WEBHOOK,
        (struct intake_record){.json = json, .sent = sent, .single = true, .believed = true});
}

/* What the work order itself says holds, though it is older than what is known; but where a webhook brought
 * something newer while the answer was on its way, the answer is the older look. */
static void test_an_answer_that_was_overtaken(void **state)
{
    struct fixture *f = *state;
    observe(f, SOURCE_POLL, SEEN("DONE", "10:00"));
    const int64_t sent = f->now + 100;
    observe(f, SOURCE_WEBHOOK, SEEN("ON_HOLD", "11:00"));
    answer(f, sent, SEEN("OPEN", "09:00"));
    check_status(f, "ON_HOLD");
    answer(f, f->now + 100, SEEN("OPEN", "09:00"));
    check_status(f, "OPEN");
}

/* Observes it once more: as a refetch that may wait for more notified steps, or as a list that was asked for at
 * `sent`. Returns how many events were emitted. */
static int look_again(struct fixture *f, bool refetch, int64_t sent, const char *json)
{
    return observe_record(f, SOURCE_POLL,
        (struct intake_record){
            .json = json, .sent = sent, .from_list = !refetch, .single = refetch, .wait = refetch});
}

/* A change that waits for its steps waits no longer than until the list shows it, though that was asked for
 * before the refetch: the next pass may not list it. */
static void test_a_list_that_was_overtaken_ends_a_wait(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct workorder wo;
    const char *reason;
    observe(f, SOURCE_POLL, SEEN("OPEN", "10:00"));
    assert_int_equal(
        workorder_parse(SEEN("OPEN", "10:30"), strlen(SEEN("OPEN", "10:30")), &wo, &reason), WORKORDER_OK);
    const struct status_step step = {.occurred = wo.updated, .from = "OPEN", .to = "IN_PROGRESS"};
    workorder_free(&wo);
    assert_int_equal(steps_add(f->store, 7, &step, f->now, &e), 0);
    const int64_t sent = f->now + 100;
    assert_int_equal(look_again(f, true, f->now + 200, SEEN("ON_HOLD", "11:00")), 2);
    assert_int_equal(look_again(f, false, sent, SEEN("ON_HOLD", "11:00")), 1);
    assert_int_equal(look_again(f, false, f->now + 100, SEEN("ON_HOLD", "11:00")), 0);
}

/* A delivery that comes late says how it was: it undoes nothing, and it is no reason to ask. */
static void test_late_news_raises_none(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    observe(f, SOURCE_WEBHOOK, SEEN("OPEN", "10:00"));
    check(!observe(f, SOURCE_WEBHOOK, SEEN("DONE", "09:00")) && !is_asked_for(f), "it is asked for");
    check_status(f, "OPEN");
    check(events_last_seq(f->store, &e) == 1, "more than its creation is emitted");
}

/* By a clock that went back it is not known which look came first: the work order itself is asked. */
static void test_a_clock_that_went_back_hides_none(void **state)
{
    struct fixture *f = *state;
    observe(f, SOURCE_POLL, SEEN("DONE", "10:00"));
    f->now = 5000;
    check(observe(f, SOURCE_POLL, SEEN("OPEN", "09:00")) && is_asked_for(f), "it is not asked for");
    check_status(f, "DONE");
}

/* An older state that the work order itself refuted once is asked about again by a sweep: the server may have
 * gone back to just that. */
static void test_a_sweep_asks_again(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    observe(f, SOURCE_POLL, SEEN("DONE", "10:00"));
    check(snapshots_set_doubted(f->store, 7, instant("2026-01-20T09:00:00.000Z"), &e) == 0, "%s", e.text);
    check(!observe(f, SOURCE_POLL, SEEN("OPEN", "09:00")), "a poll asks again");
    check(observe(f, SOURCE_RECONCILE, SEEN("OPEN", "09:00")), "a sweep does not ask again");
}

static struct refetch_row notified(int64_t now, int64_t gone_at)
{
    return (struct refetch_row){.work_order = 7,
        .reason = REFETCH_NOTIFIED,
        .requested = now,
        .occurred = gone_at,
        .gone_at = gone_at,
        .doubted = TIMESTAMP_NONE};
}

/* Deleted, restored, deleted: the first notification comes last, and the second deletion holds. */
static void test_the_later_deletion_counts(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct refetch_row row;
    for (int64_t gone_at = 9000; gone_at >= 8000; gone_at -= 1000) {
        const struct refetch_row asked = notified(f->now, gone_at);
        check(refetches_request(f->store, &asked, f->now, &e) == 0, "%s", e.text);
    }
    check(refetches_get(f->store, 7, &row, &e) == 1, "%s", e.text);
    check(row.gone_at == 9000 && row.occurred == 9000, "gone at %lld", (long long)row.gone_at);
}

/* What is to be asked for in three hours waits for them; where the clock has gone back by a day, it is due.
 */
static void test_a_clock_that_went_back_makes_it_due(void **state)
{
    struct fixture *f = *state;
    struct error e = {0};
    struct refetch_row row = {.work_order = 0};
    const int64_t now = 100 * (int64_t)HOUR, back = 76 * (int64_t)HOUR;
    const struct refetch_row asked = notified(now, TIMESTAMP_NONE);
    check(refetches_request(f->store, &asked, now + 3 * HOUR, &e) == 0, "%s", e.text);
    check(refetches_next(f->store, now, &row, &e) == 0 && refetches_count_due(f->store, now, &e) == 0, "%s",
        e.text);
    check(refetches_count_due(f->store, back, &e) == 1 && refetches_next(f->store, back, &row, &e) == 1, "%s",
        e.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_pass_raises_a_doubt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_that_was_overtaken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_list_that_was_overtaken_ends_a_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_news_raises_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_clock_that_went_back_hides_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_sweep_asks_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_later_deletion_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_clock_that_went_back_makes_it_due, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
