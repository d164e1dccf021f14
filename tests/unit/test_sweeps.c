#include "support.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/snapshots.h"
#include "store/store.h"
#include "store/sweeps.h"

/* The clock of these tests: snapshots are of YESTERDAY, the sweep began at BEGAN and came to its end at
 * ENDED. */
enum { YESTERDAY = 1000, BEGAN = 50000, ENDED = 60000, HOUR = 3600000 };

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

static void know(struct store *store, int64_t id, int64_t observed, bool deleted)
{
    static const unsigned char fingerprint[FINGERPRINT_SIZE] = "0123456789abcde";
    struct error e = {0};
    const struct snapshot_row row = {.id = id,
        .updated = YESTERDAY,
        .fingerprint = fingerprint,
        .json = "{}",
        .len = strlen("{}"),
        .observed = observed,
        .deleted = deleted,
        .deletions = deleted};
    check(snapshots_save(store, &row, 0, &e) == 0, "%s", e.text);
}

/* A sweep that saw these (ended by 0) and ran to its end. */
static void sweep(struct store *store, const int64_t *seen)
{
    struct error e = {0};
    check(sweeps_clear(store, &e) == 0, "%s", e.text);
    for (; *seen != 0; seen++)
        check(sweeps_add(store, *seen, &e) == 0 && sweeps_add(store, *seen, &e) == 0, "%s",
            e.text); /* on two pages */
    check(sweeps_note_missing(store, BEGAN, ENDED, &e) == 0, "%s", e.text);
}

#define SWEEP(store, ...) sweep(store, (const int64_t[]){__VA_ARGS__ __VA_OPT__(, ) 0})

/* Asks for all that are to be asked for at `now`, and holds them against `expected` (ended by 0); they answer
 * 404. */
static void prove(struct store *store, int64_t now, const int64_t *expected, bool second)
{
    struct error e = {0};
    struct deletion_candidate found = {.id = 0};
    int rc;
    while ((rc = sweeps_next(store, now, now - HOUR, &found, &e)) == 1) {
        check(found.id == *expected, "%lld in place of %lld", (long long)found.id, (long long)*expected);
        check((found.refused != TIMESTAMP_NONE) == second, "%lld was %srefused before", (long long)found.id,
            second ? "not " : "");
        expected++;
        rc = second ? sweeps_drop(store, found.id, &e) : sweeps_refused(store, found.id, now, &e);
        check(rc == 0, "%s", e.text);
    }
    check(rc == 0, "%s", e.text);
    check(*expected == 0, "%lld was not to be asked for", (long long)*expected);
}

#define PROVE(store, now, second, ...)                                                                       \
    prove(store, now, (const int64_t[]){__VA_ARGS__ __VA_OPT__(, ) 0}, second)

static void check_count(struct store *store, int64_t missing, int64_t known)
{
    struct error e = {0};
    int64_t is_missing = -1, is_known = -1;
    check(sweeps_count_missing(store, BEGAN, ENDED, &is_missing, &is_known, &e) == 0, "%s", e.text);
    check(is_missing == missing && is_known == known, "%lld of %lld", (long long)is_missing,
        (long long)is_known);
}

static void test_count(void **state)
{
    struct store *store = *state;
    struct error e = {0};
    check_count(store, 0, 0);
    for (int64_t id = 1; id <= 5; id++)
        know(store, id, YESTERDAY, false);
    know(store, 6, YESTERDAY, true); /* told deleted */
    know(store, 7, BEGAN, false);    /* seen since the sweep began */
    know(store, 8, BEGAN + 1, false);
    check_count(store, 5, 7);
    for (int64_t id = 1; id <= 3; id++)
        check(sweeps_add(store, id, &e) == 0, "%s", e.text);
    check(sweeps_add(store, 99, &e) == 0, "one that is not known: %s", e.text);
    check_count(store, 2, 7);
    check(sweeps_clear(store, &e) == 0, "%s", e.text);
    check_count(store, 5, 7);
}

/* A clock that ran ahead and was put right: what was observed then is not thought to have been seen just now.
 */
static void test_clock_went_back(void **state)
{
    struct store *store = *state;
    know(store, 1, YESTERDAY, false);
    know(store, 2, ENDED, false);
    know(store, 3, ENDED + 1, false);
    know(store, 4, ENDED + 1, false);
    struct error e = {0};
    check(sweeps_add(store, 4, &e) == 0, "%s", e.text);
    check_count(store, 2, 4);
    SWEEP(store, 4);
    PROVE(store, BEGAN, false, 1, 3);
}

static void test_two_sweeps(void **state)
{
    struct store *store = *state;
    for (int64_t id = 1; id <= 5; id++)
        know(store, id, YESTERDAY, false);
    SWEEP(store, 1, 3, 5);
    assert_int_equal(sweeps_waiting(store, NULL), 2);
    PROVE(store, BEGAN, false, 2, 4);
    PROVE(store, BEGAN, false);
    SWEEP(store, 1, 3, 5);
    assert_int_equal(sweeps_waiting(store, NULL), 2);
    PROVE(store, BEGAN + 1, true, 2, 4);
    assert_int_equal(sweeps_waiting(store, NULL), 0);
}

static void test_an_hour(void **state)
{
    struct store *store = *state;
    know(store, 1, YESTERDAY, false);
    SWEEP(store);
    PROVE(store, BEGAN, false, 1);
    PROVE(store, BEGAN + HOUR - 1, true);
    PROVE(store, BEGAN + HOUR, true, 1);
}

/* What is missing for longer and what is new, each by its own first answer. */
static void test_side_by_side(void **state)
{
    struct store *store = *state;
    know(store, 1, YESTERDAY, false);
    know(store, 2, YESTERDAY, false);
    SWEEP(store, 2);
    PROVE(store, BEGAN, false, 1);
    SWEEP(store);
    struct deletion_candidate found = {.id = 0};
    assert_int_equal(sweeps_next(store, BEGAN, BEGAN - HOUR, &found, NULL), 1);
    check(found.id == 1 && found.refused == BEGAN, "the one of the first sweep");
    assert_int_equal(sweeps_next(store, BEGAN, BEGAN - HOUR, &found, NULL), 1);
    check(found.id == 2 && found.refused == TIMESTAMP_NONE, "the one of the second");
    assert_int_equal(sweeps_next(store, BEGAN, BEGAN - HOUR, &found, NULL), 0);
}

/* What is to wait for an hour does so; where the clock has gone back by more than that, it is asked for. */
static void test_a_wait_and_a_clock_that_went_back(void **state)
{
    struct store *store = *state;
    struct error e = {0};
    struct deletion_candidate found = {.id = 0};
    know(store, 1, YESTERDAY, false);
    SWEEP(store);
    check(sweeps_postpone(store, 1, BEGAN + HOUR, &e) == 0, "%s", e.text);
    assert_int_equal(sweeps_next(store, BEGAN, BEGAN - HOUR, &found, &e), 0);
    const int64_t back = BEGAN - 24 * HOUR;
    assert_int_equal(sweeps_next(store, back, back - HOUR, &found, &e), 1);
}

static void test_seen_again(void **state)
{
    struct store *store = *state;
    know(store, 1, YESTERDAY, false);
    SWEEP(store);
    PROVE(store, BEGAN, false, 1);
    SWEEP(store, 1);
    assert_int_equal(sweeps_waiting(store, NULL), 0);
    SWEEP(store);
    PROVE(store, BEGAN, false, 1);
}

/* A sweep that was never asked about (killed before the proof) does not count as a proof. */
static void test_a_sweep_without_a_proof(void **state)
{
    struct store *store = *state;
    know(store, 1, YESTERDAY, false);
    SWEEP(store);
    SWEEP(store);
    PROVE(store, BEGAN, false, 1);
    PROVE(store, BEGAN + 1, true);
    SWEEP(store);
    PROVE(store, BEGAN + 2, true, 1);
}

static void test_a_sweep_forgets_what_it_saw_when_it_ends(void **state)
{
    struct store *store = *state;
    know(store, 1, YESTERDAY, false);
    SWEEP(store, 1);
    check_count(store, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_went_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_sweeps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_hour, setup, teardown),
        cmocka_unit_test_setup_teardown(test_side_by_side, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wait_and_a_clock_that_went_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seen_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_sweep_without_a_proof, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_sweep_forgets_what_it_saw_when_it_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
