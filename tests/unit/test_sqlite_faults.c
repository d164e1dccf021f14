/* Faults below and inside SQLite that no file can be made to have. */
#include "support.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/warehouse_backend.h"
#include "store/store.h"

static struct store *open_at(const char *path)
{
    struct error e = {0};
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    check(store != NULL, "%s", e.text);
    return store;
}

/* --- a statement that SQLite refuses --- */

static int refuse_commit(
    void *context, int action, const char *what, const char *a, const char *b, const char *c)
{
    (void)context, (void)a, (void)b, (void)c;
    return action == SQLITE_TRANSACTION && strcmp(what, "COMMIT") == 0 ? SQLITE_DENY : SQLITE_OK;
}

static int on_connection(sqlite3 *db, char **problem, const struct sqlite3_api_routines *api)
{
    (void)problem, (void)api;
    return sqlite3_set_authorizer(db, refuse_commit, NULL);
}

/* Opening looks at the store in a transaction. One that cannot end would hold an old state for the whole run.
 */
static void test_commit_fails_while_opening(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    store_close(open_at(path));
    struct error e = {0};
    sqlite3_auto_extension((void (*)(void))on_connection);
    struct store *store = store_open(path, STORE_READ, 0, &e);
    sqlite3_reset_auto_extension();
    store_close(store);
    check(store == NULL && strstr(e.text, "opening") != NULL && strstr(e.text, path) != NULL, "status %d: %s",
        (int)e.status, e.text);
}

/* --- locks that cannot be taken --- */

static sqlite3_vfs *below;
static const sqlite3_io_methods *really;
static bool locks_fail;
static int naps;

static int lock_shared_memory(sqlite3_file *file, int offset, int count, int flags)
{
    if (locks_fail && (flags & SQLITE_SHM_LOCK) != 0)
        return SQLITE_BUSY;
    return really->xShmLock(file, offset, count, flags);
}

static int open_file(sqlite3_vfs *above, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    static sqlite3_io_methods methods;
    (void)above;
    int code = below->xOpen(below, name, file, flags, out_flags);
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        really = file->pMethods;
        methods = *really;
        methods.xShmLock = lock_shared_memory;
        file->pMethods = &methods;
    }
    return code;
}

static int nap(sqlite3_vfs *above, int microseconds)
{
    (void)above;
    naps++;
    return microseconds;
}

static sqlite3_vfs vfs;

static int take_locks_away(void **state)
{
    below = sqlite3_vfs_find(NULL);
    vfs = *below;
    vfs.zName = "no-locks";
    vfs.xOpen = open_file;
    vfs.xSleep = nap;
    naps = 0;
    return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK ? directory_setup(state) : -1;
}

static int give_locks_back(void **state)
{
    locks_fail = false;
    sqlite3_vfs_unregister(&vfs);
    sqlite3_vfs_register(below, 1);
    return directory_teardown(state);
}

static void check_locks_fail(struct store *store)
{
    struct error e = {0};
    int rc = store_query_all(store, SQL_QUARANTINE_COUNT, &e);
    if (rc == 0)
        rc = store_next(store, SQL_QUARANTINE_COUNT, &e);
    check(rc == -1 && e.status == EXIT_IO && strstr(e.text, "its locks cannot be taken") != NULL,
        "returned %d, status %d: %s", rc, (int)e.status, e.text);
}

/* SQLite tries for ten seconds. Once is enough for a run: a web server waits for one of them. */
static void test_locks_of_the_store(void **state)
{
    struct error e = {0};
    struct store *store = open_at(path_in(*state, "wosync.db"));
    locks_fail = true;
    check_locks_fail(store);
    int once = naps;
    check(once > 10, "SQLite did not try: %d", once);
    check_locks_fail(store);
    check(store_begin(store, &e) == -1 && e.status == EXIT_IO, "status %d: %s", (int)e.status, e.text);
    check(naps == once, "it tried again: %d after %d", naps, once);
    locks_fail = false;
    store_close(store);
}

/* The same of a warehouse, whose deliveries are tried one by one after the first failure. */
static void test_locks_of_a_warehouse(void **state)
{
    struct delivery_result result = {0};
    void *warehouse = warehouse_sqlite_new(path_in(*state, "warehouse.db"), 1000);
    check(warehouse_sqlite.begin(warehouse, &result) == 0 && warehouse_sqlite.commit(warehouse, &result) == 0,
        "%s", result.error);
    locks_fail = true;
    for (int i = 0, once = 0; i < 3; i++) {
        int rc = warehouse_sqlite.begin(warehouse, &result);
        warehouse_sqlite.rollback(warehouse);
        check(rc == -1 && result.verdict == DELIVERY_LATER &&
                  strstr(result.error, "its locks cannot be taken") != NULL,
            "returned %d: %s", rc, result.error);
        check(naps > 10 && (i == 0 || naps == once), "%d naps after %d", naps, once);
        once = naps;
    }
    locks_fail = false;
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
              STORE_RUN(store, &e, SQL_QUARANTINE_ADD, V_BLOB("digest", 6), V_INT(1), V_TEXT("poll"),
                  V_TEXT("why"), V_INT(5), V_BLOB("raw", 3), V_INT(77)) == 0 &&
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
        in_directory(test_commit_fails_while_opening),
        cmocka_unit_test_setup_teardown(test_locks_of_the_store, take_locks_away, give_locks_back),
        cmocka_unit_test_setup_teardown(test_locks_of_a_warehouse, take_locks_away, give_locks_back),
        in_directory(test_torn_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
