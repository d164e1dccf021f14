#include "support.h"

#include <json-c/json.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/webhook_body.h"

#define WHOLE                                                                                                \
    "\"id\":7,\"title\":\"Pump\",\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:15:00.000Z\","            \
    "\"assetId\":3"
#define DONE(status)                                                                                         \
    "\"id\":7,\"title\":\"Pump\",\"status\":\"" status "\",\"updatedAt\":\"2026-11-23T10:15:00Z\","          \
    "\"completedAt\":\"2026-11-23T10:15:00Z\""
#define CHANGE(members) "{\"type\":\"WORK_ORDER_STATUS_CHANGE\",\"workOrderId\":7," members "}"
#define EDIT(members)   "{\"type\":\"WORK_ORDER_CHANGE\",\"workOrderId\":7," members "}"

static const char *const completed[] = {"DONE", "COMPLETED", NULL};

static void test_kinds(void **state)
{
    static const struct {
        const char *body;
        enum webhook_kind kind;
        const char *status; /* of the whole work order */
    } table[] = {
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"newWorkOrder\":{" WHOLE "}}", WEBHOOK_WHOLE,
            "OPEN"},
        {"{\"event\":\"workorder.created\",\"data\":{" WHOLE "},\"timestamp\":\"2026-11-23T10:15:01Z\"}",
            WEBHOOK_WHOLE, "OPEN"},
        {"{\"event\":\"workorder.status_changed\",\"data\":{" WHOLE ",\"previousStatus\":\"DONE\"}}",
            WEBHOOK_WHOLE, "OPEN"},
        {" {\"type\":\"NEW_WORK_ORDER\",\"newWorkOrder\":{" WHOLE "}}\r\n", WEBHOOK_WHOLE, "OPEN"},
        {CHANGE("\"newStatus\":\"DONE\",\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_WHOLE, "DONE"},
        {CHANGE("\"newStatus\":\"DONE\",\"newSubStatus\":null,\"newWorkOrder\":{" DONE("DONE") "}"),
            WEBHOOK_WHOLE, "DONE"},
        {CHANGE("\"newStatus\":\"DONE\",\"newSubStatus\":\"CANCELED\",\"newWorkOrder\":{" DONE("DONE") "}"),
            WEBHOOK_WHOLE, "CANCELED"},
        {CHANGE("\"newStatus\":\"DONE\",\"newSubStatus\":\"CANCELLED\",\"newWorkOrder\":{" DONE("DONE") "}"),
            WEBHOOK_WHOLE, "CANCELED"},
        {CHANGE("\"newStatus\":\"DONE\",\"newSubStatus\":\"SKIPPED\",\"newWorkOrder\":{" DONE("DONE") "}"),
            WEBHOOK_WHOLE, "SKIPPED"},
        {CHANGE("\"newWorkOrder\":{" DONE("DONE") ",\"subStatus\":\"SKIPPED\"}"), WEBHOOK_WHOLE, "SKIPPED"},
        {CHANGE("\"newSubStatus\":\"DONE\",\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_WHOLE, "DONE"},
        {CHANGE("\"newSubStatus\":\"CANCELED\",\"newWorkOrder\":{" DONE("CANCELED") "}"), WEBHOOK_WHOLE,
            "CANCELED"},
        {CHANGE("\"newSubStatus\":\"WAITING\",\"newWorkOrder\":{" WHOLE "}"), WEBHOOK_WHOLE, "OPEN"},
        /* what we cannot be sure of is asked for */
        {CHANGE("\"newSubStatus\":\"WAITING\",\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_HINT, NULL},
        {CHANGE("\"newStatus\":\"OPEN\",\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_HINT, NULL},
        {CHANGE("\"newStatus\":\"OPEN\""), WEBHOOK_HINT, NULL},
        {EDIT("\"newSubStatus\":\"\",\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_WHOLE, "DONE"},
        /* a DONE may be a canceled one where no sub status is spoken of */
        {EDIT("\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_HINT, NULL},
        {EDIT("\"newSubStatus\":null,\"newWorkOrder\":{" DONE("DONE") "}"), WEBHOOK_WHOLE, "DONE"},
        {EDIT("\"newWorkOrder\":{" DONE("DONE") ",\"subStatus\":null}"), WEBHOOK_WHOLE, "DONE"},
        {"{\"event\":\"workorder.updated\",\"workOrderId\":7,\"newWorkOrder\":{" DONE("DONE") "}}",
            WEBHOOK_HINT, NULL},
        {EDIT("\"newWorkOrder\":{" DONE("CANCELED") "}"), WEBHOOK_WHOLE, "CANCELED"},
        {EDIT("\"newWorkOrder\":{" WHOLE "}"), WEBHOOK_WHOLE, "OPEN"},
        {"{\"event\":\"workorder.updated\",\"data\":{" DONE("DONE") "}}", WEBHOOK_WHOLE, "DONE"},
        {CHANGE("\"newWorkOrder\":null"), WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":[]"), WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":{\"id\":8,\"title\":\"x\",\"status\":\"OPEN\",\"updatedAt\":\"2026-11-"
                "23T10:15:00Z\"}"),
            WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":{\"id\":7,\"status\":\"OPEN\",\"updatedAt\":\"2026-11-23T10:15:00Z\"}"),
            WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":{\"id\":7,\"title\":\"x\",\"updatedAt\":\"2026-11-23T10:15:00Z\"}"),
            WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":{\"id\":7,\"title\":\"x\",\"status\":\"OPEN\"}"), WEBHOOK_HINT, NULL},
        {CHANGE(
             "\"newWorkOrder\":{\"id\":7,\"title\":\"x\",\"status\":\"OPEN\",\"updatedAt\":\"yesterday\"}"),
            WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":{\"id\":7,\"title\":\"x\",\"status\":\"DONE\",\"updatedAt\":\"2026-11-"
                "23T10:15:00Z\"}"),
            WEBHOOK_HINT, NULL},
        {CHANGE("\"newWorkOrder\":{\"id\":7,\"title\":\"x\",\"status\":7,\"updatedAt\":\"2026-11-23T10:15:"
                "00Z\"}"),
            WEBHOOK_HINT, NULL},
        {"{\"event\":\"workorder.updated\",\"data\":{\"id\":7}}", WEBHOOK_HINT, NULL},
        {"{\"type\":\"WORK_ORDER_DELETE\",\"workOrderId\":7}", WEBHOOK_DELETED, NULL},
        {"{\"type\":\"WORK_ORDER_DELETE\",\"workOrderId\":7,\"newWorkOrder\":{" WHOLE "}}", WEBHOOK_DELETED,
            NULL},
        {"{\"event\":\"workorder.deleted\",\"data\":{\"id\":7}}", WEBHOOK_DELETED, NULL},
        {"{\"type\":\"NEW_COMMENT_ON_WORK_ORDER\",\"workOrderId\":7}", WEBHOOK_UNKNOWN, NULL},
        {"{\"type\":\"workorder.created \",\"workOrderId\":7}", WEBHOOK_UNKNOWN, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason = NULL;
        int rc = webhook_body_read(table[i].body, strlen(table[i].body), completed, &body, &reason);
        check(rc == 0, "%s: %s", table[i].body, reason);
        check(body.kind == table[i].kind, "%s: kind %d", table[i].body, (int)body.kind);
        check(body.work_order == 7, "%s", table[i].body);
        check((body.doc != NULL) == (table[i].kind == WEBHOOK_WHOLE), "%s", table[i].body);
        if (body.doc != NULL) {
            check_text(json_object_get_string(json_object_object_get(body.doc, "status")), table[i].status);
            assert_null(json_object_object_get(body.doc, "previousStatus"));
        }
        webhook_body_free(&body);
    }
}

static void test_members(void **state)
{
    static const char text[] = "{\"type\":\"WORK_ORDER_DELETE\",\"workOrderId\":184412,\"orgId\":12,"
                               "\"occurredAt\":\"2026-11-23T10:15:00.5+01:00\"}";
    struct webhook_body body;
    const char *reason = NULL;
    (void)state;
    assert_int_equal(webhook_body_read(text, sizeof text - 1, completed, &body, &reason), 0);
    check_text(body.type, "WORK_ORDER_DELETE");
    assert_int_equal(body.work_order, 184412);
    assert_int_equal(body.organization, 12);
    assert_int_equal(body.occurred, instant("2026-11-23T09:15:00.500Z"));
    webhook_body_free(&body);
    assert_int_equal(body.occurred, TIMESTAMP_NONE);
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
        const char *reason = NULL;
        int rc = webhook_body_read(table[i].body, strlen(table[i].body), completed, &body, &reason);
        check(rc == 0 && body.kind == WEBHOOK_UNKNOWN, "%s: %s", table[i].body, reason);
        check(body.occurred == instant(table[i].date), "%s", table[i].body);
        webhook_body_free(&body);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *body, *reason;
    } table[] = {
        {"", "it is no JSON"},
        {"hello", "it is no JSON"},
        {"null", "it is no JSON object"},
        {"null ", "it is no JSON object"},
        {"[]", "it is no JSON object"},
        {"7", "it is no JSON object"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7", "it is no JSON"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7}{}", "it is no JSON"},
        {"{'type':'NEW_WORK_ORDER'}", "it is no JSON"},
        {"{\"type\":\"NEW_WORK_ORDER\xff\",\"workOrderId\":7}", "it holds bytes that are no UTF-8"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"a\":\"\xc0\x80\"}",
            "it holds bytes that are no UTF-8"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"\xed\xa0\xbd\":1}",
            "it holds bytes that are no UTF-8"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"a\":\"\xf4\x90\x80\x80\"}",
            "it holds bytes that are no UTF-8"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":7,\"a\":\"\n\"}", "it is no JSON"},
        {"{}", "it names no event"},
        {"{\"type\":7,\"workOrderId\":7}", "it names no event"},
        {"{\"type\":\"\",\"workOrderId\":7}", "it names no event"},
        {"{\"type\":\"A\\nB\",\"workOrderId\":7}", "it names no event"},
        {"{\"type\":\"A\\u007fB\",\"workOrderId\":7}", "it names no event"},
        {"{\"type\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL\"}",
            "it names no event"},
        {"{\"type\":\"NEW_WORK_ORDER\"}", "it names no work order"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":\"7\"}", "it names no work order"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":0}", "it names no work order"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":-7}", "it names no work order"},
        {"{\"type\":\"NEW_WORK_ORDER\",\"workOrderId\":99999999999999999999}", "it names no work order"},
        {"{\"event\":\"workorder.created\",\"data\":[]}", "it names no work order"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct webhook_body body;
        const char *reason = NULL;
        int rc = webhook_body_read(table[i].body, strlen(table[i].body), completed, &body, &reason);
        check(rc == -1, "%s", table[i].body);
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
    assert_int_equal(webhook_body_read(text, sizeof text - 1, completed, &body, &reason), -1);
}

static void test_nesting_is_bounded(void **state)
{
    char text[20000];
    struct webhook_body body;
    const char *reason = NULL;
    (void)state;
    memset(text, '[', sizeof text);
    assert_int_equal(webhook_body_read(text, sizeof text, completed, &body, &reason), -1);
    check_text(reason, "it is no JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_when_it_occurred),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_byte_of_nothing_ends_no_body),
        cmocka_unit_test(test_nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
