/* The warehouse in an SQLite file. */
#include "support.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "fault.h"
#include "handlers/registry.h"
#include "handlers/warehouse/backend.h"
#include "warehouse_sqlite_sql.h"

enum { WORK_ORDERS = 3 };

struct warehouse {
    const char *path;
    void *handler;
};

static struct warehouse open_warehouse(const char *path)
{
    char key[] = "database";
    struct buffer problems = {0};
    char *value = strdup(path);
    struct ini_setting setting = {key, value, 1};
    const struct ini_section section = {.settings = &setting, .count = 1};
    const struct handler_setup setup = {
        .name = "wh", .section = &section, .problems = &problems, .timeout = 1};
    struct warehouse w = {path, handler_warehouse.make(&setup)};
    check(w.handler != NULL, "%s", problems.data);
    free(value);
    return w;
}

/* The first number that a query gives. */
static int query(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    check(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW,
        "%s: %s", sql, sqlite3_errmsg(db));
    int result = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return result;
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db;
    check(sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
        "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static struct delivery_result load(struct warehouse *w)
{
    char json[WORK_ORDERS][128];
    struct handler_snapshot snapshots[WORK_ORDERS];
    struct delivery_result result;
    for (int i = 0; i < WORK_ORDERS; i++) {
        int len = snprintf(json[i], sizeof json[i],
            "{\"id\":%d,\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:00:00Z\"}", i + 1);
        snapshots[i] = (struct handler_snapshot){.work_order = i + 1, .json = json[i], .len = (size_t)len};
    }
    struct handler_batch batch = {
        .kind = HANDLER_SNAPSHOTS, .count = WORK_ORDERS, .snapshots = snapshots, .timeout = 100};
    handler_warehouse.work(w->handler, &batch, &result);
    return result;
}

static struct delivery_result deliver(struct warehouse *w)
{
    char body[WORK_ORDERS][512];
    struct handler_event events[WORK_ORDERS];
    struct delivery_result results[WORK_ORDERS];
    for (int i = 0; i < WORK_ORDERS; i++) {
        int len = snprintf(body[i], sizeof body[i],
            "{\"id\":\"e%d\",\"event\":\"workorder.status_changed\",\"timestamp\":\"2026-11-23T11:00:00."
            "000Z\",\"names\":{\"users\":{\"1\":\"Ann\"},\"teams\":{\"2\":\"Night\"}},"
            "\"observedAt\":\"2026-11-23T11:01:00.000Z\",\"data\":{\"id\":%d,\"status\":\"DONE\","
            "\"previousStatus\":\"OPEN\","
            "\"updatedAt\":\"2026-11-23T11:00:00Z\"}}",
            i + 1, i + 1);
        events[i] = (struct handler_event){
            .seq = i + 1, .work_order = i + 1, .body = body[i], .body_len = (size_t)len};
    }
    struct handler_batch batch = {
        .kind = HANDLER_EVENTS, .count = WORK_ORDERS, .events = events, .timeout = 100};
    handler_warehouse.work(w->handler, &batch, results);
    /* the first that is not done stands for all */
    for (int i = 0; i < WORK_ORDERS; i++)
        if (results[i].status != DELIVERY_DONE)
            return results[i];
    return results[0];
}

static bool is_later(const struct delivery_result *result, const char *text)
{
    return result->status == DELIVERY_LATER && strstr(result->error, text) != NULL;
}

static void check_all_there(const char *path)
{
    assert_int_equal(query(path, "SELECT count(*) FROM work_orders WHERE status = 'DONE'"), WORK_ORDERS);
    assert_int_equal(query(path, "SELECT count(*) FROM status_history"), WORK_ORDERS);
    assert_int_equal(query(path, "SELECT count(*) FROM wosync_events"), WORK_ORDERS);
    assert_int_equal(query(path, "SELECT count(*) FROM users WHERE id = 1 AND name = 'Ann'"), 1);
    assert_int_equal(query(path, "SELECT count(*) FROM teams WHERE id = 2 AND name = 'Night'"), 1);
    assert_int_equal(query(path, "PRAGMA user_version"), WAREHOUSE_SQLITE_VERSION);
}

/* Every statement fails in turn: it is to be tried again, and then everything is there exactly once. */
static void test_every_statement_fails(void **state)
{
    bool happened = true;
    long n = 1;
    for (; happened; n++) {
        char name[32];
        snprintf(name, sizeof name, "%ld.db", n);
        struct warehouse w = open_warehouse(path_in(*state, name));
        fault_statement(n);
        struct delivery_result loaded = load(&w), delivered = {0};
        if (loaded.status == DELIVERY_DONE)
            delivered = deliver(&w);
        happened = fault_happened();
        fault_statement(0);
        /* what fails in the midst of a batch is made good one by one */
        check(!happened || is_later(&loaded, "interrupted") || is_later(&delivered, "interrupted") ||
                  delivered.status == DELIVERY_DONE,
            "statement %ld: %d %s, %d %s", n, loaded.status, loaded.error, delivered.status, delivered.error);
        loaded = load(&w);
        delivered = deliver(&w);
        check(loaded.status == DELIVERY_DONE && delivered.status == DELIVERY_DONE,
            "statement %ld, again: %s%s", n, loaded.error, delivered.error);
        handler_warehouse.free(w.handler);
        check_all_there(w.path);
    }
    check(n > 30, "only %ld statements", n);
}

/* Another process does the same at whatever moment: both may wait, and all is there exactly once. */
static struct warehouse other;
static bool at_it;

static void meanwhile(void)
{
    if (at_it)
        return;
    at_it = true;
    struct delivery_result result = load(&other);
    if (result.status == DELIVERY_DONE)
        result = deliver(&other);
    check(
        result.status == DELIVERY_DONE || is_later(&result, "locked"), "%d, %s", result.status, result.error);
    at_it = false;
}

static void test_another_process(void **state)
{
    bool happened = true;
    long n = 1;
    for (; happened; n++) {
        char name[32];
        snprintf(name, sizeof name, "%ld.db", n);
        struct warehouse w = open_warehouse(path_in(*state, name));
        other = open_warehouse(path_in(*state, name));
        fault_call(n, meanwhile);
        struct delivery_result loaded = load(&w), delivered = deliver(&w);
        happened = fault_happened();
        fault_statement(0);
        check(loaded.status == DELIVERY_DONE || is_later(&loaded, "locked"), "statement %ld: %s", n,
            loaded.error);
        check(delivered.status == DELIVERY_DONE || is_later(&delivered, "locked"), "statement %ld: %s", n,
            delivered.error);
        loaded = load(&w);
        delivered = deliver(&w);
        check(loaded.status == DELIVERY_DONE && delivered.status == DELIVERY_DONE,
            "statement %ld, again: %s%s", n, loaded.error, delivered.error);
        handler_warehouse.free(other.handler);
        handler_warehouse.free(w.handler);
        check_all_there(w.path);
    }
    check(n > 30, "only %ld statements", n);
}

/* What the database refuses is left out when it is loaded, and alone; what follows it waits for what is not
 * to be had. */
static void test_refused_snapshots(void **state)
{
    struct warehouse w = open_warehouse(path_in(*state, "w.db"));
    struct delivery_result result = load(&w);
    check(result.status == DELIVERY_DONE, "%s", result.error);
    execute(w.path, "DELETE FROM work_orders; CREATE TRIGGER no BEFORE INSERT ON work_orders WHEN NEW.id = 2 "
                    "BEGIN SELECT RAISE(ABORT, 'not that one'); END");
    result = load(&w);
    check(result.status == DELIVERY_DONE, "%s", result.error);
    assert_int_equal(query(w.path, "SELECT sum(id) FROM work_orders"), 4);
    execute(w.path,
        "DELETE FROM work_orders; CREATE TRIGGER later BEFORE INSERT ON work_orders WHEN NEW.id = 3 "
        "BEGIN SELECT abs(-9223372036854775807 - 1); END");
    result = load(&w);
    check(is_later(&result, "integer overflow"), "%s", result.error);
    assert_int_equal(query(w.path, "SELECT sum(id) FROM work_orders"), 1);
    execute(w.path, "DROP TRIGGER later");
    /* a delivery that is refused is refused alone */
    result = deliver(&w);
    check(result.status == DELIVERY_DEAD && strstr(result.error, "it refuses the row: not that one") != NULL,
        "%s", result.error);
    assert_int_equal(query(w.path, "SELECT count(*) FROM wosync_events"), WORK_ORDERS - 1);
    handler_warehouse.free(w.handler);
}

static bool disk_is_full;

static ssize_t write_or_not(int fd, const void *bytes, size_t len, off_t offset)
{
    if (!disk_is_full)
        return pwrite(fd, bytes, len, offset);
    errno = ENOSPC;
    return -1;
}

/* SQLite has a door of its own for what the system refuses. */
static void test_full_disk(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    struct warehouse w = open_warehouse(path_in(*state, "w.db"));
    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write_or_not);
    vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_or_not);
    disk_is_full = true;
    struct delivery_result result = load(&w);
    check(is_later(&result, "the disk is full; free some space"), "%s", result.error);
    disk_is_full = false;
    result = load(&w);
    check(result.status == DELIVERY_DONE, "%s", result.error);
    disk_is_full = true;
    result = deliver(&w);
    check(is_later(&result, "the disk is full; free some space"), "%s", result.error);
    disk_is_full = false;
    result = deliver(&w);
    check(result.status == DELIVERY_DONE, "%s", result.error);
    vfs->xSetSystemCall(vfs, NULL, NULL);
    handler_warehouse.free(w.handler);
    check_all_there(w.path);
}

static void test_unreadable_snapshot(void **state)
{
    struct warehouse w = open_warehouse(path_in(*state, "w.db"));
    const struct handler_snapshot odd = {.work_order = 1, .json = "{\"id\":1}", .len = 8};
    struct delivery_result result;
    struct handler_batch batch = {.kind = HANDLER_SNAPSHOTS, .count = 1, .snapshots = &odd, .timeout = 100};
    handler_warehouse.work(w.handler, &batch, &result);
    check(result.status == DELIVERY_DONE, "%s", result.error);
    assert_int_equal(query(w.path, "SELECT count(*) FROM work_orders"), 0);
    handler_warehouse.free(w.handler);
}

/* Files that are none of ours, or none at all, are left as they are. */
static void test_odd_files(void **state)
{
    static const struct {
        const char *sql;
        const char *error;
    } table[] = {
        {"PRAGMA application_id = 7", "it is a database of another program"},
        {"CREATE TABLE x (y)", "it is a database of another program"},
        {"PRAGMA user_version = 1", "it is a database of another program"},
        {"PRAGMA application_id = 0x776f7377; PRAGMA user_version = 99", "it was written by a newer wosync"},
        {"PRAGMA application_id = 0x776f7377; CREATE TABLE x (y); PRAGMA writable_schema = 1;"
         "UPDATE sqlite_schema SET sql = 'CREATE TABLE' WHERE name = 'x'",
            "malformed database schema"},
        {"PRAGMA application_id = 0x776f7377; PRAGMA user_version = 1", "no such table"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char name[32];
        snprintf(name, sizeof name, "%zu.db", i);
        struct warehouse w = open_warehouse(path_in(*state, name));
        execute(w.path, table[i].sql);
        struct delivery_result result = load(&w);
        check(is_later(&result, table[i].error), "%s: %d, %s", table[i].sql, result.status, result.error);
        handler_warehouse.free(w.handler);
    }
}

/* A path that the system takes and SQLite does not; one below a directory that is made; one without a
 * directory. */
static void test_paths(void **state)
{
    char path[1024], part[201];
    memset(part, 'd', sizeof part - 1);
    part[sizeof part - 1] = '\0';
    snprintf(path, sizeof path, "%s/%s", (const char *)*state, part);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int i = 0; i < 2; i++) {
        strcat(path, "/");
        strcat(path, part);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    strcat(path, "/w.db");
    struct warehouse w = open_warehouse(path);
    struct delivery_result result = load(&w);
    check(result.status == DELIVERY_LATER, "%d, %s", result.status, result.error);
    handler_warehouse.free(w.handler);
    assert_int_equal(chdir(*state), 0);
    static const char *const good[] = {"w.db", "made/w.db"};
    for (size_t i = 0; i < COUNT(good); i++) {
        w = open_warehouse(good[i]);
        result = load(&w);
        check(result.status == DELIVERY_DONE, "%s: %s", good[i], result.error);
        handler_warehouse.free(w.handler);
        assert_int_equal(access(good[i], F_OK), 0);
    }
    w = open_warehouse("none/below/w.db");
    result = load(&w);
    check(is_later(&result, "it cannot be opened"), "%s", result.error);
    handler_warehouse.free(w.handler);
    assert_int_equal(chdir("/"), 0);
}

/* A name that is handed over alone, in a transaction of its own. */
static void put_name(const char *path, const struct warehouse_name *name)
{
    struct delivery_result why = {0};
    void *db = warehouse_sqlite_new(path, 1000);
    struct warehouse_name_values values;
    warehouse_name_fill(name, &values);
    check(warehouse_sqlite.begin(db, &why) == 0 &&
              warehouse_sqlite.put_name(db, name->kind, &values, &why) == 0 &&
              warehouse_sqlite.commit(db, &why) == 0,
        "%s", why.error);
    warehouse_sqlite.free(db);
}

static void test_names(void **state)
{
    static const struct {
        struct warehouse_name name;
        const char *expected; /* of id 7 */
    } table[] = {
        {{WAREHOUSE_USER, NAME_LISTED, 7, 1000, "Ann"}, "name = 'Ann' AND removed_at IS NULL"},
        {{WAREHOUSE_USER, NAME_LISTED, 7, 1000, "Ann"}, "name = 'Ann' AND removed_at IS NULL"},
        {{WAREHOUSE_USER, NAME_LISTED, 8, 9000, "Bo"}, "name = 'Ann'"},
        {{WAREHOUSE_TEAM, NAME_LISTED, 7, 9000, "Night"}, "name = 'Ann'"},
        {{WAREHOUSE_USER, NAME_MENTIONED, 7, 999, "An"}, "name = 'Ann'"},
        {{WAREHOUSE_USER, NAME_MENTIONED, 7, 2000, "Anna"},
            "name = 'Anna' AND observed_at = '1970-01-01T00:00:02.000Z'"},
        {{WAREHOUSE_USER, NAME_REMOVED, 7, 3000, "Anna"}, "removed_at = '1970-01-01T00:00:03.000Z'"},
        {{WAREHOUSE_USER, NAME_REMOVED, 7, 4000, "Anna"},
            "removed_at = '1970-01-01T00:00:03.000Z' AND observed_at = '1970-01-01T00:00:04.000Z'"},
        {{WAREHOUSE_USER, NAME_MENTIONED, 7, 5000, "Anne"},
            "name = 'Anne' AND removed_at = '1970-01-01T00:00:03.000Z'"},
        {{WAREHOUSE_USER, NAME_LISTED, 7, 6000, "Anne"}, "name = 'Anne' AND removed_at IS NULL"},
    };
    const char *path = path_in(*state, "w.db");
    for (size_t i = 0; i < COUNT(table); i++) {
        char sql[256];
        put_name(path, &table[i].name);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM users WHERE id = 7 AND %s", table[i].expected);
        check(query(path, sql) == 1, "%zu: %s", i, table[i].expected);
    }
    assert_int_equal(query(path, "SELECT count(*) FROM users"), 2);
    assert_int_equal(query(path, "SELECT count(*) FROM teams WHERE id = 7 AND name = 'Night'"), 1);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_every_statement_fails),
        in_directory(test_another_process),
        in_directory(test_refused_snapshots),
        in_directory(test_full_disk),
        in_directory(test_unreadable_snapshot),
        in_directory(test_odd_files),
        in_directory(test_paths),
        in_directory(test_names),
    };
    fault_statement(0);
    log_configure(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
