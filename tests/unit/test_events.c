#include "support.h"

#include <json-c/json.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "store/events.h"
#include "store/store.h"

/* A fresh store in memory, with a transaction open, for each test. */
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

static int append_event(struct store *store, const char *id, struct event event)
{
    struct error e = {0};
    struct json_object *doc = json_object_new_object();
    const struct event_context context = {
        .observed = 2000, .previously_observed = TIMESTAMP_NONE, .doc = doc};
    snprintf(event.id, sizeof event.id, "%s", id);
    int rc = events_append(store, &event, &context, &e);
    json_object_put(doc);
    check(rc >= 0, "%s: %s", id, e.text);
    return rc;
}

static int append(struct store *store, const char *id, int64_t work_order, bool numbered)
{
    const struct event event = {
        .type = EVENT_UPDATED, .work_order = work_order, .timestamp = 1000, .numbered = numbered};
    return append_event(store, id, event);
}

static int append_same(struct store *store, const char *id, const char *same_as, bool only)
{
    struct event event = {.type = EVENT_COMPLETED, .work_order = 7, .timestamp = 1000, .only_same = only};
    snprintf(event.same_as, sizeof event.same_as, "%s", same_as);
    return append_event(store, id, event);
}

static int collect(const struct event_row *row, void *context, struct error *e)
{
    (void)e;
    buffer_append_format(context, "%lld %s\n", (long long)row->seq, row->id);
    return 0;
}

static void check_log(struct store *store, int64_t after, int most, const char *expected)
{
    struct buffer out = {0};
    struct error e = {0};
    buffer_append_text(&out, "");
    check(events_after(store, after, most, collect, &out, &e) == 0, "%s", e.text);
    check_text(out.data, expected);
    buffer_free(&out);
}

static void test_empty(void **state)
{
    struct error e = {0};
    assert_int_equal(events_last_seq(*state, &e), 0);
    assert_int_equal(events_count(*state, &e), 0);
    check_log(*state, 0, 10, "");
}

static void test_id_is_unique(void **state)
{
    struct error e = {0};
    assert_int_equal(append(*state, "workorder.updated/7/A", 7, false), 1);
    assert_int_equal(append(*state, "workorder.updated/7/A", 7, false), 0);
    assert_int_equal(append(*state, "workorder.updated/7/B", 7, false), 1);
    assert_int_equal(append(*state, "workorder.updated/7/a", 7, false), 1); /* case counts */
    assert_int_equal(append(*state, "workorder.updated/7/A", 7, false), 0);
    assert_int_equal(events_count(*state, &e), 3);
    check_log(*state, 0, 10, "1 workorder.updated/7/A\n2 workorder.updated/7/B\n3 workorder.updated/7/a\n");
}

/* A numbered event takes the lowest free number. */
static void test_numbering(void **state)
{
    for (int i = 0; i < 4; i++)
        assert_int_equal(append(*state, "x", 7, true), 1);
    assert_int_equal(append(*state, "x", 7, false), 0);
    assert_int_equal(append(*state, "y/2", 8, false), 1);
    assert_int_equal(append(*state, "y", 8, true), 1);
    assert_int_equal(append(*state, "y", 8, true), 1); /* /2 is taken */
    check_log(*state, 0, 10, "1 x\n2 x/2\n3 x/3\n4 x/4\n5 y/2\n6 y\n7 y/3\n");
}

/* One completion is one event, under whichever id it was emitted first. */
static void test_other_ids_of_the_same(void **state)
{
    struct store *store = *state;
    assert_int_equal(append_same(store, "c/1", "c/0", true), 0);  /* c/0 was not emitted */
    assert_int_equal(append_same(store, "c/1", "c/0", false), 1); /* so it is news */
    assert_int_equal(append_same(store, "c/2", "c/1", true), 0);  /* another id of c/1 */
    assert_int_equal(append_same(store, "c/3", "c/2", false), 0); /* and of c/2 */
    assert_int_equal(append(store, "c/3", 7, false), 0);          /* is known from now on */
    assert_int_equal(append_same(store, "c/1", "c/9", false), 0);
    assert_int_equal(append(store, "c/9", 7, false), 1);
    check_log(store, 0, 10, "1 c/1\n2 c/9\n");
}

/* What retention removed was told all the same. */
static void test_told(void **state)
{
    struct error e = {0};
    const char *path = path_in(*state, "wosync.db");
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    assert_non_null(store);
    assert_int_equal(store_begin(store, &e), 0);
    assert_int_equal(events_keep_id(store, "x", &e), 0);
    assert_int_equal(events_keep_id(store, "x/2", &e), 0);
    assert_int_equal(events_keep_id(store, "x", &e), 0);
    assert_int_equal(append(store, "x", 7, false), 0);
    assert_int_equal(append(store, "x", 7, true), 1);
    check_log(store, 0, 10, "1 x/3\n");
    store_close(store);
}

static void test_reading(void **state)
{
    char id[16];
    for (int i = 1; i <= 5; i++) {
        snprintf(id, sizeof id, "e%d", i);
        append(*state, id, i, false);
    }
    check_log(*state, 0, 2, "1 e1\n2 e2\n");
    check_log(*state, 2, 2, "3 e3\n4 e4\n");
    check_log(*state, 4, 2, "5 e5\n");
    check_log(*state, 5, 2, "");
    check_log(*state, 0, 0, "");
    assert_int_equal(events_last_seq(*state, NULL), 5);
}

static int stop_at_two(const struct event_row *row, void *context, struct error *e)
{
    ++*(int *)context;
    return row->seq == 2 ? fail(e, EX_DATAERR, "stopped") : 0;
}

static void test_visitor_stops(void **state)
{
    struct error e = {0};
    int seen = 0;
    append(*state, "a", 1, false);
    append(*state, "b", 1, false);
    append(*state, "c", 1, false);
    assert_int_equal(events_after(*state, 0, 10, stop_at_two, &seen, &e), -1);
    assert_int_equal(seen, 2);
    check_text(e.text, "stopped");
    check_log(*state, 0, 1, "1 a\n"); /* and it can be asked again */
}

static void test_filter(void **state)
{
    static const struct {
        struct event_filter filter;
        const char *expected;
    } table[] = {
        {{NULL, NULL, NULL, 0}, "1 a\n2 b\n"},
        {{"workorder.updated", NULL, NULL, 0}, "1 a\n2 b\n"},
        {{"workorder.created", NULL, NULL, 0}, ""},
        {{NULL, "b", NULL, 0}, "2 b\n"},
        {{NULL, "c", NULL, 0}, ""},
        {{"workorder.created", "b", NULL, 0}, ""},
        {{NULL, NULL, "pending", 0}, ""},
        {{NULL, NULL, NULL, 1}, "2 b\n"}, /* the newest */
        {{NULL, NULL, NULL, 2}, "1 a\n2 b\n"},
        {{NULL, NULL, NULL, 3}, "1 a\n2 b\n"},
        {{NULL, "a", NULL, 1}, "1 a\n"},
    };
    append(*state, "a", 1, false);
    append(*state, "b", 1, false);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer out = {0};
        buffer_append_text(&out, "");
        assert_int_equal(events_list(*state, &table[i].filter, collect, &out, NULL), 0);
        check_text(out.data, table[i].expected);
        buffer_free(&out);
    }
    check(events_count_filtered(*state, &(struct event_filter){.limit = 1}, NULL) == 2 &&
              events_count_filtered(*state, &(struct event_filter){.id = "b"}, NULL) == 1,
        "counts, without regard to the limit");
}

/* A page that was rolled back told nothing. */
static void test_rolled_back(void **state)
{
    struct error e = {0};
    append(*state, "a", 1, false);
    assert_int_equal(store_commit(*state, &e), 0);
    assert_int_equal(store_begin(*state, &e), 0);
    append(*state, "b", 1, false);
    store_rollback(*state);
    check_log(*state, 0, 10, "1 a\n");
    assert_int_equal(events_last_seq(*state, &e), 1);
    assert_int_equal(append(*state, "b", 1, false), 1);
    check_log(*state, 0, 10, "1 a\n2 b\n");
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_store(test_empty),
        with_store(test_id_is_unique),
        with_store(test_numbering),
        with_store(test_other_ids_of_the_same),
        cmocka_unit_test_setup_teardown(test_told, directory_setup, directory_teardown),
        with_store(test_reading),
        with_store(test_visitor_stops),
        with_store(test_filter),
        with_store(test_rolled_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
