#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/mentions.h"
#include "core/scan.h"

/* `actor; users; teams`. */
static char *words_of(const struct mentions *mentions)
{
    struct buffer out = {0};
    bool teams = false;
    buffer_append_format(&out, "%lld;", (long long)mentions->actor);
    for (size_t i = 0; i < mentions->count; i++) {
        const struct mention *one = &mentions->list[i];
        if (one->team && !teams)
            buffer_append_text(&out, ";");
        teams = teams || one->team;
        buffer_append_format(&out, " %lld", (long long)one->id);
        check(one->name == NULL, "a name from nowhere");
        check(mentions_find(mentions, one->team, one->id) == one, "%lld is not found", (long long)one->id);
    }
    if (!teams)
        buffer_append_text(&out, ";");
    return out.data;
}

static void check_context(enum event_type type, const struct event_context *context, const char *expected)
{
    struct mentions mentions = {0};
    mentions_collect(type, context, &mentions);
    char *words = words_of(&mentions);
    check_text(words, expected);
    free(words);
    mentions_free(&mentions);
}

static const struct row {
    const char *members;
    enum event_type type;
    const char *expected;
} records[] = {
    {"", EVENT_UPDATED, "0;;"},
    {",\"assignees\":[{\"type\":\"USER\",\"id\":5},{\"type\":\"TEAM\",\"id\":5},{\"id\":4}]", EVENT_UPDATED,
        "0; 4 5; 5"},
    {",\"assigneeIds\":[9,8,9],\"teamIds\":[3,2]", EVENT_UPDATED, "0; 8 9; 2 3"},
    {",\"creatorId\":3,\"requesterId\":2,\"completerId\":1", EVENT_UPDATED, "0; 1 2 3;"},
    {",\"creatorId\":3,\"requesterId\":2,\"completerId\":1", EVENT_CREATED, "3; 1 2 3;"},
    {",\"creatorId\":3,\"requesterId\":2,\"completerId\":1", EVENT_COMPLETED, "1; 1 2 3;"},
    {",\"creatorId\":3", EVENT_COMPLETED, "0; 3;"},
    {",\"completerId\":1", EVENT_CREATED, "0; 1;"},
    {",\"completerId\":null,\"assignees\":null,\"teamIds\":null", EVENT_COMPLETED, "0;;"},
    /* what is no id */
    {",\"creatorId\":0,\"requesterId\":-1,\"completerId\":1.5", EVENT_COMPLETED, "0;;"},
    {",\"creatorId\":\"a@x\",\"requesterId\":[1],\"completerId\":{\"id\":1}", EVENT_COMPLETED, "0;;"},
    {",\"assignees\":{\"id\":1},\"assigneeIds\":7,\"teamIds\":\"3\"", EVENT_UPDATED, "0;;"},
    {",\"assignees\":[7,\"a@x\",null,[{\"id\":1}],{},{\"id\":\"8\"},{\"id\":6,\"more\":{\"id\":2,\"x\":[1,{}]"
     "}}]",
        EVENT_UPDATED, "0; 6;"},
    {",\"assigneeIds\":[[1],{\"id\":2},\"3\",4.5,-6,5]", EVENT_UPDATED, "0; 5;"},
    {",\"assignees\":[],\"assigneeIds\":[]", EVENT_UPDATED, "0;;"},
    /* only its own members count */
    {",\"asset\":{\"creatorId\":1,\"assignees\":[{\"id\":2}]},\"extraFields\":{\"completerId\":3}",
        EVENT_COMPLETED, "0;;"},
    {",\"description\":\"\\\"creatorId\\\":1,\\\\\",\"x\":\"}]\",\"creatorId\":2", EVENT_CREATED, "2; 2;"},
    /* of two the last one counts */
    {",\"creatorId\":1,\"creatorId\":2,\"assigneeIds\":[3],\"assigneeIds\":[4]", EVENT_CREATED, "2; 2 4;"},
    {",\"creatorId\":1,\"creatorId\":null", EVENT_CREATED, "0;;"},
    {",\"assignees\":[{\"type\":\"TEAM\",\"id\":1,\"type\":\"USER\",\"id\":2}]", EVENT_UPDATED, "0; 2;"},
    {",\"creatorId\":999999999999999999", EVENT_CREATED, "999999999999999999; 999999999999999999;"},
};

/* The tree and the text say the same. */
static void test_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(records); i++) {
        struct buffer json = {0};
        struct scan scan;
        buffer_append_format(&json,
            "{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:15:00.000Z\"%s}",
            records[i].members);
        size_t len = json.len;
        buffer_append_text(&json, ",{\"creatorId\":77}]}"); /* what stands behind it on a page */
        check(scan_record(json.data, len, &scan), "%s is not compact", records[i].members);
        struct event_context context = {.json = json.data, .json_len = len};
        check_context(records[i].type, &context, records[i].expected);
        json.data[len] = '\0';
        context.doc = json_tokener_parse(json.data);
        check(context.doc != NULL, "%s", json.data);
        check_context(records[i].type, &context, records[i].expected);
        json_object_put(context.doc);
        buffer_free(&json);
    }
}

static void test_changes(void **state)
{
    struct json_object *doc = json_tokener_parse("{\"id\":7,\"completerId\":1}");
    struct json_object *changes = json_tokener_parse(
        "{\"assignees\":{\"from\":[{\"type\":\"TEAM\",\"id\":31}],\"to\":[{\"type\":\"USER\",\"id\":32}]},"
        "\"assigneeIds\":{\"from\":null,\"to\":[33]},\"teamIds\":{\"from\":[34],\"to\":[]},"
        "\"completerId\":{\"from\":35,\"to\":1},\"creatorId\":{\"from\":null,\"to\":36},\"requesterId\":37,"
        "\"title\":{\"from\":38,\"to\":39}}");
    struct event_context context = {.doc = doc, .changes = changes};
    (void)state;
    check_context(EVENT_UPDATED, &context, "0; 1 32 33 35 36; 31 34");
    json_object_put(doc);
    json_object_put(changes);
}

/* Who is told of from elsewhere did it, whatever the record says. */
static void test_actor(void **state)
{
    static const char text[] = "{\"id\":7,\"creatorId\":3,\"completerId\":4}";
    struct event_context context = {.json = text, .json_len = sizeof text - 1, .actor = 5};
    (void)state;
    check_context(EVENT_COMPLETED, &context, "5; 3 4 5;");
    check_context(EVENT_CREATED, &context, "5; 3 4 5;");
    check_context(EVENT_STATUS_CHANGED, &context, "5; 3 4 5;");
    context.actor = 0;
    check_context(EVENT_STATUS_CHANGED, &context, "0; 3 4;");
    context.actor = -5; /* nobody */
    check_context(EVENT_STATUS_CHANGED, &context, "0; 3 4;");
}

/* There are so many and no more. */
static void test_many(void **state)
{
    struct buffer json = {0};
    struct mentions mentions = {0};
    (void)state;
    buffer_append_text(&json, "{\"assigneeIds\":[");
    for (int i = 1000; i > 0; i--)
        buffer_append_format(&json, "%d%s", i, i > 1 ? "," : "]}");
    const struct event_context context = {.json = json.data, .json_len = json.len};
    for (int i = 0; i < 2; i++) { /* the second time in place of the first */
        mentions_collect(EVENT_UPDATED, &context, &mentions);
        assert_int_equal(mentions.count, MENTIONS_MAX);
        assert_int_equal(mentions.list[0].id, 1001 - MENTIONS_MAX);
        assert_int_equal(mentions.list[MENTIONS_MAX - 1].id, 1000);
        assert_null(mentions_find(&mentions, false, 1));
        assert_null(mentions_find(&mentions, true, 1000));
    }
    mentions_free(&mentions);
    mentions_free(&mentions);
    buffer_free(&json);
}

/* Text that ends anywhere, which scan_record would not have let through, is not read beyond its end. */
static void test_broken_text(void **state)
{
    static const char text[] = "{\"a\":\"\\\\\\\"\",\"assignees\":[{\"type\":\"TEAM\",\"id\":3,\"x\":[1]}],"
                               "\"teamIds\":[5],\"creatorId\":7}";
    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = malloc(len + 1); /* for the sanitizer */
        struct mentions mentions = {0};
        memcpy(copy, text, len);
        const struct event_context context = {.json = copy, .json_len = len};
        mentions_collect(EVENT_CREATED, &context, &mentions);
        check(mentions.count <= 3, "%zu", len);
        mentions_free(&mentions);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_actor),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_broken_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
