#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/event.h"
#include "core/mentions.h"

static void test_names(void **state)
{
    static const char *const names[] = {
        [EVENT_CREATED] = "workorder.created",
        [EVENT_STATUS_CHANGED] = "workorder.status_changed",
        [EVENT_COMPLETED] = "workorder.completed",
        [EVENT_UPDATED] = "workorder.updated",
        [EVENT_DELETED] = "workorder.deleted",
    };
    static const char *const none[] = {"", "*", "created", "workorder", "workorder.", "workorder.created ",
        "Workorder.created", "workorder.*", "workorder.status-changed"};
    (void)state;
    assert_int_equal(COUNT(names), EVENT_TYPES);
    for (enum event_type type = 0; type < EVENT_TYPES; type++) {
        check_text(event_type_name(type), names[type]);
        assert_int_equal(event_type_named(names[type]), type);
    }
    for (size_t i = 0; i < COUNT(none); i++)
        check(event_type_named(none[i]) == EVENT_TYPES, "%s", none[i]);
}

static void test_sources(void **state)
{
    static const char *const names[] = {"poll", "backfill", "reconcile", "webhook"};
    (void)state;
    assert_int_equal(COUNT(names), EVENT_SOURCES);
    for (enum event_source source = 0; source < EVENT_SOURCES; source++)
        check_text(event_source_name(source), names[source]);
}

static void test_numbered_id(void **state)
{
    struct event event = {.id = "workorder.updated/7/2026-01-20T10:00:00.000Z"};
    char id[EVENT_ID_SIZE];
    (void)state;
    check_text(event_numbered_id(&event, 1, id), "workorder.updated/7/2026-01-20T10:00:00.000Z");
    check_text(event_numbered_id(&event, 2, id), "workorder.updated/7/2026-01-20T10:00:00.000Z/2");
    check_text(event_numbered_id(&event, 17, id), "workorder.updated/7/2026-01-20T10:00:00.000Z/17");
}

/* The longest id there can be keeps its number. */
static void test_longest_id(void **state)
{
    struct event event = {0};
    char id[EVENT_ID_SIZE], status[WORKORDER_MAX_STATUS + 1];
    (void)state;
    memset(status, 'S', WORKORDER_MAX_STATUS);
    status[WORKORDER_MAX_STATUS] = '\0';
    int len = snprintf(event.id, sizeof event.id,
        "workorder.status_changed/%lld/%s-%s/2026-01-20T10:00:00.000Z", (long long)INT64_MAX, status, status);
    assert_in_range(len, 1, EVENT_ID_SIZE - 1);
    event_numbered_id(&event, 1000000, id);
    assert_int_equal(strlen(id), len + 8);
    check_text(id + len, "/1000000");
}

static struct json_object *json(const char *text)
{
    struct json_object *object = json_tokener_parse(text);
    check(object != NULL, "the test's own JSON %s", text);
    return object;
}

/* What `context` makes of one event, and what it must be. */
static void check_body(const struct event_context *context, const char *expected)
{
    const struct event event = {.type = EVENT_STATUS_CHANGED,
        .work_order = 7,
        .timestamp = instant("2026-11-23T10:15:00Z"),
        .id = "frozen"};
    char *body = event_body(&event, "the-id/2", context);
    check_text(body, expected);
    free(body);
}

static void test_body(void **state)
{
    struct json_object *doc =
        json("{\"id\": 7, \"status\": \"DONE\", \"url\": \"https://x/y\", \"none\": null}");
    struct json_object *changes = json("{\"status\": {\"from\": \"OPEN\", \"to\": \"DONE\"}}");
    struct event_context context = {.observed = instant("2026-11-23T10:16:02.117Z"),
        .previously_observed = instant("2026-11-23T10:14:01.903Z"),
        .source = SOURCE_POLL,
        .doc = doc,
        .previous_status = "OPEN",
        .changes = changes};
    (void)state;
    check_body(&context,
        "{\"id\":\"the-id/"
        "2\",\"event\":\"workorder.status_changed\",\"timestamp\":\"2026-11-23T10:15:00.000Z\","
        "\"observedAt\":\"2026-11-23T10:16:02.117Z\",\"previouslyObservedAt\":\"2026-11-23T10:14:01.903Z\","
        "\"source\":\"poll\",\"names\":{\"users\":{},\"teams\":{}},\"data\":{\"id\":7,\"status\":\"DONE\","
        "\"url\":\"https://x/y\",\"none\":null,"
        "\"previousStatus\":\"OPEN\",\"changes\":{\"status\":{\"from\":\"OPEN\",\"to\":\"DONE\"}}}}");
    check_text(json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
        "{\"id\":7,\"status\":\"DONE\",\"url\":\"https://x/y\",\"none\":null}");
    context = (struct event_context){.observed = instant("2026-11-23T10:16:02.117Z"),
        .previously_observed = TIMESTAMP_NONE,
        .source = SOURCE_WEBHOOK,
        .doc = doc};
    check_body(&context,
        "{\"id\":\"the-id/"
        "2\",\"event\":\"workorder.status_changed\",\"timestamp\":\"2026-11-23T10:15:00.000Z\","
        "\"observedAt\":\"2026-11-23T10:16:02.117Z\",\"previouslyObservedAt\":null,\"source\":\"webhook\","
        "\"names\":{\"users\":{},\"teams\":{}},\"data\":{\"id\":7,\"status\":\"DONE\",\"url\":\"https://x/y\",\"none\":null}}");
    json_object_put(doc);
    json_object_put(changes);
}

/* A work order that is there as text only makes the same body. */
static void test_body_of_text(void **state)
{
    static const char text[] = "{\"id\":7,\"status\":\"DONE\",\"none\":null}, and what stands behind it";
    struct event_context context = {.observed = instant("2026-11-23T10:16:02.117Z"),
        .previously_observed = TIMESTAMP_NONE,
        .source = SOURCE_BACKFILL,
        .json = text,
        .json_len = strcspn(text, "}") + 1};
    static const char expected[] =
        "{\"id\":\"the-id/"
        "2\",\"event\":\"workorder.status_changed\",\"timestamp\":\"2026-11-23T10:15:00.000Z\","
        "\"observedAt\":\"2026-11-23T10:16:02.117Z\",\"previouslyObservedAt\":null,\"source\":\"backfill\","
        "\"names\":{\"users\":{},\"teams\":{}},\"data\":{\"id\":7,\"status\":\"DONE\",\"none\":null}}";
    (void)state;
    check_body(&context, expected);
    context.doc = json("{\"id\":7,\"status\":\"DONE\",\"none\":null}");
    check_body(&context, expected);
    json_object_put(context.doc);
}

/* Who did it, and who is who, stand between the source and the work order; nobody who is not known. */
static void test_people(void **state)
{
    char ann[] = "Ann \"Lee\" </b>", crew[] = "Electricians";
    struct mention list[] = {{7, false, ann}, {8, false, NULL}, {12, false, ann}, {7, true, crew}};
    struct mentions mentions = {.list = list, .count = COUNT(list), .actor = 7};
    static const char text[] = "{\"id\":7}";
    struct event_context context = {.observed = instant("2026-11-23T10:16:02.117Z"),
        .previously_observed = TIMESTAMP_NONE,
        .source = SOURCE_WEBHOOK,
        .json = text,
        .json_len = sizeof text - 1,
        .mentions = &mentions};
#define HEAD                                                                                                 \
    "{\"id\":\"the-id/2\",\"event\":\"workorder.status_changed\",\"timestamp\":"                             \
    "\"2026-11-23T10:15:00.000Z\",\"observedAt\":\"2026-11-23T10:16:02.117Z\",\"previouslyObservedAt\":"     \
    "null,"                                                                                                  \
    "\"source\":\"webhook\","
#define NAMES                                                                                                \
    "\"names\":{\"users\":{\"7\":\"Ann \\\"Lee\\\" </b>\",\"12\":\"Ann \\\"Lee\\\" "                         \
    "</b>\"},\"teams\":{\"7\":"                                                                              \
    "\"Electricians\"}},\"data\":{\"id\":7}}"
    (void)state;
    check_body(&context, HEAD "\"actor\":{\"id\":7,\"name\":\"Ann \\\"Lee\\\" </b>\"}," NAMES);
    mentions.actor = 8;
    check_body(&context, HEAD "\"actor\":{\"id\":8}," NAMES);
    mentions.actor = 0;
    check_body(&context, HEAD NAMES);
    context.mentions = NULL;
    context.actor = 9;
    check_body(
        &context, HEAD "\"actor\":{\"id\":9},\"names\":{\"users\":{},\"teams\":{}},\"data\":{\"id\":7}}");
}

/* Texts are escaped, whatever is in them. */
static void test_body_is_json(void **state)
{
    struct json_object *doc = json("{\"id\": 7, \"title\": \"\\\"\\n\\u0001\\\\ \\u00e9 </script>\"}");
    const struct event_context context = {.doc = doc, .previous_status = "A\"B\n", .source = SOURCE_BACKFILL};
    const struct event event = {.type = EVENT_CREATED};
    (void)state;
    char *body = event_body(&event, "an \"id\"", &context);
    struct json_object *back = json(body);
    struct json_object *data = json_object_object_get(back, "data");
    check_text(
        json_object_get_string(json_object_object_get(data, "title")), "\"\n\x01\\ \xc3\xa9 </script>");
    check_text(json_object_get_string(json_object_object_get(data, "previousStatus")), "A\"B\n");
    check_text(json_object_get_string(json_object_object_get(back, "id")), "an \"id\"");
    assert_null(strchr(body, '\n'));
    json_object_put(back);
    json_object_put(doc);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_numbered_id),
        cmocka_unit_test(test_longest_id),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_body_of_text),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_body_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
