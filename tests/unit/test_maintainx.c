#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/timestamp.h"
#include "talk.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define EMPTY    OK("{\"workOrders\": [], \"nextCursor\": null}")

#define begin(talk, first, second)                                                                           \
    talk_begin(talk, (const char *const[]){first, second}, 2, 60000, &(const struct rate_limit){0})

static void test_filter_names(void **state)
{
    (void)state;
    for (enum page_filter filter = 0; filter < PAGE_FILTERS; filter++)
        assert_int_equal(page_filter_named(page_filter_name(filter)), filter);
    assert_int_equal(page_filter_named("auto"), PAGE_FILTERS);
}

#define ALWAYS(limit)                                                                                        \
    "GET /workorders?limit=" limit                                                                           \
    "&show_upcoming=true&expand=assignees&expand=asset&expand=location&expand="                              \
    "extra_fields&expand=categories"

static void test_what_is_asked(void **state)
{
    const int64_t since = instant("2026-11-23T10:15:00Z");
    const struct {
        struct page_request request;
        const char *sent;
    } table[] = {
        {{.filter = FILTER_GTE, .since = since, .limit = 200},
            ALWAYS("200") "&updatedAtGte=2026-11-23T10%3A15%3A00.000Z"},
        {{.filter = FILTER_BRACKETS, .since = since, .cursor = "a/b=", .limit = 7},
            ALWAYS("7") "&updatedAt%5Bgte%5D=2026-11-23T10%3A15%3A00.000Z&cursor=a%2Fb%3D"},
        {{.filter = FILTER_GTE, .since = TIMESTAMP_NONE, .limit = 1}, ALWAYS("1")},
        {{.filter = FILTER_SORT, .since = since, .limit = 1}, ALWAYS("1") "&sort=-updatedAt"},
        {{.filter = FILTER_SORT, .since = TIMESTAMP_NONE, .cursor = "c", .limit = 1, .ascending = true},
            ALWAYS("1") "&sort=updatedAt&cursor=c"},
        {{.filter = FILTER_NONE, .since = since, .limit = 1}, ALWAYS("1")},
        {{.filter = FILTER_BRACKETS, .since = since, .limit = 1, .until = since + 1},
            ALWAYS("1") "&updatedAt%5Bgte%5D=2026-11-23T10%3A15%3A00.000Z"
                        "&updatedAt%5Blte%5D=2026-11-23T10%3A15%3A00.001Z"},
        {{.filter = FILTER_GTE, .since = 0, .limit = 1, .until = 1},
            ALWAYS(
                "1") "&updatedAtGte=1970-01-01T00%3A00%3A00.000Z&updatedAtLte=1970-01-01T00%3A00%3A00.001Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct page_answer answer;
        begin(&talk, EMPTY, EMPTY);
        assert_int_equal(maintainx_page(talk.client, &table[i].request, &answer, &talk.e), API_OK);
        page_answer_free(&answer);
        const char *heard = server_heard(&talk.server);
        size_t len = strlen(table[i].sent);
        check(strncmp(heard, table[i].sent, len) == 0 && heard[len] == ' ', "%s", heard);
        talk_end(&talk);
    }
}

static void test_pages(void **state)
{
    static const char dated[] =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: Mon, 23 Nov 2026 10:15:00 GMT\r\n\r\n"
        "{\"workOrders\": [{\"id\": 7}], \"nextCursor\": \"c\"}";
    static const char misdated[] =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: today\r\n\r\n{\"workOrders\": []}";
    static const struct {
        const char *answer, *date, *cursor;
        size_t count;
    } table[] = {{dated, "2026-11-23T10:15:00Z", "c", 1}, {misdated, "", NULL, 0}, {EMPTY, "", NULL, 0}};
    const struct page_request request = {.filter = FILTER_NONE, .limit = 1};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct page_answer answer;
        begin(&talk, table[i].answer, "");
        maintainx_prefetch(talk.client, &request);
        check(maintainx_page(talk.client, &request, &answer, &talk.e) == API_OK, "%s", talk.e.text);
        check(answer.date == instant(table[i].date) && answer.page.count == table[i].count, "%s",
            table[i].answer);
        check_text(answer.page.next_cursor, table[i].cursor);
        assert_int_equal(server_requests(&talk.server), 1);
        page_answer_free(&answer);
        page_answer_free(&answer);
        talk_end(&talk);
    }
}

/* A page that broke off is asked for again; one that is none is not. */
static void test_odd_pages(void **state)
{
    static const struct {
        const char *answer;
        enum api_status verdict;
        const char *error;
    } table[] = {
        {OK(""), API_OK, ""},
        {OK("{\"workOrders\": [{\"id\": 7"), API_OK, ""},
        {OK("[]"), API_FAILED,
            "api: work orders: the answer is not a page of work orders: it is not a JSON object; check "
            "base_url"},
        {OK("{\"workOrders\": 7}"), API_FAILED, "it has no array workOrders"},
    };
    const struct page_request request = {.filter = FILTER_NONE, .limit = 1};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct page_answer answer;
        begin(&talk, table[i].answer, EMPTY);
        enum api_status verdict = maintainx_page(talk.client, &request, &answer, &talk.e);
        check(verdict == table[i].verdict && strstr(talk.e.text, table[i].error) != NULL, "%s: %d, %s",
            table[i].answer, (int)verdict, talk.e.text);
        check(verdict == API_OK || (answer.call == NULL && talk.e.status == EX_PROTOCOL), "%s",
            table[i].answer);
        assert_int_equal(server_requests(&talk.server), verdict == API_OK ? 2 : 1);
        page_answer_free(&answer);
        talk_end(&talk);
    }
}

static void test_work_orders(void **state)
{
    static const char no_work_order[] = "api: work order 7: the answer is not a work order: ";
    static const struct {
        const char *answer, *json, *error;
    } table[] = {
        {OK("{\"workOrder\": {\"id\": 7, \"url\": \"https://x/\"}}"), "{\"id\": 7, \"url\": \"https://x/\"}",
            ""},
        {OK("\xef\xbb\xbf{\"more\": [], \"workOrder\": {\"id\": 7}, \"a\": 1}"), "{\"id\": 7}", ""},
        /* it is for quarantine, as in a list */
        {OK("{\"workOrder\": {\"id\": 7, \"title\": \"\xff\"}}"), "{\"id\": 7, \"title\": \"\xff\"}", ""},
        {OK("{\"workOrder\": {\"id\": "
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}"),
            "{\"id\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", ""},
        {OK("{\"workOrder\": null}"), NULL, no_work_order},
        {OK("{\"workOrder\": [7]}"), NULL, no_work_order},
        {OK("{\"id\": 7}"), NULL, no_work_order},
        {OK("{\"workOrder\": {\"id\": 7}"), NULL, no_work_order},
        {OK("{\"workOrder\": {\"id\": 7}, \"title\": \"\xff\"}"), NULL, no_work_order},
        {OK("{}"), NULL, no_work_order},
        {OK("7"), NULL, no_work_order},
        {OK(""), NULL, no_work_order},
        {"HTTP/1.1 404 None\r\nConnection: close\r\n\r\n", NULL, "api: work order 7: 404"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct talk talk;
        struct buffer out = {0};
        begin(&talk, table[i].answer, "");
        enum api_status verdict = maintainx_work_order(talk.client, 7, &out, &talk.e);
        check((verdict == API_OK) == (table[i].json != NULL) && strstr(talk.e.text, table[i].error) != NULL,
            "%s: %d, %s", table[i].answer, (int)verdict, talk.e.text);
        check_text(out.data, table[i].json);
        check(strncmp(server_heard(&talk.server), "GET /workorders/7?expand=assignees&", 35) == 0, "%s",
            server_heard(&talk.server));
        buffer_free(&out);
        talk_end(&talk);
    }
}

/* A record of more than 1 MiB is for quarantine, as in a list. */
static void test_a_work_order_that_is_too_large(void **state)
{
    struct buffer answer = {0}, out = {0};
    struct talk talk;
    (void)state;
    buffer_append_format(&answer, OK("{\"workOrder\": {\"id\": 7, \"title\": \"%0*d\"}}"), 1 << 20, 0);
    begin(&talk, answer.data, "");
    assert_int_equal(maintainx_work_order(talk.client, 7, &out, &talk.e), API_OK);
    check(out.len > 1 << 20, "%zu bytes", out.len);
    buffer_free(&out);
    talk_end(&talk);
    buffer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_names),
        cmocka_unit_test(test_what_is_asked),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_odd_pages),
        cmocka_unit_test(test_work_orders),
        cmocka_unit_test(test_a_work_order_that_is_too_large),
    };
    return cmocka_run_group_tests(tests, talk_install, NULL);
}
