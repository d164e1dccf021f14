/* What takes the place of time in a rehearsal: days and minutes, the runs' turns; the warehouse's statements;
 * and a disk that fails. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "deliver/rehearse.h"
#include "deliver/rehearse_turns.h"
#include "disk.h"
#include "disturb.h"
#include "handlers/warehouse/warehouse_script.h"
#include "store/store.h"

static void use_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

/* --- days and minutes --- */

static void count_all(struct rehearse_counts *counts, const char *const *moments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rehearse_count(counts, instant(moments[i]), false);
}

static void test_days(void **state)
{
    /* the clock goes forward on 29 March, back on 25 October: days of 23 and 25 hours */
    static const char *const moments[] = {"2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999Z",
        "2026-03-29T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z",
        "2026-03-28T22:59:59Z", "2026-03-29T12:00:00Z"};
    static const struct {
        const char *begins;
        int64_t messages;
    } days[] = {{"2026-03-27T23:00:00Z", 1}, {"2026-03-28T23:00:00Z", 3}, {"2026-03-29T22:00:00Z", 1},
        {"2026-10-24T22:00:00Z", 2}, {"2026-10-25T23:00:00Z", 1}};
    struct rehearse_counts counts = {0};
    (void)state;
    use_zone("Europe/Berlin");
    count_all(&counts, moments, COUNT(moments));
    check(counts.count == COUNT(days), "%zu days", counts.count);
    for (size_t i = 0; i < COUNT(days); i++)
        check(counts.days[i].begins == instant(days[i].begins) && counts.days[i].messages == days[i].messages,
            "day %zu: %lld messages", i, (long long)counts.days[i].messages);
    rehearse_counts_free(&counts);
    use_zone("UTC");
}

static void test_busiest_minute(void **state)
{
    static const char *const moments[] = {"2026-01-20T10:00:00Z", "2026-01-20T10:05:59Z",
        "2026-01-20T10:05:00Z", "2026-01-20T10:04:59Z", "2026-01-20T10:04:01Z", "2026-01-19T10:04:01Z"};
    struct rehearse_counts counts = {0};
    struct rehearse_day sum;
    (void)state;
    rehearse_sum(&counts, &sum);
    check(sum.busiest == 0 && sum.messages == 0, "of nothing");
    count_all(&counts, moments, COUNT(moments));
    rehearse_sum(&counts, &sum);
    /* of two minutes that are alike the first */
    check(sum.messages == 6 && sum.summaries == 0 && sum.busiest == 2 &&
              sum.busiest_at == instant("2026-01-20T10:04:00Z"),
        "%u at %lld", (unsigned)sum.busiest, (long long)sum.busiest_at);
    rehearse_count(&counts, instant("2026-01-20T10:05:30Z"), true);
    rehearse_sum(&counts, &sum);
    check(sum.messages == 6 && sum.summaries == 1 && sum.busiest == 3 &&
              sum.busiest_at == instant("2026-01-20T10:05:00Z"),
        "%u at %lld", (unsigned)sum.busiest, (long long)sum.busiest_at);
    rehearse_counts_free(&counts);
}

/* --- turns --- */

/* A poll, a backfill with polls beside it, a killed run and the next, a run that is at work. */
static const char runs[] =
    "INSERT INTO runs (kind, began_ms, ended_ms) VALUES ('sync', 100, 200), ('backfill', 300, 900),"
    "('sync', 400, 450), ('sync', 500, 550), ('sync', 1000, NULL), ('sync', 1100, 1200),"
    "('sync', 1300, NULL);";

static void test_turns(void **state)
{
    static const struct {
        int64_t moment, until;
    } moments[] = {{50, 50}, {60, 60}, {100, 200}, {200, 200}, {201, 201}, {210, 210}, {300, 450}, {450, 450},
        {451, 550}, {560, 900}, {555, 900}, {950, 950}, {1000, 1200}, {1050, 1200}, {1100, 1200},
        {1250, 1250}, {1300, INT64_MAX}, {1400, INT64_MAX}};
    struct rehearse_turns turns = {.count = 0};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), runs);
    assert_int_equal(rehearse_turns_read(&turns, store, 0, NULL), 0);
    for (size_t i = 0; i < COUNT(moments); i++) {
        int64_t until = rehearse_turns_find(&turns, moments[i].moment);
        check(until == moments[i].until, "%lld: %lld", (long long)moments[i].moment, (long long)until);
    }
    rehearse_turns_free(&turns);
    store_close(store);
}

/* A store without runs; and what lies before an earlier turn of the log belongs to it. */
static void test_no_runs(void **state)
{
    struct rehearse_turns turns = {.count = 0};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), "");
    assert_int_equal(rehearse_turns_read(&turns, store, 0, NULL), 0);
    assert_int_equal(rehearse_turns_find(&turns, 70), 70);
    assert_int_equal(rehearse_turns_find(&turns, 60), 70);
    assert_int_equal(rehearse_turns_find(&turns, 80), 80);
    rehearse_turns_free(&turns);
    store_close(store);
}

/* --- the warehouse's statements --- */

static const char *const settings[] = {"30000", "it's"};

static const char *const *begin_values(const void *db)
{
    (void)db;
    return settings;
}

static void test_script(void **state)
{
    static const struct warehouse_backend backend = {
        .statements = {[WAREHOUSE_WRITE_BEGIN] = {"BEGIN ;\n", "SELECT $1, $2"},
            [WAREHOUSE_WRITE_EVENT] = {"INSERT '$1' '''$2' $ ?1 $1::text, $28,$2"},
            [WAREHOUSE_WRITE_COMMIT] = {"COMMIT"}},
        .parameter = '$',
        .begin_values = begin_values};
    struct buffer out = {0};
    struct warehouse_script script = {.backend = &backend, .out = &out};
    const struct warehouse_backend *written = &warehouse_script_backend;
    struct warehouse_row row = {.values = {[0] = (char *)"a'$2''", [WAREHOUSE_EVENT_ID] = (char *)"$1"}};
    (void)state;
    written->begin(&script, NULL);
    written->put_event(&script, &row, NULL);
    written->commit(&script, NULL);
    buffer_append(&out, "", 0);
    check_text(out.data, "BEGIN;\nSELECT '30000', 'it''s';\n"
                         "INSERT '$1' '''$2' $ ?1 'a''$2'''''::text, '$1',NULL;\nCOMMIT;\n");
    const size_t before = out.len;
    written->begin(&script, NULL);
    written->put_event(&script, &row, NULL);
    written->rollback(&script);
    assert_int_equal(out.len, before);
    buffer_free(&out);
}

/* --- a rehearsal with a disk that fails --- */

static const char content[] =
    "INSERT INTO documents VALUES (1, 7, '{}'), (2, 8, '{}');"
    "INSERT INTO snapshots VALUES (7, 900, NULL, 1, 950, 0, 0, NULL, NULL, NULL, NULL), (8, 900, NULL, 2, "
    "950, 0, 0, "
    "NULL, NULL, NULL, NULL);"
    "INSERT INTO events VALUES (1, 'e1', 'workorder.created', 7, 1000, 1000, '{}'), (2, 'e2', "
    "'workorder.updated', "
    "7, 2000, 2000, hex(zeroblob(20000))), (3, 'e3', 'workorder.updated', 8, 2001, 2001, '{}'), (4, 'e4', "
    "'workorder.deleted', 8, 2002, 2002, '{}'), (5, 'e5', 'workorder.created', 9, 9000, 9000, '{}');"
    "INSERT INTO handlers VALUES (1, 'new', 'log', 4, 900, NULL, 1, 0, 0, NULL, NULL, NULL, NULL, 0, NULL);"
    "INSERT INTO runs (kind, began_ms, ended_ms) VALUES ('sync', 1500, 2500);";

static struct {
    int events, summaries, snapshots, pushed;
} rendered;

static int render(void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    (void)state;
    (void)out;
    (void)e;
    if (batch->kind == HANDLER_SNAPSHOTS)
        rendered.snapshots += (int)batch->count;
    else if (batch->kind == HANDLER_SUMMARY)
        rendered.summaries++;
    else
        rendered.events++;
    return 0;
}

static void push(void *state, struct handler_event *event)
{
    (void)state;
    rendered.pushed += event != NULL;
}

static void above_two(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->summary_above = 2;
}

static const struct handler_type chat = {
    .name = "chat", .limits = above_two, .driver = {.push = push}, .render = render};
static const struct handler_type rows = {
    .name = "rows", .wants_snapshots = true, .wants_history = true, .render = render};

static int64_t rehearse_type(
    struct store *store, const struct handler_type *type, struct rehearse_result *result, struct error *e)
{
    struct rehearse_out out = {.path = "/", .directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    struct handler handler = {.name = (char *)"old", .was = (char *)"new", .type = type};
    struct handler old = {.name = (char *)"old", .type = type};
    for (int i = 0; i < EVENT_TYPES; i++)
        handler.on[i] = true;
    old.on[EVENT_CREATED] = true;
    memset(&rendered, 0, sizeof rendered);
    const struct rehearse_request request = {
        .store = store, .handler = &handler, .old = &old, .since = 1500, .out = &out};
    int rc = rehearse_run(&request, result, e);
    close(out.directory);
    return rc;
}

static int64_t do_chat(struct store *store, struct error *e)
{
    struct rehearse_result result;
    int64_t rc = rehearse_type(store, &chat, &result, e);
    if (rc == 0)
        check(result.events == 4 && result.sent == 4 && rendered.summaries == 1 && rendered.pushed == 3 &&
                  rendered.events == 1 && result.added.count == 3 && result.dropped.count == 0 &&
                  strcmp(result.added.ids[2], "e4") == 0 && result.waiting == 1,
            "%d events, %d summaries of %d", rendered.events, rendered.summaries, rendered.pushed);
    rehearse_free(&result);
    return rc;
}

static int64_t do_rows(struct store *store, struct error *e)
{
    struct rehearse_result result;
    int64_t rc = rehearse_type(store, &rows, &result, e);
    if (rc == 0)
        check(result.sent == 4 && rendered.events == 4 && rendered.snapshots == 1 && result.snapshots == 1,
            "%d events, %d snapshots", rendered.events, rendered.snapshots);
    rehearse_free(&result);
    return rc;
}

static void test_every_call_fails(void **state)
{
    static const struct function functions[] = {{"chat", do_chat}, {"rows", do_rows}};
    const char *path = path_in(*state, "wosync.db");
    store_close(disturb_make(path, content));
    for (size_t i = 0; i < COUNT(functions); i++)
        disturb(path, &functions[i]);
}

/* --- --out --- */

static int fail_to_render(
    void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    (void)state;
    (void)batch;
    (void)out;
    return fail(e, EX_IOERR, "no");
}

static int render_text(void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    (void)state;
    (void)batch;
    (void)e;
    buffer_append_text(&out->bytes, "text");
    out->suffix = ".txt";
    return 0;
}

static const struct handler_type fails = {.render = fail_to_render}, writes = {.render = render_text};

static void check_file(const char *directory, const char *name, const char *expected)
{
    size_t len;
    char *text = read_text(path_in(directory, name), &len);
    check_text(text, expected);
    free(text);
}

static void test_out(void **state)
{
    const char *path = path_in(*state, "out");
    struct rehearse_out out;
    struct handler_batch batch = {.count = 1};
    struct error e = {0};
    struct stat st;
    assert_int_equal(rehearse_out_open(&out, path, &e), 0);
    assert_int_equal(rehearse_out_write(&out, &fails, NULL, &batch, 0, "a", &e), -1);
    assert_int_equal(rehearse_out_write(&out, &writes, NULL, &batch, 0, "a\tb\n", &e), 0);
    /* a file that someone else has made meanwhile is left alone */
    write_text(path_in(path, "000002.txt"), "theirs");
    assert_int_equal(rehearse_out_write(&out, &writes, NULL, &batch, 0, "b", &e), -1);
    check(strstr(e.text, "000002.txt: it cannot be written: File exists") != NULL, "%s", e.text);
    assert_int_equal(rehearse_out_close(&out, &e), 0);
    check_file(path, "000001.txt", "text");
    check_file(path, "000002.txt", "theirs");
    check_file(path, "index.tsv", "file\tmoment\tfor\n000001.txt\t1970-01-01T00:00:00.000Z\ta?b?\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(rehearse_out_open(&out, path, &e), -1);
    rehearse_out_close(&out, NULL);
}

/* The advice is that of the reason; and half a message is no message. */
static void test_files_that_cannot_be_written(void **state)
{
    static const struct {
        __rlimit_resource_t resource;
        rlim_t limit;
        const char *message;
    } reasons[] = {
        {RLIMIT_FSIZE, 2, "000002.txt: it cannot be written: File too large; free some space"},
        {RLIMIT_NOFILE, 0,
            "000002.txt: it cannot be written: Too many open files; raise the limit of open files (ulimit "
            "-n)"},
    };
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < COUNT(reasons); i++) {
        char name[16];
        struct rehearse_out out;
        struct handler_batch batch = {.count = 1};
        struct error e = {0};
        struct rlimit before, limit;
        snprintf(name, sizeof name, "out%zu", i);
        const char *path = path_in(*state, name);
        assert_int_equal(rehearse_out_open(&out, path, &e), 0);
        assert_int_equal(rehearse_out_write(&out, &writes, NULL, &batch, 0, "a", &e), 0);
        getrlimit(reasons[i].resource, &before);
        limit = before;
        limit.rlim_cur = reasons[i].limit;
        setrlimit(reasons[i].resource, &limit);
        int rc = rehearse_out_write(&out, &writes, NULL, &batch, 0, "b", &e);
        setrlimit(reasons[i].resource, &before);
        assert_int_equal(rc, -1);
        check(strstr(e.text, reasons[i].message) != NULL, "%s", e.text);
        assert_int_equal(out.files, 1);
        assert_int_equal(rehearse_out_close(&out, &e), 0);
        check(access(path_in(path, "000001.txt"), F_OK) == 0, "the first file is gone");
        /* valgrind lets a file be made, and closes it, where no more may be open */
        check(reasons[i].limit == 0 || access(path_in(path, "000002.txt"), F_OK) != 0,
            "half a message was left");
    }
    signal(SIGXFSZ, SIG_DFL);
}

static void test_a_directory_that_is_gone(void **state)
{
    const char *path = path_in(*state, "out");
    struct rehearse_out out;
    struct handler_batch batch = {.count = 1};
    struct error e = {0};
    assert_int_equal(rehearse_out_open(&out, path, &e), 0);
    rmdir(path);
    assert_int_equal(rehearse_out_write(&out, &writes, NULL, &batch, 0, "a", &e), -1);
    check(strstr(e.text,
              "index.tsv: it cannot be written: No such file or directory; name a new directory") != NULL,
        "%s", e.text);
    assert_int_equal(rehearse_out_close(&out, &e), 0);
}

/* A line of the index that is lost ends the rehearsal, with its reason. */
static void test_an_index_that_takes_nothing(void **state)
{
    const char *path = path_in(*state, "out");
    struct rehearse_out out;
    struct handler_batch batch = {.count = 1};
    struct error e = {0};
    int rc = 0, count = 0;
    assert_int_equal(rehearse_out_open(&out, path, &e), 0);
    out.index = fopen("/dev/full", "w");
    while (rc == 0 && ++count < 1000)
        rc = rehearse_out_write(&out, &writes, NULL, &batch, 0, "an event", &e);
    check(rc == -1 && count < 1000, "it went on");
    check(strstr(e.text, "index.tsv: it cannot be written: No space left on device; free some space") != NULL,
        "%s", e.text);
    rehearse_out_close(&out, NULL);
}

/* Whoever ends a rehearsal is told what it left; also where the type wrote its files itself. */
static void test_what_is_left(void **state)
{
    struct rehearse_out out;
    struct handler_batch batch = {.count = 1};
    struct error e = {0};
    assert_int_equal(rehearse_out_open(&out, path_in(*state, "out"), &e), 0);
    fail(&e, EX_TEMPFAIL, "ended");
    rehearse_out_explain(&out, &e);
    check_text(e.text, "ended");
    assert_int_equal(rehearse_out_write(&out, &rows, NULL, &batch, 0, "a", NULL), 0);
    assert_int_equal(rehearse_out_close(&out, NULL), 0);
    rehearse_out_explain(&out, &e);
    check(strstr(e.text, "ended; --out /") == e.text &&
              strstr(e.text, "/out: it holds 1 message of a rehearsal that did not succeed; remove it and "
                             "rehearse again") != NULL,
        "%s", e.text);
    assert_int_equal(e.status, EX_TEMPFAIL);
}

static void test_index(void **state)
{
    const char *path = path_in(*state, "out");
    struct rehearse_out out;
    struct handler_batch batch = {.count = 1};
    struct error e = {0};
    assert_int_equal(rehearse_out_open(&out, path, &e), 0);
    write_text(path_in(path, "index.tsv"), "theirs");
    assert_int_equal(rehearse_out_write(&out, &writes, NULL, &batch, 0, "a", &e), -1);
    rehearse_out_close(&out, NULL);
    check_file(path, "index.tsv", "theirs");
    out = (struct rehearse_out){.path = path, .directory = -1, .index = fopen("/dev/full", "w")};
    fputs("text", out.index);
    assert_int_equal(rehearse_out_close(&out, &e), -1);
    check(strstr(e.text, "index.tsv: it cannot be written: No space left") != NULL, "%s", e.text);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_busiest_minute),
        in_directory(test_turns),
        in_directory(test_no_runs),
        cmocka_unit_test(test_script),
        in_directory(test_every_call_fails),
        in_directory(test_out),
        in_directory(test_files_that_cannot_be_written),
        in_directory(test_a_directory_that_is_gone),
        in_directory(test_an_index_that_takes_nothing),
        in_directory(test_what_is_left),
        in_directory(test_index),
    };
    use_zone("UTC");
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
