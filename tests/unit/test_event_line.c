#include "support.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "handlers/http/cloudevent.h"
#include "core/event_line.h"

#define EVENT(type, data)                                                                                    \
    "{\"id\":\"i\",\"event\":\"workorder." type                                                              \
    "\",\"timestamp\":\"2026-11-23T10:15:00.000Z\",\"data\":{\"id\":7" data "}}"
#define LINE(type, rest) "2026-11-23T10:15:00.000Z  workorder." type "  #7  " rest

static void test_line(void **state)
{
    static const struct {
        const char *body;
        const char *line;
    } table[] = {
        {EVENT("created", ",\"title\":\"Leak\",\"status\":\"OPEN\""), LINE("created", "\"Leak\"  OPEN")},
        {EVENT("created", ",\"title\":null"), LINE("created", "\"\"  ")},
        {EVENT("created", ",\"title\":\"a\\nb\\u007fc\\u001b\",\"status\":\"OPEN\""),
            LINE("created", "\"a?b?c?\"  OPEN")},
        {EVENT("status_changed", ",\"title\":\"Leak\",\"status\":\"DONE\",\"previousStatus\":\"OPEN\""),
            LINE("status_changed", "\"Leak\"  OPEN -> DONE")},
        {EVENT(
             "updated", ",\"title\":\"Leak\",\"status\":\"OPEN\",\"changes\":{\"title\":{},\"dueDate\":{}}"),
            LINE("updated", "\"Leak\"  changed: title, dueDate")},
        {EVENT("updated", ",\"title\":\"Leak\",\"status\":\"OPEN\""), LINE("updated", "\"Leak\"  OPEN")},
        {EVENT("created", ",\"status\":\"OPEN\"},\"actor\":{\"id\":2,\"name\":\"Ann\\nLee\"},\"x\":{"),
            LINE("created", "\"\"  OPEN  by Ann?Lee")},
        {EVENT("created", ",\"status\":\"OPEN\"},\"actor\":{\"id\":2},\"x\":{"),
            LINE("created", "\"\"  OPEN")},
        {"no JSON", "    #  \"\"  "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char *line = event_line(table[i].body);
        check_text(line, table[i].line);
        free(line);
    }
}

/* The envelope; `time` is there where the event says when it happened. */
static void test_cloudevent(void **state)
{
    static const struct {
        const char *body;
        const char *time;
    } table[] = {
        {EVENT("created", ""), "\"time\":\"2026-11-23T10:15:00.000Z\","},
        {"{\"event\":\"workorder.created\",\"timestamp\":null,\"data\":{}}", ""},
    };
    char id[] = "workorder.created/7";
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct handler_event event = {
            .work_order = 7, .id = id, .body = table[i].body, .body_len = strlen(table[i].body)};
        struct buffer out = {0}, expected = {0};
        cloudevent_append(&out, &event, "https://x/v1");
        buffer_append_format(&expected,
            "{\"specversion\":\"1.0\",\"id\":\"workorder.created/7\",\"source\":\"https://x/v1\","
            "\"type\":\"workorder.created\",%s\"subject\":\"7\",\"datacontenttype\":\"application/"
            "json\",\"data\":%s}",
            table[i].time, table[i].body);
        check_text(out.data, expected.data);
        handler_event_forget(&event);
        buffer_free(&out);
        buffer_free(&expected);
    }
}

static void test_source(void **state)
{
    char *plain = cloudevent_source("https://x/v1", ""), *of = cloudevent_source("https://x/v1", "a b/c");
    (void)state;
    check_text(plain, "https://x/v1");
    check_text(of, "https://x/v1/organizations/a%20b%2Fc");
    free(plain);
    free(of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_cloudevent),
        cmocka_unit_test(test_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
