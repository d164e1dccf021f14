#include "support.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "core/workorder.h"

#define UPDATED "\"updatedAt\": \"2026-01-20T10:00:00.000Z\""
#define GOOD    "\"id\": 7, " UPDATED ", \"status\": \"OPEN\""

static const char no_json[] = "it is not JSON";

static enum workorder_result parse(const char *json, size_t len, struct workorder *wo, const char **reason)
{
    char *copy = malloc(len + 1); /* a read behind it is seen */
    check(copy != NULL, "memory");
    memcpy(copy, json, len);
    copy[len] = '\0';
    enum workorder_result verdict = workorder_parse(copy, len, wo, reason);
    free(copy);
    return verdict;
}

static void test_takes(void **state)
{
    static const struct {
        const char *json;
        int64_t id;
        const char *status, *title, *created, *completed, *deleted;
    } table[] = {
        {"{" GOOD "}", 7, "OPEN", NULL, "", "", ""},
        {"{" GOOD ", \"title\": \"Pump\", \"createdAt\": \"2026-01-01T00:00:00Z\", "
         "\"completedAt\": \"2026-01-02T00:00:00+01:00\", \"deletedAt\": \"2026-01-03T00:00:00.5Z\"}",
            7, "OPEN", "Pump", "2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z", "2026-01-03T00:00:00.5Z"},
        {"{" GOOD ", \"createdAt\": null, \"completedAt\": null, \"deletedAt\": null, \"title\": null}", 7,
            "OPEN", NULL, "", "", ""},
        {"{\"id\": 9223372036854775807, " UPDATED ", \"status\": \"X\"}", INT64_MAX, "X", NULL, "", "", ""},
        {"{\"id\": 1, " UPDATED
         ", \"status\": \"0123456789012345678901234567890123456789012345678901234567890123\"}",
            1, "0123456789012345678901234567890123456789012345678901234567890123", NULL, "", "", ""},
        {" {" GOOD "}\r\n\t ", 7, "OPEN", NULL, "", "", ""},
        {"{" GOOD ", \"title\": \"\"}", 7, "OPEN", "", "", "", ""},
        {"{" GOOD ", \"title\": \"K\xc3\xbchlanlage pr\xc3\xbc"
         "fen\"}",
            7, "OPEN",
            "K\xc3\xbchlanlage pr\xc3\xbc"
            "fen",
            "", "", ""},
        /* an escape that stands for no character */
        {"{" GOOD ", \"title\": \"Pu\\u0000mp\"}", 7, "OPEN", "Pu\xef\xbf\xbdmp", "", "", ""},
        {"{" GOOD ", \"title\": \"cut \\ud83d\", \"a\\u0000b\": 1}", 7, "OPEN", "cut \xef\xbf\xbd", "", "",
            ""},
        {"{\"id\": 7, " UPDATED ", \"status\": \"OP\\u0000EN\"}", 7,
            "OP\xef\xbf\xbd"
            "EN",
            NULL, "", "", ""},
        {"{" GOOD ", \"a\": [18446744073709551616, -0, 1E400, 0.10]}", 7, "OPEN", NULL, "", "", ""},
        /* beyond what a double holds, but a number: not what its neighbour speaks of */
        {"{" GOOD ", \"title\": \"NaN\", \"a\": [1e999, -1e999]}", 7, "OPEN", "NaN", "", "", ""},
        {"{" GOOD ", \"title\": \"\xc3\xa9 \\ud83d\\ude00\", \"priority\": 5, \"assignees\": \"?\"}", 7,
            "OPEN", "\xc3\xa9 \xf0\x9f\x98\x80", "", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct workorder wo;
        const char *reason = "";
        enum workorder_result verdict = parse(table[i].json, strlen(table[i].json), &wo, &reason);
        check(verdict == WORKORDER_OK, "%s: %s", table[i].json, reason);
        check(wo.id == table[i].id && wo.updated == instant("2026-01-20T10:00:00Z"), "%s", table[i].json);
        check_text(wo.status, table[i].status);
        check_text(wo.title, table[i].title);
        check(wo.created == instant(table[i].created) && wo.completed == instant(table[i].completed) &&
                  wo.deleted == instant(table[i].deleted),
            "%s: a date", table[i].json);
        check(json_object_is_type(wo.doc, json_type_object), "%s", table[i].json);
        workorder_free(&wo);
        workorder_free(&wo);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const char no_id[] = "it has no id", bad_id[] = "its id is not a positive integer";
    static const char no_updated[] = "it has no updatedAt",
                      bad_updated[] = "its updatedAt is not a date and time";
    static const char bad_status[] = "its status is missing or no short text",
                      bad_title[] = "its title is not a text";
    static const struct {
        const char *json;
        const char *reason;
    } table[] = {
        {"{}", no_id},
        {"{" UPDATED ", \"status\": \"OPEN\"}", no_id},
        {"{\"id\": null, " UPDATED ", \"status\": \"OPEN\"}", no_id},
        {"{\"Id\": 7, " UPDATED ", \"status\": \"OPEN\"}", no_id},
        {"{\"id\": \"7\", " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 7.0, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 7e0, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 0, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": -7, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": true, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": [7], " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": {}, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 9223372036854775808, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 18446744073709551615, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 99999999999999999999999, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": -99999999999999999999999, " UPDATED ", \"status\": \"OPEN\"}", bad_id},
        {"{\"id\": 7, \"status\": \"OPEN\"}", no_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": null}", no_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": \"\"}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": \"yesterday\"}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": \"2026-01-20\"}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": \"2026-01-20T10:00:00\"}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": \"2026-02-30T10:00:00Z\"}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": \"2026-01-20T10:00:00Z\\u0000\"}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": 1768903200000}", bad_updated},
        {"{\"id\": 7, \"status\": \"OPEN\", \"updatedAt\": {}}", bad_updated},
        {"{" GOOD ", \"createdAt\": 5}", "its createdAt is not a date and time"},
        {"{" GOOD ", \"createdAt\": \"soon\"}", "its createdAt is not a date and time"},
        {"{" GOOD ", \"completedAt\": false}", "its completedAt is not a date and time"},
        {"{" GOOD ", \"completedAt\": \"\"}", "its completedAt is not a date and time"},
        {"{" GOOD ", \"deletedAt\": []}", "its deletedAt is not a date and time"},
        {"{\"id\": 7, " UPDATED "}", bad_status},
        {"{\"id\": 7, " UPDATED ", \"status\": null}", bad_status},
        {"{\"id\": 7, " UPDATED ", \"status\": \"\"}", bad_status},
        {"{\"id\": 7, " UPDATED ", \"status\": 3}", bad_status},
        {"{\"id\": 7, " UPDATED ", \"status\": [\"OPEN\"]}", bad_status},
        {"{\"id\": 7, " UPDATED
         ", \"status\": \"01234567890123456789012345678901234567890123456789012345678901234\"}",
            bad_status},
        {"{" GOOD ", \"title\": 5}", bad_title},
        {"{" GOOD ", \"title\": [\"Pump\"]}", bad_title},
        {"[]", "it is not a JSON object"},
        {"\"id\"", "it is not a JSON object"},
        {"{" GOOD ", \"title\": \"\xff\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"\xc3\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"\x80\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"\xff\": 1}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"\xc0\x80\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"\xe0\x80\xaf\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"\xed\xa0\xbd\xed\xb8\x80\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"\xf4\x90\x80\x80\"}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"a\": {\"\xed\xa0\xbd\": 1}}", "it holds bytes that are no UTF-8"},
        {"{" GOOD ", \"title\": \"a\nb\"}", "it holds a control character that is not escaped"},
        {"{" GOOD ", \"a\tb\": 1}", "it holds a control character that is not escaped"},
        {"{" GOOD ", \"a\": NaN}", "it holds NaN or Infinity in place of a number"},
        {"{" GOOD ", \"a\": [-Infinity]}", "it holds NaN or Infinity in place of a number"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct workorder wo;
        const char *reason = NULL;
        enum workorder_result verdict = parse(table[i].json, strlen(table[i].json), &wo, &reason);
        check(verdict == WORKORDER_BAD && wo.doc == NULL && wo.status == NULL, "%s: verdict %d",
            table[i].json, (int)verdict);
        check_text(reason, table[i].reason);
    }
}

/* A status becomes part of event ids, and they become header lines: no control characters in it (rule R8). */
static void test_refuses_control_characters_in_status(void **state)
{
    (void)state;
    static const char *const table[] = {"OPEN\\n", "OPEN\\r\\nX-Evil: 1", "\\u0007", "OP\\tEN", "\\u007f"};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer json = {0};
        struct workorder wo;
        const char *reason = NULL;
        buffer_append_format(&json, "{\"id\": 7, " UPDATED ", \"status\": \"%s\"}", table[i]);
        enum workorder_result verdict = workorder_parse(json.data, json.len, &wo, &reason);
        workorder_free(&wo);
        buffer_free(&json);
        check(verdict == WORKORDER_BAD && reason != NULL, "status %s: verdict %d", table[i], (int)verdict);
    }
}

/* A scalar is JSON: it goes to quarantine alone, and the page it came in is read on (rule R8). */
static void test_refuses_scalars(void **state)
{
    (void)state;
    static const char *const table[] = {"null", "true", "false", "7", "-1.5e3", "0"};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct workorder wo;
        const char *reason = NULL;
        enum workorder_result verdict = parse(table[i], strlen(table[i]), &wo, &reason);
        check(verdict == WORKORDER_BAD, "%s: verdict %d", table[i], (int)verdict);
        check_text(reason, "it is not a JSON object");
    }
}

static void test_no_json(void **state)
{
    (void)state;
    static const char *const table[] = {"", "{", "{\"id\": 7", "{" GOOD, "{" GOOD "}}", "{" GOOD "}x",
        "{" GOOD ",}", "{id: 7}", "{" GOOD ", \"a\": 01}", "{" GOOD ", \"a\": .5}", "{" GOOD ", \"a\": tru}",
        "{" GOOD ", \"a\": \"\\x\"}", "/**/{" GOOD "}", "nul", "<html>"};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct workorder wo;
        const char *reason = NULL;
        enum workorder_result verdict = parse(table[i], strlen(table[i]), &wo, &reason);
        check(verdict == WORKORDER_NOT_JSON && wo.doc == NULL, "%s: verdict %d", table[i], (int)verdict);
        check_text(reason, no_json);
    }
}

/* json-c has no object for `null`, nor has what cannot be parsed: one must not be taken for the other. */
static void test_null_is_no_fault(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        size_t len;
        enum workorder_result verdict;
    } table[] = {{"null\0", 5, WORKORDER_NOT_JSON}, {"null\0x", 6, WORKORDER_NOT_JSON},
        {"nullx", 5, WORKORDER_NOT_JSON}, {" null", 5, WORKORDER_BAD}, {"null ", 5, WORKORDER_BAD},
        {"\r\n\tnull x", 9, WORKORDER_NOT_JSON}};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct workorder wo;
        const char *reason = NULL;
        enum workorder_result verdict = parse(table[i].json, table[i].len, &wo, &reason);
        check(verdict == table[i].verdict && reason != NULL, "%zu: verdict %d", i, (int)verdict);
    }
}

static void test_nul_byte_is_no_json(void **state)
{
    (void)state;
    static const char text[] = "{" GOOD ", \"title\": \"Pump\"}";
    char broken[sizeof text];
    for (size_t i = 0; i < sizeof text - 1; i++) {
        struct workorder wo;
        const char *reason = NULL;
        memcpy(broken, text, sizeof text);
        broken[i] = '\0';
        enum workorder_result verdict = parse(broken, sizeof text - 1, &wo, &reason);
        check(
            verdict == WORKORDER_NOT_JSON || verdict == WORKORDER_BAD, "at %zu: verdict %d", i, (int)verdict);
    }
}

static void test_depth(void **state)
{
    (void)state;
    for (int depth = 1; depth <= 100; depth++) {
        struct buffer json = {0};
        struct workorder wo;
        const char *reason = NULL;
        buffer_append_text(&json, "{" GOOD ", \"x\": ");
        for (int i = 1; i < depth; i++)
            buffer_append_text(&json, i % 2 != 0 ? "[" : "{\"a\":");
        for (int i = depth - 1; i >= 1; i--)
            buffer_append_text(
                &json, i % 2 != 0 ? (i == depth - 1 ? "1]" : "]") : (i == depth - 1 ? "1}" : "}"));
        buffer_append_text(&json, depth == 1 ? "1}" : "}");
        enum workorder_result verdict = workorder_parse(json.data, json.len, &wo, &reason);
        if (depth <= WORKORDER_MAX_DEPTH)
            check(verdict == WORKORDER_OK, "%d levels: %s", depth, reason);
        if (depth > WORKORDER_MAX_DEPTH) {
            check(verdict == WORKORDER_BAD, "%d levels: verdict %d", depth, (int)verdict);
            check_text(reason, "it is nested deeper than 32 levels");
        }
        workorder_free(&wo);
        buffer_free(&json);
    }
}

static void test_size(void **state)
{
    (void)state;
    for (size_t len = WORKORDER_MAX_SIZE; len <= WORKORDER_MAX_SIZE + 1; len++) {
        struct buffer json = {0};
        struct workorder wo;
        const char *reason = NULL;
        buffer_append_text(&json, "{" GOOD ", \"description\": \"");
        buffer_reserve(&json, len);
        memset(json.data + json.len, 'x', len - 2 - json.len);
        json.len = len - 2;
        buffer_append_text(&json, "\"}");
        check(json.len == len, "%zu", json.len);
        enum workorder_result verdict = workorder_parse(json.data, json.len, &wo, &reason);
        check(verdict == (len > WORKORDER_MAX_SIZE ? WORKORDER_BAD : WORKORDER_OK), "%zu bytes: verdict %d",
            len, (int)verdict);
        if (verdict == WORKORDER_BAD)
            check_text(reason, "it is larger than 1 MiB");
        workorder_free(&wo);
        buffer_free(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_control_characters_in_status),
        cmocka_unit_test(test_refuses_scalars),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_null_is_no_fault),
        cmocka_unit_test(test_nul_byte_is_no_json),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
