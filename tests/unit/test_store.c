#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "store/counters.h"
#include "store/store.h"
#include "store/webhook_stats.h"

static struct store *open_at(const char *path, enum store_mode mode)
{
    struct error e = {0};
    struct store *store = store_open(path, mode, 0, &e);
    check(store != NULL, "%s", e.text);
    return store;
}

static void check_refused(const char *path, enum store_mode mode, int status, const char *why)
{
    struct error e = {0};
    struct store *store = store_open(path, mode, 0, &e);
    store_close(store);
    check(store == NULL && e.status == status && strstr(e.text, why) != NULL && strstr(e.text, path) != NULL,
        "status %d: %s", (int)e.status, e.text);
}

/* Runs SQL past the store, as any tool could. */
static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *wrong = NULL;
    int code = sqlite3_open(path, &db);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, sql, NULL, NULL, &wrong);
    check(code == SQLITE_OK, "%s: %s", sql, wrong != NULL ? wrong : sqlite3_errstr(code));
    sqlite3_close(db);
}

/* Asks for one integer past the store. */
static int64_t ask_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    int64_t answer = good ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    check(good, "%s", sql);
    return answer;
}

static int64_t count_quarantine(struct store *store)
{
    struct error e = {0};
    check(store_query_all(store, SQL_QUARANTINE_COUNT, &e) == 0 &&
              store_next(store, SQL_QUARANTINE_COUNT, &e) == 1,
        "%s", e.text);
    int64_t count = store_int(store, SQL_QUARANTINE_COUNT, 0);
    store_done(store, SQL_QUARANTINE_COUNT);
    return count;
}

/* A row that needs no other: of the quarantine. */
static int add_row(struct store *store, const char *fingerprint, struct error *e)
{
    return STORE_RUN(store, e, SQL_QUARANTINE_ADD, V_BLOB(fingerprint, strlen(fingerprint)),
        V_BLOB(fingerprint, strlen(fingerprint)), V_DATE(TIMESTAMP_NONE), V_TEXT("poll"), V_TEXT("why"),
        V_INT(5), V_BLOB("a\0b", 3), V_INT(77));
}

static void test_fresh(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct stat st;
    assert_false(store_exists(path));
    struct store *store = open_at(path, STORE_WRITE);
    check_text(store_path(store), path);
    assert_int_equal(count_quarantine(store), 0);
    check(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "mode %o", st.st_mode);
    struct error e = {0};
    check(store_begin(store, &e) == 0 && add_row(store, "one", &e) == 0 && store_commit(store, &e) == 0, "%s",
        e.text);
    static const char *const names[] = {"wosync.db-wal", "wosync.db-shm"};
    for (size_t i = 0; i < COUNT(names); i++)
        check(stat(path_in(*state, names[i]), &st) == 0 && (st.st_mode & 07777) == 0600, "%s: mode %o",
            names[i], st.st_mode);
    store_close(store);
    assert_true(store_exists(path));
    assert_int_equal(ask_sql(path, "PRAGMA user_version"), SQL_VERSION);
    assert_int_equal(ask_sql(path, "PRAGMA application_id"), 0x776f7331);
    assert_int_equal(ask_sql(path, "SELECT 1 FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask_sql(path, "SELECT 1 FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

/* The mode does not hang on the umask. */
static void test_mode_without_umask(void **state)
{
    const char *path = path_in(*state, "made/wosync.db");
    struct stat file, directory;
    mode_t before = umask(0);
    store_close(open_at(path, STORE_WRITE));
    umask(before);
    check(stat(path, &file) == 0 && stat(path_in(*state, "made"), &directory) == 0, "%s", path);
    check((file.st_mode & 07777) == 0600 && (directory.st_mode & 07777) == 0700, "%o in %o", file.st_mode,
        directory.st_mode);
}

static void test_reopen(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    for (int i = 0; i < 3; i++) {
        char fingerprint[16];
        struct store *store = open_at(path, STORE_WRITE);
        assert_int_equal(count_quarantine(store), i);
        snprintf(fingerprint, sizeof fingerprint, "row %d", i);
        check(store_begin(store, &e) == 0 && add_row(store, fingerprint, &e) == 0 &&
                  store_commit(store, &e) == 0,
            "%s", e.text);
        store_close(store);
    }
    struct store *store = open_at(path, STORE_READ);
    assert_int_equal(count_quarantine(store), 3);
    store_close(store);
    store_close(NULL);
}

static void test_scratch(void **state)
{
    struct error e = {0};
    struct store *store = open_at("nowhere/at/all", STORE_SCRATCH);
    check(store_begin(store, &e) == 0 && add_row(store, "one", &e) == 0 && store_commit(store, &e) == 0, "%s",
        e.text);
    assert_int_equal(count_quarantine(store), 1);
    store_close(store);
    assert_int_equal(rmdir(*state), 0); /* nothing was written */
    assert_int_equal(mkdir(*state, 0700), 0);
}

/* Every statement fits the schema, and has the parameters ?1 to ?N without a gap. */
static void test_every_statement_prepares(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    sqlite3 *db = NULL;
    store_close(open_at(path, STORE_WRITE));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (int i = 0; i < SQL_STATEMENTS; i++) {
        sqlite3_stmt *statement = NULL;
        const char *tail = "";
        check(sql_statements[i].name != NULL && sql_statements[i].sql != NULL, "statement %d has no text", i);
        int code = sqlite3_prepare_v2(db, sql_statements[i].sql, -1, &statement, &tail);
        check(code == SQLITE_OK && statement != NULL, "%s: %s", sql_statements[i].name, sqlite3_errmsg(db));
        check(tail[strspn(tail, " \n")] == '\0', "%s: a second statement: %s", sql_statements[i].name, tail);
        for (int p = 1; p <= sqlite3_bind_parameter_count(statement); p++)
            check(sqlite3_bind_parameter_name(statement, p) != NULL, "%s: ?%d is missing",
                sql_statements[i].name, p);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

/* The views are for people: each can be read. */
static void test_one_that_only_looks_cannot_write(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *store = open_at(path, STORE_WRITE);
    assert_int_equal(counters_add(store, "requests", "200", 3, &e), 0);
    store_close(store);
    store = open_at(path, STORE_READ);
    assert_int_equal(store_forbid_writes(store, &e), 0);
    assert_int_equal(counters_add(store, "requests", "200", 1, &e), -1);
    assert_int_equal(e.status, EX_IOERR);
    assert_non_null(strstr(e.text, "read-only"));
    assert_int_equal(counters_get(store, "requests", "200", &e), 3);
    store_close(store);
}

static void test_every_view_reads(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    store_close(open_at(path, STORE_WRITE));
    assert_in_range(ask_sql(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), 4, 100);
    static const char *const views[] = {"work_orders", "event_log", "delivery_log", "run_log"};
    for (size_t i = 0; i < COUNT(views); i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", views[i]);
        assert_int_equal(ask_sql(path, sql), 0);
    }
}

static void test_newer_version(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    char sql[64];
    store_close(open_at(path, STORE_WRITE));
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", SQL_VERSION + 1);
    run_sql(path, sql);
    check_refused(path, STORE_WRITE, EX_IOERR, "newer wosync");
    check_refused(path, STORE_READ, EX_IOERR, "newer wosync");
    assert_int_equal(ask_sql(path, "PRAGMA user_version"), SQL_VERSION + 1);
}

static void test_not_ours(void **state)
{
    static const char *const table[] = {"CREATE TABLE theirs (x)", "PRAGMA application_id = 5",
        "PRAGMA user_version = 3; CREATE TABLE theirs (x)", "PRAGMA user_version = 1"};
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *path = path_in(*state, "theirs.db");
        unlink(path);
        run_sql(path, table[i]);
        char *before = read_text(path, NULL);
        check_refused(path, STORE_WRITE, EX_IOERR, "another program");
        check_refused(path, STORE_READ, EX_IOERR, "another program");
        free(before);
        assert_int_equal(ask_sql(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'snapshots'"), 0);
    }
}

static void test_garbage(void **state)
{
    char garbage[8192];
    const char *path = path_in(*state, "wosync.db");
    memset(garbage, 'x', sizeof garbage);
    write_file(path, garbage, sizeof garbage, 0600);
    check_refused(path, STORE_WRITE, EX_IOERR, "corrupt or no wosync store");
    check_refused(path, STORE_READ, EX_IOERR, "corrupt or no wosync store");
    size_t len;
    char *after = read_text(path, &len);
    bool same = len == sizeof garbage && memcmp(after, garbage, len) == 0;
    free(after);
    check(same, "the file was changed");
}

/* What is damaged behind the first page shows when it is used: an error, never a crash or a wrong answer. */
static void test_corrupt(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *store = open_at(path, STORE_WRITE);
    assert_int_equal(store_begin(store, &e), 0);
    for (int i = 0; i < 500; i++) {
        char fingerprint[32];
        snprintf(fingerprint, sizeof fingerprint, "fingerprint of row %d", i);
        assert_int_equal(add_row(store, fingerprint, &e), 0);
    }
    assert_int_equal(store_commit(store, &e), 0);
    store_close(store);
    size_t len;
    char *bytes = read_text(path, &len);
    check(len > 4096, "%zu bytes", len);
    memset(bytes + 4096, 0xa5, len - 4096);
    write_file(path, bytes, len, 0600);
    free(bytes);
    store = store_open(path, STORE_WRITE, 0, &e);
    int rc = store == NULL ? -1 : store_query_all(store, SQL_QUARANTINE_COUNT, &e);
    if (rc == 0)
        rc = store_next(store, SQL_QUARANTINE_COUNT, &e);
    store_close(store);
    check(
        rc == -1 && e.status == EX_IOERR && strstr(e.text, "corrupt") != NULL, "returned %d: %s", rc, e.text);
}

static void test_cannot_be_made(void **state)
{
    char path[600];
    snprintf(path, sizeof path, "%s/none/none/wosync.db", (const char *)*state);
    check_refused(path, STORE_WRITE, EX_CANTCREAT, "directory");
    check_refused(path_in(*state, "missing.db"), STORE_READ, EX_CANTCREAT, "missing.db");
    assert_false(store_exists(path_in(*state, "missing.db")));
    write_text(path_in(*state, "file"), "");
    check_refused(path_in(*state, "file/wosync.db"), STORE_WRITE, EX_CANTCREAT, "cannot be opened");
    check_refused(*state, STORE_WRITE, EX_CANTCREAT, "cannot be opened");
}

/* A link that leads nowhere is there and is no directory. */
static void test_directory_is_a_dead_link(void **state)
{
    struct error e = {0};
    assert_int_equal(symlink("nowhere", path_in(*state, "link")), 0);
    check_refused(path_in(*state, "link/wosync.db"), STORE_WRITE, EX_CANTCREAT, "cannot be opened");
    assert_int_equal(store_make_directory("/wosync.db", &e), 0);
    assert_int_equal(store_make_directory("wosync.db", &e), 0);
    check_text(e.text, "");
}

/* Someone set its version back: it cannot be made twice, and stays as it is. */
static void test_version_set_back(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    store_close(open_at(path, STORE_WRITE));
    run_sql(path, "PRAGMA user_version = 0");
    check_refused(path, STORE_WRITE, EX_SOFTWARE, "already exists");
    assert_int_equal(ask_sql(path, "PRAGMA user_version"), 0);
    assert_int_equal(ask_sql(path, "SELECT count(*) FROM webhook_stats"), 1);
}

static void test_empty_file_is_fresh(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    write_text(path, "");
    check_refused(path, STORE_READ, EX_IOERR, "schema is old");
    struct store *store = open_at(path, STORE_WRITE);
    assert_int_equal(count_quarantine(store), 0);
    store_close(store);
}

/* A lazy transaction is whole like any other, and a later run finds it where the last one left it. */
static void test_lazy(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *store = open_at(path, STORE_WRITE), *other = open_at(path, STORE_WRITE);
    check(store_begin_relaxed(store, &e) == 0 && add_row(store, "one", &e) == 0, "%s", e.text);
    assert_int_equal(count_quarantine(other), 0);
    store_rollback(store);
    check(
        store_begin_relaxed(store, &e) == 0 && add_row(store, "two", &e) == 0 && store_commit(store, &e) == 0,
        "%s", e.text);
    assert_int_equal(count_quarantine(other), 1);
    store_close(other);
    check(store_begin(store, &e) == 0 && add_row(store, "three", &e) == 0 && store_commit(store, &e) == 0,
        "%s", e.text);
    store_close(store);
    store = open_at(path, STORE_WRITE);
    assert_int_equal(count_quarantine(store), 2);
    store_close(store);
}

static void test_rollback_leaves_nothing(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *store = open_at(path, STORE_WRITE);
    check(store_begin(store, &e) == 0 && add_row(store, "one", &e) == 0, "%s", e.text);
    assert_int_equal(count_quarantine(store), 1);
    store_rollback(store);
    store_rollback(store);
    assert_int_equal(count_quarantine(store), 0);
    check(store_begin(store, &e) == 0 && add_row(store, "two", &e) == 0, "%s", e.text);
    store_close(store); /* in the middle of it */
    store = open_at(path, STORE_WRITE);
    assert_int_equal(count_quarantine(store), 0);
    check(store_begin(store, &e) == 0 && add_row(store, "three", &e) == 0 && store_commit(store, &e) == 0,
        "%s", e.text);
    store_rollback(store); /* of nothing */
    assert_int_equal(count_quarantine(store), 1);
    store_close(store);
}

/* A statement that is refused leaves the transaction to be rolled back. */
static void test_failed_statement(void **state)
{
    struct error e = {0};
    struct store *store = open_at(path_in(*state, "wosync.db"), STORE_WRITE);
    check(store_begin(store, &e) == 0 && add_row(store, "one", &e) == 0, "%s", e.text);
    int rc = STORE_RUN(store, &e, SQL_RUN_ADD, V_TEXT(NULL), V_INT(1), V_INT(2));
    assert_int_equal(rc, -1);
    check(*e.text != '\0', "no reason");
    store_rollback(store);
    assert_int_equal(count_quarantine(store), 0);
    store_close(store);
}

static void test_wrong_count_is_a_bug(void **state)
{
    struct error e = {0};
    struct store *store = open_at(path_in(*state, "wosync.db"), STORE_WRITE);
    assert_int_equal(STORE_RUN(store, &e, SQL_QUARANTINE_RESOLVE, V_INT(1), V_INT(2)), -1);
    check(e.status == EX_SOFTWARE && strstr(e.text, "quarantine_resolve") != NULL, "%s", e.text);
    assert_int_equal(store_query_all(store, SQL_QUARANTINE_RESOLVE, &e), -1);
    assert_int_equal(STORE_RUN(store, &e, SQL_QUARANTINE_RESOLVE, V_INT(1)), 0);
    store_close(store);
}

static void test_locked(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *first = open_at(path, STORE_WRITE), *second = open_at(path, STORE_WRITE);
    assert_int_equal(store_begin(first, &e), 0);
    assert_int_equal(add_row(first, "one", &e), 0);
    assert_int_equal(store_begin(second, &e), -1);
    check(e.status == EX_TEMPFAIL && strstr(e.text, "another process keeps it locked") != NULL, "%s", e.text);
    assert_int_equal(count_quarantine(second), 0); /* reading goes on, and sees what was committed */
    assert_int_equal(store_commit(first, &e), 0);
    assert_int_equal(count_quarantine(second), 1);
    assert_int_equal(store_begin(second, &e), 0);
    store_close(first);
    store_close(second);
}

/* Who reads sees one state until the end, whatever others write, and holds nobody up. */
static void test_reading(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *writer = open_at(path, STORE_WRITE), *reader = open_at(path, STORE_READ);
    check(store_begin_reading(reader, &e) == 0, "%s", e.text);
    assert_int_equal(count_quarantine(reader), 0);
    check(store_begin(writer, &e) == 0 && add_row(writer, "one", &e) == 0 && store_commit(writer, &e) == 0,
        "%s", e.text);
    assert_int_equal(count_quarantine(reader), 0);
    store_rollback(reader);
    assert_int_equal(count_quarantine(reader), 1);
    store_close(writer);
    store_close(reader);
}

/* It is waited for as long as was said. */
static void test_patience(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *first = open_at(path, STORE_WRITE), *second = open_at(path, STORE_WRITE);
    assert_int_equal(store_begin(first, &e), 0);
    store_set_patience(second, 20);
    int64_t began = clock_monotonic();
    assert_int_equal(store_begin(second, &e), -1);
    check(e.status == EX_TEMPFAIL && clock_monotonic() - began >= 20, "%s", e.text);
    store_close(first);
    store_close(second);
}

/* SQLite takes no value of two gigabytes. */
static void test_too_large(void **state)
{
    struct error e = {0};
    struct store *store = open_at(path_in(*state, "wosync.db"), STORE_WRITE);
    assert_int_equal(STORE_RUN(store, &e, SQL_WEBHOOK_STATS_SET_API, V_BYTES("", (size_t)1 << 31)), -1);
    check(e.status == EX_SOFTWARE && strstr(e.text, "webhook_stats_set_api") != NULL, "%s", e.text);
    store_close(store);
}

/* A row that is always there, but for someone who took it out. */
static void test_missing_row(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct webhook_stats webhooks;
    struct store *store = open_at(path, STORE_WRITE);
    run_sql(path, "DELETE FROM webhook_stats");
    assert_int_equal(webhook_stats_load(store, 0, &webhooks, &e), -1);
    check(
        e.status == EX_IOERR && strstr(e.text, "webhook_stats_get: a row is missing") != NULL, "%s", e.text);
    store_close(store);
}

static void test_values(void **state)
{
    const enum sql_statement q = SQL_QUARANTINE_LAST;
    struct error e = {0};
    struct store *store = open_at(path_in(*state, "wosync.db"), STORE_WRITE);
    check(store_begin(store, &e) == 0 && add_row(store, "one", &e) == 0 && store_changes(store) == 1 &&
              store_last_id(store) == 1 && add_row(store, "one", &e) == 0 && store_changes(store) == 0,
        "%s", e.text);
    assert_int_equal(store_query_all(store, q, &e), 0);
    assert_int_equal(store_next(store, q, &e), 1);
    check(store_is_null(store, q, 0) && store_int(store, q, 0) == 0 &&
              store_date(store, q, 0) == TIMESTAMP_NONE && store_get_text(store, q, 0) == NULL,
        "an absent value");
    assert_null(store_copy_text(store, q, 0));
    char *copy = store_copy_text(store, q, 2);
    check_text(copy, "why");
    free(copy);
    check(store_int(store, q, 3) == 5 && store_date(store, q, 4) == 77, "values");
    assert_int_equal(store_next(store, q, &e), 0);
    store_close(store);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_fresh),
        in_directory(test_mode_without_umask),
        in_directory(test_reopen),
        in_directory(test_scratch),
        in_directory(test_every_statement_prepares),
        in_directory(test_one_that_only_looks_cannot_write),
        in_directory(test_every_view_reads),
        in_directory(test_newer_version),
        in_directory(test_not_ours),
        in_directory(test_garbage),
        in_directory(test_corrupt),
        in_directory(test_cannot_be_made),
        in_directory(test_directory_is_a_dead_link),
        in_directory(test_version_set_back),
        in_directory(test_empty_file_is_fresh),
        in_directory(test_lazy),
        in_directory(test_rollback_leaves_nothing),
        in_directory(test_failed_statement),
        in_directory(test_wrong_count_is_a_bug),
        in_directory(test_locked),
        in_directory(test_reading),
        in_directory(test_patience),
        in_directory(test_too_large),
        in_directory(test_missing_row),
        in_directory(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
