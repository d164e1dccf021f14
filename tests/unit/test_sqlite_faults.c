/* Faults below and inside SQLite that no file can be made to have. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "handlers/warehouse/backend.h"
#include "store/store.h"

static struct store *open_at(const char *path)
{
    struct error e = {0};
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    check(store != NULL, "%s", e.text);
    return store;
}

/* --- locks that cannot be taken --- */

static void check_locks_fail(struct store *store)
{
    struct error e = {0};
    int rc = store_query_all(store, SQL_QUARANTINE_COUNT, &e);
    if (rc == 0)
        rc = store_next(store, SQL_QUARANTINE_COUNT, &e);
    check(rc == -1 && e.status == EX_IOERR && strstr(e.text, "its locks cannot be taken") != NULL,
        "returned %d, status %d: %s", rc, (int)e.status, e.text);
}

/* SQLite tries for ten seconds. Once is enough for a run: a web server waits for one of them. */
static void test_locks_of_the_store(void **state)
{
    struct error e = {0};
    struct store *store = open_at(path_in(*state, "wosync.db"));
    disk_fails_at(FAULT_LOCKS, 1);
    check_locks_fail(store);
    int64_t once = disk_calls();
    check(once > 10, "SQLite did not try: %lld", (long long)once);
    check_locks_fail(store);
    check(store_begin(store, &e) == -1 && e.status == EX_IOERR, "status %d: %s", (int)e.status, e.text);
    assert_int_equal(disk_calls(), once);
    disk_fails_at(FAULT_LOCKS, 0);
    store_close(store);
}

/* The same of a warehouse, whose deliveries are tried one by one after the first failure. */
static void test_locks_of_a_warehouse(void **state)
{
    struct delivery_result result = {0};
    void *warehouse = warehouse_sqlite_new(path_in(*state, "warehouse.db"), 1000);
    check(warehouse_sqlite.begin(warehouse, &result) == 0 && warehouse_sqlite.commit(warehouse, &result) == 0,
        "%s", result.error);
    disk_fails_at(FAULT_LOCKS, 1);
    int64_t once = 0;
    for (int i = 0; i < 3; i++) {
        int rc = warehouse_sqlite.begin(warehouse, &result);
        warehouse_sqlite.rollback(warehouse);
        check(rc == -1 && result.status == DELIVERY_LATER &&
                  strstr(result.error, "its locks cannot be taken") != NULL,
            "returned %d: %s", rc, result.error);
        check(disk_calls() > 10 && (i == 0 || disk_calls() == once), "%lld calls", (long long)disk_calls());
        once = disk_calls();
    }
    disk_fails_at(FAULT_LOCKS, 0);
    warehouse_sqlite.free(warehouse);
}

/* --- a checkpoint that lost power --- */

/* Copies a file as it is on the disk now; the first `torn` bytes become what a disk may leave of them. */
static void copy_torn(const char *from, const char *to, size_t torn)
{
    size_t len;
    char *bytes = read_text(from, &len);
    check(bytes != NULL && len > torn, "%s", from);
    memset(bytes, 'Z', torn);
    write_file(to, bytes, len, 0600);
    free(bytes);
}

/* The log was synced before the checkpoint began: what the file's first page is after it does not matter. */
static void test_torn_checkpoint(void **state)
{
    const char *path = path_in(*state, "wosync.db"), *copy = path_in(*state, "copy.db");
    struct error e = {0};
    struct store *store = open_at(path);
    check(store_begin(store, &e) == 0 &&
              STORE_RUN(store, &e, SQL_QUARANTINE_ADD, V_BLOB("fingerprint", 6), V_BLOB("fingerprint", 6),
                  V_INT(1), V_TEXT("poll"), V_TEXT("why"), V_INT(5), V_BLOB("raw", 3), V_INT(77)) == 0 &&
              store_commit(store, &e) == 0,
        "%s", e.text);
    copy_torn(path, copy, 512);
    copy_torn(path_in(*state, "wosync.db-wal"), path_in(*state, "copy.db-wal"), 0);
    store_close(store);
    store = open_at(copy);
    assert_int_equal(store_query_all(store, SQL_QUARANTINE_COUNT, &e), 0);
    assert_int_equal(store_next(store, SQL_QUARANTINE_COUNT, &e), 1);
    assert_int_equal(store_int(store, SQL_QUARANTINE_COUNT, 0), 1);
    store_close(store);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_locks_of_the_store),
        in_directory(test_locks_of_a_warehouse),
        in_directory(test_torn_checkpoint),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
