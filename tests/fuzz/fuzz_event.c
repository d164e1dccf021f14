/* The body of an event as handlers bring it to others: a line for people, a line for Slack, a CloudEvent, a
 * row of a warehouse, a field of CSV, a text on a page. What comes from outside must stay inside its place.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "handlers/http/cloudevent.h"
#include "handlers/report/csv.h"
#include "core/event_line.h"
#include "base/html.h"
#include "handlers/slack/slack_text.h"
#include "handlers/warehouse/warehouse_row.h"

static void check_line(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        must((unsigned char)*c >= 0x20 && *c != 0x7f, "a control character in: %s", text);
}

static void check_utf8(const char *text)
{
    while (*text != '\0') {
        const char *at = text;
        must(utf8_next(&text) != UTF8_BAD || strncmp(at, "\xef\xbf\xbd", 3) == 0,
            "bytes that are no UTF-8 in: %s", at);
    }
}

static void check_texts(struct handler_event *event)
{
    struct buffer slack = {0}, cloud = {0};
    bool urgent;
    char *line = event_line(event->body);
    check_line(line);
    slack_append_line(&slack, event, "<!here> ", "https://x/{id}", &urgent);
    check_line(slack.data);
    check_utf8(slack.data);
    must(strncmp(strstr(slack.data, "<!here> "), "<!here> ", 8) == 0 &&
             strstr(strstr(slack.data, "<!here> ") + 1, "<!") == NULL,
        "a mention came from outside: %s", slack.data);
    cloudevent_append(&cloud, event, "https://x");
    struct json_object *whole = event_parse(cloud.data, cloud.len);
    must(whole != NULL && json_object_object_length(whole) >= 7, "it is no CloudEvent: %s", cloud.data);
    json_object_put(whole);
    free(line);
    buffer_free(&slack);
    buffer_free(&cloud);
}

static void check_row(const char *json, size_t len)
{
    struct warehouse_row row;
    warehouse_row_from_event(json, len, 1, &row);
    for (int i = 0; i < WAREHOUSE_EVENT_VALUES; i++)
        if (row.values[i] != NULL)
            check_utf8(row.values[i]);
    warehouse_row_free(&row);
}

/* Whatever the text is, a reader finds one record with it, and no element on the page. */
static void check_field(const char *text, size_t len)
{
    struct buffer csv = {0}, html = {0};
    struct csv_reader reader = {0};
    csv_field(&csv, text, len);
    buffer_append_text(&csv, "\r\n");
    must(csv_record_end(&reader, csv.data, csv.len) == csv.len, "a field breaks its record: %s", csv.data);
    must(len == 0 || strchr("=+-@\t\r\n", csv.data[0]) == NULL, "a field is a formula: %s", csv.data);
    html_text(&html, text, len);
    must(html.data == NULL || strpbrk(html.data, "<>\"'") == NULL, "a text leaves its place: %s", html.data);
    if (html.data != NULL)
        check_utf8(html.data);
    buffer_free(&csv);
    buffer_free(&html);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size);
    static const char id[] = "workorder.updated/7/2026-11-23T10:15:00.000Z";
    check_field(text, size);
    struct json_object *event = event_parse(text, size);
    /* handlers get what event_body made, never anything else */
    if (json_object_is_type(event, json_type_object)) {
        const char *plain =
            json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        struct handler_event handled = {.seq = 1,
            .work_order = 7,
            .type = EVENT_UPDATED,
            .id = id,
            .body = plain,
            .body_len = strlen(plain)};
        check_texts(&handled);
        handler_event_forget(&handled);
        check_row(plain, strlen(plain));
    }
    json_object_put(event);
    free(text);
    return 0;
}
