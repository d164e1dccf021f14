/* People on the wire and in the store. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "api/people.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "store/people.h"
#include "store/store.h"
#include "talk.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

static enum api_status ask_with(
    struct talk *talk, const char *answer, const char *cursor, struct people_page *page)
{
    talk_begin(
        talk, (const char *const[]){answer, OK("{\"users\":[]}")}, 2, 60000, &(const struct rate_limit){0});
    return maintainx_people(talk->client, "users", cursor, 60000, page, &talk->e);
}

static void test_what_is_asked(void **state)
{
    struct talk talk;
    struct people_page page;
    (void)state;
    assert_int_equal(ask_with(&talk, OK("{\"users\":[]}"), NULL, &page), API_OK);
    assert_int_equal(page.count, 0);
    assert_null(page.next_cursor);
    people_page_free(&page);
    assert_int_equal(maintainx_people(talk.client, "users", "a/b=", 60000, &page, &talk.e), API_OK);
    people_page_free(&page);
    const char *heard = server_heard(&talk.server), *second = strstr(heard, "\r\n\r\n") + 4;
    check(strncmp(heard, "GET /users?limit=200 ", 21) == 0, "%s", heard);
    check(strncmp(second, "GET /users?limit=200&cursor=a%2Fb%3D ", 37) == 0, "%s", second);
    talk_end(&talk);
}

static void test_people(void **state)
{
    static const struct {
        const char *record, *name, *email; /* NULL: it is nobody */
    } table[] = {
        {"{\"id\":7,\"firstName\":\"Ann\",\"lastName\":\"Lee\",\"email\":\"a@x\"}", "Ann Lee", "a@x"},
        {"{\"id\":7,\"firstName\":\"Ann\",\"lastName\":\"\",\"email\":null}", "Ann", ""},
        {"{\"id\":7,\"firstName\":null,\"lastName\":\"Lee\"}", "Lee", ""},
        {"{\"id\":7,\"firstName\":\"\",\"lastName\":\" \",\"email\":\"a@x\"}", "a@x", "a@x"},
        {"{\"id\":7,\"name\":\"Cleaning\"}", "Cleaning", ""},
        {"{\"id\":7,\"name\":\"\",\"firstName\":\"Ann\"}", "Ann", ""},
        {"{\"id\":7,\"name\":\"  a \\n\\t b\\u0001c\\u007f \\u00e9 \"}", "a b c \xc3\xa9", ""},
        {"{\"id\":7}", NULL, NULL},
        {"{\"id\":7,\"name\":5}", NULL, NULL},
        {"{\"id\":\"7\",\"name\":\"A\"}", NULL, NULL},
        {"{\"id\":0,\"name\":\"A\"}", NULL, NULL},
        {"{\"id\":18446744073709551615,\"name\":\"A\"}", NULL, NULL},
        {"{\"name\":\"A\"}", NULL, NULL},
        {"null", NULL, NULL},
        {"[7]", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct people_page page;
        struct buffer answer = {0};
        buffer_append_format(
            &answer, OK("{\"users\":[%s,{\"id\":8,\"name\":\"B\"}],\"nextCursor\":\"c\"}"), table[i].record);
        check(ask_with(&talk, answer.data, NULL, &page) == API_OK, "%s", talk.e.text);
        check(page.count == (table[i].name != NULL ? 2 : 1), "%s", table[i].record);
        check_text(page.list[page.count - 1].name, "B");
        check_text(page.next_cursor, "c");
        if (table[i].name != NULL) {
            assert_int_equal(page.list[0].id, 7);
            check_text(page.list[0].name, table[i].name);
            check_text(page.list[0].email, table[i].email);
        }
        people_page_free(&page);
        talk_end(&talk);
        buffer_free(&answer);
    }
}

/* Long names are cut between two characters. */
static void test_long_names(void **state)
{
    static const char *const units[] = {"x", "\xc3\xa9", "\xe6\xbc\x8f", "\xf0\x9f\x9a\xa8"};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        struct talk talk;
        struct people_page page;
        struct buffer answer = {0};
        size_t len = strlen(units[i]);
        buffer_append_text(&answer, OK("{\"users\":[{\"id\":1,\"firstName\":\""));
        for (int n = 0; n < 300; n++)
            buffer_append_text(&answer, units[i]);
        buffer_append_text(&answer, "\",\"lastName\":\"Lee\"}]}");
        assert_int_equal(ask_with(&talk, answer.data, NULL, &page), API_OK);
        size_t fits = (PERSON_TEXT_SIZE - 1) / len * len;
        check(
            strlen(page.list[0].name) == fits && strncmp(page.list[0].name + fits - len, units[i], len) == 0,
            "%s", page.list[0].name);
        people_page_free(&page);
        talk_end(&talk);
        buffer_free(&answer);
    }
}

static void test_odd_answers(void **state)
{
    static const struct {
        const char *body, *why;
    } table[] = {
        {"", "it is not a JSON object"},
        {"[]", "it is not a JSON object"},
        {"<html>", "it is not a JSON object"},
        {"{\"users\":[", "it is not a JSON object"},
        {"{\"users\":[{\"id\":1,\"name\":\"\xff\"}]}", "it is not a JSON object"},
        {"{\"users\":{}}", "it lacks the list"},
        {"{\"teams\":[]}", "it lacks the list"},
        {"{\"users\":[],\"nextCursor\":7}", "its nextCursor is not a text"},
        {"{\"users\":[],\"nextPageUrl\":\"/users?cursor=x\"}", "it has a nextPageUrl but no nextCursor"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct people_page page;
        struct buffer answer = {0};
        buffer_append_format(&answer, OK("%s"), table[i].body);
        assert_int_equal(ask_with(&talk, answer.data, NULL, &page), API_FAILED);
        check(talk.e.status == EX_PROTOCOL && strstr(talk.e.text, table[i].why) != NULL &&
                  strstr(talk.e.text, "api: users: ") == talk.e.text,
            "%s: %s", table[i].body, talk.e.text);
        check(page.list == NULL && page.next_cursor == NULL, "%s", table[i].body);
        assert_int_equal(server_requests(&talk.server), 1);
        talk_end(&talk);
        buffer_free(&answer);
    }
}

/* One try, whatever comes, and none where the rate limit is used up; a refusal for the rate does not keep the
 * list waiting for longer than a window. */
static void test_optional(void **state)
{
    static const char *const answers[] = {"", "HTTP/1.1 503 Busy\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 429 Too many\r\nConnection: close\r\nRetry-After: 3600\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{", server_hangs};
    const int64_t limits[] = {60000, 60000, 60000, 60000, 50};
    struct talk talk;
    struct people_page page;
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        talk_begin(&talk, &answers[i], 1, 60000, &(const struct rate_limit){0});
        check(
            maintainx_people(talk.client, "users", NULL, limits[i], &page, &talk.e) == API_FAILED, "%zu", i);
        check(talk.e.status == (i == 2      ? EX_TEMPFAIL
                                   : i == 3 ? EX_PROTOCOL
                                            : EX_UNAVAILABLE),
            "%s", talk.e.text);
        assert_int_equal(client_requests(talk.client), 1);
        assert_true(rate_limit_wait(client_rate_limit(talk.client), clock_now(), 0) <= 61000);
        talk_end(&talk);
    }
    struct rate_limit used = {0};
    rate_limit_note(&used, clock_now(), 10, 0, 60);
    talk_begin(&talk, &answers[1], 1, 60000, &used);
    assert_int_equal(maintainx_people(talk.client, "users", NULL, 60000, &page, &talk.e), API_FAILED);
    assert_int_equal(talk.e.status, EX_TEMPFAIL);
    assert_int_equal(client_requests(talk.client), 0);
    talk_end(&talk);
}

/* --- in the store --- */

static void check_name(struct store *store, enum people_kind kind, int64_t id, const char *expected)
{
    struct error e = {0};
    char *name = NULL;
    int found = people_find(store, kind, id, &name, &e);
    check(found == (expected != NULL), "%s", e.text);
    check_text(name, expected);
    free(name);
}

static void check_count(struct store *store, enum people_kind kind, int64_t known, int64_t removed)
{
    struct error e = {0};
    int64_t has_known, has_removed;
    check(people_count(store, kind, &has_known, &has_removed, &e) == 0, "%s", e.text);
    check(has_known == known && has_removed == removed, "%lld, %lld", (long long)has_known,
        (long long)has_removed);
}

static void test_stored(void **state)
{
    struct error e = {0};
    struct store *store = store_open(path_in(*state, "wosync.db"), STORE_WRITE, 0, &e);
    for (enum people_kind kind = 0; kind < PEOPLE_KINDS; kind++) {
        assert_int_equal(people_put(store, kind, 7, "Ann", "a@x", 100, &e), 0);
        assert_int_equal(people_put(store, kind, 8, "Bela", NULL, 100, &e), 0);
        assert_int_equal(people_mark_removed(store, kind, 100, &e), 0);
        check_count(store, kind, 2, 0);
        /* renamed; gone, with the name kept; and back */
        assert_int_equal(people_put(store, kind, 7, "Ann Lee", NULL, 200, &e), 0);
        assert_int_equal(people_mark_removed(store, kind, 200, &e), 0);
        check_count(store, kind, 2, 1);
        check_name(store, kind, 7, "Ann Lee");
        check_name(store, kind, 8, "Bela");
        check_name(store, kind, 9, NULL);
        assert_int_equal(people_put(store, kind, 8, "Bela", NULL, 300, &e), 0);
        check_count(store, kind, 2, 0);
        assert_int_equal(people_put(store, kind, 9, "Carl", NULL, 300, &e), 0);
    }
    check_text(e.text, "");
    store_close(store);
}

static void test_lists(void **state)
{
    struct error e = {0};
    struct store *store = store_open(path_in(*state, "wosync.db"), STORE_WRITE, 0, &e);
    struct people_list list;
    assert_int_equal(people_list_load(store, PEOPLE_USERS, &list, &e), 0);
    check(list.read == TIMESTAMP_NONE && list.tried == TIMESTAMP_NONE && list.failing == TIMESTAMP_NONE &&
              !list.refused && !list.reported && *list.error == '\0',
        "not as new");
    const struct people_list saved = {TIMESTAMP_NONE, 20, 10, true, true, "why"};
    assert_int_equal(people_list_save(store, PEOPLE_USERS, &saved, &e), 0);
    assert_int_equal(people_list_load(store, PEOPLE_USERS, &list, &e), 0);
    check(list.read == TIMESTAMP_NONE && list.tried == 20 && list.failing == 10 && list.refused &&
              list.reported && strcmp(list.error, "why") == 0,
        "not as saved");
    assert_int_equal(people_list_load(store, PEOPLE_TEAMS, &list, &e), 0);
    assert_true(list.tried == TIMESTAMP_NONE);
    const struct people_list good = {30, 30, TIMESTAMP_NONE, false, false, ""};
    assert_int_equal(people_list_save(store, PEOPLE_USERS, &good, &e), 0);
    assert_int_equal(people_list_load(store, PEOPLE_USERS, &list, &e), 0);
    check(list.read == 30 && list.failing == TIMESTAMP_NONE && *list.error == '\0', "not as saved");
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest wire[] = {
        cmocka_unit_test(test_what_is_asked),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_optional),
    };
    const struct CMUnitTest stored[] = {
        cmocka_unit_test_setup_teardown(test_stored, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_lists, directory_setup, directory_teardown),
    };
    int failed = cmocka_run_group_tests(wire, talk_install, NULL);
    return cmocka_run_group_tests(stored, NULL, NULL) + failed;
}
