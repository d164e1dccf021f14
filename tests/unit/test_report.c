#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_parse.h"
#include "base/timestamp.h"
#include "deliver/history.h"
#include "store/deliveries.h"
#include "fault.h"
#include "handlers/registry.h"
#include "handlers/report/report.h"
#include "handlers/report/page_html.h"
#include "store/events.h"
#include "store/store.h"

static int setup(void **state)
{
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, NULL);
    struct handler_position place;
    if (store == NULL || handlers_attach(store, "page", "report", false, 0, 1, &place, NULL) != 0)
        return -1;
    *state = store;
    return 0;
}

static int teardown(void **state)
{
    store_close(*state);
    return 0;
}

/* Tells an event of work order 7 that happened at a time of 2026-11-23 and was observed at `observed`. */
static void tell(struct store *store, enum event_type type, const char *time, const char *data,
    const char *previous, int64_t observed)
{
    char date[32];
    struct event event = {.type = type, .work_order = 7};
    struct json_object *doc = json_tokener_parse(data);
    const struct event_context context = {.observed = observed, .doc = doc, .previous_status = previous};
    snprintf(date, sizeof date, "2026-11-23T%s:00Z", time);
    event.timestamp = instant(date);
    snprintf(event.id, sizeof event.id, "%s/7%s%s", event_type_name(type), type == EVENT_CREATED ? "" : "/",
        type == EVENT_CREATED ? "" : date);
    assert_int_equal(events_append(store, &event, &context, NULL), 1);
    json_object_put(doc);
}

/* The last event told, with its history. */
struct last {
    struct handler_event event;
    char *id, *body;
};

static int see(const struct event_row *row, void *context, struct error *e)
{
    struct last *last = context;
    (void)e;
    last->id = strdup(row->id);
    last->body = strdup(row->body);
    last->event = (struct handler_event){.seq = row->seq,
        .work_order = row->work_order,
        .type = event_type_named(row->type),
        .id = last->id,
        .body = last->body,
        .body_len = row->body_len};
    return 0;
}

static struct last get_last(struct store *store)
{
    struct last last = {.id = NULL};
    int64_t seq = events_last_seq(store, NULL);
    assert_int_equal(events_some(store, &seq, 1, see, &last, NULL), 0);
    assert_int_equal(history_read(store, &last.event, NULL), 0);
    return last;
}

static void free_last(struct last *last)
{
    handler_event_forget(&last->event);
    history_free(&last->event);
    free(last->id);
    free(last->body);
}

/* The steps as `STATUS since TIME for MINUTES`. */
static void check_steps(const struct report *report, const char *expected)
{
    struct buffer steps = {0};
    buffer_append_text(&steps, "");
    for (size_t i = 0; i < report->count; i++) {
        char since[TIMESTAMP_SIZE];
        timestamp_format(report->steps[i].since, since);
        buffer_append_format(&steps, "%s since %.5s for %d; ", report->steps[i].status,
            *since != '\0' ? since + 11 : "-",
            report->steps[i].span < 0 ? -1 : (int)(report->steps[i].span / 60000));
    }
    check_text(steps.data, expected);
    buffer_free(&steps);
}

#define DATES "\"createdAt\":\"2026-11-23T08:00:00Z\","

/* A status that no event told of is known by what came after it. */
static void test_a_step_unseen(void **state)
{
    struct report report;
    tell(*state, EVENT_CREATED, "08:00", "{\"status\":\"OPEN\"}", NULL, 1);
    tell(*state, EVENT_STATUS_CHANGED, "08:30", "{\"status\":\"IN_PROGRESS\"}", "ON_HOLD", 2);
    tell(*state, EVENT_UPDATED, "08:30", "{\"status\":\"IN_PROGRESS\"}", NULL, 2);
    tell(*state, EVENT_STATUS_CHANGED, "09:00", "{\"status\":\"ON_HOLD\"}", "IN_PROGRESS", 3);
    tell(*state, EVENT_STATUS_CHANGED, "09:15", "{\"status\":\"IN_PROGRESS\"}", "ON_HOLD", 4);
    tell(*state, EVENT_COMPLETED, "09:20", "{" DATES "\"status\":\"DONE\"}", NULL, 5);
    struct last last = get_last(*state);
    report_read(&last.event, &report);
    check_steps(&report,
        "OPEN since 08:00 for -1; ON_HOLD since - for -1; IN_PROGRESS since 08:30 for 30; "
        "ON_HOLD since 09:00 for 15; IN_PROGRESS since 09:15 for 5; DONE since 09:20 for -1; ");
    check(report.took == 80 * 60000 && report.waited == 30 * 60000 && report.progress == 35 * 60000 &&
              report.hold == 15 * 60000 && report.completions == 1,
        "%lld %lld %lld %lld", (long long)report.took, (long long)report.waited, (long long)report.progress,
        (long long)report.hold);
    report_free(&report);
    free_last(&last);
}

/* Seen complete at once it was something else before; dates that run backwards give no spans. */
static void test_odd_dates(void **state)
{
    struct report report;
    tell(*state, EVENT_CREATED, "10:00", "{\"status\":\"DONE\",\"completedAt\":\"2026-11-23T07:00:00Z\"}",
        NULL, 1);
    tell(*state, EVENT_COMPLETED, "07:00",
        "{" DATES "\"status\":\"DONE\",\"dueDate\":\"2026-11-24T00:00:00Z\","
        "\"dueDateIsFullDay\":true}",
        NULL, 1);
    struct last last = get_last(*state);
    report_read(&last.event, &report);
    check_steps(&report, " since 10:00 for -1; DONE since 07:00 for -1; ");
    check(report.took == -1 && report.waited == -1 && report.progress == -1, "spans");
    check(report.due == instant("2026-11-24T23:59:59Z"), "due at the end of its day");
    report_free(&report);
    free_last(&last);
}

/* A store that fails while the history is read. */
static void test_store_fails(void **state)
{
    struct error e = {0};
    tell(*state, EVENT_COMPLETED, "09:20", "{" DATES "\"status\":\"DONE\"}", NULL, 5);
    struct last last = get_last(*state);
    history_free(&last.event);
    fault_statement(1);
    assert_int_equal(history_read(*state, &last.event, &e), -1);
    check(strstr(e.text, "interrupted") != NULL, "%s", e.text);
    free_last(&last);
}

/* --- facts --- */

static struct report report_of(const char *text)
{
    enum json_fault fault;
    struct json_object *event =
        json_tokener_parse("{\"actor\":{\"id\":9,\"name\":\"Bo Ek\"},\"names\":{\"users\":{\"7\":\"Ann "
                           "Lee\"},\"teams\":{\"7\":\"Crew\"}}}");
    struct json_object *data = json_parse(text, strlen(text), JSON_PARSE_DEPTH, &fault);
    json_object_object_add(event, "data", data);
    return (struct report){.event = event,
        .data = data,
        .id = "workorder.completed/7/x",
        .work_order = 7,
        .created = TIMESTAMP_NONE,
        .started = TIMESTAMP_NONE,
        .completed = TIMESTAMP_NONE,
        .due = TIMESTAMP_NONE,
        .took = -1,
        .waited = -1,
        .progress = -1,
        .hold = -1,
        .completions = 1};
}

/* Its document is no event's. */
static void free_report(struct report *report)
{
    json_object_put(report->event);
    report_free(report);
}

static void test_facts(void **state)
{
    static const struct {
        const char *data;
        enum report_fact fact;
        const char *text;
    } table[] = {
        {"{\"title\":\"T\"}", REPORT_TITLE, "T"},
        {"{\"title\":7}", REPORT_TITLE, NULL},
        {"{\"sequentialId\":70}", REPORT_NUMBER, "70"},
        {"{\"sequentialId\":\"70\"}", REPORT_NUMBER, "7"},
        {"{\"sequentialId\":7.5}", REPORT_NUMBER, "7"},
        {"{\"sequentialId\":18446744073709551615}", REPORT_NUMBER, "18446744073709551615"},
        {"{\"sequentialId\":89014103211118510720}", REPORT_NUMBER, "89014103211118510720"},
        {"{\"assetId\":89014103211118510720}", REPORT_ASSET, "No. 89014103211118510720"},
        {"{\"asset\":{\"id\":89014103211118510720}}", REPORT_ASSET, "No. 89014103211118510720"},
        {"{\"creatorId\":89014103211118510720}", REPORT_CREATOR, "User 89014103211118510720"},
        {"{\"title\":\"a\\u0000b\"}", REPORT_TITLE,
            "a\xef\xbf\xbd"
            "b"},
        {"{\"status\":\"ON_HOLD\"}", REPORT_STATUS, "On hold"},
        {"{\"priority\":\"HIGH\"}", REPORT_PRIORITY, "High"},
        {"{\"type\":\"REACTIVE\"}", REPORT_TYPE, "Reactive"},
        {"{\"categories\":[\"a\",7,\"b\"]}", REPORT_CATEGORIES, "a, , b"},
        {"{\"categories\":{}}", REPORT_CATEGORIES, NULL},
        {"{\"asset\":{\"name\":\"Pump\",\"id\":5},\"assetId\":6}", REPORT_ASSET, "Pump"},
        {"{\"asset\":{\"name\":\"\",\"id\":5}}", REPORT_ASSET, "No. 5"},
        {"{\"asset\":{\"name\":7},\"assetId\":6}", REPORT_ASSET, "No. 6"},
        {"{\"asset\":\"Pump\"}", REPORT_ASSET, NULL},
        {"{\"asset\":{\"serialNumber\":\"S1\"}}", REPORT_SERIAL, "S1"},
        {"{\"location\":{\"id\":5}}", REPORT_LOCATION, "No. 5"},
        {"{\"completerId\":5}", REPORT_COMPLETER, "User 5"},
        {"{\"completerId\":7}", REPORT_COMPLETER, "Ann Lee"},
        {"{}", REPORT_COMPLETER, "Bo Ek"},
        {"{\"teamIds\":[5]}", REPORT_ASSIGNEES, "Team 5"},
        {"{\"assignees\":[{\"type\":\"USER\",\"id\":7},{\"type\":\"TEAM\",\"id\":7}]}", REPORT_ASSIGNEES,
            "Ann Lee, Crew"},
        {"{\"requesterId\":7}", REPORT_REQUESTER, "Ann Lee"},
        {"{\"creatorId\":7}", REPORT_CREATOR, "Ann Lee"},
        {"{\"requester\":{\"email\":\"a@x\"}}", REPORT_REQUESTER, "a@x"},
        {"{\"creatorId\":5}", REPORT_CREATOR, "User 5"},
        {"{\"description\":\"d\"}", REPORT_DESCRIPTION, "d"},
        {"{\"workOrderSummary\":{\"content\":\"n\"}}", REPORT_NOTE, "n"},
        {"{\"workOrderSummary\":\"n\"}", REPORT_NOTE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer text = {0};
        struct report report = report_of(table[i].data);
        report_text(&report, table[i].fact, &text);
        check_text(text.data, table[i].text);
        free_report(&report);
        buffer_free(&text);
    }
}

/* --- the page --- */

static void check_page(const struct report *report, const char *there, const char *not_there)
{
    struct buffer page = {0};
    page_html(report, &page);
    check(there == NULL || strstr(page.data, there) != NULL, "%s is not in %s", there, page.data);
    check(not_there == NULL || strstr(page.data, not_there) == NULL, "%s is in %s", not_there, page.data);
    check(strstr(page.data, "{{") == NULL && strcmp(page.data + page.len - 8, "</html>\n") == 0, "%s",
        page.data);
    buffer_free(&page);
}

static void test_figures(void **state)
{
    struct report r = report_of("{}");
    (void)state;
    check_page(&r, "(without a title)", "<dl class=\"figures\">");
    check_page(&r, NULL, "completed 1 times");
    r.hold = 61000;
    check_page(&r, "<dt>On hold</dt><dd>1\u00a0minute 1\u00a0second</dd>", "In progress");
    r.progress = 2 * 86400000 + 3599000;
    check_page(&r, "<dt>In progress</dt><dd>2\u00a0days</dd>", "Time to start");
    r.waited = 90000000;
    check_page(&r, "<dt>Time to start</dt><dd>1\u00a0day 1\u00a0hour</dd>", "Total time");
    r.took = 0;
    check_page(&r, "<dt>Total time</dt><dd>0\u00a0seconds</dd>", "Early by");
    r.due = instant("2026-11-23T10:00:00Z");
    check_page(&r, "<time datetime=\"2026-11-23T10:00:00.000Z\">23 Nov 2026, 10:00</time>", "Early by");
    r.completed = r.due - 7200000;
    check_page(&r, "<dt>Early by</dt><dd>2\u00a0hours</dd>", "Late by");
    r.completed = r.due + 1000;
    check_page(&r, "<dt>Late by</dt><dd class=\"late\">1\u00a0second</dd>", "Early by");
    r.took = r.waited = r.progress = r.hold = -1;
    check_page(&r, "<dl class=\"figures\">\n<div><dt>Late by</dt>", NULL);
    r.completions = 2;
    check_page(&r, "completed 2 times", NULL);
    free_report(&r);
}

/* The end of the last day that can be written is a day that cannot. */
static void test_the_last_day(void **state)
{
    struct report r = report_of("{}");
    (void)state;
    r.due = instant("9999-12-31T12:00:00Z") + 86400000;
    check_page(&r, "<dt>Due</dt><dd dir=\"auto\"></dd>", "<time");
    free_report(&r);
}

static void test_fields(void **state)
{
    static const struct {
        const char *data;
        const char *there, *not_there;
    } table[] = {
        {"{}", NULL, "Custom fields"},
        {"{\"extraFields\":[1]}", NULL, "Custom fields"},
        {"{\"extraFields\":{\"a\":null,\"b\":\"\"}}", NULL, "Custom fields"},
        {"{\"extraFields\":{\"a\":null,\"<b>\":\"x\\u0000<\",\"c\":7,\"d\":89014103211118510720,\"e\":1E400,"
         "\"f\":1.10,\"g\":-0}}",
            "Custom fields</h2>\n<dl class=\"facts\">\n<div><dt dir=\"auto\">&lt;b&gt;</dt><dd "
            "dir=\"auto\">x\xef\xbf\xbd&lt;</dd>"
            "</div>\n<div><dt dir=\"auto\">c</dt><dd dir=\"auto\">7</dd></div>\n"
            "<div><dt dir=\"auto\">d</dt><dd dir=\"auto\">89014103211118510720</dd></div>\n"
            "<div><dt dir=\"auto\">e</dt><dd dir=\"auto\">1E400</dd></div>\n"
            "<div><dt dir=\"auto\">f</dt><dd dir=\"auto\">1.10</dd></div>\n"
            "<div><dt dir=\"auto\">g</dt><dd dir=\"auto\">-0</dd></div>\n</dl>",
            ">a<"},
        {"{\"asset\":{\"name\":\"Pump\"},\"location\":{\"name\":\"Hall\"}}",
            "<bdi>Pump</bdi> · <bdi>Hall</bdi>", NULL},
        {"{\"asset\":{\"name\":\"Pump\"}}", "<bdi>Pump</bdi></p>", NULL},
        {"{\"location\":{\"name\":\"Hall\"}}", "<bdi>Hall</bdi></p>", "·"},
        {"{\"priority\":\"MEDIUM\"}", "dir=\"auto\" class=\"medium\">Medium</dd>", NULL},
        {"{\"priority\":\"odd\"}", "dir=\"auto\">odd</dd>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct report r = report_of(table[i].data);
        check_page(&r, table[i].there, table[i].not_there);
        free_report(&r);
    }
}

static void test_history(void **state)
{
    static const struct {
        const char *status;
        const char *row;
    } table[] = {
        {"", "<td class=\"status\">Created</td>"},
        {"OPEN", "<td class=\"status\">Open</td>"},
        {"IN_PROGRESS", "<td class=\"status progress\">In progress</td>"},
        {"ON_HOLD", "<td class=\"status hold\">On hold</td>"},
        {"DONE", "<td class=\"status done\">Done</td>"},
        {"COMPLETED", "<td class=\"status done\">Completed</td>"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct report r = report_of("{}");
        r.steps = calloc(1, sizeof *r.steps);
        r.count = 1;
        r.steps[0] = (struct report_step){.since = TIMESTAMP_NONE, .span = -1};
        strcpy(r.steps[0].status, table[i].status);
        check_page(&r, table[i].row, NULL);
        check_page(&r, "before it was first seen</td><td></td>", NULL);
        free_report(&r);
    }
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_store(test_a_step_unseen),
        with_store(test_odd_dates),
        with_store(test_store_fails),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_the_last_day),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_history),
    };
    fault_statement(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
