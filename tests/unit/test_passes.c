#include "support.h"

#include <string.h>

#include "base/timestamp.h"
#include "store/passes.h"
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

/* A page of a pass was stored when `remaining` requests were left, at `seen`. */
static void save(struct store *store, const char *kind, bool active, int64_t remaining, int64_t seen)
{
    struct error e = {0};
    char filter[] = "none", cursor[] = "next";
    const struct pass_state state = {.since = TIMESTAMP_NONE, .filter = filter, .cursor = active ? cursor : NULL,
        .started = seen, .observed = seen, .newest = seen, .oldest_seen = seen, .pages = 1, .records = 1};
    const struct pace pace = {.limit = 100, .remaining = remaining, .reset = seen + 60000, .seen = seen, .window = 60000};
    check(passes_save(store, kind, active, &state, &pace, &e) == 0, "%s", e.text);
}

static int64_t left(struct store *store)
{
    struct error e = {0};
    struct pace pace;
    check(passes_load_pace(store, &pace, &e) == 0, "%s", e.text);
    return pace.seen != 0 ? pace.remaining : -1;
}

static bool is_unfinished(struct store *store, const char *kind)
{
    struct error e = {0};
    struct pass_state state;
    int found = passes_load(store, kind, &state, &e);
    check(found >= 0, "%s", e.text);
    pass_state_free(&state);
    return found == 1;
}

static void test_the_newest_pace_counts(void **state)
{
    struct store *store = *state;
    assert_int_equal(left(store), -1);
    save(store, "sync", false, 40, 1000);
    save(store, "backfill", true, 30, 2000);
    assert_int_equal(left(store), 30);
    save(store, "sync", false, 20, 3000);
    assert_int_equal(left(store), 20);
}

/* The limit is used up whether the pass goes on or not. */
static void test_a_pass_that_is_dropped_leaves_the_pace(void **state)
{
    struct store *store = *state;
    struct error e = {0};
    save(store, "sync", false, 40, 1000);
    save(store, "backfill", true, 0, 2000);
    assert_true(is_unfinished(store, "backfill"));
    check(passes_drop(store, "backfill", &e) == 0, "%s", e.text);
    assert_false(is_unfinished(store, "backfill"));
    assert_int_equal(left(store), 0);
}

/* Single work orders are asked for after the last page. */
static void test_requests_besides_the_pages(void **state)
{
    struct store *store = *state;
    struct error e = {0};
    const struct pace pace = {.limit = 100, .remaining = 3, .reset = 90000, .seen = 5000, .window = 60000, .slack = 7};
    check(passes_save_pace(store, &pace, &e) == 0, "%s", e.text);
    assert_int_equal(left(store), -1);
    save(store, "sync", false, 40, 1000);
    save(store, "reconcile", false, 30, 2000);
    check(passes_save_pace(store, &pace, &e) == 0, "%s", e.text);
    struct pace found;
    check(passes_load_pace(store, &found, &e) == 0 && memcmp(&found, &pace, sizeof pace) == 0, "what was saved: %s", e.text);
    save(store, "sync", false, 2, 6000);
    assert_int_equal(left(store), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_pace_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_pass_that_is_dropped_leaves_the_pace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requests_besides_the_pages, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
