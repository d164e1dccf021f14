/* Deliveries that are missing: what counts as missing, and every call to the disk failing in turn. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "deliver/delivery_audit.h"
#include "deliver/fan_out.h"
#include "deliver/terms.h"
#include "disturb.h"

/* Five events, the third of HIGH priority; three handlers, and what they have. */
static const char content[] =
    "WITH n(i) AS (VALUES (1), (2), (3), (4), (5)) INSERT INTO events SELECT i, 'e' || i, "
    "iif(i = 2, 'workorder.created', 'workorder.updated'), 7, 1000 * i, 1000 * i, "
    "json_object('id', 'e' || i, 'data', json_object('priority', iif(i = 3, 'HIGH', 'LOW'))) FROM n;"
    "INSERT INTO handlers (id, name, type, position, added_ms) VALUES (1, 'all', 'exec', 4, 0), "
    "(2, 'new', 'exec', 5, 0), (3, 'high', 'exec', 5, 0);"
    "INSERT INTO deliveries (handler_id, event_seq, subject, state, due_ms, changed_ms) VALUES "
    "(1, 2, 7, 'dead', 0, 0), (1, 4, 7, 'pending', 0, 0);"
    "INSERT INTO delivery_history VALUES (1, 1, 'done', 1, 0, NULL), (2, 2, 'discarded', 1, 0, NULL);";

static const char usual_conf[] =
    "[handler all]\ntype = exec\ncommand = /bin/true\n"
    "[handler new]\ntype = exec\ncommand = /bin/true\non = workorder.created\n"
    "[handler high]\ntype = exec\ncommand = /bin/true\nwhen = priority = 'HIGH'\n"
    "[handler unknown]\ntype = exec\ncommand = /bin/true\n";

static struct config config;
static struct handler_table table;

static int setup(void **state)
{
    clear_environment();
    return directory_setup(state) == 0 ? chdir(*state) : -1;
}

static int teardown(void **state)
{
    handler_table_free(&table);
    config_free(&config);
    secret_forget();
    clear_environment();
    return chdir("/") == 0 ? directory_teardown(state) : -1;
}

static void make_table(const char *text)
{
    struct buffer problems = {0}, warnings = {0};
    const char *const files[] = {"wosync.conf", NULL};
    write_text("wosync.conf", text);
    handler_table_free(&table);
    config_free(&config);
    check(config_load(files, &config, &problems, &warnings) == 0 &&
              handler_table_make(&config, &table, &problems, &warnings) == 0,
        "%s", problems.data);
    buffer_free(&problems);
    buffer_free(&warnings);
}

/* The handlers have taken by the terms of the table from behind event `behind` on. */
static void note_terms(struct store *store, int64_t behind)
{
    struct error e = {0};
    unsigned char terms[FINGERPRINT_SIZE];
    check(handler_table_look(&table, store, &e) == 0, "%s", e.text);
    for (size_t i = 0; i < table.count; i++) {
        terms_of(&table.rows[i], terms);
        if (table.rows[i].place.handler != 0)
            check(
                handler_terms_set(store, table.rows[i].place.handler, terms, behind, &e) == 0, "%s", e.text);
    }
}

static void append_audit(const struct delivery_audit *audit, struct buffer *out)
{
    buffer_append_format(out, "%d", (int)audit->events);
    for (size_t i = 0; i < audit->count; i++) {
        const struct handler_audit *handler = &audit->handlers[i];
        const struct audit_deliveries *d = &handler->deliveries;
        buffer_append_format(out, "; %s %d %d %d %d, %d", handler->handler->name, (int)d->done, (int)d->dead,
            (int)d->pending, (int)d->discarded, (int)handler->waiting);
        for (size_t j = 0; j < handler->count; j++)
            buffer_append_format(out, " %s", handler->missing[j].id);
    }
}

static int audit(struct store *store, int64_t since, struct buffer *out, struct error *e)
{
    struct delivery_audit found = {0};
    int rc = handler_table_look(&table, store, e);
    if (rc == 0)
        rc = delivery_audit_run(store, &table, since, &found, e);
    if (rc == 0)
        append_audit(&found, out);
    delivery_audit_free(&found);
    delivery_audit_free(&found);
    return rc;
}

static void test_what_is_missing(void **state)
{
    static const struct {
        const char *what, *conf;
        int64_t behind, since;
        const char *expected;
    } rows[] = {
        {"all of it", usual_conf, 0, TIMESTAMP_NONE,
            "5; all 1 1 1 0, 1 e3; new 0 0 0 1, 0; high 0 0 0 0, 0 e3"},
        {"since then", usual_conf, 0, 3500, "2; all 0 0 1 0, 1; new 0 0 0 0, 0; high 0 0 0 0, 0"},
        {"none since then", usual_conf, 0, 9000, "0; all 0 0 0 0, 0; new 0 0 0 0, 0; high 0 0 0 0, 0"},
        {"of older terms", usual_conf, 3, TIMESTAMP_NONE,
            "5; all 1 1 1 0, 1; new 0 0 0 1, 0; high 0 0 0 0, 0"},
        {"of other terms", "[handler all]\ntype = exec\ncommand = /bin/true\n", -1, TIMESTAMP_NONE,
            "5; all 1 1 1 0, 1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error e = {0};
        struct buffer out = {0};
        remove(path_in(*state, "wosync.db"));
        struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
        make_table(rows[i].conf);
        if (rows[i].behind >= 0)
            note_terms(store, rows[i].behind);
        check(audit(store, rows[i].since, &out, &e) == 0, "%s: %s", rows[i].what, e.text);
        check(strcmp(out.data, rows[i].expected) == 0, "%s: %s", rows[i].what, out.data);
        buffer_free(&out);
        store_close(store);
    }
}

/* Terms are those by which a handler took what came last: it notes them itself. */
static void test_terms(void **state)
{
    struct error e = {0};
    struct buffer out = {0};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    sqlite3 *db = disk_connection();
    make_table(usual_conf);
    check(handler_table_look(&table, store, &e) == 0 && fan_out_events(store, &table, &e) == 0, "%s", e.text);
    check(sqlite3_exec(db, "DELETE FROM deliveries WHERE event_seq = 5", NULL, NULL, NULL) == SQLITE_OK,
        "a delivery is deleted");
    check(audit(store, TIMESTAMP_NONE, &out, &e) == 0, "%s", e.text);
    check(strcmp(out.data, "5; all 1 1 1 0, 0 e5; new 0 0 0 1, 0; high 0 0 0 0, 0") == 0, "%s", out.data);
    buffer_free(&out);
    store_close(store);
}

static int append_row(void *text, int count, char **values, char **names)
{
    (void)count;
    (void)names;
    buffer_append_format(text, "%s%s", ((struct buffer *)text)->len > 0 ? ", " : "", values[0]);
    return 0;
}

static void check_deliveries(sqlite3 *db, const char *what, const char *expected)
{
    struct buffer out = {0};
    check(sqlite3_exec(db, "SELECT handler_id || ' ' || event_seq || ' ' || state FROM deliveries ORDER BY 1",
              append_row, &out, NULL) == SQLITE_OK,
        "%s: %s", what, sqlite3_errmsg(db));
    check(strcmp(out.data, expected) == 0, "%s: %s", what, out.data);
    buffer_free(&out);
}

static void test_many(void **state)
{
    static const char more[] =
        "WITH RECURSIVE n(i) AS (SELECT 6 UNION ALL SELECT i + 1 FROM n WHERE i < 4505) INSERT INTO events "
        "SELECT i, 'e' || i, 'workorder.updated', 7, 1000, 1000, '{}' FROM n; UPDATE handlers SET position = "
        "4505;";
    struct error e = {0};
    struct delivery_audit found;
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    check(sqlite3_exec(disk_connection(), more, NULL, NULL, NULL) == SQLITE_OK, "%s", more);
    make_table(usual_conf);
    note_terms(store, 0);
    check(handler_table_look(&table, store, &e) == 0 &&
              delivery_audit_run(store, &table, TIMESTAMP_NONE, &found, &e) == 0,
        "%s", e.text);
    assert_int_equal(delivery_audit_missing(&found), 4500 + 2 + 1);
    assert_int_equal(delivery_audit_heal(store, &found, 9000, &e), 4500 + 2 + 1);
    delivery_audit_free(&found);
    check(delivery_audit_run(store, &table, TIMESTAMP_NONE, &found, &e) == 0, "%s", e.text);
    assert_int_equal(delivery_audit_missing(&found), 0);
    delivery_audit_free(&found);
    store_close(store);
}

/* What was removed between the look and the healing keeps nothing else from being healed. */
static void test_removed_meanwhile(void **state)
{
    static const struct {
        const char *what, *sql, *expected;
        int64_t healed;
    } rows[] = {
        {"nothing", "", "1 3 pending, 3 3 pending, 3 5 pending", 3},
        {"an event", "DELETE FROM events WHERE seq = 5", "1 3 pending, 3 3 pending", 2},
        {"a handler",
            "DELETE FROM handler_terms WHERE handler_id = 1; DELETE FROM deliveries WHERE "
            "handler_id = 1; "
            "DELETE FROM delivery_history WHERE handler_id = 1; DELETE FROM handlers WHERE id = 1",
            "3 3 pending, 3 5 pending", 2},
        {"what one lacked: it is delivered meanwhile",
            "INSERT INTO delivery_history VALUES (3, 1, 'done', 1, 0, NULL)", "3 3 pending, 3 5 pending", 3},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error e = {0};
        struct delivery_audit found;
        remove(path_in(*state, "wosync.db"));
        struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
        sqlite3 *db = disk_connection();
        check(sqlite3_exec(db,
                  "PRAGMA foreign_keys = ON; DELETE FROM deliveries; UPDATE events SET body = "
                  "replace(body, 'LOW', 'HIGH') WHERE seq = 5",
                  NULL, NULL, NULL) == SQLITE_OK,
            "%s", sqlite3_errmsg(db));
        check(sqlite3_exec(db,
                  "INSERT INTO delivery_history VALUES (2, 1, 'done', 1, 0, NULL), (4, 1, "
                  "'done', 1, 0, NULL)",
                  NULL, NULL, NULL) == SQLITE_OK,
            "%s", sqlite3_errmsg(db));
        make_table(usual_conf);
        note_terms(store, 0);
        check(handler_table_look(&table, store, &e) == 0 &&
                  delivery_audit_run(store, &table, TIMESTAMP_NONE, &found, &e) == 0 &&
                  delivery_audit_missing(&found) == 3,
            "%s: %s", rows[i].what, e.text);
        check(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", rows[i].what,
            sqlite3_errmsg(db));
        const int64_t healed = delivery_audit_heal(store, &found, 9000, &e);
        check(healed == rows[i].healed, "%s: %d healed: %s", rows[i].what, (int)healed, e.text);
        check_deliveries(db, rows[i].what, rows[i].expected);
        delivery_audit_free(&found);
        store_close(store);
    }
}

static void test_what_ends_it(void **state)
{
    struct error e = {0};
    struct buffer out = {0};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    make_table("[handler all]\ntype = exec\ncommand = /bin/true\nwhen = json('x')\n");
    note_terms(store, 0);
    check(audit(store, TIMESTAMP_NONE, &out, &e) == -1 && e.status == EX_CONFIG, "%s", e.text);
    e = (struct error){0};
    shutdown_set_deadline(1);
    clock_sleep(2000);
    check(audit(store, TIMESTAMP_NONE, &out, &e) == -1 && e.status == EX_TEMPFAIL, "%s", e.text);
    shutdown_set_deadline(0);
    buffer_free(&out);
    store_close(store);
}

/* --- every call to the disk fails --- */

static int64_t do_audit(struct store *store, struct error *e)
{
    struct buffer out = {0};
    int rc = audit(store, TIMESTAMP_NONE, &out, e);
    if (rc == 0)
        check(strcmp(out.data, "5; all 1 1 1 0, 1 e3; new 0 0 0 1, 0; high 0 0 0 0, 0 e3") == 0, "%s",
            out.data);
    buffer_free(&out);
    return rc;
}

static int64_t do_heal(struct store *store, struct error *e)
{
    struct delivery_audit found = {0};
    int64_t count = -1;
    if (handler_table_look(&table, store, e) == 0 &&
        delivery_audit_run(store, &table, TIMESTAMP_NONE, &found, e) == 0)
        count = delivery_audit_heal(store, &found, 9000, e);
    delivery_audit_free(&found);
    return count;
}

static void test_every_call_fails(void **state)
{
    static const struct function looks = {"do_audit", do_audit}, heals = {"do_heal", do_heal};
    const char *path = path_in(*state, "wosync.db");
    char sql[4096];
    make_table(usual_conf);
    struct store *store = disturb_make(path, content);
    note_terms(store, 0);
    store_close(store);
    disturb(path, &looks);
    remove(path);
    /* the terms by SQL, for each store is made anew */
    int n = snprintf(sql, sizeof sql, "%s", content);
    for (int handler = 1; handler <= 3; handler++) {
        unsigned char terms[FINGERPRINT_SIZE];
        terms_of(&table.rows[handler - 1], terms);
        n += snprintf(sql + n, sizeof sql - (size_t)n, "INSERT INTO handler_terms VALUES (%d, x'", handler);
        for (size_t i = 0; i < FINGERPRINT_SIZE; i++)
            n += snprintf(sql + n, sizeof sql - (size_t)n, "%02x", terms[i]);
        n += snprintf(sql + n, sizeof sql - (size_t)n, "', 0);");
    }
    for (enum disk_fault fault = FAULT_IO; fault <= FAULT_LOCKED; fault++)
        disturb_transaction(path, sql, &heals, fault);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_what_is_missing),
        in_directory(test_terms),
        in_directory(test_many),
        in_directory(test_removed_meanwhile),
        in_directory(test_what_ends_it),
        in_directory(test_every_call_fails),
    };
    disk_install();
    log_configure(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
