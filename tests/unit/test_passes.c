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

static void save(struct store *store, const char *kind, bool active)
{
    struct error e = {0};
    char filter[] = "none", cursor[] = "next";
    const struct pass_state state = {.since = TIMESTAMP_NONE,
        .filter = filter,
        .cursor = active ? cursor : NULL,
        .started = 1000,
        .observed = 1000,
        .newest = 1000,
        .oldest_seen = 1000,
        .pages = 1,
        .records = 1};
    check(passes_save(store, kind, active ? TIMESTAMP_NONE : 1000, &state, &e) == 0, "%s", e.text);
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

static void test_what_is_finished_or_dropped_is_gone(void **state)
{
    struct store *store = *state;
    struct error e = {0};
    assert_false(is_unfinished(store, "sync"));
    save(store, "sync", true);
    save(store, "backfill", true);
    assert_true(is_unfinished(store, "sync"));
    save(store, "sync", false);
    assert_false(is_unfinished(store, "sync"));
    assert_true(is_unfinished(store, "backfill"));
    check(passes_drop(store, "backfill", &e) == 0, "%s", e.text);
    assert_false(is_unfinished(store, "backfill"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_finished_or_dropped_is_gone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
