#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "deliver/when.h"

static const char event[] =
    "{\"id\": \"workorder.status_changed/7/OPEN-DONE/2026-11-23T10:15:00.000Z\", \"event\": "
    "\"workorder.status_changed\","
    " \"timestamp\": \"2026-11-23T10:15:00.000Z\", \"observedAt\": \"2026-11-23T10:16:02.117Z\","
    " \"previouslyObservedAt\": null, \"source\": \"poll\", \"data\": {\"id\": 7, \"sequentialId\": 70, "
    "\"title\":"
    " \"Pump's \\\"A\\\"\", \"description\": \"\xc3\xa9\", \"status\": \"DONE\", \"previousStatus\": "
    "\"OPEN\", \"priority\": \"HIGH\","
    " \"type\": \"REACTIVE\", \"createdAt\": \"2026-11-01T00:00:00.000Z\", \"updatedAt\": "
    "\"2026-11-23T10:15:00.000Z\","
    " \"completedAt\": \"2026-11-23T10:14:00.000Z\", \"deletedAt\": null, \"dueDate\": "
    "\"2026-11-30T00:00:00.000Z\","
    " \"startDate\": \"2026-11-02T00:00:00.000Z\", \"assetId\": 11, \"locationId\": 12, \"creatorId\": 13,"
    " \"completerId\": 14, \"requesterId\": 15, \"organizationId\": 16, \"assignees\": [{\"id\": 21}, "
    "{\"id\": 22}],"
    " \"categories\": [\"Safety\", \"Electrical\"], \"extraFields\": {\"line\": \"A\", \"n\": 3},"
    " \"changes\": {\"status\": {\"from\": \"OPEN\", \"to\": \"DONE\"}}}}";

/* 1, 0, -1 as when_matches; -2 when it does not compile. */
static int evaluate(const char *expression, const char *body, char *reason, size_t size)
{
    reason[0] = '\0';
    struct when *when = when_compile(expression, reason, size);
    if (when == NULL)
        return -2;
    int result = when_matches(when, body, strlen(body), reason, size);
    check(when_matches(when, body, strlen(body), reason, size) == result,
        "%s: another answer when asked twice", expression);
    when_free(when);
    return result;
}

struct row {
    const char *expression;
    int result;
};

static void check_rows(const struct row *rows, size_t count)
{
    char reason[256];
    for (size_t i = 0; i < count; i++) {
        int result = evaluate(rows[i].expression, event, reason, sizeof reason);
        check(result == rows[i].result, "%s: %d, %s", rows[i].expression, result, reason);
    }
}

/* `->` gives a number as it is spelled; SQLite's `->>` makes a REAL of what 64 bits do not hold. */
static void test_large_numbers(void **state)
{
    static const char body[] =
        "{\"data\":{\"extraFields\":{\"iccid\":89014103211118510720,\"e\":1E400,\"z\":-0,"
        "\"d\":0.100000000000000000000000000001}}}";
    static const struct row table[] = {
        {"extraFields -> '$.iccid' = '89014103211118510720'", 1},
        {"extraFields -> '$.iccid' = '89014103211118510721'", 0},
        {"extraFields ->> '$.iccid' > 9e18", 1},
        {"extraFields -> '$.e' = '1E400'", 1},
        {"extraFields -> '$.z' = '-0'", 1},
        {"extraFields -> '$.d' = '0.100000000000000000000000000001'", 1},
        {"data -> '$.extraFields.iccid' LIKE '890141%'", 1},
    };
    char reason[256];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int result = evaluate(table[i].expression, body, reason, sizeof reason);
        check(result == table[i].result, "%s: %d, %s", table[i].expression, result, reason);
    }
}

static void test_values(void **state)
{
    static const struct row table[] = {
        {"1", 1},
        {"0", 0},
        {"NULL", 0},
        {"''", 0},
        {"'text'", 0},
        {"-1", 1},
        {"0.5", 1},
        {"0.0", 0},
        {"priority = 'HIGH'", 1},
        {"priority = 'LOW'", 0},
        {"priority IN ('HIGH', 'MEDIUM') AND status = 'DONE'", 1},
        {"status IN ('DONE', 'COMPLETED')", 1},
        {"deletedAt IS NULL", 1},
        {"deletedAt > '2026'", 0}, /* NULL is not met */
        {"title = 'Pump''s \"A\"'", 1},
        {"title LIKE '%pump%'", 1},
        {"title GLOB 'Pump*'", 1},
        {"lower(title) LIKE 'pump%'", 1},
        {"description = '\xc3\xa9'", 1},
        {"length(description) = 1", 1},
        {"assetId = 11", 1},
        {"assetId = '11'", 0}, /* numbers stay numbers */
        {"id % 2 = 1", 1},
        {"data ->> '$.extraFields.line' = 'A'", 1},
        {"data ->> '$.none' IS NULL", 1},
        {"extraFields ->> '$.n' > 2", 1},
        {"changes ->> '$.status.from' = 'OPEN'", 1},
        {"changes -> '$.title' IS NULL", 1},
        {"json_array_length(assignees) = 2", 1},
        {"EXISTS (SELECT 1 FROM json_tree(extraFields) WHERE key = 'line' AND value = 'A')", 1},
        {"julianday(completedAt) - julianday(createdAt) > 20", 1},
        {"CASE priority WHEN 'HIGH' THEN 1 ELSE 0 END", 1},
        {"priority = 'HIGH' -- and nothing else", 1},
        {"priority /* its */ = 'HIGH'", 1},
        {"(SELECT 1)", 1},
        {"event = 'workorder.status_changed' AND source = 'poll'", 1},
    };
    (void)state;
    check_rows(table, COUNT(table));
}

/* json_each and json_tree look like tables, but they only take the event apart. */
static void test_lists_can_be_searched(void **state)
{
    static const struct row table[] = {
        {"EXISTS (SELECT 1 FROM json_each(assignees) WHERE value ->> '$.id' = 22)", 1},
        {"'Safety' IN (SELECT value FROM json_each(categories))", 1},
        {"'Plumbing' IN (SELECT value FROM json_each(categories))", 0},
        {"(SELECT count(*) FROM json_tree(data) WHERE key = 'line') = 1", 1},
    };
    (void)state;
    check_rows(table, COUNT(table));
}

static void test_fields(void **state)
{
    static const char *const table[][2] = {{"event", "'workorder.status_changed'"},
        {"eventId", "'workorder.status_changed/7/OPEN-DONE/2026-11-23T10:15:00.000Z'"},
        {"timestamp", "'2026-11-23T10:15:00.000Z'"}, {"observedAt", "'2026-11-23T10:16:02.117Z'"},
        {"source", "'poll'"}, {"id", "7"}, {"sequentialId", "70"}, {"title", "'Pump''s \"A\"'"},
        {"description", "'\xc3\xa9'"}, {"status", "'DONE'"}, {"previousStatus", "'OPEN'"},
        {"priority", "'HIGH'"}, {"type", "'REACTIVE'"}, {"createdAt", "'2026-11-01T00:00:00.000Z'"},
        {"updatedAt", "'2026-11-23T10:15:00.000Z'"}, {"completedAt", "'2026-11-23T10:14:00.000Z'"},
        {"deletedAt", "NULL"}, {"dueDate", "'2026-11-30T00:00:00.000Z'"},
        {"startDate", "'2026-11-02T00:00:00.000Z'"}, {"assetId", "11"}, {"locationId", "12"},
        {"creatorId", "13"}, {"completerId", "14"}, {"requesterId", "15"}, {"organizationId", "16"},
        {"assignees", "'[{\"id\":21},{\"id\":22}]'"}, {"categories", "'[\"Safety\",\"Electrical\"]'"},
        {"extraFields", "'{\"line\":\"A\",\"n\":3}'"},
        {"changes", "'{\"status\":{\"from\":\"OPEN\",\"to\":\"DONE\"}}'"}, {"json_type(data)", "'object'"}};
    char reason[256];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer expression = {0};
        buffer_append_format(&expression, "%s IS %s", table[i][0], table[i][1]);
        int result = evaluate(expression.data, event, reason, sizeof reason);
        check(result == 1, "%s: %d, %s", expression.data, result, reason);
        result = evaluate(table[i][0], "{\"data\": {}}", reason, sizeof reason);
        check(result >= 0, "%s of an event that lacks it: %s", table[i][0], reason);
        buffer_free(&expression);
    }
}

/* People by name, as far as the event knows them. */
static void test_names(void **state)
{
#define NAMED                                                                                                \
    "{\"event\":\"workorder.%s\",\"actor\":{\"id\":5,\"name\":\"Zed\"},\"names\":{\"users\":{\"9\":\"Ann "   \
    "Lee\"},"                                                                                                \
    "\"teams\":{\"9\":\"Crew\"}},\"data\":{%s}}"
    static const struct {
        const char *type, *data, *expression;
    } table[] = {
        {"updated", "", "actorId = 5 AND actorName = 'Zed'"},
        {"updated", "\"assignees\":[{\"type\":\"USER\",\"id\":9},{\"id\":8},{\"type\":\"TEAM\",\"id\":9}]",
            "assigneeNames = 'Ann Lee, Crew'"},
        {"updated", "\"assignees\":[{\"type\":\"TEAM\",\"id\":9}]", "assigneeNames LIKE '%crew%'"},
        {"updated", "\"assignees\":[{\"type\":\"USER\",\"id\":9}],\"teamIds\":[9]",
            "assigneeNames = 'Ann Lee'"},
        {"updated", "\"assignees\":[],\"assigneeIds\":[8,9],\"teamIds\":[9]",
            "assigneeNames = 'Ann Lee, Crew'"},
        {"updated", "\"assigneeIds\":[\"a@x\",\"9\\\"]\",9]", "assigneeNames = 'Ann Lee'"},
        {"updated", "\"assignees\":[\"a@x\",7,null,[9],{\"id\":\"x\\\"]\"}]", "assigneeNames IS NULL"},
        {"updated", "\"assignees\":{\"id\":9}", "assigneeNames IS NULL"},
        {"updated", "", "assigneeNames IS NULL AND completerName IS NULL"},
        {"updated", "\"completerId\":9", "completerName = 'Ann Lee'"},
        {"updated", "\"completerId\":8", "completerName IS NULL"},
        {"completed", "\"completerId\":8", "completerName = 'Zed'"},
        {"completed", "\"completerId\":9", "completerName = 'Ann Lee'"},
        {"completed", "\"completerId\":\"9\\\"]$\"", "completerName = 'Ann Lee'"}, /* a number is read */
        {"completed", "\"completerId\":null", "completerName = 'Zed'"},
    };
    char reason[256];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer body = {0};
        buffer_append_format(&body, NAMED, table[i].type, table[i].data);
        int result = evaluate(table[i].expression, body.data, reason, sizeof reason);
        check(result == 1, "%s of %s: %d, %s", table[i].expression, table[i].data, result, reason);
        buffer_free(&body);
    }
}

/* The list has no assetId, only the asset. */
static void test_asset_of_the_list(void **state)
{
    char reason[256];
    (void)state;
    int result = evaluate("assetId = 11", "{\"data\": {\"asset\": {\"id\": 11}}}", reason, sizeof reason);
    check(result == 1, "%d, %s", result, reason);
}

/* What is none, leaves the event, writes, or is not one expression. */
static void test_refuses(void **state)
{
    static const char *const table[] = {
        "",
        " ",
        "-- nothing",
        "priority =",
        "priority = 'HIGH",
        "priority == == 'HIGH'",
        "(priority = 'HIGH'",
        "priority = 'HIGH')",
        "colour = 'red'",
        "priority = \"HIGH\"", /* a name, not a text */
        "priority, status",
        "priority AS x",
        "*",
        "1; SELECT 1",
        "1; DROP TABLE x",
        "no_such_function(1)",
        "count(*)) FROM sqlite_schema --",
        "1) FROM sqlite_schema --",
        "1) FROM sqlite_schema; --",
        "1) FROM sqlite_schema /*",
        "1) FROM json_each('[1]') /*",
        "1) UNION SELECT (1 /*",
        "1 /*",
        "1) --",
        "EXISTS (SELECT 1 FROM sqlite_schema)",
        "(SELECT count(*) FROM sqlite_master) = 0",
        "(SELECT sql FROM sqlite_temp_schema)",
        "(WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n LIMIT 1)",
        "(SELECT name FROM pragma_database_list)",
        "(SELECT count(*) FROM pragma_table_info('x'))",
        "(SELECT count(*) FROM dbstat)",
        "EXISTS (SELECT 1 FROM sqlite_stmt)",
        "(SELECT count(*) FROM sqlite_sequence)",
        "load_extension('x')",
        "LOAD_EXTENSION('x', 'y')",
        "random() > 0",
        "randomblob(10) IS NULL",
        "zeroblob(100000000) IS NULL",
        "sqlite_log(1, 'x') IS NULL",
        "readfile('/etc/passwd') IS NULL",
        "writefile('x', 'y')",
        "(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c)",
        "(INSERT INTO x VALUES (1))",
        "(DELETE FROM sqlite_schema)",
        "(PRAGMA user_version)",
        "(ATTACH 'x' AS y)",
        "RAISE(ABORT, 'x')",
    };
    char reason[256];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int result = evaluate(table[i], event, reason, sizeof reason);
        check(result == -2, "%s: %d", table[i], result);
        check(*reason != '\0' && strlen(reason) < sizeof reason, "%s: no reason", table[i]);
    }
}

/* Brackets that close ours and open them again make two expressions. */
static void test_refuses_a_union(void **state)
{
    static const char *const table[] = {
        "1) UNION SELECT (1", "0) UNION ALL SELECT (1", "1)) UNION SELECT ((1"};
    char reason[256];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(evaluate(table[i], event, reason, sizeof reason) == -2, "%s", table[i]);
}

/* The event's own parameter is not the user's. */
static void test_refuses_parameters(void **state)
{
    static const char *const table[] = {"?", "?1", "?2", "?1 IS NOT NULL", ":x", "@x = 1", "$x = 1",
        "?1) FROM json_each(?1) /*", "priority = ?", "?)) /*", "1)) /*", "1)), ((2",
        "1)) FROM (SELECT 1); SELECT ((1"};
    char reason[256];
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(evaluate(table[i], event, reason, sizeof reason) == -2, "%s", table[i]);
}

static void test_length(void **state)
{
    enum { LONGEST = 16 << 10 };
    char reason[256];
    (void)state;
    for (size_t len = LONGEST; len <= LONGEST + 1; len++) {
        char *expression = malloc(len + 1);
        memset(expression, ' ', len);
        expression[0] = '1';
        expression[len] = '\0';
        int result = evaluate(expression, event, reason, sizeof reason);
        check(result == (len > LONGEST ? -2 : 1), "%zu bytes: %d, %s", len, result, reason);
        free(expression);
    }
}

static void test_deep_expressions_are_refused(void **state)
{
    struct buffer expression = {0};
    char reason[256];
    (void)state;
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&expression, "1+(");
    buffer_append_text(&expression, "1");
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&expression, ")");
    check(evaluate(expression.data, event, reason, sizeof reason) == -2, "a thousand levels");
    buffer_free(&expression);
}

/* A condition that would run for ever, or fill the memory, ends with a reason. */
static void test_run_away_ends(void **state)
{
    static const char ten[] = "json_each('[0,1,2,3,4,5,6,7,8,9]')";
    struct buffer cross = {0};
    char reason[256];
    (void)state;
    buffer_append_text(&cross, "(SELECT count(*) FROM ");
    for (int i = 0; i < 12; i++)
        buffer_append_format(&cross, "%s%s", i > 0 ? ", " : "", ten);
    buffer_append_text(&cross, ") > 0");
    check(evaluate(cross.data, event, reason, sizeof reason) == -1 && *reason != '\0',
        "a million million rows");
    buffer_free(&cross);
    check(evaluate("length(printf('%99999999d', 1)) > 0", event, reason, sizeof reason) <= 0, "a long text");
    check(evaluate("length(replace(printf('%4000d', 1), ' ', printf('%4000d', 1))) > 0", event, reason,
              sizeof reason) == -1,
        "16 MB of text");
}

/* So does an event that is larger than any can be. */
static void test_a_huge_event(void **state)
{
    enum { HUGE_LEN = 9 << 20 };
    char reason[256] = "", *body = malloc(HUGE_LEN);
    struct when *when = when_compile("title IS NULL", reason, sizeof reason);
    (void)state;
    check(when != NULL, "%s", reason);
    memset(body, ' ', HUGE_LEN);
    check(when_matches(when, body, HUGE_LEN, reason, sizeof reason) == -1, "it was taken");
    check_text(reason, "string or blob too big");
    check(when_matches(when, "{\"data\": {}}", 12, reason, sizeof reason) == 1, "%s", reason);
    when_free(when);
    free(body);
}

/* An evaluation that goes wrong says so, and does not spoil the next. */
static void test_errors_at_run_time(void **state)
{
    char reason[256] = "";
    struct when *when = when_compile("json_extract(title, '$.x') = 1", reason, sizeof reason);
    (void)state;
    check(when != NULL, "%s", reason);
    static const char good[] = "{\"data\": {\"title\": \"{\\\"x\\\": 1}\"}}",
                      bad[] = "{\"data\": {\"title\": \"{\"}}";
    for (int i = 0; i < 3; i++) {
        assert_int_equal(when_matches(when, good, sizeof good - 1, reason, sizeof reason), 1);
        assert_int_equal(when_matches(when, bad, sizeof bad - 1, reason, sizeof reason), -1);
        check(strstr(reason, "malformed JSON") != NULL, "%s", reason);
    }
    assert_int_equal(when_matches(when, "no json", 7, reason, sizeof reason), -1);
    when_free(when);
    when_free(NULL);
}

/* The limit is one evaluation's own: what others used before does not count. */
static void test_many_evaluations(void **state)
{
    char reason[256] = "";
    struct when *when = when_compile("priority = 'HIGH' AND status = 'DONE'", reason, sizeof reason);
    (void)state;
    check(when != NULL, "%s", reason);
    for (int i = 0; i < 30000; i++) {
        int result = when_matches(when, event, sizeof event - 1, reason, sizeof reason);
        check(result == 1, "evaluation %d: %d, %s", i, result, reason);
    }
    when_free(when);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_large_numbers),
        cmocka_unit_test(test_lists_can_be_searched),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_asset_of_the_list),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_a_union),
        cmocka_unit_test(test_refuses_parameters),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_deep_expressions_are_refused),
        cmocka_unit_test(test_run_away_ends),
        cmocka_unit_test(test_a_huge_event),
        cmocka_unit_test(test_errors_at_run_time),
        cmocka_unit_test(test_many_evaluations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
