#include "support.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/webhook_body.h"

#define WHOLE                                                                                                \
    "\"id\":7,\"title\":\"Pump\",\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:15:00.000Z\","            \
    "\"assetId\":3"
#define DONE(status)                                                                                         \
    "\"id\":7,\"title\":\"Pump\",\"status\":\"" status "\",\"updatedAt\":\"2026-11-23T10:15:00Z\","          \
    "\"completedAt\":\"2026-11-23T10:15:00Z\""
#define EVENT(name, members) "{\"eventType\":\"" name "\",\"workOrderId\":7" members "}"
#define BRIEF(name, doc)     "{\"event\":\"" name "\",\"data\":{" doc "},\"timestamp\":\"2026-11-23T10:15:01Z\"}"

static const char *const completed[] = {"DONE", "COMPLETED", NULL};

static int read_body(const char *text, const char *subscribed, struct webhook_body *out, const char **reason)
{
    *reason = NULL;
    return webhook_body_read(text, strlen(text), completed, subscribed, out, reason);
}

static void test_kinds(void **state)
{
    static const struct {
        const char *body;
        enum webhook_kind kind;
    } table[] = {
        {EVENT("NEW_WORK_ORDER", ""), WEBHOOK_NOTIFICATION},
        {EVENT("WORK_ORDER_CHANGE", ",\"addedAssigneeIds\":[8]"), WEBHOOK_NOTIFICATION},
        {EVENT("WORK_ORDER_STATUS_CHANGE", ",\"oldStatus\":\"OPEN\""), WEBHOOK_NOTIFICATION},
        {EVENT("WORK_ORDER_OVERDUE", ""), WEBHOOK_NOTIFICATION},
        {EVENT("WORK_ORDER_PART_STATUS_CHANGE", ""), WEBHOOK_NOTIFICATION},
        {EVENT("NEW_CATEGORY_ON_WORK_ORDER", ""), WEBHOOK_NOTIFICATION},
        {EVENT("NEW_COMMENT_ON_WORK_ORDER", ",\"type\":\"TEXT\",\"comment\":\"x\""), WEBHOOK_NOTIFICATION},
        {EVENT("WORK_ORDER_DELETE", ""), WEBHOOK_DELETION},
        {EVENT("WORK_ORDER_DELETE", ",\"WorkOrder\":{\"title\":\"x\"}"), WEBHOOK_DELETION},
        /* whatever names a work order is about it */
        {EVENT("WORK_ORDER_OF_NEXT_YEAR", ""), WEBHOOK_NOTIFICATION},
        {"{\"workOrderId\":7}", WEBHOOK_NOTIFICATION},
        {"{\"workOrderId\":\"7\"}", WEBHOOK_NOTIFICATION},
        {"{\"eventType\":7,\"workOrderId\":7,\"newWorkOrder\":[]}", WEBHOOK_NOTIFICATION},
        {"{\"eventType\":\"\",\"event\":\"A\\nB\",\"workOrderId\":7}", WEBHOOK_NOTIFICATION},
        {"{\"workOrderId\":7,\"WorkOrder\":{}}", WEBHOOK_DELETION},
        /* the part of a work order that comes when it is asked for is no work order */
        {EVENT("NEW_WORK_ORDER", ",\"newWorkOrder\":{\"title\":\"x\",\"priority\":\"HIGH\"}"),
            WEBHOOK_NOTIFICATION},
        /* the other spelling */
        {BRIEF("workorder.created", WHOLE), WEBHOOK_OBSERVATION},
        {BRIEF("workorder.status_changed", WHOLE ",\"previousStatus\":\"DONE\""), WEBHOOK_OBSERVATION},
        {BRIEF("workorder.completed", DONE("DONE")), WEBHOOK_OBSERVATION},
        {BRIEF("workorder.updated", DONE("CANCELED")), WEBHOOK_OBSERVATION},
        {BRIEF("workorder.updated", "\"id\":7"), WEBHOOK_NOTIFICATION},
        {BRIEF("workorder.updated",
             "\"id\":7,\"title\":\"x\",\"status\":\"DONE\",\"updatedAt\":\"2026-11-23T10:15:00Z\""),
            WEBHOOK_NOTIFICATION},
        {BRIEF("workorder.updated", "\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:15:00Z\""),
            WEBHOOK_NOTIFICATION},
        {BRIEF("workorder.deleted", "\"id\":7"), WEBHOOK_DELETION},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason;
        check(read_body(table[i].body, NULL, &body, &reason) == 0, "%s: %s", table[i].body, reason);
        check(body.kind == table[i].kind, "%s: kind %d", table[i].body, (int)body.kind);
        check(body.work_order == 7, "%s", table[i].body);
        check((body.doc != NULL) == (table[i].kind == WEBHOOK_OBSERVATION), "%s", table[i].body);
        assert_null(json_object_object_get(body.doc, "previousStatus"));
        webhook_body_free(&body);
    }
}

/* eventType, event, a known type, the subscription whose secret fits, the shape: in this order. */
static void test_names(void **state)
{
    static const struct {
        const char *body, *subscribed, *event;
    } table[] = {
        {"{\"eventType\":\"A\",\"event\":\"B\",\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7}", "S", "A"},
        {"{\"event\":\"B\",\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7}", "S", "B"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7}", "S", "NEW_WORK_ORDER"},
        {"{\"type\":\"TEXT\",\"comment\":\"x\",\"workOrderId\":7}", "S", "S"},
        {"{\"type\":\"TEXT\",\"comment\":\"x\",\"workOrderId\":7}", NULL, "NEW_COMMENT_ON_WORK_ORDER"},
        {"{\"workOrderId\":7,\"oldStatus\":\"OPEN\",\"newStatus\":\"DONE\"}", NULL,
            "WORK_ORDER_STATUS_CHANGE"},
        {"{\"workOrderId\":7,\"newCategories\":[]}", NULL, "NEW_CATEGORY_ON_WORK_ORDER"},
        {"{\"workOrderId\":7,\"newPartStatus\":\"KITTED\"}", NULL, "WORK_ORDER_PART_STATUS_CHANGE"},
        {"{\"workOrderId\":7}", NULL, ""},
        {"{\"eventType\":\"A\\u0007\xc3\xbc\",\"workOrderId\":7}", NULL, "A???"},
        {"{\"eventType\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL\"}", NULL,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJK"},
        {"{\"type\":\"ASSET_CHANGE\",\"assetId\":3}", NULL, "ASSET_CHANGE"},
        {"{\"type\":\"ASSET_CHANGE\",\"assetId\":3}", "S", "S"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason;
        check(read_body(table[i].body, table[i].subscribed, &body, &reason) == 0, "%s: %s", table[i].body,
            reason);
        check_text(body.event, table[i].event);
        webhook_body_free(&body);
    }
}

/* Canceled and skipped are spelled as a sub status of DONE here, and on their own in the list. */
static void test_steps(void **state)
{
    static const struct {
        const char *members, *from, *to;
        int64_t actor;
    } table[] = {
        {",\"oldStatus\":\"OPEN\",\"newStatus\":\"IN_PROGRESS\",\"userId\":2041", "OPEN", "IN_PROGRESS",
            2041},
        {",\"oldStatus\":\"OPEN\",\"newStatus\":\"DONE\",\"newSubStatus\":\"CANCELED\"", "OPEN", "CANCELED",
            0},
        {",\"oldStatus\":\"OPEN\",\"newStatus\":\"DONE\",\"newSubStatus\":\"SKIPPED\"", "OPEN", "SKIPPED", 0},
        {",\"oldStatus\":\"DONE\",\"oldSubStatus\":\"SKIPPED\",\"newStatus\":\"OPEN\"", "SKIPPED", "OPEN", 0},
        {",\"oldStatus\":\"DONE\",\"newStatus\":\"DONE\",\"newSubStatus\":\"CANCELED\"", "DONE", "CANCELED",
            0},
        {",\"oldStatus\":\"OPEN\",\"newStatus\":\"ON_HOLD\",\"newSubStatus\":\"WAITING_ON_PARTS\"", "OPEN",
            "ON_HOLD", 0},
        {",\"oldStatus\":\"OPEN\",\"newStatus\":\"DONE\",\"newSubStatus\":null,\"userId\":null", "OPEN",
            "DONE", 0},
        {",\"oldStatus\":\"DONE\",\"newStatus\":\"DONE\"", NULL, NULL, 0},
        {",\"newStatus\":\"DONE\"", NULL, NULL, 0},
        {",\"oldStatus\":\"OPEN\",\"newStatus\":\"A\\nB\"", NULL, NULL, 0},
        {",\"oldStatus\":\"OPEN\",\"newStatus\":7", NULL, NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason;
        char text[512];
        snprintf(text, sizeof text,
            "{\"eventType\":\"WORK_ORDER_STATUS_CHANGE\",\"occurredAt\":\"2026-11-23T10:15:00.123Z\","
            "\"workOrderId\":7%s}",
            table[i].members);
        check(read_body(text, NULL, &body, &reason) == 0, "%s: %s", text, reason);
        check(body.has_step == (table[i].from != NULL), "%s", text);
        if (body.has_step) {
            check_text(body.step.from, table[i].from);
            check_text(body.step.to, table[i].to);
            check(body.step.actor == table[i].actor &&
                      body.step.occurred == instant("2026-11-23T10:15:00.123Z"),
                "%s", text);
        }
        webhook_body_free(&body);
    }
}

static void test_members(void **state)
{
    struct webhook_body body;
    const char *reason;
    (void)state;
    assert_int_equal(read_body("{\"eventType\":\"WORK_ORDER_DELETE\",\"workOrderId\":184412,\"orgId\":12,"
                               "\"occurredAt\":\"2026-11-23T10:15:00.5+01:00\"}",
                         NULL, &body, &reason),
        0);
    check_text(body.event, "WORK_ORDER_DELETE");
    assert_int_equal(body.work_order, 184412);
    assert_int_equal(body.organization, 12);
    assert_int_equal(body.occurred, instant("2026-11-23T09:15:00.500Z"));
    webhook_body_free(&body);
    assert_int_equal(body.occurred, TIMESTAMP_NONE);
    assert_int_equal(read_body("{\"eventType\":\"WEBHOOK_ARCHIVED\",\"webhookId\":999,\"actorId\":1}", NULL,
                         &body, &reason),
        0);
    assert_int_equal(body.kind, WEBHOOK_ARCHIVED);
    check_text(body.webhook, "999");
    webhook_body_free(&body);
}

/* A date that cannot be read is as good as none: the work order's own dates count. */
static void test_when_it_occurred(void **state)
{
    static const struct {
        const char *body, *date;
    } table[] = {
        {"{\"type\":\"X\",\"occurredAt\":\"yesterday\"}", ""},
        {"{\"type\":\"X\",\"occurredAt\":1763892900}", ""},
        {"{\"type\":\"X\"}", ""},
        {"{\"type\":\"X\",\"timestamp\":\"2026-11-23T10:15:00Z\"}", "2026-11-23T10:15:00Z"},
        {"{\"type\":\"X\",\"occurredAt\":null,\"timestamp\":\"2026-11-23T10:15:00Z\"}",
            "2026-11-23T10:15:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason;
        int rc = read_body(table[i].body, NULL, &body, &reason);
        check(rc == 0 && body.kind == WEBHOOK_UNSUPPORTED, "%s: %s", table[i].body, reason);
        check(body.occurred == instant(table[i].date), "%s", table[i].body);
        webhook_body_free(&body);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *body, *reason;
    } table[] = {
        {"", "it is not JSON"},
        {"hello", "it is not JSON"},
        {"null", "it is not a JSON object"},
        {"null ", "it is not a JSON object"},
        {"[]", "it is not a JSON object"},
        {"7", "it is not a JSON object"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7", "it is not JSON"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7}{}", "it is not JSON"},
        {"{'type':'NEW_WORK_ORDER'}", "it is not JSON"},
        {"{\"type\":\"NEW_WORK_ORDER\xff\",\"workOrderId\":7}", "it holds bytes that are not UTF-8"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"a\":\"\xc0\x80\"}",
            "it holds bytes that are not UTF-8"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"\xed\xa0\xbd\":1}",
            "it holds bytes that are not UTF-8"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"a\":\"\xf4\x90\x80\x80\"}",
            "it holds bytes that are not UTF-8"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"a\":\"\n\"}", "it is not JSON"},
        {"{}", "it names neither an event nor a work order"},
        {"{\"type\":7}", "it names neither an event nor a work order"},
        {"{\"eventType\":\"NEW_WORK_ORDER\"}", "it names no work order"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":0}", "it names no work order"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":-7}", "it names no work order"},
        {"{\"eventType\":\"NEW_WORK_ORDER\",\"workOrderId\":99999999999999999999}", "it names no work order"},
        {"{\"event\":\"workorder.created\",\"data\":[]}", "it names no work order"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason;
        check(read_body(table[i].body, NULL, &body, &reason) == -1, "%s", table[i].body);
        check_text(reason, table[i].reason);
        assert_null(body.doc);
    }
}

static void test_a_byte_of_nothing_ends_no_body(void **state)
{
    static const char text[] = "{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7}\0}";
    struct webhook_body body;
    const char *reason = NULL;
    (void)state;
    assert_int_equal(webhook_body_read(text, sizeof text - 1, completed, NULL, &body, &reason), -1);
}

static void test_nesting_is_bounded(void **state)
{
    char text[20000];
    struct webhook_body body;
    const char *reason = NULL;
    (void)state;
    memset(text, '[', sizeof text);
    assert_int_equal(webhook_body_read(text, sizeof text, completed, NULL, &body, &reason), -1);
    check_text(reason, "it is not JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_when_it_occurred),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_byte_of_nothing_ends_no_body),
        cmocka_unit_test(test_nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
