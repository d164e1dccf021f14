#include "support.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/scan.h"
#include "json_judge.h"

#define UPDATED "\"updatedAt\":\"2026-01-20T10:00:00.000Z\""
#define GOOD    "\"id\":7," UPDATED ",\"status\":\"OPEN\""

/* Scans a copy of its own, so that a read behind the NUL is seen. */
static bool scan(const char *json, size_t len, struct scan *out)
{
    char *copy = malloc(len + 1);
    check(copy != NULL, "memory");
    memcpy(copy, json, len);
    copy[len] = '\0';
    bool plain = scan_record(copy, len, out);
    free(copy);
    return plain;
}

static void test_takes(void **state)
{
    static const struct {
        const char *json;
        int64_t id;
        const char *status, *created, *completed, *deleted;
    } table[] = {
        {"{" GOOD "}", 7, "OPEN", "", "", ""},
        {"{" GOOD ",\"createdAt\":null,\"completedAt\":null,\"deletedAt\":null,\"title\":null}", 7, "OPEN",
            "", "", ""},
        {"{" GOOD ",\"title\":\"Pump\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"completedAt\":\"2026-01-"
         "02T00:00:00+01:00\","
         "\"deletedAt\":\"2026-01-03T00:00:00.5Z\"}",
            7, "OPEN", "2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z", "2026-01-03T00:00:00.5Z"},
        {"{\"id\":999999999999999999," UPDATED ",\"status\":\"\xc3\x96\"}", 999999999999999999, "\xc3\x96",
            "", "", ""},
        {"{" GOOD ",\"a\":[],\"b\":{},\"c\":[1,-2,3.25,true,false,null,\"\",{\"\":[{}]}],\"id2\":0}", 7,
            "OPEN", "", "", ""},
        {"{" GOOD ",\"title\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uFFfd\"}", 7, "OPEN", "", "", ""},
        {"{" GOOD ",\"title\":\"\xc3\xa9 \xe0\xa4\x85 \xe2\x82\xac \xf0\x9f\x98\x80\"}", 7, "OPEN", "", "",
            ""},
        {"{" GOOD ",\"a\":\"\\ud83d\\ude00\",\"b\":[1e5,-0,1E400,89014103211118510720,0.10]}", 7, "OPEN", "",
            "", ""},
        /* 32 levels */
        {"{" GOOD ",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", 7, "OPEN", "", "",
            ""},
        {"{" GOOD ",\"asset\":{\"id\":8,\"status\":\"X\",\"updatedAt\":3,\"status\":null}}", 7, "OPEN", "",
            "", ""},
    };
    struct scan found;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        check(scan(table[i].json, strlen(table[i].json), &found), "row %zu", i);
        check(
            found.wo.id == table[i].id && found.wo.updated == instant("2026-01-20T10:00:00Z"), "row %zu", i);
        check_text(found.wo.status, table[i].status);
        check(found.wo.created == instant(table[i].created) &&
                  found.wo.completed == instant(table[i].completed) &&
                  found.wo.deleted == instant(table[i].deleted),
            "row %zu", i);
        check(found.wo.doc == NULL && found.wo.title == NULL, "row %zu", i);
    }
}

/* What the parser refuses, and what it alone shall read. */
static void test_leaves(void **state)
{
    static const char *const table[] = {
        "",
        "null",
        "7",
        "[]",
        "{}",
        "{" GOOD,
        "{" GOOD "}}",
        "{" GOOD ",}",
        "{" GOOD ",\"a\"}",
        "{" GOOD ",\"a\":}",
        "{\"id\":7," UPDATED "}",
        "{\"id\":7,\"status\":\"OPEN\"}",
        "{" UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":7,\"updatedAt\":null,\"status\":\"OPEN\"}",
        "{\"id\":7,\"updatedAt\":\"yesterday\",\"status\":\"OPEN\"}",
        "{\"id\":0," UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":-7," UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":07," UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":7.0," UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":\"7\"," UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":1000000000000000000," UPDATED ",\"status\":\"OPEN\"}",
        "{\"id\":7," UPDATED ",\"status\":\"\"}",
        "{\"id\":7," UPDATED ",\"status\":null}",
        "{\"id\":7," UPDATED ",\"status\":\"O\\u0050EN\"}",
        "{\"id\":7," UPDATED ",\"status\":\"O\x7fN\"}",
        "{\"id\":7," UPDATED
        ",\"status\":\"01234567890123456789012345678901234567890123456789012345678901234\"}",
        "{" GOOD ",\"id\":7}",
        "{" GOOD ",\"status\":\"DONE\"}",
        "{" GOOD ",\"\\u0069d\":8}",
        "{" GOOD ",\"title\":1}",
        "{" GOOD ",\"createdAt\":5}",
        "{" GOOD ",\"createdAt\":\"\\u0032026-01-01T00:00:00Z\"}",
        "{" GOOD ", \"a\":1}",
        "{ " GOOD "}",
        "{" GOOD "} ",
        "{" GOOD ",\"a\":\n1}",
        "{" GOOD ",\"a\":NaN}",
        "{" GOOD ",\"a\":Infinity}",
        "{" GOOD ",\"a\":01}",
        "{" GOOD ",\"a\":1.}",
        "{" GOOD ",\"a\":.5}",
        "{" GOOD ",\"a\":+1}",
        "{" GOOD ",\"a\":-}",
        "{" GOOD ",\"a\":True}",
        "{" GOOD ",\"a\":nul}",
        "{" GOOD ",\"a\":[1,]}",
        "{" GOOD ",\"a\":{,}}",
        "{" GOOD ",a:1}",
        "{" GOOD ",'a':1}",
        "{" GOOD ",\"a\":'b'}",
        "{" GOOD ",\"a\":\"\\x\"}",
        "{" GOOD ",\"a\":\"\\u12g4\"}",
        "{" GOOD ",\"a\":\"\\u0000\"}",
        "{" GOOD ",\"a\":\"\\ud83d\\u0041\"}",
        "{" GOOD ",\"a\":\"\\ude00\"}",
        "{" GOOD ",\"a\":\"\t\"}",
        "{" GOOD ",\"a\":\"\x80\"}",
        "{" GOOD ",\"a\":\"\xc3\"}",
        "{" GOOD ",\"a\":\"\xc0\xaf\"}",
        "{" GOOD ",\"a\":\"\xed\xa0\x80\"}",
        "{" GOOD ",\"a\":\"\xf4\x90\x80\x80\"}",
        "{" GOOD ",\"a\":\"\xe0\x80\xaf\"}",
        "{" GOOD ",\"a\":\"\\u\x11\x12\x13\x14\"}", /* digits, but for a bit */
        "{" GOOD ",\"a\":\"\\uabc\xe9\"}",
        "{" GOOD ",\"a\":\"\\uab c\"}",
        "{" GOOD ",\"a\":\"\xff\"}",
        "{" GOOD ",\"a\":\"",
        "{" GOOD ",\"a\":\"\\",
        "{" GOOD ",\"a\":\"\\u00",
        /* 33 levels */
        "{" GOOD ",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };
    struct scan found;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        check(!scan(table[i], strlen(table[i]), &found), "row %zu: %s", i, table[i]);
}

/* One that is absurdly large is not looked into, though it begins well. */
static void test_leaves_what_is_too_large(void **state)
{
    char *text = malloc(WORKORDER_MAX_SIZE + 2);
    struct scan found;
    (void)state;
    memset(text, 'x', WORKORDER_MAX_SIZE + 1);
    memcpy(text, "{" GOOD ",\"a\":\"", strlen("{" GOOD ",\"a\":\""));
    memcpy(text + WORKORDER_MAX_SIZE - 1, "\"}", 3);
    check(!scan_record(text, WORKORDER_MAX_SIZE + 1, &found), "a byte too many");
    memcpy(text + WORKORDER_MAX_SIZE - 2, "\"}", 3);
    check(scan_record(text, WORKORDER_MAX_SIZE, &found), "the largest");
    free(text);
}

static const char *const seeds[] = {
    "{" GOOD "}",
    "{\"id\":184412,\"sequentialId\":12,\"title\":\"Grease \\\"palletizer\\\" "
    "2\\n\",\"description\":\"Stra\xc3\x9f"
    "e \\u00e9 \xe2\x82\xac\","
    "\"status\":\"IN_PROGRESS\",\"priority\":\"HIGH\",\"categories\":[\"Safety\",\"\"],\"createdAt\":\"2026-"
    "01-01T00:00:00.5Z\","
    "\"updatedAt\":\"2026-02-28T23:59:59.999Z\",\"completedAt\":null,\"deletedAt\":null,\"assignees\":[{"
    "\"type\":\"USER\","
    "\"id\":2031},{\"id\":-3}],\"location\":{\"id\":607,\"name\":\"North\",\"at\":[52.25,-9.5,0]},"
    "\"extraFields\":{\"Line\":"
    "\"L3\",\"a\":true,\"b\":false},\"vendorIds\":[],\"x\":{}}",
    ("{\"status\":\"DONE\",\"completedAt\":\"2026-01-02T00:00:00+01:00\",\"updatedAt\":\"2026-01-02T00:00:"
     "00Z\",\"id\":99}"),
};

/* Pieces that make differences: a mutation puts one of them somewhere. */
static const char *const pieces[] = {"\"", "\\", "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e",
    "null", "true", " ", "\n", "\\u00e9", "\\ud83d", "\\u0000", "\xc3\xa9", "\xc3", "\x80", "\xed\xa0\x80",
    "\x01", "NaN", "'", "\"id\":5,", ",\"status\":\"X\"", "\"updatedAt\":null,", "/", "[[[[[[[[[[",
    "999999999999999999", "\x7f", ",\"title\":\"\""};

static size_t mutate(char *text, size_t len, size_t room, uint64_t *seed)
{
    const char *piece = pieces[next_random(seed) % COUNT(pieces)];
    size_t at = next_random(seed) % (len + 1), more = strlen(piece);
    size_t gone = next_random(seed) % 3 == 0 ? 0 : next_random(seed) % 8;
    if (gone > len - at)
        gone = len - at;
    if (next_random(seed) % 4 == 0)
        more = 0;
    if (len - gone + more > room)
        return len;
    memmove(text + at + more, text + at + gone, len - at - gone);
    memcpy(text + at, piece, more);
    return len - gone + more;
}

/* Whatever the scan takes is JSON, the parser takes, and reads the same. */
static void test_agrees_with_the_parser(void **state)
{
    (void)state;
    enum { TRIES = 400000 };
    uint64_t seed = 20260120;
    int taken = 0;
    for (int i = 0; i < TRIES; i++) {
        char text[2048];
        struct scan found;
        struct workorder wo;
        const char *reason = NULL;
        const char *from = seeds[next_random(&seed) % COUNT(seeds)];
        size_t len = strlen(from);
        memcpy(text, from, len);
        for (uint32_t n = 1 + next_random(&seed) % 3; n > 0; n--)
            len = mutate(text, len, sizeof text - 1, &seed);
        text[len] = '\0';
        if (!scan(text, len, &found))
            continue;
        taken++;
        check(judge_json(text, len, WORKORDER_MAX_DEPTH), "%s is no JSON", text);
        check(workorder_parse(text, len, &wo, &reason) == WORKORDER_OK, "%s: %s", text, reason);
        check(wo.id == found.wo.id && wo.updated == found.wo.updated && wo.created == found.wo.created &&
                  wo.completed == found.wo.completed && wo.deleted == found.wo.deleted,
            "%s", text);
        check(strcmp(wo.status, found.status) == 0, "%s", text);
        workorder_free(&wo);
    }
    /* what proves nothing must not pass */
    check(taken > TRIES / 20 && taken < TRIES / 2, "%d of %d were taken", taken, TRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_leaves_what_is_too_large),
        cmocka_unit_test(test_agrees_with_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
