/* Passes, sweeps and lookups against the plant, with every call to the disk failing in turn. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "disturb.h"
#include "jobs.h"
#include "plant.h"
#include "store/skipped.h"
#include "sources/poll.h"
#include "sources/refetch.h"
#include "sources/subscription_check.h"
#include "store/quarantine.h"
#include "store/refetches.h"
#include "store/sweeps.h"

/* --- the life of a store: each step begins where the one before it ended --- */

static const struct order first[] = {{1, -50, "OPEN", false, false}, {2, -50, "OPEN", false, false},
    {3, -40, "OPEN", true, false}, {4, -30, "OPEN", false, false}, {5, -20, "DONE", false, false}};

static void set_first(void)
{
    set_orders(first, COUNT(first));
}

/* 1 changes, 3 is understood, 6 is new. */
static void set_second(void)
{
    later = 5 * MINUTE;
    set_first();
    server.orders[0] = (struct order){1, 2, "IN_PROGRESS", false, false};
    server.orders[2] = (struct order){3, 3, "OPEN", false, false};
    server.orders[server.count++] = (struct order){6, 4, "OPEN", false, false};
}

/* 4 and 5 are gone. */
static void set_gone(void)
{
    set_second();
    later = 10 * MINUTE;
    server.orders[3].gone = server.orders[4].gone = true;
}

static void set_gone_later(void)
{
    set_gone();
    later = 3 * HOUR;
}

static void set_hinted(void)
{
    set_gone_later();
    server.orders[0] = (struct order){1, 170, "DONE", false, false};
}

static void set_history(void)
{
    static const struct diff_window window = {
        .from = INT64_C(1768816800000), .until = INT64_C(1768989600000)};
    set_hinted();
    how.window = &window;
}

/* Users are read, teams are not to be read, and 1 was done by one of them. */
static void set_people(void)
{
    set_hinted();
    later = 4 * HOUR;
    how.names = true;
    server.users = (struct plant_people){.status = 200,
        .pages = {"{\"users\":[{\"id\":7,\"name\":\"Ann\"},{\"id\":8,\"name\":\"Bo\"}],\"nextCursor\":\"1\"}",
            "{\"users\":[{\"id\":9,\"name\":\"Cy\"}]}"}};
    server.teams = (struct plant_people){.status = 403};
    server.orders[0] = (struct order){1, 230, "DONE", false, false};
    server.people[1] = ",\"completerId\":7";
}

/* A day later two have left, and someone else who is not on the first page did the next one. */
static void set_strangers(void)
{
    set_people();
    later = 29 * HOUR;
    server.users.pages[1] = "{\"users\":[{\"id\":10,\"name\":\"Di\"}]}";
    server.orders[1] = (struct order){2, 1700, "DONE", false, false};
    server.people[2] = ",\"completerId\":10,\"teamIds\":[3]";
}

/* Two hours later an id appears that no list holds yet, in the list and behind a webhook. */
static void set_newcomer(void)
{
    set_strangers();
    later = 31 * HOUR;
    server.users.pages[1] = "{\"users\":[{\"id\":11,\"name\":\"Ed\"}]}";
    server.orders[0] = (struct order){1, 1800, "OPEN", false, false};
    server.people[1] = ",\"requesterId\":11";
}

/* 3 is gone, and 7 is there besides. */
static void set_found(void)
{
    set_newcomer();
    later = 32 * HOUR;
    server.orders[2].gone = true;
}

static void set_another(void)
{
    set_newcomer();
    later = 33 * HOUR;
    server.users.pages[1] = "{\"users\":[{\"id\":12,\"name\":\"Flo\"}]}";
    server.orders[0] = (struct order){1, 1900, "DONE", false, false};
    server.people[1] = ",\"completerId\":12";
}

struct step {
    struct function function;
    void (*set)(void);
    const char *sql; /* what happens before, besides */
};

static const struct step steps[] = {
    {{"the first poll", do_poll}, set_first, ""},
    {{"a poll", do_poll}, set_second, "UPDATE webhook_stats SET first_ms = 0"},
    {{"a poll again", do_poll}, set_second, ""},
    {{"a sweep", do_sweep}, set_gone, "UPDATE account SET filter = 'none'"},
    {{"the first 404", do_prove}, set_gone, ""},
    {{"the second 404", do_prove}, set_gone_later, ""},
    {{"refetches", do_refetches}, set_hinted,
        "INSERT INTO webhook_inbox (key, received_ms, event, subject, state, body) VALUES "
        "('a', 1, 't', 1, 'waiting', x''), ('b', 1, 't', 4, 'waiting', x'');"
        "INSERT INTO refetches (subject, reason, requested_ms, due_ms) VALUES (1, 'notified', 1, 0), (4, "
        "'notified', 1, 0)"},
    {{"a backfill", do_backfill}, set_history, "DELETE FROM events"},
    {{"registrations", do_watch}, set_history,
        "INSERT INTO subscriptions VALUES ('s1', 'a', 'https://x.example/', NULL, "
        "'VALID', 1, 1), ('s2', 'b', 'https://x.example/', NULL, 'VALID', 1, 1)"},
    {{"people", do_poll}, set_people, ""},
    {{"other people", do_poll}, set_strangers, ""},
    {{"a newcomer", do_poll}, set_newcomer, ""},
    {{"an audit", do_heal}, set_found,
        "DELETE FROM snapshots WHERE id = 2; UPDATE snapshots SET updated_ms = updated_ms - 60000 WHERE id = "
        "1; "
        "UPDATE documents SET json = replace(json, 'Pump', 'Forged') WHERE subject = 6; "
        "UPDATE snapshots SET updated_ms = updated_ms + 60000 WHERE id = 7"},
    {{"another behind a webhook", do_refetches}, set_another,
        "INSERT INTO refetches (subject, reason, requested_ms, due_ms) VALUES (1, 'notified', 1, 0)"},
};

/* What a run that was disturbed may leave otherwise: the runs themselves. */
#define BUT " runs sqlite_sequence "

static char *dump_store(const char *path)
{
    struct store *store = disturb_open(path);
    char *dump = disk_dump(disk_connection(), BUT);
    store_close(store);
    return dump;
}

static void put_back(const char *path, const char *bytes, size_t len)
{
    char name[600];
    snprintf(name, sizeof name, "%s-wal", path);
    remove(name);
    snprintf(name, sizeof name, "%s-shm", path);
    remove(name);
    write_file(path, bytes, len, 0600);
}

/* The n-th call fails, the next run makes it good. Returns false when there are no n calls. */
static bool fail_step(const char *path, const struct step *step, int64_t n, const char *good, int *failures)
{
    struct error e = {0};
    struct store *store = disturb_open(path);
    usual();
    step->set();
    disk_forget_schema();
    disk_fails_at(FAULT_IO, n);
    int64_t rc = step->function.run(store, &e);
    bool hit = disk_failed();
    disk_fails_at(FAULT_IO, 0);
    store_close(store);
    if (rc < 0) {
        check(hit && e.status == EX_IOERR && strstr(e.text, "check the disk") != NULL,
            "%s, call %lld: %d: %s", step->function.name, (long long)n, (int)e.status, e.text);
        ++*failures;
        store = disturb_open(path);
        usual();
        step->set();
        e = (struct error){0};
        check(step->function.run(store, &e) == 0, "%s after call %lld: %s", step->function.name, (long long)n,
            e.text);
        store_close(store);
    }
    char *dump = dump_store(path);
    bool same = strcmp(dump, good) == 0;
    if (!same)
        print_error("is:\n%s\nshould be:\n%s\n", dump, good);
    check(same, "%s, call %lld", step->function.name, (long long)n);
    free(dump);
    return hit;
}

static void test_every_call_fails(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    store_close(disturb_make(path, ""));
    for (size_t i = 0; i < COUNT(steps); i++) {
        const struct step *step = &steps[i];
        struct error e = {0};
        int failures = 0;
        size_t len;
        store_close(disturb_make(path, step->sql));
        char *bytes = read_text(path, &len), *before = dump_store(path);
        struct store *store = disturb_open(path);
        usual();
        step->set();
        check(step->function.run(store, &e) == 0, "%s: %s", step->function.name, e.text);
        store_close(store);
        char *good = dump_store(path);
        check(strcmp(good, before) != 0, "%s changes nothing", step->function.name);
        for (int64_t n = 1;; n += disturb_stride()) {
            put_back(path, bytes, len);
            if (!fail_step(path, step, n, good, &failures))
                break;
        }
        check(failures > 0, "%s never fails", step->function.name);
        free(bytes);
        free(before);
        free(good);
    }
}

/* --- what a server and a store can do besides --- */

/* A store after its first poll, with something done to it. */
static struct store *polled(void **state, const char *sql)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    struct store *store = disturb_open(path);
    usual();
    set_first();
    check(do_poll(store, &e) == 0, "%s", e.text);
    check(sqlite3_exec(disk_connection(), sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sql);
    return store;
}

static void check_filter(const char *expected)
{
    sqlite3_stmt *account = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(disk_connection(), "SELECT coalesce(filter, '') FROM account", -1, &account, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(account), SQLITE_ROW);
    check_text((const char *)sqlite3_column_text(account, 0), expected);
    sqlite3_finalize(account);
}

/* A filter that is remembered is taken until a page shows that it is none. */
static void test_remembered_filters(void **state)
{
    static const struct {
        const char *known;
        enum manner gte, brackets, sort;
        const char *expected;
    } table[] = {
        {"updatedAt[gte]", HONOURED, HONOURED, HONOURED, "updatedAt[gte]"},
        {"of another version", REFUSED, HONOURED, HONOURED, "updatedAt[gte]"},
        {"updatedAt[gte]", IGNORED, IGNORED, HONOURED, "sort"},
        {"updatedAt[gte]", HONOURED, IGNORED, HONOURED, "updatedAtGte"},
        {"updatedAt[gte]", HONOURED, REFUSED, HONOURED, "updatedAtGte"},
        {"updatedAt[gte]", REFUSED, IGNORED, IGNORED, "none"},
        {"sort", HONOURED, HONOURED, IGNORED, "updatedAt[gte]"}, /* the first poll has seen it honoured */
        {"sort", REFUSED, REFUSED, HONOURED, "sort"},
        {"none", HONOURED, HONOURED, HONOURED, "updatedAt[gte]"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char sql[80];
        struct error e = {0};
        snprintf(sql, sizeof sql, "UPDATE account SET filter = '%s'", table[i].known);
        struct store *store = polled(state, sql);
        set_second();
        const struct order changed = server.orders[0];
        server.orders[0] = server.orders[1]; /* not the newest first */
        server.orders[1] = changed;
        server.gte = table[i].gte;
        server.brackets = table[i].brackets;
        server.sort = table[i].sort;
        check(do_poll(store, &e) == 0, "row %zu: %s", i, e.text);
        check_filter(table[i].expected);
        check(how.run.events[EVENT_CREATED] == 2 && how.run.events[EVENT_UPDATED] == 1, "row %zu", i);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* --- the filter --- */

static int count_probes(void)
{
    sqlite3_stmt *query = NULL;
    assert_int_equal(
        sqlite3_prepare_v2(disk_connection(), "SELECT count(*) FROM filter_probes", -1, &query, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    int count = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return count;
}

/* A server that breaks at one spelling of the filter, for ever: the next one is taken, and the probe is not
 * sent again before the next day. Where no spelling helps, the list is read without. Where nothing is answered it
 * is the list that fails. */
static void test_probes_that_fail(void **state)
{
    static const struct {
        enum manner brackets, gte, sort;
        const char *expected; /* NULL: the run fails */
        int requests;         /* of the second run, at the most */
    } table[] = {
        {BROKEN, HONOURED, HONOURED, "updatedAtGte", 1},
        {BROKEN, REFUSED, IGNORED, "", 5}, /* is asked again */
        {BROKEN, BROKEN, BROKEN, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        usual();
        set_first();
        how.impatient = true;
        struct store *store = disturb_open(path_in(*state, "wosync.db"));
        server.brackets = table[i].brackets;
        server.gte = table[i].gte;
        server.sort = table[i].sort;
        const bool works = do_poll(store, &e) == 0;
        check(works == (table[i].expected != NULL), "row %zu: %s", i, e.text);
        if (works) {
            e = (struct error){0};
            server.pages = 0;
            later += 2 * MINUTE;
            check(do_poll(store, &e) == 0, "row %zu: %s", i, e.text);
            check_filter(table[i].expected);
            check(server.pages <= table[i].requests, "row %zu: %d requests", i, server.pages);
        } else {
            check(e.status == EX_UNAVAILABLE, "row %zu: %s", i, e.text);
        }
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

static void pass_deadline(void)
{
    later += MINUTE;
}

/* Each run has time for one request: what a probe shows is stored at once, so that they come to an end. */
static void test_probes_get_ahead(void **state)
{
    struct error e = {0};
    struct job job;
    struct store *store = disturb_open(path_in(*state, "wosync.db"));
    usual();
    set_first();
    server.brackets = REFUSED;
    server.gte = IGNORED;
    server.sort = IGNORED;
    for (int run = 1; run <= 3; run++) {
        server.before = pass_deadline;
        shutdown_set_deadline(MINUTE);
        begin_job(&job, store);
        check(pass_run(&job.settings, &poll_kind, &e) == PASS_STOPPED, "%d: %s", run, e.text);
        client_free(job.api);
        shutdown_set_deadline(0);
        assert_int_equal(server.pages, run);
        assert_int_equal(count_probes(), run);
    }
    /* another server, or organization, is another matter */
    how.base_url = "https://y.example/v1";
    check(do_poll(store, &e) == 0, "%s", e.text);
    check(server.pages > 3 + 3, "%d", server.pages);
    check_filter("none");
    store_close(store);
}

/* One record that is older than the bound costs the filter nothing; another one in the pass that asks again
 * does, for a day. */
static int stale_pages;

static void show_stale(void)
{
    /* on the page that is asked for now, 1 is older than the bound, though the filter lets it through */
    server.stale = stale_pages-- > 0 ? 1 : 0;
}

static void test_a_stale_record(void **state)
{
    /* answers in their order: the page, the next one ahead of time, the probe, the page */
    for (int pages = 1; pages <= 4; pages++) {
        struct error e = {0};
        struct store *store = polled(state, "");
        set_second();
        server.gte = server.sort = REFUSED;
        server.before = show_stale;
        stale_pages = pages;
        check(do_poll(store, &e) == 0, "%s", e.text);
        server.before = NULL;
        server.stale = 0;
        check_filter(pages < 4 ? "updatedAt[gte]" : "none");
        check(how.run.events[EVENT_CREATED] == 2 && how.run.events[EVENT_UPDATED] == 1, "%d", pages);
        later += 2 * HOUR;
        check(do_poll(store, &e) == 0, "%s", e.text);
        check_filter(pages < 4 ? "updatedAt[gte]" : "none");
        later += 24 * HOUR;
        check(do_poll(store, &e) == 0, "%s", e.text);
        check_filter("updatedAt[gte]");
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* Where the server refuses every page, what it said of filters is forgotten. */
static void test_refusals_of_everything(void **state)
{
    struct error e = {0};
    struct store *store = disturb_open(path_in(*state, "wosync.db"));
    usual();
    set_first();
    server.list_status = 400;
    assert_int_equal(do_poll(store, &e), -1);
    assert_int_equal(count_probes(), 0);
    server.list_status = 0;
    e = (struct error){0};
    check(do_poll(store, &e) == 0, "%s", e.text);
    check_filter("updatedAt[gte]");
    store_close(store);
}

/* --- a page that fails --- */

static int64_t number_of(const char *sql)
{
    sqlite3_stmt *query = NULL;
    assert_int_equal(sqlite3_prepare_v2(disk_connection(), sql, -1, &query, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return n;
}

static int64_t known_date(int64_t id)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT coalesce((SELECT updated_ms FROM snapshots WHERE id = %lld), 0)",
        (long long)id);
    return number_of(sql);
}

/* Every work order is known as it is; `row` of a table, for the message. */
static void check_all_known(int row)
{
    for (size_t n = 0; n < server.count; n++)
        check(known_date(server.orders[n].id) == now + server.orders[n].minute * MINUTE, "%d: %lld", row,
            (long long)server.orders[n].id);
}

/* Runs of a pass whose page holds one work order that fails for ever. */
static void test_a_page_that_always_fails(void **state)
{
    static const struct {
        int status;
        int64_t (*run)(struct store *, struct error *);
        int64_t cursed;
        enum manner gte, brackets;
    } table[] = {
        {500, do_poll, 1, HONOURED, HONOURED},
        {524, do_poll, 6, HONOURED, REFUSED},
        {500, do_sweep, 1, HONOURED, HONOURED},
        {500, do_sweep, 6, REFUSED, HONOURED},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct store *store = polled(state, "");
        set_second();
        how.impatient = true;
        server.gte = table[i].gte;
        server.brackets = table[i].brackets;
        if (server.brackets != HONOURED) {
            check(do_poll(store, &e) == 0, "%s", e.text);
            later += 5 * MINUTE;
            server.orders[0].minute = 7;
            server.orders[server.count - 1].minute = 8;
        }
        server.cursed = table[i].cursed;
        server.curse = table[i].status;
        /* the first run at that page fails, as for any fault; the next one reads around it, and says so */
        int failures = 0;
        for (; table[i].run(store, &e) != 0; failures++) {
            check(e.status == EX_UNAVAILABLE && failures < 2, "row %zu: %s", i, e.text);
            e = (struct error){0};
        }
        check(failures > 0, "row %zu", i);
        check(e.status == EX_UNAVAILABLE && strstr(e.text, "1 instant of the list could not be read") != NULL,
            "row %zu: %s", i, e.text);
        assert_int_equal(number_of("SELECT count(*) FROM skipped_instants"), 1);
        for (size_t n = 0; n < server.count; n++) {
            bool known = known_date(server.orders[n].id) == now + server.orders[n].minute * MINUTE;
            check(known == (server.orders[n].id != table[i].cursed), "row %zu: %lld", i,
                (long long)server.orders[n].id);
        }
        /* and those after it know it, whatever else changes */
        server.pages = 0;
        server.orders[3].minute = later / MINUTE;
        e = (struct error){0};
        check(do_poll(store, &e) == 0 && e.status == EX_OK, "row %zu: %d: %s", i, (int)e.status, e.text);
        check(server.pages <= 4, "row %zu: %d requests", i, server.pages);
        assert_int_equal(how.run.events[EVENT_UPDATED], 1);
        /* it is asked for again when it is due, with the polls and with a sweep */
        later += HOUR;
        check(do_poll(store, &e) == 0 && e.status == EX_OK, "row %zu: %d: %s", i, (int)e.status, e.text);
        check(number_of("SELECT attempts FROM skipped_instants") >= 1, "row %zu", i);
        server.cursed = 0;
        check((i % 2 == 0 ? do_sweep(store, &e) : (later += 25 * HOUR, do_poll(store, &e))) == 0,
            "row %zu: %s", i, e.text);
        assert_int_equal(number_of("SELECT count(*) FROM skipped_instants"), 0);
        check_all_known((int)i);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* What is no poisoned page is not read around: the list itself fails, or it takes no upper bound. */
static void test_not_read_around(void **state)
{
    static const struct {
        int list_status;
        enum manner lte;
        int expected;
    } table[] = {{500, HONOURED, EX_UNAVAILABLE}, {403, HONOURED, EX_NOPERM}, {0, IGNORED, EX_UNAVAILABLE},
        {0, REFUSED, EX_UNAVAILABLE}};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct store *store = polled(state, "");
        set_second();
        how.impatient = true;
        server.list_status = table[i].list_status;
        server.lte = table[i].lte;
        server.cursed = 1;
        server.curse = 500;
        for (int run = 0; run < 3; run++) {
            e = (struct error){0};
            check(do_poll(store, &e) == -1 && e.status == table[i].expected, "row %zu: %d: %s", i,
                (int)e.status, e.text);
        }
        assert_int_equal(number_of("SELECT count(*) FROM skipped_instants"), 0);
        server.list_status = 0;
        server.cursed = 0;
        e = (struct error){0};
        check(do_poll(store, &e) == 0 && e.status == EX_OK, "row %zu: %d: %s", i, (int)e.status, e.text);
        assert_int_equal(how.run.events[EVENT_UPDATED], 1);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* So many more pages are answered before the server refuses a filter. */
static int pages_before;
static enum manner *manner_then;

static void refuse_then(void)
{
    if (pages_before-- == 0)
        *manner_then = REFUSED;
}

/* A sweep has no filter of its own. Where the one that it reads around a page with is refused on the way,
 * that one is given up and no other. */
static void test_refused_on_the_way_around(void **state)
{
    static const struct {
        const char *known;
        int64_t cursed; /* on the first page, or behind what an earlier run has read */
    } table[] = {{"updatedAt[gte]", 1}, {"updatedAt[gte]", 6}, {"updatedAtGte", 1}, {"updatedAtGte", 6}};
    int refusals = 0;
    for (int i = 0; i < (int)COUNT(table) * 8; i++) {
        const char *known = table[i / 8].known;
        struct error e = {0};
        char sql[160];
        snprintf(sql, sizeof sql, "UPDATE account SET filter = '%s'", known);
        struct store *store = polled(state, sql);
        set_second();
        how.impatient = true;
        server.cursed = table[i / 8].cursed;
        server.curse = 500;
        assert_int_equal(do_sweep(store, &e), -1);
        pages_before = i % 8;
        manner_then = strcmp(known, "updatedAtGte") == 0 ? &server.gte : &server.brackets;
        server.before = refuse_then;
        do_sweep(store, &e);
        server.before = NULL;
        snprintf(sql, sizeof sql,
            "SELECT count(*) FROM filter_probes WHERE answer = 'refused' AND probe = '%s'", known);
        int64_t refused = number_of(sql);
        refusals += refused == 1;
        check(number_of("SELECT count(*) FROM filter_probes WHERE answer = 'refused'") == refused, "%s, %d",
            known, i % 8);
        server.cursed = 0;
        e = (struct error){0};
        check(do_sweep(store, &e) == 0, "%s, %d: %s", known, i % 8, e.text);
        assert_int_equal(number_of("SELECT count(*) FROM snapshots WHERE id = 6"), 1);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
    assert_true(refusals > 0);
}

static void ignore_then(void)
{
    if (pages_before-- == 0)
        server.brackets = IGNORED;
}

/* The server stops honouring the filter that a pass reads around a page with: nothing but this page is
 * skipped, and the next spelling takes over. */
static void test_ignored_on_the_way_around(void **state)
{
    for (int upper = 0; upper < 2; upper++)
        for (int before = 0; before < 16; before++) {
            struct error e = {0};
            struct store *store = polled(state, "");
            set_second();
            how.impatient = true;
            server.cursed = upper ? 6 : 1; /* a list that ignores both begins with one that it can show */
            server.curse = 500;
            assert_int_equal(do_poll(store, &e), -1);
            server.ignores_both = upper;
            pages_before = before;
            server.before = ignore_then;
            int finished = 0;
            for (int runs = 0; runs < 6; runs++) {
                e = (struct error){0};
                finished += do_poll(store, &e) == 0;
            }
            server.before = NULL;
            check(finished > 0, "%d: %s", before, e.text);
            check(number_of("SELECT count(*) FROM skipped_instants") == 1, "%d", before);
            server.cursed = 0;
            check(do_sweep(store, &e) == 0, "%d: %s", before, e.text);
            check(number_of("SELECT count(*) FROM skipped_instants") == 0, "%d", before);
            check_all_known(before);
            store_close(store);
            remove(path_in(*state, "wosync.db"));
        }
}

static void no_upper_bound_then(void)
{
    if (pages_before-- == 0)
        server.lte = *manner_then;
}

/* The server stops honouring upper bounds on the way around a page: it is read without, once that is
 * possible. */
static void test_no_windows_on_the_way_around(void **state)
{
    for (int i = 0; i < 32; i++) {
        enum manner then = i % 2 == 0 ? IGNORED : REFUSED;
        struct error e = {0};
        struct store *store = polled(state, "");
        set_second();
        how.impatient = true;
        server.cursed = 1;
        server.curse = 500;
        assert_int_equal(do_poll(store, &e), -1);
        pages_before = i / 2;
        manner_then = &then;
        server.before = no_upper_bound_then;
        for (int run = 0; run < 3; run++)
            do_poll(store, &e);
        server.before = NULL;
        server.cursed = 0;
        e = (struct error){0};
        check(do_poll(store, &e) == 0, "%d: %s", i, e.text);
        check(do_sweep(store, &e) == 0, "%d: %s", i, e.text);
        check_all_known((int)i);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* Runs that have time for one request each come to the end, too; and an outage on the way skips nothing. */
static void test_a_detour_in_steps(void **state)
{
    struct error e = {0};
    struct job job;
    struct store *store = polled(state, "");
    enum pass_result end = PASS_FAILED;
    set_second();
    how.impatient = true;
    server.cursed = 1;
    server.curse = 500;
    assert_int_equal(do_poll(store, &e), -1);
    for (int run = 0; run < 200 && end != PASS_FINISHED; run++) {
        int64_t requests = run % 5 == 4 ? 2 : 4;
        e = (struct error){0};
        server.before = pass_deadline;
        server.list_status = run % 7 == 3 ? 503 : 0;
        shutdown_set_deadline(requests * MINUTE);
        begin_job(&job, store);
        end = pass_run(&job.settings, &poll_kind, &e);
        client_free(job.api);
        shutdown_set_deadline(0);
    }
    check(end == PASS_FINISHED, "%s", e.text);
    assert_int_equal(number_of("SELECT count(*) FROM skipped_instants"), 1);
    assert_int_equal(number_of("SELECT count(*) FROM snapshots WHERE id = 6"), 1);
    store_close(store);
}

/* A pass whose cursor has expired starts over, also where each run has time for no more than finding that out. */
static void test_an_expired_cursor_in_steps(void **state)
{
    struct error e = {0};
    struct job job;
    struct store *store = polled(state, "UPDATE passes SET active = 1, cursor = '400', since_ms = 1");
    enum pass_result end = PASS_FAILED;
    set_second();
    how.impatient = true;
    server.lte = IGNORED;
    assert_int_equal(page_failures_note(store, "sync", later, &e), 0);
    for (int run = 0; run < 6 && end != PASS_FINISHED; run++) {
        server.refuses_cursors =
            (int)(2 * number_of("SELECT cursor IS '400' FROM passes WHERE kind = 'sync'"));
        server.before = pass_deadline;
        e = (struct error){0};
        shutdown_set_deadline(3 * MINUTE);
        begin_job(&job, store);
        end = pass_run(&job.settings, &poll_kind, &e);
        client_free(job.api);
        shutdown_set_deadline(0);
    }
    check(end == PASS_FINISHED, "%s", e.text);
    store_close(store);
}

/* So much of the list fails that it is the server. */
static void test_too_much_fails(void **state)
{
    struct error e = {0};
    struct store *store =
        polled(state, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) "
                      "INSERT INTO skipped_instants SELECT i, 0, 0, 9000000000000000, 'e' FROM n");
    set_second();
    how.impatient = true;
    server.cursed = 1;
    server.curse = 500;
    assert_int_equal(do_poll(store, &e), -1);
    e = (struct error){0};
    assert_int_equal(do_poll(store, &e), -1);
    check(e.status == EX_UNAVAILABLE && strstr(e.text, "20 places of the list fail") != NULL, "%s", e.text);
    assert_int_equal(number_of("SELECT count(*) FROM skipped_instants"), 20);
    store_close(store);
}

/* Records that are none say nothing of the order, and do not end a pass by sort. */
static void test_sort_with_odd_records(void **state)
{
    struct error e = {0};
    struct store *store = polled(state, "UPDATE account SET filter = NULL");
    set_second();
    server.gte = server.brackets = REFUSED;
    server.orders[server.count++] = (struct order){7, 5, "OPEN", true, false};
    server.orders[server.count++] = (struct order){8, 5, "OPEN", true, false};
    check(do_poll(store, &e) == 0, "%s", e.text);
    check_filter("sort");
    check(how.run.quarantined == 2 && how.run.events[EVENT_CREATED] == 2, "%lld",
        (long long)how.run.quarantined);
    store_close(store);
}

/* What a list answers with that cannot go on. */
static void test_lists_that_fail(void **state)
{
    static const struct {
        const char *filter;
        int status;
        enum manner brackets;
        bool repeats;
        int refuses_cursors, fails;
        int expected;
        const char *text;
    } table[] = {
        {"none", 400, HONOURED, false, 0, 0, EX_UNAVAILABLE, "400"},
        {"none", 404, HONOURED, false, 0, 0, EX_UNAVAILABLE, "404"},
        {"none", 0, HONOURED, true, 0, 0, EX_PROTOCOL, "repeats a cursor"},
        {"none", 0, HONOURED, false, 2, 0, EX_UNAVAILABLE, "refused its own cursor twice"},
        {"updatedAt[gte]", 0, IGNORED, false, 0, 0, EX_PROTOCOL, "ignores the filter"},
        {"updatedAt[gte]", 0, REFUSED, false, 0, 0, EX_PROTOCOL, "refuses the filter"},
        {"auto", 0, IGNORED, false, 0, 3, EX_NOPERM, "403"}, /* when the next filter is looked for */
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct store *store = polled(state, "");
        set_second();
        how.filter = table[i].filter;
        server.list_status = table[i].status;
        server.brackets = table[i].brackets;
        server.repeats = table[i].repeats;
        server.refuses_cursors = table[i].refuses_cursors;
        server.fails = table[i].fails;
        check(do_poll(store, &e) == -1 && e.status == table[i].expected &&
                  strstr(e.text, table[i].text) != NULL,
            "row %zu: %d: %s", i, (int)e.status, e.text);
        usual();
        set_second();
        e = (struct error){0};
        check(do_poll(store, &e) == 0, "row %zu: %s", i, e.text);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* Another account's store is left alone. */
static void test_another_account(void **state)
{
    struct error e = {0};
    struct store *store = polled(state, "");
    how.base_url = "https://y.example/v1";
    assert_int_equal(do_poll(store, &e), -1);
    check(e.status == EX_CONFIG && strstr(e.text, "https://x.example/v1") != NULL, "%s", e.text);
    how.base_url = "https://x.example/v1";
    e = (struct error){0};
    assert_int_equal(
        sqlite3_exec(disk_connection(), "UPDATE account SET organization = '12'", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(do_poll(store, &e), -1);
    check(e.status == EX_CONFIG && strstr(e.text, "organization_id = 12") != NULL, "%s", e.text);
    store_close(store);
}

static const char *beside_path;

static void poll_beside(void)
{
    struct error e = {0};
    server.before = NULL;
    how.dry_run = false;
    how.start = CONFIG_START_BEGINNING;
    struct store *store = disturb_open(beside_path);
    check(do_poll(store, &e) == 0, "%s", e.text);
    store_close(store);
}

static int heard;

static void hear(const struct event *event, const struct event_context *context, void *data)
{
    (void)event;
    (void)context;
    (void)data;
    heard++;
}

/* A dry run takes no lock: a first run beside it makes the account, whose horizon counts for both. */
static void test_dry_run_beside_a_first_run(void **state)
{
    struct error e = {0};
    struct job job;
    beside_path = path_in(*state, "wosync.db");
    struct store *store = disturb_open(beside_path);
    usual();
    set_first();
    how.start = CONFIG_START_NOW;
    how.dry_run = true;
    server.before = poll_beside;
    begin_job(&job, store);
    job.settings.listener = hear;
    heard = 0;
    check(pass_run(&job.settings, &poll_kind, &e) == PASS_FINISHED, "%s", e.text);
    client_free(job.api);
    assert_int_equal(heard, 0); /* all was told by the other one */
    store_close(store);
    store = disturb_open(beside_path);
    char *dump = disk_dump(disk_connection(), "");
    check(
        strstr(dump, "account | 1 | https://x.example/v1 | - | -9223372036854775808 |") != NULL, "%s", dump);
    free(dump);
    store_close(store);
}

static int64_t break_at; /* the call after the last page but one was asked for */

static void break_disk(void)
{
    if (server.pages == server.fails - 1)
        disk_fails_at(FAULT_IO, break_at);
}

/* How far pages were read that changed nothing cannot be stored: the run says what ended it, the next one
 * reads them again. */
static void test_progress_that_is_lost(void **state)
{
    bool hit = true;
    int lost = 0;
    for (break_at = 1; hit; break_at++) {
        struct error e = {0};
        struct store *store = polled(state, "");
        how.filter = "none";
        server.pages = 0;
        server.fails = 3;
        server.before = break_disk;
        assert_int_equal(do_poll(store, &e), -1);
        hit = disk_failed();
        disk_fails_at(FAULT_IO, 0);
        check(e.status == EX_NOPERM || (hit && e.status == EX_IOERR), "%d: %s", (int)e.status, e.text);
        lost += hit && e.status == EX_NOPERM;
        set_first();
        e = (struct error){0};
        check(do_poll(store, &e) == 0, "%s", e.text);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
    check(lost > 0, "it was stored each time");
}

/* --- the deadline --- */

/* It passes while a request is on its way: what came is kept, nothing more is asked for, and no one is at
 * fault. */
static void test_deadline(void **state)
{
    struct error e = {0};
    struct job job;
    struct store *store =
        polled(state, "INSERT INTO refetches (subject, reason, requested_ms, due_ms) SELECT id, 'notified', "
                      "(SELECT observed_ms FROM account), 0 FROM snapshots WHERE id <= 2");
    for (int i = 0; i < 3; i++) {
        set_second();
        server.before = pass_deadline;
        server.brackets = i == 0 ? IGNORED : HONOURED; /* another one is to be chosen */
        server.status = i == 1 ? 503 : 0;              /* to be tried again */
        e = (struct error){0};
        shutdown_set_deadline(MINUTE);
        begin_job(&job, store);
        enum pass_result end =
            i == 0 ? pass_run(&job.settings, &poll_kind, &e) : refetch_due(&job.settings, 10, &e);
        client_free(job.api);
        shutdown_set_deadline(0);
        /* the one that failed is not due again, and the other was the last */
        check(end == (i < 2 ? PASS_STOPPED : PASS_FINISHED) && e.status == EX_OK && *e.text == '\0',
            "%d: %d: %s", i, (int)end, e.text);
        assert_int_equal(refetches_count_due(store, INT64_MAX, &e), i < 2 ? 2 : 1);
    }
    store_close(store);
}

/* --- work orders and registrations by their ids --- */

/* A work order that cannot be read, or is none, is asked for again later and holds up no other; where the
 * token is refused all of them wait. */
static void test_refetches_that_fail(void **state)
{
    static const struct {
        int status;
        bool odd;
        int64_t waiting, quarantined;
        int expected;
    } table[] = {{403, false, 2, 1, EX_OK}, {401, false, 2, 1, EX_NOPERM}, {200, false, 2, 1, EX_OK},
        {0, true, 0, 2, EX_OK}};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct store *store = polled(state,
            "INSERT INTO refetches (subject, reason, requested_ms, due_ms) SELECT id, 'notified', "
            "(SELECT observed_ms FROM account), 0 FROM snapshots WHERE id <= 2");
        server.status = table[i].status;
        server.orders[0].odd = table[i].odd;
        do_refetches(store, &e);
        check(e.status == table[i].expected, "row %zu: %d: %s", i, (int)e.status, e.text);
        check(refetches_count_due(store, INT64_MAX, &e) == table[i].waiting &&
                  quarantine_count(store, &e) == table[i].quarantined,
            "row %zu", i);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

/* Registrations that were asked for lately are not asked for; one that cannot be asked for ends it. */
static void test_registrations(void **state)
{
    struct error e = {0};
    struct job job;
    struct store *store = polled(state,
        "INSERT INTO subscriptions VALUES ('s1', 'a', 'https://x.example/', NULL, 'VALID', 1, 5),"
        "('s2', 'a', 'https://x.example/', NULL, 'PENDING_APPROVAL', 1, 5),"
        "('s3', 'a', 'https://x.example/', NULL, 'VALID', 1, 9)");
    begin_job(&job, store);
    server.status = 403;
    check(subscription_check_all(job.api, store, 5, &e) == 0, "%s", e.text);
    check(subscription_check_all(job.api, store, 6, &e) == -1 && e.status == EX_NOPERM, "%s", e.text);
    server.status = 0;
    e = (struct error){0};
    check(subscription_check_all(job.api, store, 6, &e) == 0 && e.status == EX_OK, "%s", e.text);
    char *dump = disk_dump(disk_connection(), " checked ");
    check(strstr(dump, "s1 | a | https://x.example/ | - | PENDING_APPROVAL") != NULL &&
              strstr(dump, "s2 | a | https://x.example/ | - | GONE") != NULL &&
              strstr(dump, "s3 | a | https://x.example/ | - | VALID") != NULL,
        "%s", dump);
    free(dump);
    client_free(job.api);
    store_close(store);
}

/* With a share instead of a number, some may always be missing. */
static void test_share_of_deletes(void **state)
{
    static const struct {
        int64_t max_deletes;
        bool percent;
        int expected;
    } table[] = {{1, false, EX_TEMPFAIL}, {2, false, EX_OK}, {1, true, EX_OK}};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct store *store = polled(state, "");
        set_gone();
        how.max_deletes = table[i].max_deletes;
        how.percent = table[i].percent;
        check(do_sweep(store, &e) == 0 && e.status == table[i].expected, "row %zu: %d: %s", i, (int)e.status,
            e.text);
        assert_int_equal(sweeps_waiting(store, &e), table[i].expected == EX_OK ? 2 : 0);
        store_close(store);
        remove(path_in(*state, "wosync.db"));
    }
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_every_call_fails),
        in_directory(test_remembered_filters),
        in_directory(test_probes_that_fail),
        in_directory(test_probes_get_ahead),
        in_directory(test_a_stale_record),
        in_directory(test_refusals_of_everything),
        in_directory(test_a_page_that_always_fails),
        in_directory(test_not_read_around),
        in_directory(test_refused_on_the_way_around),
        in_directory(test_ignored_on_the_way_around),
        in_directory(test_no_windows_on_the_way_around),
        in_directory(test_a_detour_in_steps),
        in_directory(test_an_expired_cursor_in_steps),
        in_directory(test_too_much_fails),
        in_directory(test_sort_with_odd_records),
        in_directory(test_lists_that_fail),
        in_directory(test_another_account),
        in_directory(test_dry_run_beside_a_first_run),
        in_directory(test_progress_that_is_lost),
        in_directory(test_deadline),
        in_directory(test_refetches_that_fail),
        in_directory(test_registrations),
        in_directory(test_share_of_deletes),
    };
    disk_install();
    log_configure(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
