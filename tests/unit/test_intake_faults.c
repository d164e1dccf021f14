/* What takes observations and deliveries, with every call to the disk failing in turn. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "disturb.h"
#include "sources/intake.h"
#include "sources/webhook_auth.h"
#include "sources/webhook_inbound.h"
#include "store/quarantine.h"
#include "store/webhook_stats.h"

#define PUMP(id, status, more)                                                                               \
    "{\"id\":" id ",\"title\":\"Pump\",\"status\":\"" status                                                 \
    "\",\"createdAt\":\"2026-01-20T10:00:00.000Z\"," more "}"
#define OLD PUMP("7", "OPEN", "\"updatedAt\":\"2026-01-20T10:00:00.000Z\"")
#define NEW                                                                                                  \
    PUMP("7", "DONE",                                                                                        \
        "\"updatedAt\":\"2026-01-20T11:00:00.000Z\",\"completedAt\":\"2026-01-20T11:00:00.000Z\"")
#define OTHER                                                                                                \
    PUMP("9", "DONE",                                                                                        \
        "\"updatedAt\":\"2026-01-20T11:00:00.000Z\",\"completedAt\":\"2026-01-20T11:00:00.000Z\"")
#define ODD "{\"id\":8,\"title\":\"Pump\"}"

/* 7 is known, as the list gave it; it is missing, and lies in quarantine. */
static const char content[] =
    "INSERT INTO account VALUES (1, 'https://x.example/v1', '', 0, 900, 900, 900, 950, 'none');"
    "INSERT INTO documents VALUES (1, 7, '" OLD "');"
    "INSERT INTO snapshots VALUES (7, 1768903200000, x'00', 1, 950, 0, 0, NULL, NULL, NULL, NULL);"
    "INSERT INTO deletion_candidates VALUES (7, 1, NULL, NULL, 0, 0);"
    "INSERT INTO quarantine VALUES (1, x'02', x'02', 7, 'poll', 'why', 2, x'7b7d', 900);"
    "INSERT INTO webhook_gaps VALUES (7, 900, 1000);"
    "UPDATE webhook_stats SET first_ms = 900, last_ms = 950, received = 3;"
    "INSERT INTO subscriptions VALUES ('s1', 'a b', 'https://x.example/', 'secret of twenty bytes', 'VALID', "
    "900, 950),"
    " ('s2', 'c', 'https://x.example/', NULL, 'VALID', 900, 950);";

static char *completed[] = {"DONE", NULL};
static char *ignored[] = {NULL};
static const struct config config = {.completed = completed, .ignored = ignored};

enum { NOW = 2000 };

/* --- observations --- */

/* Takes records, as the list gave them, and flushes; returns how many events were told, or -1. */
static int64_t observe_all(struct store *store, const struct diff_window *window, const char *const *records,
    const int64_t *hints, size_t count, struct error *e)
{
    struct run run = {0};
    const struct intake_settings settings = {
        .config = &config, .store = store, .source = SOURCE_POLL, .window = window, .run = &run};
    struct intake *intake = intake_new(&settings);
    bool failed = false;
    for (size_t i = 0; i < count && !failed; i++) {
        struct intake_details result;
        const struct intake_record record = {.json = records[i],
            .len = strlen(records[i]),
            .id_hint = hints[i],
            .from_list = hints[i] != 0,
            .observed = NOW,
            .previously_observed = 950};
        failed = intake_observe(intake, &record, &result, e) == INTAKE_FAILED;
    }
    failed = failed || intake_flush(intake, e) != 0;
    intake_free(intake);
    int64_t emitted = 0;
    for (int i = 0; i < EVENT_TYPES; i++)
        emitted += run.events[i];
    return failed ? -1 : emitted;
}

#define OBSERVE(name, window, ids, ...)                                                                      \
    static int64_t name(struct store *store, struct error *e)                                                \
    {                                                                                                        \
        static const char *const records[] = {__VA_ARGS__};                                                  \
        return observe_all(store, window, records, ids, COUNT(records), e);                                  \
    }

static const int64_t of_seven[] = {7, 7}, of_nine[] = {9, 9}, of_eight[] = {8}, unknown[] = {0},
                     of_both[] = {7, 9};
static const struct diff_window window = {.from = 0, .until = INT64_MAX};

OBSERVE(observe_changed, NULL, of_seven, NEW)
OBSERVE(observe_new, NULL, of_nine, OTHER)
OBSERVE(observe_again, NULL, of_seven, NEW, NEW)
OBSERVE(observe_odd, NULL, of_eight, ODD)
OBSERVE(observe_single, NULL, unknown, NEW)
OBSERVE(observe_history, &window, of_both, NEW, OTHER)

static int64_t tell_gone(struct store *store, struct error *e)
{
    struct run run = {0};
    const struct intake_settings settings = {
        .config = &config, .store = store, .source = SOURCE_RECONCILE, .run = &run};
    struct intake *intake = intake_new(&settings);
    int told = intake_gone(intake, 7, TIMESTAMP_NONE, 0, NOW, e);
    intake_free(intake);
    return told;
}

static int64_t load_keys(struct store *store, struct error *e)
{
    struct webhook_auth_keys *keys = webhook_auth_keys_load(store, NULL, e);
    webhook_auth_keys_free(keys);
    return keys != NULL ? 0 : -1;
}

#define ROW(name)                                                                                            \
    {                                                                                                        \
#name, name                                                                                          \
    }

static void test_observations(void **state)
{
    static const struct function functions[] = {ROW(observe_changed), ROW(observe_new), ROW(observe_again),
        ROW(observe_odd), ROW(observe_single), ROW(observe_history), ROW(tell_gone), ROW(load_keys)};
    const char *path = path_in(*state, "wosync.db");
    store_close(disturb_make(path, content));
    for (size_t i = 0; i < COUNT(functions); i++)
        disturb(path, &functions[i]);
}

/* What the undisturbed ones tell. */
static void test_what_they_tell(void **state)
{
    static const struct {
        int64_t (*run)(struct store *store, struct error *e);
        int64_t told, quarantined;
    } table[] = {{observe_changed, 3, 0}, {observe_new, 2, 1}, {observe_again, 3, 0}, {observe_odd, 0, 2},
        {observe_single, 3, 0}, {observe_history, 4, 0}, {tell_gone, 1, 1}};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        assert_int_equal(store_begin(store, &e), 0);
        int64_t told = table[i].run(store, &e);
        check(told == table[i].told && quarantine_count(store, &e) == table[i].quarantined,
            "row %zu: %lld: %s", i, (long long)told, e.text);
        store_rollback(store);
    }
    store_close(store);
}

/* The glance at a record's id may have seen another one's in it. */
static void test_glance_at_the_id(void **state)
{
    static const char *const records[] = {OTHER};
    static const int64_t wrong[] = {7};
    struct error e = {0};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    assert_int_equal(store_begin(store, &e), 0);
    check(observe_all(store, NULL, records, wrong, 1, &e) == 2, "%s", e.text);
    check(observe_all(store, &window, records, wrong, 1, &e) == 0, "%s", e.text);
    store_close(store);
}

/* --- deliveries of webhooks --- */

static enum webhook_result accept_body(struct store *store, const char *organization, const char *event_id,
    const char *body, struct run *run, bool *work_left, struct error *e)
{
    const struct config theirs = {
        .organization = (char *)organization, .completed = completed, .ignored = ignored};
    const struct webhook_settings settings = {.config = &theirs, .store = store, .run = run};
    const struct webhook_message message = {.body = body, .len = strlen(body), .event_id = event_id};
    return webhook_accept(&settings, &message, NOW, work_left, e);
}

/* One that fails has counted nothing and left nothing to do. */
static int64_t accept_counted(
    struct store *store, const char *organization, const char *body, struct error *e)
{
    struct run run = {0};
    bool work_left = true;
    enum webhook_result outcome = accept_body(store, organization, NULL, body, &run, &work_left, e);
    check(outcome != WEBHOOK_FAILED || (!work_left && run.records == 0 && run.events[EVENT_UPDATED] == 0),
        "%s", body);
    return outcome == WEBHOOK_FAILED ? -1 : (int64_t)outcome;
}

#define ACCEPT(name, organization, body)                                                                     \
    static int64_t name(struct store *store, struct error *e)                                                \
    {                                                                                                        \
        return accept_counted(store, organization, body, e);                                                 \
    }

#define BRIEF(doc) "{\"event\":\"workorder.updated\",\"data\":" doc "}"
#define STEP                                                                                                 \
    "{\"eventType\":\"WORK_ORDER_STATUS_CHANGE\",\"workOrderId\":7,\"oldStatus\":\"OPEN\",\"newStatus\":"    \
    "\"DONE\","                                                                                              \
    "\"occurredAt\":\"2026-01-20T11:00:00Z\"}"

ACCEPT(accept_whole, "", BRIEF(NEW))
ACCEPT(accept_stale, "", BRIEF(OLD))
ACCEPT(accept_notification, "", "{\"eventType\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7}")
ACCEPT(accept_step, "", STEP)
ACCEPT(accept_deletion, "", "{\"eventType\":\"WORK_ORDER_DELETE\",\"workOrderId\":7}")
ACCEPT(accept_unsupported, "", "{\"eventType\":\"ASSET_CHANGE\"}")
ACCEPT(accept_foreign, "12", "{\"eventType\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7,\"orgId\":13}")
ACCEPT(accept_archived, "", "{\"eventType\":\"WEBHOOK_ARCHIVED\",\"webhookId\":901}")
ACCEPT(accept_useless, "", "no json")

static const struct function accepters[] = {ROW(accept_whole), ROW(accept_stale), ROW(accept_notification),
    ROW(accept_step), ROW(accept_deletion), ROW(accept_unsupported), ROW(accept_foreign),
    ROW(accept_archived), ROW(accept_useless)};

static void test_deliveries(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    for (size_t i = 0; i < COUNT(accepters); i++)
        for (enum disk_fault fault = FAULT_IO; fault <= FAULT_LOCKED; fault++)
            disturb_transaction(path, content, &accepters[i], fault);
}

/* The entry of the inbox that each of them leaves, and whether there is something to be done about it. */
static void test_outcomes(void **state)
{
    static const struct {
        const char *organization, *body;
        enum webhook_result outcome;
        const char *entry;
        int64_t emitted;
        bool work_left;
    } table[] = {
        {"", BRIEF(NEW), WEBHOOK_STORED, "done", 3, true},
        {"", BRIEF(OLD), WEBHOOK_STORED, "done", 0, false},
        {"", BRIEF(PUMP("7", "OPEN", "\"updatedAt\":\"2026-01-20T12:00:00Z\",\"x\":NaN")), WEBHOOK_REFUSED,
            NULL, 0, false},
        {"", "{\"eventType\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7}", WEBHOOK_STORED, "waiting", 0, true},
        {"", STEP, WEBHOOK_STORED, "waiting", 0, true},
        {"", "{\"eventType\":\"WORK_ORDER_DELETE\",\"workOrderId\":7}", WEBHOOK_STORED, "waiting", 0, true},
        {"", "{\"eventType\":\"ASSET_CHANGE\"}", WEBHOOK_STORED, "unsupported", 0, false},
        {"12", "{\"eventType\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7,\"orgId\":13}", WEBHOOK_STORED,
            "foreign", 0, false},
        {"12", "{\"eventType\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7,\"orgId\":12}", WEBHOOK_STORED,
            "waiting", 0, true},
        {"12", "{\"eventType\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7}", WEBHOOK_STORED, "waiting", 0, true},
        {"", "{\"eventType\":\"WEBHOOK_ARCHIVED\",\"webhookId\":901}", WEBHOOK_STORED, "done", 0, false},
        {"", "no json", WEBHOOK_REFUSED, NULL, 0, false},
    };
    const char *path = path_in(*state, "wosync.db");
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct run run = {0};
        bool work_left = !table[i].work_left;
        struct store *store = disturb_make(path, content);
        check(accept_body(store, table[i].organization, NULL, table[i].body, &run, &work_left, &e) ==
                  table[i].outcome,
            "row %zu: %s", i, e.text);
        int64_t emitted = 0;
        for (int type = 0; type < EVENT_TYPES; type++)
            emitted += run.events[type];
        check(emitted == table[i].emitted && work_left == table[i].work_left, "row %zu: %lld emitted", i,
            (long long)emitted);
        char *dump = disk_dump(disk_connection(), "");
        char *entry = strstr(dump, "webhook_inbox |"), state_text[32];
        check((entry != NULL) == (table[i].entry != NULL), "row %zu: %s", i, dump);
        if (entry != NULL) {
            snprintf(state_text, sizeof state_text, " | %s | ", table[i].entry);
            check(strstr(entry, state_text) != NULL, "row %zu: %s", i, entry);
            check(accept_body(store, table[i].organization, NULL, table[i].body, &run, &work_left, &e) ==
                      WEBHOOK_REPEATED,
                "row %zu: %s", i, e.text);
        }
        free(dump);
        store_close(store);
        assert_int_equal(remove(path), 0);
    }
}

/* The sender's id makes two deliveries one, if it has the form of one; else their bodies do. */
static void test_event_ids(void **state)
{
    static const char first[] = "{\"type\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7}";
    static const char second[] = "{\"type\":\"WORK_ORDER_CHANGE\",\"workOrderId\":9}";
    char longest[202];
    memset(longest, 'x', 201);
    longest[201] = '\0';
    const struct {
        const char *id;
        bool taken;
    } table[] = {{"evt-1", true}, {"", false}, {"a b", false}, {"a\x7f", false}, {"a\xc3\xa4", false},
        {longest, false}, {longest + 1, true}};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct run run = {0};
        bool work_left;
        assert_int_equal(
            sqlite3_exec(disk_connection(), "DELETE FROM webhook_inbox", NULL, NULL, NULL), SQLITE_OK);
        check(accept_body(store, "", table[i].id, first, &run, &work_left, &e) == WEBHOOK_STORED,
            "row %zu: %s", i, e.text);
        check(accept_body(store, "", table[i].id, second, &run, &work_left, &e) ==
                  (table[i].taken ? WEBHOOK_REPEATED : WEBHOOK_STORED),
            "row %zu", i);
    }
    store_close(store);
}

/* --- who signed them --- */

static const struct webhook_message unsigned_message = {.body = "{}", .len = 2};

static enum webhook_auth_result verify(
    struct store *store, char *const *configured, const char *timed, const char *plain, const char **why)
{
    struct error e = {0};
    struct webhook_message message = unsigned_message;
    message.timed_signature = timed;
    message.plain_signature = plain;
    struct webhook_auth_keys *keys = webhook_auth_keys_load(store, configured, &e);
    check(keys != NULL, "%s", e.text);
    const char *subscribed;
    enum webhook_auth_result verdict = webhook_auth_check(keys, &message, NOW, 300000, &subscribed, why);
    webhook_auth_keys_free(keys);
    return verdict;
}

/* Of several secrets the verdict that says most is told. */
static void test_verdicts(void **state)
{
    static char other[] = "another secret of the configuration";
    static char *const configured[] = {other, NULL};
    /* the signature of `{}` by the subscription's secret: openssl dgst -sha256 -mac HMAC -macopt key:... */
#define PLAIN "66eb746c336faa0c01998e59ccbfb1fb844ba07ce91a2799c8e3cb40fbc4dd42"
#define TIMED "0f10a4648da2dd9f05a7f1c616b072796fd74f5cf129f511a95af7a62022d0e6"
    static const struct {
        const char *timed, *plain, *why;
        enum webhook_auth_result verdict;
    } table[] = {
        {NULL, NULL, "it is not signed", WEBHOOK_AUTH_BAD},
        {NULL, PLAIN, NULL, WEBHOOK_AUTH_GOOD},
        {NULL, "00" PLAIN, "is malformed", WEBHOOK_AUTH_BAD},
        {"t=2,v1=" TIMED, NULL, NULL, WEBHOOK_AUTH_GOOD},
        {"t=2,v1=" PLAIN, NULL, "signed with another secret", WEBHOOK_AUTH_BAD},
        {"t=2,v1=" PLAIN, PLAIN, "signed with another secret", WEBHOOK_AUTH_BAD},
        {"nonsense", PLAIN, "is malformed", WEBHOOK_AUTH_BAD},
    };
    const char *why = NULL;
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    for (size_t i = 0; i < COUNT(table); i++) {
        enum webhook_auth_result verdict = verify(store, configured, table[i].timed, table[i].plain, &why);
        check(verdict == table[i].verdict && (table[i].why == NULL || strstr(why, table[i].why) != NULL),
            "row %zu: %s", i, why);
    }
    assert_int_equal(
        sqlite3_exec(disk_connection(), "DELETE FROM subscriptions", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(verify(store, NULL, NULL, PLAIN, &why), WEBHOOK_AUTH_NO_SECRET);
    store_close(store);
}

/* A secret that is none is named, but not shown. */
static void test_bad_secrets(void **state)
{
    static char empty[] = "";
    static char *const configured[] = {empty, NULL};
    struct error e = {0};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    assert_null(webhook_auth_keys_load(store, configured, &e));
    check(e.status == EX_CONFIG && strstr(e.text, "MAINTAINX_WEBHOOK_SECRET") != NULL, "%s", e.text);
    assert_int_equal(
        sqlite3_exec(disk_connection(), "UPDATE subscriptions SET secret = ''", NULL, NULL, NULL), SQLITE_OK);
    e = (struct error){0};
    assert_null(webhook_auth_keys_load(store, NULL, &e));
    check(e.status == EX_CONFIG && strstr(e.text, "subscription s1") != NULL, "%s", e.text);
    store_close(store);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_observations),
        in_directory(test_what_they_tell),
        in_directory(test_glance_at_the_id),
        in_directory(test_deliveries),
        in_directory(test_outcomes),
        in_directory(test_event_ids),
        in_directory(test_verdicts),
        in_directory(test_bad_secrets),
    };
    disk_install();
    log_configure(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
