/* Names against the plant: when the lists are read, what becomes of one that cannot be, what events hold. */
#include "support.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "disturb.h"
#include "jobs.h"
#include "plant.h"
#include "store/people.h"

enum { DAY = 24 * HOUR };

static struct store *store;
static const char *directory;

#define USERS(list) "{\"users\":[" list "],\"nextCursor\":null}"
#define TEAMS(list) "{\"teams\":[" list "]}"
#define ANN         "{\"id\":7,\"firstName\":\"Ann\",\"lastName\":\"Lee\"}"
#define BO          "{\"id\":8,\"firstName\":\"Bo\",\"lastName\":\"Ek\"}"

/* A server with one work order and two people. */
static void begin(void **state)
{
    static const struct order first = {.id = 1, .minute = -50, .status = "OPEN"};
    directory = *state;
    usual();
    how.names = true;
    how.filter = "updatedAtGte";
    how.start = now - HOUR;
    set_orders(&first, 1);
    server.users = (struct plant_people){.status = 200, .pages = {USERS(ANN "," BO)}};
    server.teams = (struct plant_people){.status = 200, .pages = {TEAMS("{\"id\":3,\"name\":\"Crew\"}")}};
    store = disturb_make(path_in(directory, "wosync.db"), "");
}

/* What `job` prints; it must go well. To be freed. */
static char *run_job(int64_t (*job)(struct store *, struct error *))
{
    const char *path = path_in(directory, "stderr");
    struct error e = {0};
    size_t len;
    fflush(stderr);
    int saved = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(file, STDERR_FILENO);
    close(file);
    server.users.requests = server.teams.requests = server.pages = 0;
    int64_t rc = job(store, &e);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    check(rc == 0 && e.status == EX_OK, "%s", e.text);
    return read_text(path, &len);
}

/* A poll sends so many requests for users and teams, and prints what holds `warning` (NULL: nothing). */
static void check_run(
    int64_t (*job)(struct store *, struct error *), int users, int teams, const char *warning)
{
    char *said = run_job(job);
    check(server.users.requests == users && server.teams.requests == teams, "%d and %d requests; %s",
        server.users.requests, server.teams.requests, said);
    if (warning == NULL)
        check_text(said, "");
    else
        check(strstr(said, warning) != NULL && strchr(said, '\n') == strrchr(said, '\n'), "%s", said);
    free(said);
}

static void check_poll(int users, int teams, const char *warning)
{
    check_run(do_poll, users, teams, warning);
    assert_int_equal(server.pages, 1);
}

/* Changes the work order: another minute, other people. */
static void change(const char *people)
{
    server.orders[0].minute = later / MINUTE - 1;
    server.people[1] = people;
}

/* `actor` and `names` of the newest event. */
static void check_event(const char *expected)
{
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(disk_connection(),
                         "SELECT coalesce(body ->> '$.actor.name', body ->> '$.actor.id', '-') || ' ' ||"
                         " (body -> '$.names') FROM events ORDER BY seq DESC LIMIT 1",
                         -1, &row, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    check_text((const char *)sqlite3_column_text(row, 0), expected);
    sqlite3_finalize(row);
}

static void check_list(enum people_kind kind, bool fails, bool refused, const char *error)
{
    struct people_list list;
    struct error e = {0};
    assert_int_equal(people_list_load(store, kind, &list, &e), 0);
    check((list.failing != TIMESTAMP_NONE) == fails && list.refused == refused &&
              strstr(list.error, error) != NULL && (*error != '\0') == (*list.error != '\0'),
        "%s: %s", people_kind_name(kind), list.error);
}

#define EMPTY "{\"users\":{},\"teams\":{}}"

static void test_once_a_day(void **state)
{
    begin(state);
    check_poll(1, 1, NULL);
    check_event("- " EMPTY);
    for (later = MINUTE; later < DAY; later += 6 * HOUR)
        check_poll(0, 0, NULL);
    later = DAY;
    check_poll(1, 1, NULL);
    later = DAY + HOUR;
    check_run(do_sweep, 0, 0, NULL);
    /* a clock that went back is no reason to wait */
    later = HOUR;
    check_poll(1, 1, NULL);
    store_close(store);
}

static void test_events(void **state)
{
    begin(state);
    server.people[1] = ",\"creatorId\":8,\"assignees\":[{\"type\":\"TEAM\",\"id\":3}]";
    check_poll(1, 1, NULL);
    check_event("Bo Ek {\"users\":{\"8\":\"Bo Ek\"},\"teams\":{\"3\":\"Crew\"}}");
    later = 10 * MINUTE;
    change(",\"assignees\":[{\"type\":\"USER\",\"id\":7}],\"creatorId\":8");
    check_poll(0, 0, NULL);
    check_event("- {\"users\":{\"7\":\"Ann Lee\",\"8\":\"Bo Ek\"},\"teams\":{\"3\":\"Crew\"}}");
    /* a new name, known when the list is read again */
    server.users.pages[0] = USERS("{\"id\":7,\"firstName\":\"Ann\",\"lastName\":\"Ito\"}," BO);
    later = DAY + 10 * MINUTE;
    change(",\"creatorId\":7");
    check_poll(1, 1, NULL);
    check_event("- {\"users\":{\"7\":\"Ann Ito\",\"8\":\"Bo Ek\"},\"teams\":{}}");
    store_close(store);
}

/* An unknown id is asked for before its event is stored; not again within the hour. */
static void test_unknown(void **state)
{
    begin(state);
    check_poll(1, 1, NULL);
    later = 2 * HOUR;
    server.users.pages[0] = USERS(ANN "," BO ",{\"id\":9,\"name\":\"Cy\"}");
    change(",\"completerId\":9");
    check_poll(1, 0, NULL);
    check_event("- {\"users\":{\"9\":\"Cy\"},\"teams\":{}}");
    assert_int_equal(how.run.records, 1);
    assert_int_equal(how.run.events[EVENT_UPDATED], 1);
    assert_int_equal(how.run.pages, 1);
    later += 10 * MINUTE;
    change(",\"completerId\":10,\"teamIds\":[4]");
    check_poll(0, 1, NULL); /* no one has asked for teams within the hour */
    check_event("- {\"users\":{\"9\":\"Cy\"},\"teams\":{}}");
    later += 49 * MINUTE;
    change(",\"completerId\":11,\"teamIds\":[4]");
    check_poll(0, 0, NULL);
    later += 2 * MINUTE;
    server.users.pages[0] = USERS("{\"id\":11,\"name\":\"Di\"}");
    change(",\"completerId\":11,\"teamIds\":[4]");
    check_poll(1, 0, NULL);
    check_event("- {\"users\":{\"11\":\"Di\"},\"teams\":{}}");
    store_close(store);
}

/* The same for a single work order, and for the held events of a backfill. */
static void test_unknown_elsewhere(void **state)
{
    static const struct diff_window window = {.from = INT64_C(1768816800000), .until = INT64_MAX};
    begin(state);
    check_poll(1, 1, NULL);
    later = 2 * HOUR;
    change(",\"creatorId\":9");
    server.users.pages[0] = USERS("{\"id\":9,\"name\":\"Cy\"}");
    assert_int_equal(
        sqlite3_exec(disk_connection(),
            "INSERT INTO refetches (subject, reason, requested_ms, due_ms) VALUES (1, 'notified', 1, 0)",
            NULL, NULL, NULL),
        SQLITE_OK);
    check_run(do_refetches, 1, 0, NULL);
    check_event("- {\"users\":{\"9\":\"Cy\"},\"teams\":{}}");
    assert_int_equal(how.run.records, 1);
    later = 4 * HOUR;
    change(",\"creatorId\":10");
    server.users.pages[0] = USERS("{\"id\":10,\"name\":\"Di\"}");
    assert_int_equal(sqlite3_exec(disk_connection(), "DELETE FROM events", NULL, NULL, NULL), SQLITE_OK);
    how.window = &window;
    check_run(do_backfill, 1, 0, NULL);
    check_event("Di {\"users\":{\"10\":\"Di\"},\"teams\":{}}");
    assert_int_equal(how.run.events[EVENT_CREATED], 1);
    store_close(store);
}

/* One warning, then silence until it works again; asked for once a day, unknown ids or not. */
static void test_refused(void **state)
{
    static const struct {
        int status;
        const char *why;
    } table[] = {{403, "403, the token may not read it"}, {401, "401, the token may not read it"},
        {404, "404, the server does not have it"}, {400, "400, the server does not take the request"}};
    for (size_t i = 0; i < COUNT(table); i++) {
        begin(state);
        server.users.status = server.teams.status = table[i].status;
        check_poll(1, 1, "names: GET /users and /teams: ");
        check_list(PEOPLE_USERS, true, true, table[i].why);
        check_list(PEOPLE_TEAMS, true, true, table[i].why);
        later = 23 * HOUR;
        change(",\"completerId\":9,\"teamIds\":[3]");
        check_poll(0, 0, NULL);
        check_event("- " EMPTY);
        later = 25 * HOUR;
        change(",\"completerId\":10");
        check_poll(1, 1, NULL);
        later = 50 * HOUR;
        server.users.status = 200;
        check_poll(1, 1, NULL);
        check_list(PEOPLE_USERS, false, false, "");
        later = 75 * HOUR;
        server.users.status = table[i].status;
        check_poll(1, 1, "names: GET /users: ");
        store_close(store);
        remove(path_in(directory, "wosync.db"));
        remove(path_in(directory, "wosync.db-wal"));
        remove(path_in(directory, "wosync.db-shm"));
    }
}

/* What may pass is tried again after an hour, and reported when it has lasted for a day. */
static void test_failing(void **state)
{
    begin(state);
    server.users.status = 500;
    check_poll(1, 1, NULL);
    check_list(PEOPLE_USERS, true, false, "500");
    later = 59 * MINUTE;
    change(",\"completerId\":9");
    check_poll(0, 0, NULL);
    for (later = HOUR; later < DAY; later += HOUR)
        check_poll(1, 0, NULL);
    check_poll(1, 1, "names: GET /users has failed for a day: api: users: 500");
    later += HOUR;
    check_poll(1, 0, NULL);
    later += HOUR;
    server.users.status = 200;
    check_poll(1, 0, NULL);
    check_list(PEOPLE_USERS, false, false, "");
    store_close(store);
}

/* A 429 of the list's own is a failure like others: it must not be asked for in every run. */
static void test_limited(void **state)
{
    begin(state);
    server.users.status = 429;
    check_poll(1, 0, NULL); /* what it asks to wait holds for the other list */
    check_list(PEOPLE_USERS, true, false, "429");
    later = 59 * MINUTE;
    check_poll(0, 1, NULL);
    store_close(store);
}

static void check_name(int64_t id, const char *expected, int64_t removed)
{
    struct error e = {0};
    char *name = NULL;
    int64_t known, gone;
    assert_true(people_find(store, PEOPLE_USERS, id, &name, &e) >= 0);
    check_text(name, expected);
    free(name);
    assert_int_equal(people_count(store, PEOPLE_USERS, &known, &gone, &e), 0);
    assert_int_equal(gone, removed);
}

static void test_pages(void **state)
{
    begin(state);
    server.users.pages[0] = "{\"users\":[" ANN "],\"nextCursor\":\"1\"}";
    server.users.pages[1] = "{\"users\":[" BO "],\"nextCursor\":\"2\"}";
    server.users.pages[2] = USERS("{\"id\":9,\"name\":\"Cy\"}");
    check_poll(3, 1, NULL);
    check_name(9, "Cy", 0);
    /* one that has no end helps, too, but tells nobody gone */
    later = DAY;
    server.users.pages[0] = "{\"users\":[{\"id\":10,\"name\":\"Di\"}],\"nextCursor\":\"1\"}";
    server.users.pages[1] = "{\"users\":[{\"id\":11,\"name\":\"Ed\"}],\"nextCursor\":\"1\"}";
    check_poll(2, 1, NULL);
    check_list(PEOPLE_USERS, true, false, "the list has no end");
    check_name(10, "Di", 0);
    check_name(11, "Ed", 0);
    /* nor does one that breaks off */
    later += HOUR;
    server.users.pages[1] = "{\"users\":";
    check_poll(2, 0, NULL);
    check_list(PEOPLE_USERS, true, false, "it is not a JSON object");
    check_name(7, "Ann Lee", 0);
    store_close(store);
}

/* Whoever is gone keeps the name. */
static void test_gone(void **state)
{
    begin(state);
    check_poll(1, 1, NULL);
    later = DAY;
    server.users.pages[0] = USERS(ANN);
    change(",\"creatorId\":8");
    check_poll(1, 1, NULL);
    check_name(8, "Bo Ek", 1);
    check_event("- {\"users\":{\"8\":\"Bo Ek\"},\"teams\":{}}");
    /* an empty answer says nothing about anyone */
    later = 2 * DAY;
    server.users.pages[0] = USERS("");
    check_poll(1, 1, NULL);
    check_name(7, "Ann Lee", 1);
    store_close(store);
}

/* Nothing is asked where a run only looks, where names are switched off, and where the list of work orders
 * fails. */
static void test_not_asked(void **state)
{
    begin(state);
    how.names = false;
    change(",\"creatorId\":9");
    check_poll(0, 0, NULL);
    struct error e = {0};
    how.names = true;
    server.list_status = 401;
    assert_int_equal(do_poll(store, &e), -1);
    assert_int_equal(e.status, EX_NOPERM);
    assert_int_equal(server.users.requests, 0);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once_a_day, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_events, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_unknown, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_elsewhere, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_refused, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_failing, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_limited, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_pages, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_gone, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_not_asked, directory_setup, directory_teardown),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
