#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/shutdown.h"
#include "fault.h"
#include "store/counters.h"
#include "store/snapshots.h"
#include "store/store.h"

enum { NOW = 1000000, HOUR = 3600 * 1000 };

static int setup(void **state)
{
    fault_statement(0);
    *state = store_open("scratch", STORE_SCRATCH, 0, NULL);
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    store_close(*state);
    return 0;
}

/* New work orders with a status. */
static void add(struct store *store, int64_t first, int count, const char *status)
{
    struct error e = {0};
    char json[128];
    assert_int_equal(store_begin(store, &e), 0);
    for (int64_t id = first; id < first + count; id++) {
        int len = snprintf(json, sizeof json, "{\"id\":%lld,\"status\":\"%s\"}", (long long)id, status);
        const struct snapshot_row row = {
            .id = id, .updated = NOW, .json = json, .len = (size_t)len, .observed = NOW};
        check(snapshots_save(store, &row, 0, &e) == 0, "%s", e.text);
    }
    check(store_commit(store, &e) == 0, "%s", e.text);
}

struct found {
    char text[4096];
    int64_t total;
};

static void note(const char *status, int64_t count, void *context)
{
    struct found *found = context;
    size_t len = strlen(found->text);
    snprintf(found->text + len, sizeof found->text - len, "%s=%lld ", status, (long long)count);
    found->total += count;
}

static struct found read_counts(struct store *store)
{
    struct error e = {0};
    struct found found = {.total = 0};
    check(counters_statuses(store, note, &found, &e) == 0, "%s", e.text);
    return found;
}

static void count_at(struct store *store, int64_t now)
{
    struct error e = {0};
    check(counters_count_statuses(store, now, &e) == 0, "%s", e.text);
}

static void test_counts(void **state)
{
    struct store *store = *state;
    add(store, 1, 3, "OPEN");
    add(store, 4, 1, "DONE");
    count_at(store, NOW);
    assert_string_equal(read_counts(store).text, "DONE=1 OPEN=3 ");
    /* anew only where something has changed */
    add(store, 5, 1, "ON_HOLD");
    count_at(store, NOW + HOUR);
    assert_string_equal(read_counts(store).text, "DONE=1 ON_HOLD=1 OPEN=3 ");
}

/* What a server makes up takes no room without end, here and where metrics are kept. */
static void test_many_statuses(void **state)
{
    struct store *store = *state;
    char status[32];
    for (int i = 0; i < 120; i++) {
        snprintf(status, sizeof status, "S%03d", i);
        add(store, i + 1, 1, status);
    }
    count_at(store, NOW);
    struct found found = read_counts(store);
    assert_int_equal(found.total, 120);
    check(strstr(found.text, "OTHER=71 ") != NULL, "%s", found.text);
}

static struct store *beside;
static int64_t added;

/* Another process writes; or it cannot, while the new counts are being written. */
static void add_one_more(void)
{
    struct error e = {0};
    char json[64];
    int len = snprintf(json, sizeof json, "{\"status\":\"LATE\"}");
    const struct snapshot_row row = {
        .id = 1000 + added, .updated = NOW, .json = json, .len = (size_t)len, .observed = NOW};
    if (store_begin(beside, &e) == 0 && snapshots_save(beside, &row, 0, &e) == 0 &&
        store_commit(beside, &e) == 0)
        added++;
    store_rollback(beside);
}

/* While the documents are read others write, and what they write calls for another count. */
static void test_others_write_meanwhile(void **state)
{
    char path[4200];
    struct error e = {0};
    snprintf(path, sizeof path, "%s/store", (const char *)*state);
    beside = store_open(path, STORE_WRITE, 0, &e);
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    check(store != NULL && beside != NULL, "%s", e.text);
    add(store, 1, 2, "OPEN");
    long n = 1;
    for (bool happened = true; happened; n++) {
        const int64_t now = NOW + n * HOUR;
        fault_call(n, add_one_more);
        count_at(store, now);
        happened = fault_happened();
        fault_statement(0);
        count_at(store, now + HOUR / 2);
        struct found found = read_counts(store);
        check(found.total == 2 + added, "statement %ld: %s", n, found.text);
    }
    check(added >= 2, "only %lld were written", (long long)added);
    store_close(beside);
    store_close(store);
}

/* It fails, and the counts are the old ones or the new ones. */
static void test_every_statement_fails(void **state)
{
    struct store *store = *state;
    add(store, 1, 2, "OPEN");
    count_at(store, NOW);
    add(store, 3, 1, "DONE");
    long n = 1;
    for (bool happened = true; happened; n++) {
        struct error e = {0};
        fault_statement(n);
        int rc = counters_count_statuses(store, NOW + HOUR, &e);
        happened = fault_happened();
        fault_statement(0);
        check(happened ? rc == -1 : rc == 0, "statement %ld: %d, %s", n, rc, e.text);
        int64_t total = read_counts(store).total;
        check(total == 3 || (happened && total == 2), "statement %ld: %lld", n, (long long)total);
    }
    check(n > 5, "only %ld statements", n);
}

/* A signal does not wait for it. In a process of its own: a signal stays for good. */
static void signalled(void *data)
{
    struct error e = {0};
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, &e);
    (void)data;
    add(store, 1, 2, "OPEN");
    count_at(store, NOW);
    add(store, 3, 1, "DONE");
    bool ready = shutdown_install(&e) == 0 && raise(SIGTERM) == 0;
    bool kept = counters_count_statuses(store, NOW + HOUR, &e) == 0 && read_counts(store).total == 2;
    store_close(store);
    if (!ready || !kept)
        _exit(1);
}

static void test_a_signal(void **state)
{
    (void)state;
    int status = run_in_child(signalled, NULL);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

int main(void)
{
    fault_statement(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_statuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_others_write_meanwhile, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_every_statement_fails, setup, teardown),
        cmocka_unit_test(test_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
