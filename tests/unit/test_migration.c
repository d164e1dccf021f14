/* The way of a store from schema 1 to one that no program has yet, as a program that brings it would go. */
#include "support.h"

#include <sqlite3.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/shutdown.h"
#include "cli/cli.h"
#include "disk.h"
#include "store/account.h"
#include "store/events.h"
#include "store/migration.h"
#include "store/store.h"

/* What is to come: a new column, a table made anew, a table of its own. */
static const char next[] =
    "ALTER TABLE quarantine ADD COLUMN note TEXT NOT NULL DEFAULT 'none';\n"
    "CREATE TABLE followed (id INTEGER PRIMARY KEY REFERENCES runs, since_ms INTEGER);\n"
    "INSERT INTO followed SELECT max(rowid), 5 FROM runs;\n";
static const char broken[] = "CREATE TABLE broken (id INTEGER REFERENCES runs);\n"
                             "INSERT INTO broken VALUES (-7);\n";

static const char *sql[SQL_VERSION + 1];

/* Has the program know one migration more: `further`, or none when it is NULL. */
static void know(const char *further)
{
    memcpy(sql, sql_migrations, SQL_VERSION * sizeof *sql);
    sql[SQL_VERSION] = further;
    migration_known = (struct migrations){sql, further != NULL ? SQL_VERSION + 1 : SQL_VERSION};
}

static void run_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    char *wrong = NULL;
    int code = sqlite3_open(path, &db);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, text, NULL, NULL, &wrong);
    check(code == SQLITE_OK, "%s", wrong != NULL ? wrong : sqlite3_errstr(code));
    sqlite3_close(db);
}

static int64_t ask_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_open(path, &db) == SQLITE_OK &&
                sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    int64_t answer = good ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    check(good, "%s", text);
    return answer;
}

static char *dump_of(const char *path)
{
    sqlite3 *db = NULL;
    check(sqlite3_open(path, &db) == SQLITE_OK, "%s", path);
    char *dump = disk_dump(db, "");
    sqlite3_close(db);
    return dump;
}

static void check_dump(const char *path, const char *expected)
{
    char *dump = dump_of(path);
    const bool same = strcmp(dump, expected) == 0;
    free(dump);
    check(same, "%s does not hold what it should", path);
}

/* The store of the fixture, as the first release made it. */
static const char *make_store(const char *directory)
{
    const char *path = path_in(directory, "wosync.db");
    char *text = read_text("tests/fixtures/store-1.sql", NULL);
    check(text != NULL, "tests/fixtures/store-1.sql cannot be read; run this in the project's directory");
    run_sql(path, text);
    free(text);
    check(chmod(path, 0600) == 0, "%s", path);
    return path;
}

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
    check(store == NULL && e.status == status && strstr(e.text, why) != NULL, "status %d: %s", (int)e.status,
        e.text);
}

static void check_upgraded(const char *path)
{
    assert_int_equal(ask_sql(path, "PRAGMA user_version"), SQL_VERSION + 1);
    assert_int_equal(ask_sql(path, "SELECT count(*) FROM quarantine WHERE note = 'none'"),
        ask_sql(path, "SELECT count(*) FROM quarantine"));
    assert_int_equal(ask_sql(path, "SELECT count(*) FROM followed"), 1);
    assert_int_equal(ask_sql(path, "SELECT 1 FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

/* Without what the migration added it is as before. */
static void check_kept(const char *path, const char *before)
{
    run_sql(path, "DROP TABLE followed; ALTER TABLE quarantine DROP COLUMN note");
    check_dump(path, before);
}

static int count_files(const char *directory, const char *pattern)
{
    char command[600];
    snprintf(command, sizeof command, "ls -d %s/%s 2>/dev/null | wc -l", directory, pattern);
    FILE *out = popen(command, "r");
    int count = -1;
    check(out != NULL && fscanf(out, "%d", &count) == 1, "%s", command);
    pclose(out);
    return count;
}

static int setup(void **state)
{
    know(NULL);
    return directory_setup(state);
}

static int teardown(void **state)
{
    know(NULL);
    return directory_teardown(state);
}

/* The fixture is what this program reads: it has something in each table that upgrades must not lose. */
static void test_the_fixture_is_full(void **state)
{
    static const char *const tables[] = {"events", "deliveries", "handlers", "quarantine", "subscriptions",
        "webhook_inbox", "snapshots", "runs", "refetches"};
    const char *path = make_store(*state);
    for (size_t i = 0; i < COUNT(tables); i++) {
        char text[96];
        snprintf(text, sizeof text, "SELECT count(*) FROM %s", tables[i]);
        check(ask_sql(path, text) > 0, "%s is empty", tables[i]);
    }
    store_close(open_at(path, STORE_READ));
}

static void test_all_is_kept_and_a_copy_made(void **state)
{
    const char *path = make_store(*state);
    char *before = dump_of(path);
    struct stat st;
    know(next);
    struct store *store = open_at(path, STORE_WRITE);
    char *copy = strdup(store_copy(store));
    check(strstr(copy, "wosync.db.schema-1") != NULL, "%s", copy);
    store_close(store);
    check_upgraded(path);
    check(stat(copy, &st) == 0 && (st.st_mode & 07777) == 0600, "mode %o", st.st_mode);
    check_dump(copy, before);
    assert_int_equal(ask_sql(copy, "PRAGMA user_version"), 1);
    assert_int_equal(count_files(*state, "*.new*"), 0);
    store = open_at(path, STORE_WRITE); /* once */
    assert_null(store_copy(store));
    store_close(store);
    /* the way back: the copy takes its place */
    know(NULL);
    check_refused(path, STORE_WRITE, EX_IOERR, "put the copy back");
    check_kept(path, before);
    assert_int_equal(rename(copy, path), 0);
    store_close(open_at(path, STORE_WRITE));
    check_dump(path, before);
    free(before);
    free(copy);
}

/* An upgrade that has to begin anew replaces its copy and what was left of one. */
static void test_older_copies_give_way(void **state)
{
    const char *path = make_store(*state);
    char *before = dump_of(path);
    write_text(path_in(*state, "wosync.db.schema-1"), "an older one");
    write_text(path_in(*state, "wosync.db.schema-1.new"), "one that was killed");
    write_text(path_in(*state, "wosync.db.schema-1.new-journal"), "and its journal");
    know(next);
    store_close(open_at(path, STORE_WRITE));
    check_upgraded(path);
    check_dump(path_in(*state, "wosync.db.schema-1"), before);
    assert_int_equal(count_files(*state, "*.new*"), 0);
    free(before);
}

/* Where a store is named by a link, its copy lies beside the store: there is its user's directory. */
static void test_a_copy_lies_beside_the_store_and_not_beside_a_link(void **state)
{
    const char *path = make_store(*state);
    const char *elsewhere = path_in(*state, "elsewhere"), *link = path_in(*state, "elsewhere/link.db");
    check(mkdir(elsewhere, 0700) == 0 && symlink(path, link) == 0, "%s", link);
    know(next);
    struct store *store = open_at(link, STORE_WRITE);
    assert_string_equal(store_copy(store), path_in(*state, "wosync.db.schema-1"));
    store_close(store);
    check_upgraded(path);
    assert_int_equal(count_files(elsewhere, "*"), 1);
}

static void test_a_new_store_needs_no_copy(void **state)
{
    know("CREATE TABLE added (x)");
    struct store *store = open_at(path_in(*state, "wosync.db"), STORE_WRITE);
    assert_null(store_copy(store));
    store_close(store);
    assert_int_equal(ask_sql(path_in(*state, "wosync.db"), "PRAGMA user_version"), SQL_VERSION + 1);
    assert_int_equal(count_files(*state, "*.schema-*"), 0);
}

static void test_a_migration_that_fails_changes_nothing(void **state)
{
    static const struct {
        const char *sql, *why;
    } rows[] = {{"CREATE TABLE added (x); SELECT no_such_function()", "no such function"},
        {broken, "table broken refers to a row that is not there"}};
    const char *path = make_store(*state);
    char *before = dump_of(path);
    for (size_t i = 0; i < COUNT(rows); i++) {
        know(rows[i].sql);
        check_refused(path, STORE_WRITE, i == 0 ? EX_SOFTWARE : EX_IOERR, rows[i].why);
        check_dump(path, before);
        assert_int_equal(ask_sql(path, "PRAGMA user_version"), 1);
    }
    know(NULL);
    store_close(open_at(path, STORE_WRITE));
    free(before);
}

/* --- the copy of one that fails again and again --- */

/* Its copy, after a migration that failed; as if the store had been changed so many seconds ago. */
static struct stat copy_of_failed(const char *path, const char *copy, int seconds)
{
    struct stat st = {0};
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = 7}};
    times[1].tv_sec = time(NULL) - seconds;
    if (seconds > 0)
        check(utimensat(AT_FDCWD, path, times, 0) == 0, "%s", path);
    know(broken);
    check_refused(path, STORE_WRITE, EX_IOERR, "table broken refers to a row that is not there");
    know(NULL);
    check(stat(copy, &st) == 0, "%s", copy);
    return st;
}

static void test_a_copy_of_a_store_that_is_as_it_was_stays(void **state)
{
    const char *path = make_store(*state), *copy = path_in(*state, "wosync.db.schema-1");
    char *before = dump_of(path);
    const struct stat first = copy_of_failed(path, copy, 100);
    struct stat then = copy_of_failed(path, copy, 0);
    check(then.st_ino == first.st_ino && then.st_ctim.tv_sec == first.st_ctim.tv_sec &&
              then.st_ctim.tv_nsec == first.st_ctim.tv_nsec,
        "it was made anew");
    assert_int_equal(count_files(*state, "*.new*"), 0);
    check_dump(copy, before);
    know(next);
    struct store *store = open_at(path, STORE_WRITE);
    assert_string_equal(store_copy(store), copy);
    store_close(store);
    check(stat(copy, &then) == 0 && then.st_ino == first.st_ino, "it was made anew");
    check_upgraded(path);
    check_dump(copy, before);
    free(before);
}

/* The file of a copy that may not stay is held open, or the next one could get its number. */
static void check_made_anew(const char *path, const char *copy)
{
    struct stat then, held;
    int fd = open(copy, O_RDONLY);
    check(fd >= 0 && fstat(fd, &held) == 0, "%s", copy);
    then = copy_of_failed(path, copy, 0);
    close(fd);
    check(then.st_ino != held.st_ino, "it stayed");
    char *now = dump_of(path);
    check_dump(copy, now);
    free(now);
}

static void test_a_copy_of_a_store_that_changed_gives_way(void **state)
{
    const char *path = make_store(*state), *copy = path_in(*state, "wosync.db.schema-1");
    copy_of_failed(path, copy, 100);
    run_sql(path, "UPDATE handlers SET delivered = 77"); /* the size is the same */
    check_made_anew(path, copy);
    /* what was changed a moment ago may be changed again within the same tick of the file system's clock */
    check_made_anew(path, copy);
    copy_of_failed(path, copy, 100);
    assert_int_equal(truncate(copy, 8192), 0);
    check_made_anew(path, copy);
    /* the store is the same, and what changed lies in its log */
    sqlite3 *db = NULL;
    copy_of_failed(path, copy, 100);
    check(sqlite3_open(path, &db) == SQLITE_OK &&
              sqlite3_exec(db, "UPDATE handlers SET delivered = 78", NULL, NULL, NULL) == SQLITE_OK,
        "%s", path);
    check_made_anew(path, copy);
    check_made_anew(path, copy);
    sqlite3_close(db);
}

static bool directories_fail;

/* In place of the system's: its power stays on. */
int fsync(int fd)
{
    struct stat st;
    if (!directories_fail || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
        return 0;
    errno = EIO;
    return -1;
}

static void test_what_is_in_its_way(void **state)
{
    const char *path = make_store(*state), *copy = path_in(*state, "wosync.db.schema-1");
    const char *new = path_in(*state, "wosync.db.schema-1.new");
    char *before = dump_of(path);
    know(next);
    check(mkdir(new, 0700) == 0, "%s", new);
    check_refused(path, STORE_WRITE, EX_CANTCREAT,
        "schema-1.new cannot be made: File exists; move what has that name away, and run again; nothing was");
    check(rmdir(new) == 0 && mkdir(copy, 0700) == 0, "%s", copy);
    check_refused(path, STORE_WRITE, EX_IOERR,
        "schema-1 cannot be made: Is a directory; move what has that name away, and run again; nothing was");
    assert_int_equal(rmdir(copy), 0);
    directories_fail = true;
    check_refused(path, STORE_WRITE, EX_IOERR,
        "schema-1 is made, but its directory cannot be synced: Input/output error; check the disk, and run "
        "again");
    check_refused(path, STORE_WRITE, EX_IOERR, "schema-1 is made, but its directory cannot be synced");
    directories_fail = false;
    check_dump(path, before);
    check_dump(copy, before);
    store_close(open_at(path, STORE_WRITE));
    check_upgraded(path);
    free(before);
}

static void test_who_only_looks_is_told(void **state)
{
    const char *path = make_store(*state);
    int version = 0;
    assert_false(store_is_old(path, &version));
    know(next);
    assert_true(store_is_old(path, &version));
    assert_int_equal(version, 1);
    check_refused(path, STORE_READ, EX_IOERR, "its schema is old; `wosync sync` brings it up to date");
    assert_int_equal(ask_sql(path, "PRAGMA user_version"), 1);
    store_close(open_at(path, STORE_WRITE));
    assert_false(store_is_old(path, &version));
    know(NULL);
    assert_false(store_is_old(path, &version)); /* newer */
    assert_false(store_is_old(path_in(*state, "none.db"), &version));
}

/* --- a program that is at work meanwhile --- */

static int touch_transaction(struct store *store, struct error *e)
{
    return store_begin(store, e);
}

static int touch_relaxed(struct store *store, struct error *e)
{
    return store_begin_relaxed(store, e);
}

static int touch_alone(struct store *store, struct error *e)
{
    return account_touch(store, 99, e);
}

/* Whoever writes finds that a newer program has been there, and says what opening the store would say. */
static void check_writes_refused(struct store *store, const char *why)
{
    static int (*const ways[])(struct store * store, struct error * e) = {
        touch_transaction, touch_relaxed, touch_alone};
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct error e = {0};
        int rc = ways[i](store, &e);
        store_rollback(store);
        check(rc == -1 && e.status == EX_IOERR && strstr(e.text, why) != NULL, "%zu: status %d: %s", i,
            (int)e.status, e.text);
    }
}

static void test_one_at_work_writes_nothing_into_a_newer_store(void **state)
{
    struct error e = {0};
    const char *path = make_store(*state);
    struct store *at_work = open_at(path, STORE_WRITE);
    check(account_touch(at_work, 77, &e) == 0, "%s", e.text);
    know(next);
    store_close(open_at(path, STORE_WRITE));
    know(NULL);
    check_writes_refused(at_work, "it was written by a newer wosync (schema 2, this one knows 1); install");
    check(store_begin_reading(at_work, &e) == 0 && events_count(at_work, &e) == 6, "%s", e.text);
    store_close(at_work);
    assert_int_equal(ask_sql(path, "SELECT finished_ms FROM account"), 77);
    check_upgraded(path);
}

/* It waits for the lock of who migrates, and looks when it has it. */
static void test_one_that_waits_for_the_migration_looks_after_it(void **state)
{
    struct error e = {0};
    sqlite3 *db = NULL;
    const char *path = make_store(*state);
    struct store *at_work = open_at(path, STORE_WRITE);
    check(sqlite3_open(path, &db) == SQLITE_OK &&
              sqlite3_exec(db, "BEGIN IMMEDIATE; PRAGMA user_version = 2", NULL, NULL, NULL) == SQLITE_OK,
        "%s", path);
    check(account_touch(at_work, 99, &e) == -1 && e.status == EX_TEMPFAIL, "status %d: %s", (int)e.status,
        e.text);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    check_writes_refused(at_work, "written by a newer wosync");
    /* someone has put the old one back into the file */
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 0", NULL, NULL, NULL), SQLITE_OK);
    check_writes_refused(at_work, "its schema is old; `wosync sync` brings it up to date");
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
    e = (struct error){0};
    check(account_touch(at_work, 99, &e) == 0, "%s", e.text);
    store_close(at_work);
    sqlite3_close(db);
}

static void test_a_development_store_is_left_alone(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    run_sql(path, "CREATE TABLE snapshots (x); PRAGMA application_id = 0x776f7379; PRAGMA user_version = 1");
    char *before = dump_of(path);
    check_refused(path, STORE_WRITE, EX_IOERR, "made by a development version of wosync");
    check_refused(path, STORE_READ, EX_IOERR, "move it away and run wosync sync to begin anew");
    run_sql(path, "PRAGMA user_version = 18");
    check_refused(path, STORE_WRITE, EX_IOERR, "development version");
    check_dump(path, before);
    free(before);
}

/* --- faults --- */

static void test_a_full_disk_changes_nothing(void **state)
{
    const char *path = make_store(*state);
    char *before = dump_of(path);
    bool done = false, copying = false, migrating = false;
    know(next);
    for (int64_t n = 1; !done; n += 1 + n / 16) {
        struct error e = {0};
        disk_fails_at(FAULT_FULL, n);
        struct store *store = store_open(path, STORE_WRITE, 0, &e);
        done = store != NULL && !disk_failed();
        store_close(store);
        disk_fails_at(FAULT_IO, 0);
        if (ask_sql(path, "PRAGMA user_version") == SQL_VERSION + 1)
            break;
        check(store == NULL && e.status == EX_IOERR && strstr(e.text, "the disk is full; free") != NULL,
            "call %lld: %s", (long long)n, e.text);
        copying = copying || strstr(e.text, "its copy ") != NULL;
        migrating = migrating || strstr(e.text, "its copy ") == NULL;
        check_dump(path, before);
        assert_int_equal(count_files(*state, "*.new*"), 0);
    }
    check(copying && migrating, "it was not tried where it copies and where it migrates");
    store_close(open_at(path, STORE_WRITE));
    check_upgraded(path);
    free(before);
}

static const char *killed_at;

static void kill_us(void)
{
    _exit(9);
}

static void upgrade(void *data)
{
    struct error e = {0};
    disk_beside = kill_us;
    disk_fails_at(FAULT_BESIDE, *(int64_t *)data);
    store_close(store_open(killed_at, STORE_WRITE, 0, &e));
    _exit(e.status);
}

/* Whenever it is killed: the program of before opens it, or the one of after; and nothing is lost. */
static void test_killed_in_the_middle(void **state)
{
    int status = 9 << 8, before_count = 0, copied = 0;
    for (int64_t n = 1; WEXITSTATUS(status) == 9; n += 1 + n / 12) {
        know(NULL);
        const char *path = make_store(*state);
        char *before = dump_of(path);
        know(next);
        killed_at = path;
        status = run_in_child(upgrade, &n);
        check(WIFEXITED(status) && (WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0), "call %lld: %d",
            (long long)n, status);
        if (ask_sql(path, "PRAGMA user_version") == 1) {
            before_count++;
            copied += count_files(*state, "wosync.db.schema-1");
            know(NULL);
            store_close(open_at(path, STORE_WRITE));
            check_dump(path, before);
            know(next);
        }
        store_close(open_at(path, STORE_WRITE));
        check_upgraded(path);
        check_kept(path, before);
        check_dump(path_in(*state, "wosync.db.schema-1"), before);
        assert_int_equal(count_files(*state, "*.new*"), 0);
        free(before);
        assert_int_equal(remove(path_in(*state, "wosync.db.schema-1")), 0);
        assert_int_equal(remove(path), 0);
    }
    check(before_count > 10 && copied > 0, "it was killed %d times before, with a copy %d", before_count,
        copied);
}

static void test_a_signal_ends_it(void **state)
{
    struct error e = {0};
    const char *path = make_store(*state);
    char *before = dump_of(path);
    know(next);
    check(shutdown_install(&e) == 0, "%s", e.text);
    raise(SIGTERM);
    check_refused(path, STORE_WRITE, EX_TEMPFAIL, "a signal ended the run");
    check_dump(path, before);
    assert_int_equal(count_files(*state, "*.schema-*"), 0);
    free(before);
}

static void stop_us(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)context;
    (void)count;
    (void)values;
    raise(SIGTERM);
}

static int add_stop_us(sqlite3 *db, char **wrong, const void *api)
{
    (void)wrong;
    (void)api;
    return sqlite3_create_function(db, "stop_us", 0, SQLITE_UTF8, NULL, stop_us, NULL, NULL);
}

/* While the SQL is at work, which may take minutes. */
static void test_a_signal_ends_the_sql(void **state)
{
    static const char slow[] = "CREATE TABLE added (x); SELECT stop_us(); INSERT INTO added WITH RECURSIVE "
                               "c(n) AS (SELECT 1 UNION ALL "
                               "SELECT n + 1 FROM c WHERE n < 500000) SELECT n FROM c";
    struct error e = {0};
    const char *path = make_store(*state);
    char *before = dump_of(path);
    sqlite3_auto_extension((void (*)(void))add_stop_us);
    know(slow);
    check(shutdown_install(&e) == 0, "%s", e.text);
    check_refused(
        path, STORE_WRITE, EX_TEMPFAIL, "migrating: a signal ended the run; nothing was changed; run again");
    check_dump(path, before);
    assert_int_equal(count_files(*state, "wosync.db.schema-1"), 1);
    free(before);
}

/* A store that takes longer would never come to the new schema. */
static void test_the_end_of_the_time_does_not_end_it(void **state)
{
    const char *path = make_store(*state);
    know(next);
    shutdown_set_deadline(1);
    usleep(3000);
    assert_true(shutdown_requested());
    struct store *store = open_at(path, STORE_WRITE);
    shutdown_set_deadline(0);
    store_close(store);
    check_upgraded(path);
}

static void sql_signalled(void *data)
{
    test_a_signal_ends_the_sql(data);
    _exit(0);
}

static void signalled(void *data)
{
    test_a_signal_ends_it(data);
    _exit(0);
}

static void test_signal(void **state)
{
    assert_int_equal(run_in_child(signalled, state), 0);
}

static void test_signal_within_the_sql(void **state)
{
    assert_int_equal(run_in_child(sql_signalled, state), 0);
}

/* --- what a user sees --- */

/* What a command prints on stdout. To be freed. */
static char *run_command(const struct command *command, const char *path, int expect, int argc, char **argv)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = stdout, *copy = open_memstream(&text, &size);
    const struct cli cli = {0};
    setenv("WOSYNC_DB", path, 1);
    setenv("MAINTAINX_API_KEY", "key", 1);
    stdout = copy;
    int status = command->run(command, &cli, argc, argv);
    stdout = out;
    fclose(copy);
    check(status == expect, "%s: exit status %d: %s", command->name, status, text);
    return text;
}

static void test_status_says_so(void **state)
{
    char *text[] = {(char[]){"status"}, NULL}, *json[] = {(char[]){"status"}, (char[]){"--json"}, NULL};
    char *doctor[] = {(char[]){"doctor"}, (char[]){"store"}, NULL};
    char expected[700];
    const char *path = make_store(*state);
    clear_environment();
    know(next);
    snprintf(expected, sizeof expected,
        "store       %s: schema 1, this wosync has 2; the next wosync sync brings it up to date\n", path);
    char *said = run_command(&command_status, path, EX_OK, 1, text);
    check_text(said, expected);
    free(said);
    said = run_command(&command_status, path, EX_OK, 2, json);
    check(strstr(said, "\"ok\":false") != NULL && strstr(said, "brings it up to date") != NULL, "%s", said);
    free(said);
    said = run_command(&command_doctor, path, EX_OK, 2, doctor);
    check(strstr(said, "has schema 1, this wosync has 2") != NULL && strstr(said, "0 failed") != NULL, "%s",
        said);
    free(said);
    assert_int_equal(ask_sql(path, "PRAGMA user_version"), 1);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_the_fixture_is_full),
        in_directory(test_all_is_kept_and_a_copy_made),
        in_directory(test_older_copies_give_way),
        in_directory(test_a_copy_lies_beside_the_store_and_not_beside_a_link),
        in_directory(test_a_new_store_needs_no_copy),
        in_directory(test_a_migration_that_fails_changes_nothing),
        in_directory(test_a_copy_of_a_store_that_is_as_it_was_stays),
        in_directory(test_a_copy_of_a_store_that_changed_gives_way),
        in_directory(test_what_is_in_its_way),
        in_directory(test_who_only_looks_is_told),
        in_directory(test_one_at_work_writes_nothing_into_a_newer_store),
        in_directory(test_one_that_waits_for_the_migration_looks_after_it),
        in_directory(test_a_development_store_is_left_alone),
        in_directory(test_a_full_disk_changes_nothing),
        in_directory(test_killed_in_the_middle),
        in_directory(test_signal),
        in_directory(test_signal_within_the_sql),
        in_directory(test_the_end_of_the_time_does_not_end_it),
        in_directory(test_status_says_so),
    };
    disk_install();
    return cmocka_run_group_tests_name("migration", tests, NULL, NULL);
}
