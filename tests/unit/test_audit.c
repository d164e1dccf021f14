/* Audits against the plant: which road they take, what they find, and how they fail. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "disturb.h"
#include "jobs.h"
#include "plant.h"
#include "sources/audit.h"
#include "sources/audit_list.h"
#include "sources/audit_lists.h"

/* --- the list --- */

/* Eight work orders, the newest last, three of them of one instant, all of them changed long ago. */
static const struct order plant[] = {{1, -90, "OPEN", false, false}, {2, -90, "OPEN", false, false},
    {3, -90, "OPEN", false, false}, {4, -90, "OPEN", false, false}, {5, -90, "OPEN", false, false},
    {6, -90, "OPEN", false, false}, {7, -90, "OPEN", false, false}, {8, -90, "OPEN", false, false}};

static void set_plant(void)
{
    static const int64_t ages[] = {0, 7, 6, 5, 5, 5, 4, 3, 0};
    set_orders(plant, COUNT(plant));
    memcpy(server.ages, ages, sizeof ages);
}

static int records, pages;
static char order[128];

static int see(const struct audit_record *record, void *context, struct error *e)
{
    (void)context;
    (void)e;
    records++;
    snprintf(order + strlen(order), sizeof order - strlen(order), "%s%d", *order != '\0' ? " " : "",
        record->wo != NULL ? (int)record->wo->id : 0);
    return 0;
}

static void count_page(void *context)
{
    (void)context;
    pages++;
}

static enum pass_result read_list(struct job *job, int64_t since, struct error *e)
{
    const struct audit_list list = {
        .api = job->api, .page_size = 2, .since = since, .record = see, .page = count_page};
    records = pages = 0;
    *order = '\0';
    return audit_list_read(&list, e);
}

static struct store *open_new(void **state)
{
    remove(path_in(*state, "wosync.db"));
    usual();
    set_plant();
    return disturb_make(path_in(*state, "wosync.db"), "");
}

static void test_roads(void **state)
{
    const int64_t since = now - HOUR - 4 * MINUTE;
    const struct {
        const char *what, *expected;
        int64_t since;
        enum manner brackets, sort;
        int64_t touched; /* this one changed just now */
    } table[] = {
        {"everything", "8 7 7 6 6 5 5 4 3 2 2 1", TIMESTAMP_NONE, HONOURED, HONOURED, 0},
        {"what was created since", "8 7 7 6", since, HONOURED, HONOURED, 0},
        {"what was changed since", "8 7 7 6 2", since, HONOURED, HONOURED, 2},
        {"no windows", "2 6 7 8", since, REFUSED, HONOURED, 2},
        {"windows that are ignored", "8 7 2 6 7 8", since, IGNORED, HONOURED, 2},
        {"no order", "2 6 7 8", since, HONOURED, REFUSED, 2},
    };
    struct store *store = open_new(state);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct job job;
        set_plant();
        server.brackets = table[i].brackets;
        server.sort = table[i].sort;
        if (table[i].touched != 0)
            server.orders[table[i].touched - 1].minute = 0;
        begin_job(&job, store);
        check(read_list(&job, table[i].since, &e) == PASS_FINISHED, "%s: %s", table[i].what, e.text);
        check(strcmp(order, table[i].expected) == 0, "%s: %s", table[i].what, order);
        end_job(&job);
    }
    store_close(store);
}

static void test_lists_that_fail(void **state)
{
    static const struct {
        const char *what;
        int fails, list_status, status;
        bool repeats, late;
        enum pass_result end;
    } table[] = {{"a page that is forbidden", 2, 0, EX_NOPERM, false, false, PASS_FAILED},
        {"every page", 0, 500, EX_UNAVAILABLE, false, false, PASS_FAILED},
        {"a cursor that is repeated", 0, 0, EX_PROTOCOL, true, false, PASS_FAILED},
        {"the deadline", 0, 0, EX_OK, false, true, PASS_STOPPED}};
    struct store *store = open_new(state);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct job job;
        set_orders(plant, COUNT(plant)); /* all of one instant */
        server.fails = table[i].fails;
        server.list_status = table[i].list_status;
        server.repeats = table[i].repeats;
        how.impatient = true;
        if (table[i].late) {
            shutdown_set_deadline(1);
            later++;
        }
        begin_job(&job, store);
        check(read_list(&job, TIMESTAMP_NONE, &e) == table[i].end && e.status == table[i].status,
            "%s: %d, %s", table[i].what, e.status, e.text);
        end_job(&job);
        shutdown_set_deadline(0);
    }
    store_close(store);
}

/* --- what is found --- */

static void no_progress(void *data)
{
    (void)data;
}

static void append_result(const struct audit_result *result, struct buffer *out)
{
    buffer_append_format(out, "%d: %d same", (int)result->work_orders, (int)result->same);
    if (result->unlisted + result->left + result->proving > 0)
        buffer_append_format(out, ", %d unlisted, %d left, %d proving", (int)result->unlisted,
            (int)result->left, (int)result->proving);
    for (size_t i = 0; i < result->count; i++)
        buffer_append_format(out, "; %d %s%s%s", (int)result->findings[i].work_order,
            audit_fault_name(result->findings[i].fault), result->findings[i].detail != NULL ? " " : "",
            result->findings[i].detail != NULL ? result->findings[i].detail : "");
}

static enum pass_result audit_store(struct store *store, struct buffer *out, struct error *e)
{
    struct job job;
    struct audit_result result;
    begin_job(&job, store);
    const struct audit_settings settings = {
        .pass = &job.settings, .since = TIMESTAMP_NONE, .progress = no_progress};
    enum pass_result end = audit_run(&settings, &result, e);
    append_result(&result, out);
    audit_free(&result);
    audit_free(&result);
    end_job(&job);
    return end;
}

static void run_sql(const char *sql)
{
    check(sqlite3_exec(disk_connection(), sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sql);
}

static void nothing(void)
{
}

static void change_2(void)
{
    server.orders[1].minute = 30;
}

static void change_2_meanwhile(void)
{
    if (server.pages == 1)
        change_2();
}

static void set_changing(void)
{
    server.before = change_2_meanwhile;
}

static void hide_1(void)
{
    server.unlisted[1] = true;
}

static void end_1(void)
{
    server.orders[0].gone = true;
}

static void hide_and_change_1(void)
{
    hide_1();
    server.orders[0].status = "DONE";
}

static void spoil_1(void)
{
    server.orders[0].odd = true;
}

static void break_1(void)
{
    hide_1();
    server.status = 500;
}

static void spoil_hidden_1(void)
{
    hide_1();
    spoil_1();
}

/* A poll beside us stores it behind our back, after it was asked for. */
static void store_1_meanwhile(void)
{
    static char sql[120];
    server.before = NULL;
    snprintf(sql, sizeof sql,
        "UPDATE snapshots SET updated_ms = updated_ms + 60000, observed_ms = %lld WHERE id = 1",
        (long long)(now + later));
    run_sql(sql);
}

static void set_storing(void)
{
    server.before = store_1_meanwhile;
}

/* What was lost is there again before the audit ends. */
static void put_8_back_meanwhile(void)
{
    if (server.pages == 3)
        run_sql("INSERT OR REPLACE INTO snapshots SELECT * FROM kept");
}

static void set_putting_back(void)
{
    server.before = put_8_back_meanwhile;
}

/* 7 is on two pages: it changes before the second one. 3 changes before it is asked for by its id. */
static void change_7_and_3_meanwhile(void)
{
    if (server.pages == 1)
        server.orders[6].minute = 30;
    if (server.pages == 6)
        server.orders[2].minute = 30;
}

static void set_changing_both(void)
{
    server.before = change_7_and_3_meanwhile;
}

static void test_findings(void **state)
{
    static const struct {
        const char *what, *sql;
        void (*set)(void);
        const char *expected;
    } table[] = {
        {"nothing", "", nothing, "8: 8 same"},
        {"absent", "DELETE FROM snapshots WHERE id IN (1, 8)", nothing, "8: 6 same; 1 absent; 8 absent"},
        {"older", "UPDATE snapshots SET updated_ms = updated_ms - 1 WHERE id = 4", nothing,
            "8: 7 same; 4 older"},
        {"newer", "UPDATE snapshots SET updated_ms = updated_ms + 1 WHERE id = 4", nothing,
            "8: 7 same; 4 newer"},
        {"another content", "UPDATE documents SET json = replace(json, 'Pump', 'Fan') WHERE subject = 4",
            nothing, "8: 7 same; 4 content title"},
        {"other bytes alone", "UPDATE documents SET json = replace(json, ',', ', ') WHERE subject = 4",
            nothing, "8: 8 same"},
        {"many fields",
            "UPDATE documents SET json = replace(json, '\"title\":', "
            "'\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"title\":') WHERE subject = 4",
            nothing, "8: 7 same; 4 content a, b, c, d, e and 1 more"},
        {"emitted as deleted", "UPDATE snapshots SET deleted = 1 WHERE id = 4", nothing, "8: 7 same; 4 back"},
        {"a change since", "", change_2, "8: 7 same, 0 unlisted, 1 left, 0 proving"},
        {"a change meanwhile", "", set_changing, "8: 7 same, 0 unlisted, 1 left, 0 proving"},
        {"stored meanwhile", "", set_storing, "8: 8 same"},
        {"absent, and stored meanwhile",
            "CREATE TABLE kept AS SELECT * FROM snapshots WHERE id = 8; DELETE FROM snapshots WHERE id = 8",
            set_putting_back, "8: 8 same"},
        {"older, and stored meanwhile",
            "CREATE TABLE kept AS SELECT * FROM snapshots WHERE id = 8; "
            "UPDATE snapshots SET updated_ms = updated_ms - 1 WHERE id = 8",
            set_putting_back, "8: 8 same"},
        {"changes meanwhile, of one on two pages and of one that is asked for",
            "DELETE FROM snapshots WHERE id = 7; UPDATE snapshots SET updated_ms = updated_ms + 1 WHERE id = "
            "3",
            set_changing_both, "8: 6 same, 0 unlisted, 2 left, 0 proving"},
        {"not listed", "", hide_1, "8: 8 same, 1 unlisted, 0 left, 0 proving"},
        {"not listed, and another content", "", hide_and_change_1, "8: 7 same; 1 content status"},
        {"gone", "", end_1, "7: 7 same; 1 gone"},
        {"gone, known to be missing", "INSERT INTO deletion_candidates VALUES (1, 1, NULL, NULL, 0, 0)",
            end_1, "7: 7 same, 0 unlisted, 0 left, 1 proving"},
        {"gone, emitted as deleted", "UPDATE snapshots SET deleted = 1 WHERE id = 1", end_1, "7: 7 same"},
        {"not understood", "", spoil_1, "8: 7 same; 1 unreadable its status is missing or no short text"},
        {"not to be asked for", "", break_1, NULL},
        {"not listed, not understood", "", spoil_hidden_1, NULL},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct buffer out = {0};
        struct store *store = open_new(state);
        check(do_poll(store, &e) == 0, "%s", e.text);
        later = HOUR;
        how.impatient = true;
        run_sql(table[i].sql);
        server.pages = 0;
        table[i].set();
        check(audit_store(store, &out, &e) == PASS_FINISHED, "%s: %s", table[i].what, e.text);
        if (table[i].expected != NULL)
            check(strcmp(out.data, table[i].expected) == 0, "%s: %s", table[i].what, out.data);
        else
            check(strstr(out.data, "7: 7 same; 1 unreadable") == out.data, "%s: %s", table[i].what, out.data);
        server.before = NULL;
        buffer_free(&out);
        store_close(store);
    }
}

/* What is healed is found no more, though list and single work order hold the same fields. */
static void test_healing(void **state)
{
    struct error e = {0};
    struct buffer out = {0};
    struct store *store = open_new(state);
    check(do_poll(store, &e) == 0, "%s", e.text);
    later = HOUR;
    run_sql(
        "DELETE FROM snapshots WHERE id = 1; UPDATE snapshots SET updated_ms = updated_ms - 1 WHERE id = 2; "
        "UPDATE snapshots SET updated_ms = updated_ms + 1 WHERE id = 3; UPDATE snapshots SET deleted = 1 "
        "WHERE "
        "id = 4; "
        "UPDATE documents SET json = replace(json, 'Pump', 'Fan') WHERE subject = 5");
    check(audit_store(store, &out, &e) == PASS_FINISHED, "%s", e.text);
    check(strcmp(out.data, "8: 3 same; 1 absent; 2 older; 3 newer; 4 back; 5 content title") == 0, "%s",
        out.data);
    check(do_heal(store, &e) == 0, "%s", e.text);
    later = 2 * HOUR;
    buffer_clear(&out);
    check(audit_store(store, &out, &e) == PASS_FINISHED, "%s", e.text);
    check(strcmp(out.data, "8: 8 same") == 0, "%s", out.data);
    buffer_free(&out);
    store_close(store);
}

/* What proves nothing says so. */
static void test_nothing_is_proved(void **state)
{
    struct error e = {0};
    struct buffer out = {0};
    struct store *store = open_new(state);
    check(audit_store(store, &out, &e) == PASS_FAILED && e.status == EX_TEMPFAIL, "%s", e.text);
    e = (struct error){0};
    check(do_poll(store, &e) == 0, "%s", e.text);
    later = HOUR;
    for (size_t i = 0; i < 3; i++) /* one more than max_deletes */
        server.orders[i].gone = true;
    check(audit_store(store, &out, &e) == PASS_FAILED && e.status == EX_TEMPFAIL &&
              strstr(e.text, "lacks 3") != NULL,
        "%s", e.text);
    /* one after the other fails: it is the API */
    e = (struct error){0};
    how.max_deletes = 8;
    how.impatient = true;
    for (size_t i = 0; i < server.count; i++) {
        server.orders[i].gone = false;
        server.unlisted[server.orders[i].id] = true;
    }
    server.status = 503;
    check(audit_store(store, &out, &e) == PASS_FAILED && e.status == EX_UNAVAILABLE, "%s", e.text);
    e = (struct error){0};
    server.status = 401;
    check(audit_store(store, &out, &e) == PASS_FAILED && e.status == EX_NOPERM, "%s", e.text);
    e = (struct error){0};
    how.base_url = "https://other.example/v1";
    check(audit_store(store, &out, &e) == PASS_FAILED && e.status == EX_CONFIG, "%s", e.text);
    buffer_free(&out);
    store_close(store);
}

static int last_page;

static void end_time_on_the_last_page(void)
{
    if (server.pages == last_page) {
        shutdown_set_deadline(1);
        later++;
    }
}

/* What the list did not show was not looked for: nothing is proved. */
static void test_time_that_is_over_behind_the_list(void **state)
{
    struct error e = {0};
    struct buffer out = {0};
    struct store *store = open_new(state);
    check(do_poll(store, &e) == 0, "%s", e.text);
    later = HOUR;
    hide_1();
    server.pages = 0;
    check(audit_store(store, &out, &e) == PASS_FINISHED, "%s", e.text);
    last_page = server.pages - 1;
    server.pages = 0;
    server.before = end_time_on_the_last_page;
    check(audit_store(store, &out, &e) == PASS_STOPPED && e.status == EX_OK, "%s", e.text);
    check(server.pages == last_page + 1, "%d pages", server.pages);
    shutdown_set_deadline(0);
    buffer_free(&out);
    store_close(store);
}

/* Each call to the disk fails in turn: it says so, and finds nothing that is not there. */
static int64_t do_audit(struct store *store, struct error *e)
{
    struct buffer out = {0};
    int64_t rc = audit_store(store, &out, e) == PASS_FINISHED ? 0 : -1;
    if (rc == 0)
        check(strcmp(out.data,
                  "7: 4 same, 0 unlisted, 1 left, 0 proving; 1 gone; 4 content title; 6 newer") == 0,
            "%s", out.data);
    buffer_free(&out);
    return rc;
}

static void test_every_call_fails(void **state)
{
    static const struct function function = {"an audit", do_audit};
    struct error e = {0};
    struct store *store = open_new(state);
    check(do_poll(store, &e) == 0, "%s", e.text);
    later = HOUR;
    run_sql("UPDATE documents SET json = replace(json, 'Pump', 'Fan') WHERE subject = 4; "
            "UPDATE snapshots SET updated_ms = updated_ms + 1 WHERE id = 6");
    change_2();
    end_1();
    store_close(store);
    disturb(path_in(*state, "wosync.db"), &function);
}

/* --- lists --- */

static void test_ids(void **state)
{
    static const int64_t given[] = {5, 3, 5, 9, 3, 1};
    struct audit_ids ids = {0};
    (void)state;
    audit_ids_sort(&ids);
    check(!audit_ids_have(&ids, 3), "nothing has 3");
    for (int i = 0; i < 5000; i++)
        audit_ids_add(&ids, given[(size_t)i % COUNT(given)]);
    audit_ids_sort(&ids);
    assert_int_equal(ids.count, 4);
    for (int64_t id = 0; id < 10; id++)
        check(audit_ids_have(&ids, id) == (id == 1 || id == 3 || id == 5 || id == 9), "%d", (int)id);
    free(ids.list);
}

/* Of two looks at one work order the later one holds; two without an id are two. */
static void test_sorted_findings(void **state)
{
    struct audit_result result = {0};
    const struct audit_finding given[] = {
        {.work_order = 7, .fault = AUDIT_OLDER, .sent = 3, .detail = strdup("x")},
        {.fault = AUDIT_UNREADABLE, .detail = strdup("y")},
        {.work_order = 7, .fault = AUDIT_NEWER, .sent = 5},
        {.fault = AUDIT_UNREADABLE},
        {.work_order = 2, .fault = AUDIT_ABSENT},
        {.work_order = 7, .fault = AUDIT_ABSENT, .sent = 4},
    };
    struct buffer out = {0};
    (void)state;
    audit_findings_sort(&result);
    for (size_t i = 0; i < COUNT(given); i++)
        audit_findings_add(&result, &given[i]);
    audit_findings_sort(&result);
    append_result(&result, &out);
    check(strcmp(out.data, "0: 0 same; 0 unreadable y; 0 unreadable; 2 absent; 7 newer") == 0 ||
              strcmp(out.data, "0: 0 same; 0 unreadable; 0 unreadable y; 2 absent; 7 newer") == 0,
        "%s", out.data);
    buffer_free(&out);
    audit_free(&result);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_roads),
        in_directory(test_lists_that_fail),
        in_directory(test_findings),
        in_directory(test_healing),
        in_directory(test_nothing_is_proved),
        in_directory(test_time_that_is_over_behind_the_list),
        in_directory(test_every_call_fails),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_sorted_findings),
    };
    disk_install();
    log_configure(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
