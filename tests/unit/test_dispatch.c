#include "support.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "fault.h"
#include "deliver/dispatch.h"
#include "deliver/summary.h"
#include "handlers/http_job.h"
#include "store/events.h"
#include "store/snapshots.h"
#include "store/store.h"

/* More work orders than failures in a row that close a channel. */
enum { EVENTS = 12, WORK_ORDERS = 6, SNAPSHOTS = 2 };

/* What a handler of the tests was given. */
struct taken {
    int64_t seqs[8 * EVENTS];
    int count;
    int64_t loaded[8 * SNAPSHOTS];
    int loads;
    bool refuses_to_load;
};

static char nowhere[64]; /* a URL where nobody answers */

/* --- handlers --- */

static void take(void *state, struct handler_batch *batch, struct delivery_result *results)
{
    struct taken *taken = state;
    for (size_t i = 0; i < batch->count; i++) {
        taken->seqs[taken->count++] = batch->events[i].seq;
        handler_done(&results[i]);
    }
}

static void load(struct taken *taken, const struct handler_batch *batch, struct delivery_result *result)
{
    if (taken->refuses_to_load) {
        handler_later(result, -1, "not now");
        return;
    }
    for (size_t i = 0; i < batch->count; i++)
        taken->loaded[taken->loads++] = batch->snapshots[i].work_order;
    handler_done(result);
}

/* Over as soon as it is started. */
static void *take_at_once(
    void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    (void)host;
    if (batch->kind == HANDLER_SNAPSHOTS)
        load(state, batch, results);
    else
        take(state, batch, results);
    return NULL;
}

static void *post(
    void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    struct http_job_request request = {.url = nowhere};
    (void)state;
    (void)results;
    return http_job_start(host, &request, batch->timeout, http_job_judge_status);
}

static void push(void *state, struct handler_event *event)
{
    struct taken *taken = state;
    if (event == NULL)
        taken->count = 0;
    else
        taken->seqs[taken->count++] = event->seq;
}

static void one_at_a_time(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->jobs = 1;
    limits->summary_above = 2;
}

static void in_fours(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->jobs = 1;
    limits->events = 4;
}

static void keep(void *state)
{
    (void)state;
}

#define POST .start = post, .poll = http_job_poll, .collect = http_job_collect, .cancel = http_job_cancel

static const struct handler_type singly = {.name = "singly", .driver = {.start = take_at_once}},
                                 blocking = {.name = "blocking",
                                     .free = keep,
                                     .limits = in_fours,
                                     .work = take},
                                 in_batches = {.name = "in-batches",
                                     .limits = in_fours,
                                     .wants_snapshots = true,
                                     .driver = {.start = take_at_once}},
                                 posting = {.name = "posting", .driver = {POST}},
                                 chat = {
                                     .name = "chat", .limits = one_at_a_time, .driver = {POST, .push = push}};

/* The same in this process, for a test that runs it some hundred times. */
static const struct handler_type at_once = {
    .name = "blocking", .limits = in_fours, .driver = {.start = take_at_once}};

enum { SINGLY, BLOCKING, IN_BATCHES, REFUSING, POSTING, CHAT, ROUTES };

static const struct handler_type *const types[ROUTES] = {
    &singly, &blocking, &in_batches, &in_batches, &posting, &chat};
static const char *const names[ROUTES] = {"singly", "blocking", "in-batches", "refusing", "posting", "chat"};

/* --- a store with events, and handlers that stand before them --- */

struct world {
    struct store *store;
    struct handler rows[ROUTES];
    struct handler_table table;
    struct taken *taken; /* shared with children */
    struct run run;
};

/* A port that the system gave, and where no one listens. */
static void find_nowhere(int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(*fd >= 0 && bind(*fd, (struct sockaddr *)&address, len) == 0 &&
              getsockname(*fd, (struct sockaddr *)&address, &len) == 0,
        "a port");
    snprintf(nowhere, sizeof nowhere, "http://127.0.0.1:%d/", ntohs(address.sin_port));
}

static void add_event(struct store *store, int i)
{
    struct event event = {.type = EVENT_UPDATED, .work_order = i % WORK_ORDERS + 1};
    struct json_object *doc = json_object_new_object();
    const struct event_context context = {.observed = 1000 + i, .doc = doc};
    snprintf(event.id, sizeof event.id, "e%d", i + 1);
    assert_int_equal(events_append(store, &event, &context, NULL), 1);
    json_object_put(doc);
}

static void add_snapshot(struct store *store, int i)
{
    char json[64];
    int len = snprintf(json, sizeof json, "{\"id\":%d}", i + 1);
    const struct snapshot_row row = {
        .id = i + 1, .updated = 1000, .json = json, .len = (size_t)len, .observed = 1000};
    assert_int_equal(snapshots_save(store, &row, 0, NULL), 0);
}

static int attach(struct world *w, struct error *e)
{
    return handler_table_attach(&w->table, w->store, -1, 1000, e);
}

/* `path`: of the store; NULL: it is in memory. */
static void open_world(struct world *w, const char *path)
{
    struct handler_position gone;
    *w = (struct world){.table = {w->rows, ROUTES}};
    w->taken =
        mmap(NULL, ROUTES * sizeof *w->taken, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(w->taken != MAP_FAILED, "memory");
    for (int i = 0; i < ROUTES; i++) {
        w->rows[i] = (struct handler){
            .name = strdup(names[i]), .type = types[i], .state = &w->taken[i], .timeout = 5000};
        memset(w->rows[i].on, true, sizeof w->rows[i].on);
    }
    w->taken[REFUSING].refuses_to_load = true;
    w->store =
        store_open(path != NULL ? path : "scratch", path != NULL ? STORE_WRITE : STORE_SCRATCH, 0, NULL);
    assert_int_equal(attach(w, NULL), 0);
    assert_int_equal(store_begin(w->store, NULL), 0);
    assert_int_equal(handlers_attach(w->store, "gone", "log", false, 0, 1000, &gone, NULL), 0);
    for (int i = 0; i < EVENTS; i++)
        add_event(w->store, i);
    for (int i = 0; i < SNAPSHOTS; i++)
        add_snapshot(w->store, i);
    assert_int_equal(store_commit(w->store, NULL), 0);
}

static void close_world(struct world *w)
{
    for (int i = 0; i < ROUTES; i++) {
        when_free(w->rows[i].when);
        free(w->rows[i].name);
    }
    munmap(w->taken, ROUTES * sizeof *w->taken);
    store_close(w->store);
}

static int dispatch(struct world *w, struct error *e)
{
    const struct dispatch_settings settings = {.store = w->store, .table = &w->table, .run = &w->run};
    return dispatch_run(&settings, e);
}

static void next_run(struct world *w)
{
    for (int i = 0; i < ROUTES; i++)
        w->rows[i].stopped = false;
}

static int64_t pending(struct world *w, int handler)
{
    struct delivery_counts counts;
    assert_int_equal(deliveries_count(w->store, w->rows[handler].place.handler, &counts, NULL), 0);
    assert_int_equal(counts.dead, 0);
    return counts.pending;
}

static int first_place(const struct taken *taken, int64_t seq)
{
    for (int i = 0; i < taken->count; i++)
        if (taken->seqs[i] == seq)
            return i;
    return -1;
}

/* Everything has come, and what is of one work order in its order. */
static void check_taken(const struct taken *taken, const char *name, long n)
{
    for (int64_t seq = 1; seq <= EVENTS; seq++) {
        int place = first_place(taken, seq);
        check(place >= 0, "%s, statement %ld: event %lld is lost", name, n, (long long)seq);
        check(seq <= WORK_ORDERS || place > first_place(taken, seq - WORK_ORDERS),
            "%s, statement %ld: event %lld overtook one of its work order", name, n, (long long)seq);
    }
}

/* --- tests --- */

/* Every statement fails in turn. A run says so; the next one makes it good. */
static void test_every_statement_fails(void **state)
{
    (void)state;
    long n = 1;
    for (;; n++) {
        struct world w;
        struct error e = {0};
        open_world(&w, NULL);
        w.rows[BLOCKING].type = &at_once;
        fault_statement(n);
        int rc = attach(&w, &e) != 0 || dispatch(&w, &e) != 0 ? -1 : 0;
        bool happened = fault_happened();
        fault_statement(0);
        check(!happened || (rc == -1 && e.status == EX_SOFTWARE && strstr(e.text, "interrupted") != NULL),
            "statement %ld: %d, %s", n, rc, e.text);
        check(happened || rc == 0, "%s", e.text);
        e = (struct error){0};
        check(dispatch(&w, &e) == 0, "statement %ld, later in the run: %s", n, e.text);
        for (int i = SINGLY; i <= IN_BATCHES; i++)
            check(w.taken[i].count <= EVENTS, "statement %ld: %s was told twice in a run", n, names[i]);
        next_run(&w);
        check(attach(&w, &e) == 0 && dispatch(&w, &e) == 0, "statement %ld, the next run: %s", n, e.text);
        for (int i = SINGLY; i <= IN_BATCHES; i++) {
            check_taken(&w.taken[i], names[i], n);
            check(pending(&w, i) == 0, "statement %ld: %s", n, names[i]);
        }
        check(w.taken[IN_BATCHES].loads >= SNAPSHOTS && w.taken[IN_BATCHES].loaded[0] == 1,
            "statement %ld: loads", n);
        check(w.taken[REFUSING].count == 0 && w.taken[REFUSING].loads == 0,
            "statement %ld: it was not loaded", n);
        for (int i = REFUSING; i <= CHAT; i++)
            check(pending(&w, i) == EVENTS, "statement %ld: %s lost some", n, names[i]);
        close_world(&w);
        if (!happened)
            break;
    }
    check(n > 60, "only %ld statements", n);
}

/* A store that fails in the middle of a summary. */
static void test_summary_fails(void **state)
{
    struct world w;
    struct error e = {0};
    struct summary summary = {.after = 0};
    (void)state;
    open_world(&w, NULL);
    assert_int_equal(attach(&w, &e), 0);
    assert_int_equal(dispatch(&w, &e), 0);
    const struct summary_query query = {
        w.store, w.rows[CHAT].place.handler, clock_now() + 60000, clock_now() + 60000};
    fault_statement(1);
    assert_int_equal(summary_push(&summary, &query, &chat.driver, &w.taken[CHAT], &e), -1);
    check(e.status == EX_SOFTWARE, "%s", e.text);
    fault_statement(0);
    summary_free(&summary);
    close_world(&w);
}

/* A clock that goes back does not bring a try forward. */
static void test_the_clock_goes_back(void **state)
{
    struct world w;
    struct delivery due[1];
    struct results results = {0};
    struct delivery_result busy;
    int64_t ahead = clock_now() + 3600000, latest = ahead;
    (void)state;
    open_world(&w, NULL);
    const int64_t handler = w.rows[SINGLY].place.handler;
    assert_int_equal(deliveries_add(w.store, handler, 1, 1, 1000, NULL), 0);
    handler_later(&busy, 5000, "busy");
    results_add(&results, &(struct delivery){.seq = 1, .first_failed = TIMESTAMP_NONE}, &busy);
    assert_int_equal(results_write(&results, w.store, handler, &latest, &w.run, NULL), 0);
    check(latest == ahead, "the latest went back");
    assert_int_equal(deliveries_due(w.store, handler, ahead + 4999, ahead + 4999, 0, 1, due, NULL), 0);
    assert_int_equal(deliveries_due(w.store, handler, ahead + 5000, ahead + 5000, 0, 1, due, NULL), 1);
    results_free(&results);
    close_world(&w);
}

static int check_skipped(const struct handler_record *row, void *context, struct error *e)
{
    (void)context;
    (void)e;
    check(row->skipped == (strcmp(row->name, "singly") == 0 ? EVENTS - 1 : 0), "%s skipped %lld", row->name,
        (long long)row->skipped);
    return 0;
}

/* A type that this program does not know (a newer one stored it) is passed over, and is nothing that a `when`
 * skipped. */
static void test_unknown_type(void **state)
{
    struct world w;
    struct error e = {0};
    char reason[256];
    sqlite3 *db;
    const char *path = path_in(*state, "wosync.db");
    open_world(&w, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE events SET type = 'workorder.painted' WHERE seq = 1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    w.rows[SINGLY].when = when_compile("id = 1", reason, sizeof reason);
    w.rows[BLOCKING].on[EVENT_UPDATED] = false;
    check(dispatch(&w, &e) == 0, "%s", e.text);
    check(w.taken[SINGLY].count == 0 && w.taken[BLOCKING].count == 0 &&
              w.rows[SINGLY].place.position == EVENTS && w.rows[BLOCKING].place.position == EVENTS,
        "they were passed over");
    check(w.taken[IN_BATCHES].count == EVENTS - 1 && first_place(&w.taken[IN_BATCHES], 1) < 0,
        "it was delivered");
    assert_int_equal(handlers_list(w.store, check_skipped, NULL, &e), 0);
    close_world(&w);
}

static void remove_event(struct store *store, int64_t seq)
{
    assert_int_equal(STORE_RUN(store, NULL, SQL_RETENTION_DROP_EVENT, V_INT(seq)), 0);
}

/* A handler that was away: what is no longer there is passed over, the last ones, too, with a condition and
 * without. */
static void test_removed_events(void **state)
{
    struct world w;
    struct error e = {0};
    char reason[256];
    (void)state;
    open_world(&w, NULL);
    for (int64_t seq = 1; seq <= 5; seq++)
        remove_event(w.store, seq);
    remove_event(w.store, EVENTS);
    w.rows[BLOCKING].when = when_compile("id > 0 OR id IS NULL", reason, sizeof reason);
    check(dispatch(&w, &e) == 0, "%s", e.text);
    for (int i = SINGLY; i <= BLOCKING; i++)
        check(w.taken[i].count == EVENTS - 6 && w.taken[i].seqs[0] == 6 && w.rows[i].place.position == EVENTS,
            "%s: %d", names[i], w.taken[i].count);
    /* an event that is wanted cannot go */
    for (int i = REFUSING; i <= CHAT; i++)
        check(deliveries_discard_all(w.store, w.rows[i].place.handler, 1, &e) >= 0, "%s", e.text);
    for (int64_t seq = 6; seq < EVENTS; seq++)
        remove_event(w.store, seq);
    for (int i = SINGLY; i <= BLOCKING; i++)
        w.rows[i].place.position = 0;
    check(dispatch(&w, &e) == 0, "%s", e.text);
    for (int i = SINGLY; i <= BLOCKING; i++)
        check(w.taken[i].count == EVENTS - 6 && w.rows[i].place.position == EVENTS, "%s", names[i]);
    close_world(&w);
}

/* Past its deadline a run begins nothing new, and loses nothing. */
static void test_deadline(void **state)
{
    struct world w;
    struct error e = {0};
    (void)state;
    open_world(&w, NULL);
    shutdown_set_deadline(1);
    check(!shutdown_wait(60000), "the deadline");
    check(dispatch(&w, &e) == 0, "%s", e.text);
    for (int i = 0; i < ROUTES; i++)
        check(w.taken[i].count == 0 && w.taken[i].loads == 0 && pending(&w, i) == EVENTS, "%s", names[i]);
    shutdown_set_deadline(0);
    check(dispatch(&w, &e) == 0, "%s", e.text);
    check_taken(&w.taken[SINGLY], "singly", 0);
    close_world(&w);
}

/* The last test: the signal stays. */
static void test_signal(void **state)
{
    struct world w;
    struct error e = {0};
    (void)state;
    open_world(&w, NULL);
    assert_int_equal(shutdown_install(&e), 0);
    raise(SIGTERM);
    check(dispatch(&w, &e) == 0, "%s", e.text);
    for (int i = 0; i < ROUTES; i++)
        check(w.rows[i].place.position == 0 && pending(&w, i) == 0 && w.taken[i].count == 0, "%s", names[i]);
    close_world(&w);
}

int main(void)
{
    int fd;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_statement_fails),
        cmocka_unit_test(test_summary_fails),
        cmocka_unit_test(test_the_clock_goes_back),
        cmocka_unit_test_setup_teardown(test_unknown_type, directory_setup, directory_teardown),
        cmocka_unit_test(test_removed_events),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_signal),
    };
    find_nowhere(&fd);
    fault_statement(0);
    log_configure(LOG_LEVEL_ERROR, false);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    close(fd);
    return failed;
}
