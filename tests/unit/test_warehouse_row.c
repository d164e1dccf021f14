#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/warehouse/warehouse_row.h"

static struct warehouse_row row_of(const char *json)
{
    struct warehouse_row row;
    const char *wrong =
        warehouse_row_from_snapshot(json, strlen(json), false, instant("2026-01-20T10:00:00Z"), &row);
    check(wrong == NULL, "%s: %s", json, wrong);
    return row;
}

#define DOC "\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-01-20T09:00:00Z\""

/* One column of a work order that has this besides what it must have. */
static void check_column(const char *more, enum warehouse_value column, const char *expected)
{
    char json[512];
    snprintf(json, sizeof json, "{" DOC "%s%s}", *more != '\0' ? "," : "", more);
    struct warehouse_row row = row_of(json);
    check_text(row.values[column], expected);
    warehouse_row_free(&row);
}

static void test_columns(void **state)
{
    static const struct {
        const char *more;
        enum warehouse_value column;
        const char *expected;
    } table[] = {
        {"", WAREHOUSE_ID, "7"},
        {"", WAREHOUSE_STATUS, "OPEN"},
        {"", WAREHOUSE_UPDATED_AT, "2026-01-20T09:00:00.000Z"},
        {"", WAREHOUSE_OBSERVED_AT, "2026-01-20T10:00:00.000Z"},
        {"", WAREHOUSE_SEQ, "0"},
        {"", WAREHOUSE_DELETED, "0"},
        {"", WAREHOUSE_TITLE, NULL},
        {"", WAREHOUSE_EVENT_ID, NULL},
        {"\"title\":\"a \\\"b\\\" \\u00e9\"", WAREHOUSE_TITLE, "a \"b\" \xc3\xa9"},
        {"\"title\":7", WAREHOUSE_TITLE, NULL},
        {"\"title\":null", WAREHOUSE_TITLE, NULL},
        {"\"title\":\"\"", WAREHOUSE_TITLE, ""},
        {"\"description\":\"a\\u0000b\\u0000\"", WAREHOUSE_DESCRIPTION,
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd"},
        {"\"sequentialId\":-3", WAREHOUSE_SEQUENTIAL_ID, "-3"},
        {"\"sequentialId\":9223372036854775807", WAREHOUSE_SEQUENTIAL_ID, "9223372036854775807"},
        {"\"sequentialId\":9223372036854775808", WAREHOUSE_SEQUENTIAL_ID, NULL},
        {"\"sequentialId\":1.5", WAREHOUSE_SEQUENTIAL_ID, NULL},
        {"\"sequentialId\":89014103211118510720", WAREHOUSE_SEQUENTIAL_ID, NULL},
        {"\"sequentialId\":-89014103211118510720", WAREHOUSE_SEQUENTIAL_ID, NULL},
        {"\"sequentialId\":-0", WAREHOUSE_SEQUENTIAL_ID, NULL},
        {"\"categories\":[89014103211118510720,-0,1E400,0.100000000000000000000000000001,1.10]",
            WAREHOUSE_CATEGORIES, "[89014103211118510720,-0,1E400,0.100000000000000000000000000001,1.10]"},
        {"\"sequentialId\":\"5\"", WAREHOUSE_SEQUENTIAL_ID, NULL},
        {"\"dueDate\":\"2026-02-01T12:00:00+02:00\"", WAREHOUSE_DUE_DATE, "2026-02-01T10:00:00.000Z"},
        {"\"dueDate\":\"0001-01-01T00:00:00Z\"", WAREHOUSE_DUE_DATE, "0001-01-01T00:00:00.000Z"},
        {"\"dueDate\":\"0001-01-01T00:00:00+00:01\"", WAREHOUSE_DUE_DATE, NULL},
        {"\"dueDate\":\"9999-12-31T23:59:59.999Z\"", WAREHOUSE_DUE_DATE, "9999-12-31T23:59:59.999Z"},
        {"\"dueDate\":\"9999-12-31T23:59:59.999-00:01\"", WAREHOUSE_DUE_DATE, NULL},
        {"\"dueDate\":\"tomorrow\"", WAREHOUSE_DUE_DATE, NULL},
        {"\"dueDate\":\"2026-02-01T12:00:00Z\\u0000\"", WAREHOUSE_DUE_DATE, NULL},
        {"\"assetId\":5,\"asset\":{\"id\":6,\"name\":\"Pump\"}", WAREHOUSE_ASSET_ID, "5"},
        {"\"assetId\":null,\"asset\":{\"id\":6,\"name\":\"Pump\"}", WAREHOUSE_ASSET_ID, "6"},
        {"\"asset\":{\"id\":6,\"name\":\"Pump\"}", WAREHOUSE_ASSET_NAME, "Pump"},
        {"\"asset\":\"Pump\"", WAREHOUSE_ASSET_NAME, NULL},
        {"\"asset\":[{\"id\":6}]", WAREHOUSE_ASSET_ID, NULL},
        {"\"location\":{\"id\":9,\"name\":\"Hall\"}", WAREHOUSE_LOCATION_ID, "9"},
        {"\"location\":{\"id\":9,\"name\":\"Hall\"}", WAREHOUSE_LOCATION_NAME, "Hall"},
        {"\"categories\":[ \"a/b\", {\"id\": 1} ]", WAREHOUSE_CATEGORIES, "[\"a/b\",{\"id\":1}]"},
        {"\"categories\":null", WAREHOUSE_CATEGORIES, NULL},
        {"\"assignees\":\"\\u0000\"", WAREHOUSE_ASSIGNEES, "\"\xef\xbf\xbd\""},
        {"\"deletedAt\":\"2026-01-20T09:30:00Z\"", WAREHOUSE_DELETED, "1"},
        {"\"deletedAt\":\"2026-01-20T09:30:00Z\"", WAREHOUSE_DELETED_AT, "2026-01-20T09:30:00.000Z"},
        {"\"deletedAt\":null", WAREHOUSE_DELETED, "0"},
        {"\"x\":1e400,\"y\":1.10", WAREHOUSE_DATA, "{" DOC ",\"x\":1e400,\"y\":1.10}"},
        {"\"x\":[89014103211118510720,-0,1E400,0.100000000000000000000000000001,1.10]", WAREHOUSE_DATA,
            "{" DOC ",\"x\":[89014103211118510720,-0,1E400,0.100000000000000000000000000001,1.10]}"},
        /* which no database holds as a number */
        {"\"assignees\":[1e8000,1e8001,{\"a\":-1E-200000,\"b\":[1e99999999999999999999]},-1e-8000]",
            WAREHOUSE_ASSIGNEES,
            "[1e8000,\"1e8001\",{\"a\":\"-1E-200000\",\"b\":[\"1e99999999999999999999\"]},-1e-8000]"},
        {"\"x\":\"\\u0000\\\\u0000\\\\\\u0000\"", WAREHOUSE_DATA,
            "{" DOC ",\"x\":\"\xef\xbf\xbd\\\\u0000\\\\\xef\xbf\xbd\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check_column(table[i].more, table[i].column, table[i].expected);
}

/* A deletion that is known by absence has the date of its observation. */
static void test_deleted_snapshot(void **state)
{
    static const char json[] = "{" DOC "}";
    struct warehouse_row row;
    (void)state;
    check_text(
        warehouse_row_from_snapshot(json, strlen(json), true, instant("2026-01-20T10:00:00Z"), &row), NULL);
    check_text(row.values[WAREHOUSE_DELETED], "1");
    check_text(row.values[WAREHOUSE_DELETED_AT], "2026-01-20T10:00:00.000Z");
    warehouse_row_free(&row);
}

#define EVENT(type, more)                                                                                    \
    "{\"id\":\"" type "/7\",\"event\":\"" type "\",\"timestamp\":\"2026-01-20T09:00:00.000Z\","              \
    "\"observedAt\":\"2026-01-20T09:01:00.000Z\",\"source\":\"poll\",\"data\":{" DOC more "}}"

static void test_events(void **state)
{
    static const struct {
        const char *body, *from, *to, *deleted, *deleted_at;
    } table[] = {
        {EVENT("workorder.created", ""), NULL, "OPEN", "0", NULL},
        {EVENT("workorder.status_changed", ",\"previousStatus\":\"DONE\",\"changes\":{}"), "DONE", "OPEN",
            "0", NULL},
        {EVENT("workorder.updated", ",\"previousStatus\":\"DONE\",\"changes\":{}"), "DONE", NULL, "0", NULL},
        /* a step in between: the work order is as it is in the end */
        {EVENT("workorder.status_changed", ",\"previousStatus\":\"DONE\",\"changes\":{\"status\":{\"from\":"
                                           "\"DONE\",\"to\":\"ON_HOLD\"}}"),
            "DONE", "ON_HOLD", "0", NULL},
        {EVENT("workorder.status_changed", ",\"changes\":{\"status\":{\"from\":\"A\",\"to\":7}}"), "A",
            "OPEN", "0", NULL},
        {EVENT("workorder.status_changed", ",\"changes\":{\"status\":[]}"), NULL, "OPEN", "0", NULL},
        {EVENT("workorder.status_changed", ",\"changes\":7"), NULL, "OPEN", "0", NULL},
        {EVENT("workorder.completed", ""), NULL, NULL, "0", NULL},
        {EVENT("workorder.deleted", ""), NULL, NULL, "1", "2026-01-20T09:01:00.000Z"},
        {EVENT("workorder.deleted", ",\"deletedAt\":\"2026-01-20T08:00:00Z\""), NULL, NULL, "1",
            "2026-01-20T08:00:00.000Z"},
        {EVENT("workorder.updated", ",\"deletedAt\":\"2026-01-20T08:00:00Z\""), NULL, NULL, "1",
            "2026-01-20T08:00:00.000Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct warehouse_row row;
        check_text(warehouse_row_from_event(table[i].body, strlen(table[i].body), 42, &row), NULL);
        check_text(row.values[WAREHOUSE_FROM_STATUS], table[i].from);
        check_text(row.values[WAREHOUSE_TO_STATUS], table[i].to);
        check_text(row.values[WAREHOUSE_DELETED], table[i].deleted);
        check_text(row.values[WAREHOUSE_DELETED_AT], table[i].deleted_at);
        check_text(row.values[WAREHOUSE_SEQ], "42");
        check_text(row.values[WAREHOUSE_HAPPENED_AT], "2026-01-20T09:00:00.000Z");
        check_text(row.values[WAREHOUSE_OBSERVED_AT], "2026-01-20T09:01:00.000Z");
        check_text(row.values[WAREHOUSE_EVENT_OBSERVED_AT], "2026-01-20T09:01:00.000Z");
        check(strstr(row.values[WAREHOUSE_DATA], "previousStatus") == NULL &&
                  strstr(row.values[WAREHOUSE_DATA], "changes") == NULL,
            "row %zu: %s", i, row.values[WAREHOUSE_DATA]);
        warehouse_row_free(&row);
    }
}

/* An event whose own date is missing happened when the work order was changed. */
static void test_event_without_date(void **state)
{
    static const char body[] = "{\"id\":\"a\",\"event\":\"workorder.created\",\"timestamp\":null,"
                               "\"observedAt\":\"2026-01-20T09:01:00.000Z\",\"data\":{" DOC "}}";
    struct warehouse_row row;
    (void)state;
    check_text(warehouse_row_from_event(body, strlen(body), 1, &row), NULL);
    check_text(row.values[WAREHOUSE_HAPPENED_AT], "2026-01-20T09:00:00.000Z");
    warehouse_row_free(&row);
}

static void test_bad(void **state)
{
    static const char *const bodies[] = {"", "{", "7", "[]", "null", "{}", "{\"id\":\"a\"}",
        "{\"id\":\"a\",\"event\":\"b\"}", "{\"id\":\"a\",\"event\":\"b\",\"data\":[]}",
        "{\"id\":1,\"event\":\"b\",\"data\":{" DOC "}}", "{\"id\":\"a\",\"event\":{},\"data\":{" DOC "}}",
        "{\"id\":\"a\",\"event\":\"b\",\"data\":{" DOC "}}", /* it was never observed */
        EVENT("workorder.updated", "") " x", EVENT("workorder.updated", ",\"id\":\"7\""),
        EVENT("workorder.updated", ",\"status\":null"), EVENT("workorder.updated", ",\"updatedAt\":null"),
        EVENT("workorder.updated", ",\"updatedAt\":\"0001-01-01T00:00:00+14:00\""),
        EVENT("workorder.updated", ",\"title\":\"\xff\"")};
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct warehouse_row row;
        check(warehouse_row_from_event(bodies[i], strlen(bodies[i]), 1, &row) != NULL, "%s", bodies[i]);
        warehouse_row_free(&row);
    }
}

static void test_bad_snapshots(void **state)
{
    static const char *const snapshots[] = {"", "[]", "null", "7", "{}", "{" DOC "} x"};
    (void)state;
    for (size_t i = 0; i < COUNT(snapshots); i++) {
        struct warehouse_row row;
        check(warehouse_row_from_snapshot(snapshots[i], strlen(snapshots[i]), false, 0, &row) != NULL, "%s",
            snapshots[i]);
        warehouse_row_free(&row);
    }
}

/* The deepest work order that is taken in is not too deep for an event's body. */
static void test_depth(void **state)
{
    char body[1024] =
        "{\"id\":\"a\",\"event\":\"workorder.updated\",\"observedAt\":\"2026-01-20T09:01:00Z\",\"data\":{" DOC
        ",\"changes\":{\"deep\":{\"to\":";
    struct warehouse_row row;
    (void)state;
    for (int i = 0; i < 31; i++)
        strcat(body, "[");
    for (int i = 0; i < 31; i++)
        strcat(body, "]");
    strcat(body, "}}}}");
    check_text(warehouse_row_from_event(body, strlen(body), 1, &row), NULL);
    warehouse_row_free(&row);
}

#define WITH(more)                                                                                           \
    "{\"id\":\"a\",\"event\":\"b\",\"observedAt\":\"2026-01-20T09:01:00.000Z\"," more ",\"data\":{" DOC "}}"

static void test_actor(void **state)
{
    static const struct {
        const char *body, *actor;
    } table[] = {
        {WITH("\"actor\":{\"id\":2041,\"name\":\"Ann\"}"), "2041"},
        {WITH("\"actor\":{\"id\":2041}"), "2041"},
        {WITH("\"actor\":{\"id\":\"2041\",\"name\":\"Ann\"}"), NULL},
        {WITH("\"actor\":{}"), NULL},
        {WITH("\"actor\":[2041]"), NULL},
        {WITH("\"actor\":null"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct warehouse_row row;
        check_text(warehouse_row_from_event(table[i].body, strlen(table[i].body), 1, &row), NULL);
        check_text(row.values[WAREHOUSE_ACTOR_ID], table[i].actor);
        warehouse_row_free(&row);
    }
}

/* The names as KIND ID NAME, one after the other. */
static const char *text_of(const struct warehouse_names *names)
{
    static char text[1024];
    int n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < names->count; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%c %lld %s;",
            names->list[i].kind == WAREHOUSE_USER ? 'u' : 't', (long long)names->list[i].id,
            names->list[i].name);
    return text;
}

static void test_names(void **state)
{
    static const struct {
        const char *body, *names;
    } table[] = {
        {WITH("\"names\":{\"users\":{\"2041\":\"Ann Lee\",\"-9\":\"Bo\"},\"teams\":{\"2041\":\"Night\"}}"),
            "u 2041 Ann Lee;u -9 Bo;t 2041 Night;"},
        {WITH("\"actor\":{\"id\":1,\"name\":\"Cy\"},\"names\":{\"users\":{\"2\":\"Di\"}}"), "u 1 Cy;u 2 Di;"},
        {WITH("\"actor\":{\"id\":1,\"name\":\"Cy\"},\"names\":{\"users\":{\"1\":\"Cyan\"}}"), "u 1 Cyan;"},
        {WITH("\"actor\":{\"id\":1,\"name\":\"Cy\"}"), "u 1 Cy;"},
        {WITH("\"actor\":{\"id\":1,\"name\":null}"), ""},
        {WITH("\"names\":{\"users\":{\"\":\"a\",\"x\":\"a\",\" 1\":\"a\",\"+1\":\"a\",\"1 "
              "\":\"a\",\"1.5\":\"a\","
              "\"9223372036854775808\":\"a\",\"-\":\"a\",\"3\":\"\",\"4\":5,\"5\":null}}"),
            ""},
        {WITH("\"names\":{\"users\":[\"a\"],\"teams\":null}"), ""},
        {WITH("\"names\":{\"users\":{\"6\":\"a\\u0000\"}}"), "u 6 a\xef\xbf\xbd;"},
        {WITH("\"names\":[]"), ""},
        {WITH("\"x\":1"), ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct warehouse_row row;
        check_text(warehouse_row_from_event(table[i].body, strlen(table[i].body), 1, &row), NULL);
        check_text(text_of(&row.names), table[i].names);
        warehouse_row_free(&row);
    }
}

/* Of the names in several events there is one for each user, the one observed last. */
static void test_names_together(void **state)
{
    static const char *const bodies[] = {WITH("\"names\":{\"users\":{\"1\":\"Cy\",\"2\":\"Di\"}}"),
        "{\"id\":\"a\",\"event\":\"b\",\"observedAt\":\"2026-01-20T09:00:59.999Z\",\"names\":{\"users\":{"
        "\"1\":\"Older\"}},"
        "\"data\":{" DOC "}}",
        "{\"id\":\"a\",\"event\":\"b\",\"observedAt\":\"2026-01-20T09:01:00.001Z\",\"names\":{\"users\":{"
        "\"2\":\"Newer\"}},"
        "\"data\":{" DOC "}}"};
    struct warehouse_names names = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct warehouse_row row;
        check_text(warehouse_row_from_event(bodies[i], strlen(bodies[i]), 1, &row), NULL);
        warehouse_names_move(&names, &row.names);
        check(row.names.count == 0, "%zu", row.names.count);
        warehouse_row_free(&row);
    }
    check_text(text_of(&names), "u 1 Cy;u 2 Newer;");
    warehouse_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_deleted_snapshot),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_event_without_date),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_bad_snapshots),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_actor),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
