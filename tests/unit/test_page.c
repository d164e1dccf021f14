#include "support.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/page.h"
#include "json_judge.h"

static const char sample[] =
    "{ \"workOrders\" : [\n"
    "  {\"id\": 184412, \"title\": \"Pump \\\"A\\\" \\\\\", \"note\": \"]},{[ \\u00e9 \\\\\\\"\", \"n\": "
    "-1.5e3},\n"
    "  {\"title\": \"nested\", \"extraFields\": {\"id\": 9, \"a\": [[1, 2], {\"b\": []}]}, \"id\" : 7 },\n"
    "  {\"id\":8,\"assignees\":[{\"id\":1},{\"id\":2}],\"x\":null,\"y\":true,\"z\":\"\xc3\xa9\"}\n"
    "], \"nextCursor\": \"c/\\u0041=\", \"nextPageUrl\": \"https://x/y?cursor=cA\", \"more\": "
    "{\"workOrders\": [1]}}";

/* Cuts a copy that ends where memory ends, so that a read behind it is seen. */
static enum page_status cut(const char *json, size_t len, struct page *page, char **copy, const char **reason)
{
    *copy = malloc(len + 1);
    check(*copy != NULL, "memory");
    memcpy(*copy, json, len);
    (*copy)[len] = '\0';
    return page_cut(*copy, len, page, reason);
}

/* What json-c makes of the whole text; NULL when it is not JSON. */
static struct json_object *parse_whole(const char *json, size_t len)
{
    return judge_json(json, len, 64) ? judge_parse(json, len) : NULL;
}

/* Every record must be what json-c finds at its place. Returns false when one is no JSON of its own. */
static bool same_records(const struct page *page, struct json_object *whole)
{
    struct json_object *list = json_object_object_get(whole, "workOrders");
    bool same = json_object_is_type(list, json_type_array) && json_object_array_length(list) == page->count;
    for (size_t i = 0; same && i < page->count; i++) {
        char *text = strndup(page->records[i].json, page->records[i].len);
        struct json_object *record = parse_whole(text, page->records[i].len);
        same = json_object_equal(record, json_object_array_get_idx(list, i)) != 0;
        json_object_put(record);
        free(text);
    }
    return same;
}

static void test_sample(void **state)
{
    static const int64_t ids[] = {184412, 7, 8};
    struct page page = {0};
    const char *reason;
    char *copy;
    (void)state;
    assert_int_equal(cut(sample, sizeof sample - 1, &page, &copy, &reason), PAGE_OK);
    assert_int_equal(page.count, COUNT(ids));
    for (size_t i = 0; i < COUNT(ids); i++) {
        const struct page_record *record = &page.records[i];
        check(record->id == ids[i], "record %zu: %lld", i, (long long)record->id);
        check(record->json[0] == '{' && record->json[record->len - 1] == '}', "record %zu: %.*s", i,
            (int)record->len, record->json);
    }
    check_text(page.next_cursor, "c/A=");
    struct json_object *whole = parse_whole(sample, sizeof sample - 1);
    check(same_records(&page, whole), "json-c reads other records");
    json_object_put(whole);
    page_free(&page);
    page_free(&page);
    free(copy);
}

static void test_verdicts(void **state)
{
    static const struct {
        const char *json;
        enum page_status verdict;
        size_t count;
        const char *cursor;
    } table[] = {
        {"{\"workOrders\": [], \"nextCursor\": null, \"nextPageUrl\": null}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": []}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": [ ]}", PAGE_OK, 0, NULL},
        {" \r\n\t{\t\"workOrders\"\r:\n[\t{}\n,\r{} ]\n}\r\n\t ", PAGE_OK, 2, NULL},
        {"{\"nextCursor\": \"x\", \"workOrders\": [{}]}", PAGE_OK, 1, "x"},
        {"{\"nextCursor\": \"\", \"workOrders\": []}", PAGE_OK, 0, NULL},
        {"{\"nextCursor\": \"a\\\"b\\\\\", \"workOrders\": []}", PAGE_OK, 0, "a\"b\\"},
        {"{\"workOrders\": [1, \"two\", null, true, [3], -4.5e6]}", PAGE_OK, 6,
            NULL}, /* for quarantine, one by one */
        {"{\"workOrders\": [\"],\", \"\\\"]\", \"\\\\\"]}", PAGE_OK, 3, NULL},
        {"{\"meta\": {\"workOrders\": [1, 2]}, \"workOrders\": [3]}", PAGE_OK, 1, NULL},
        {"{\"meta\": [\"workOrders\", [1]], \"workOrders\": [3]}", PAGE_OK, 1, NULL},
        {"{\"text\": \"\\\"workOrders\\\": [1, 2]\", \"workOrders\": [3]}", PAGE_OK, 1, NULL},
        {"", PAGE_TRUNCATED, 0, NULL},
        {"   ", PAGE_TRUNCATED, 0, NULL},
        {"{", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": [{\"id\": 1}", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": [{\"id\": 1}]", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": [{\"id\": \"1}]}", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": [\"\\", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": [{\"id\":", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": [{\"id\": 12", PAGE_TRUNCATED, 0, NULL},
        {"{'workOrders': [", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": null}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": null, \"nextCursor\": null}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": nul", PAGE_TRUNCATED, 0, NULL},
        {"{\"workOrders\": nil}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": null, \"workOrders\": [{}]}", PAGE_BAD, 0, NULL},
        {"\xef\xbb\xbf{\"workOrders\": [{}]}", PAGE_OK, 1, NULL}, /* a byte order mark (RFC 8259, 8.1) */
        {"\xef\xbb\xbf", PAGE_TRUNCATED, 0, NULL},
        {"\xef\xbb\xbf\xef\xbb\xbf{\"workOrders\": []}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [\xef\xbb\xbf{}]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": \"\\ud800\"}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": \"\", \"nextPageUrl\": \"x\"}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": \"a\", \"nextCursor\": \"b\"}", PAGE_OK, 0, "b"},
        {"{\"workOrders\": [], \"nextCursor\": \"a\", \"nextCursor\": null}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": [], \"a\": 99999999999999999999999}", PAGE_OK, 0, NULL},
        {"{\"workOrders\": [{\"id\": 99999999999999999999999}, {}], \"b\": \"pr\xc3\xbc"
         "fen\"}",
            PAGE_OK, 2, NULL},
        {"{\"workOrders\": [], \"a\": \"\n\"}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"a\": \"\xed\xa0\x80\"}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"\xc0\x80\": 1}", PAGE_BAD, 0, NULL},
        {"[]", PAGE_BAD, 0, NULL},
        {"null", PAGE_BAD, 0, NULL},
        {"\"workOrders\"", PAGE_BAD, 0, NULL},
        {"<html>busy</html>", PAGE_BAD, 0, NULL},
        {"{}", PAGE_BAD, 0, NULL},
        {"{\"workOrder\": {}}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": {}}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": \"[]\"}", PAGE_BAD, 0, NULL},
        {"{\"WorkOrders\": []}", PAGE_BAD, 0, NULL},
        {"{\"error\": \"no\"}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"workOrders\": []}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"workOrders\": null}", PAGE_BAD, 0, NULL},
        {"{\"work\\u004frders\": []}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [{}, {}], \"\\u0077orkOrders\": []}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [,]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [:]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": ,}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [{},]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [{} {}]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [{}}, {}]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [{}:{}]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [] \"nextCursor\": null}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [],}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\" []}", PAGE_BAD, 0, NULL},
        {"{workOrders: []}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": []} x", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": []}{}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": []}]", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"a\": tru}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"a\": \"\xff\"}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"a\": [[[[[[[[[[1]]]]]]]]]]}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": 7}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": {}}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": false}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextCursor\": \"a\\u0000b\"}", PAGE_BAD, 0, NULL},
        {"{\"workOrders\": [], \"nextPageUrl\": \"https://x/y\"}", PAGE_BAD, 0, NULL},
    };
    struct page page = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *reason;
        char *copy;
        enum page_status verdict = cut(table[i].json, strlen(table[i].json), &page, &copy, &reason);
        check(verdict == table[i].verdict, "%s: verdict %d, %s", table[i].json, (int)verdict, reason);
        check((verdict == PAGE_OK) == (reason == NULL), "%s: reason %s", table[i].json, reason);
        check(page.count == table[i].count, "%s: %zu records", table[i].json, page.count);
        check_text(page.next_cursor, table[i].cursor);
        free(copy);
    }
    page_free(&page);
}

/* To json-c a NUL is the end; what stands behind it would be passed over. */
static void test_nul_behind_the_page(void **state)
{
    static const char text[] = "{\"workOrders\": []}\0{}";
    struct page page = {0};
    const char *reason;
    char *copy;
    (void)state;
    assert_int_equal(cut(text, sizeof text - 1, &page, &copy, &reason), PAGE_BAD);
    check_text(reason, "there is something behind the JSON");
    page_free(&page);
    free(copy);
}

/* json-c takes names in single quotes even when it is strict; the scan must not lose the records behind one.
 */
static void test_single_quotes(void **state)
{
    static const char *const table[] = {"{'workOrders': []}",
        "{'workOrders': [{\"id\": 1}], \"nextCursor\": null}",
        "{\"nextCursor\": null, 'workOrders': [{\"id\": 1}]}"};
    struct page page = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *reason;
        enum page_status verdict = page_cut(table[i], strlen(table[i]), &page, &reason);
        check(verdict == PAGE_BAD, "%s: verdict %d, %zu records", table[i], (int)verdict, page.count);
    }
    page_free(&page);
}

/* The glance at the id is a hint: where it is not 0, it is the id. */
static void test_id_hint(void **state)
{
    static const struct {
        const char *record;
        int64_t id;
    } table[] = {
        {"{\"id\": 1}", 1},
        {"{\"id\":1,\"x\":2}", 1},
        {"{ \"x\" : 2 , \"id\" : 1 }", 1},
        {"{\"id\": 123456789012345678}", 0}, /* too long for a glance */
        {"{\"id\": 1234567890123456789}", 0},
        {"{\"id\": 12345678901234567}", INT64_C(12345678901234567)},
        {"{\"id\": -1}", 0},
        {"{\"id\": 1.0}", 0},
        {"{\"id\": 1e3}", 0},
        {"{\"id\": \"1\"}", 0},
        {"{\"id\": null}", 0},
        {"{\"x\": \"id\", \"y\": 5}", 0},
        {"{\"x\": {\"id\": 5}}", 0},
        {"{\"x\": {\"id\": 5}, \"id\": 6}", 6},
        {"{\"x\": [\"id\", 5], \"id\": 6}", 6},
        {"{\"id2\": 5}", 0},
        {"[\"id\", 5]", 0},
        {"{}", 0},
    };
    struct page page = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer text = {0};
        const char *reason;
        buffer_append_format(&text, "{\"workOrders\": [%s]}", table[i].record);
        check(page_cut(text.data, text.len, &page, &reason) == PAGE_OK, "%s: %s", table[i].record, reason);
        check(page.records[0].id == table[i].id, "%s: %lld", table[i].record, (long long)page.records[0].id);
        buffer_free(&text);
    }
    page_free(&page);
}

/* However an answer breaks off, it is never taken for a whole one. */
static void test_truncated_everywhere(void **state)
{
    struct page page = {0};
    (void)state;
    for (size_t len = 0; len < sizeof sample - 1; len++) {
        const char *reason;
        char *copy;
        enum page_status verdict = cut(sample, len, &page, &copy, &reason);
        check(verdict == PAGE_TRUNCATED || verdict == PAGE_BAD, "%zu bytes: verdict %d", len, (int)verdict);
        check(page.count == 0 && page.next_cursor == NULL && reason != NULL, "%zu bytes", len);
        free(copy);
    }
    page_free(&page);
}

/* A NUL byte anywhere never makes a page that ends before it. */
static void test_nul_everywhere(void **state)
{
    struct page page = {0};
    char text[sizeof sample];
    (void)state;
    for (size_t i = 0; i < sizeof sample - 1; i++) {
        const char *reason;
        char *copy;
        memcpy(text, sample, sizeof sample);
        text[i] = '\0';
        if (cut(text, sizeof sample - 1, &page, &copy, &reason) == PAGE_OK) {
            bool inside = false;
            for (size_t j = 0; j < page.count; j++)
                inside |= memchr(page.records[j].json, '\0', page.records[j].len) != NULL;
            check(inside, "the NUL at %zu is in no record", i);
        }
        free(copy);
    }
    page_free(&page);
}

static void test_cursor_length(void **state)
{
    struct page page = {0};
    (void)state;
    for (int len = PAGE_MAX_CURSOR; len <= PAGE_MAX_CURSOR + 1; len++) {
        struct buffer text = {0};
        const char *reason;
        buffer_append_text(&text, "{\"workOrders\": [], \"nextCursor\": \"");
        for (int i = 0; i < len; i++)
            buffer_append(&text, "x", 1);
        buffer_append_text(&text, "\"}");
        enum page_status verdict = page_cut(text.data, text.len, &page, &reason);
        check(verdict == (len <= PAGE_MAX_CURSOR ? PAGE_OK : PAGE_BAD), "%d bytes: %d", len, (int)verdict);
        buffer_free(&text);
    }
    page_free(&page);
}

/* Absurd nesting neither crashes nor spoils the other records. */
static void test_deep_nesting(void **state)
{
    enum { DEPTH = 200000 };
    struct page page = {0};
    struct buffer text = {0};
    const char *reason;
    (void)state;
    buffer_append_text(&text, "{\"workOrders\": [{\"id\": 1}, ");
    for (int i = 0; i < DEPTH; i++)
        buffer_append(&text, "[", 1);
    for (int i = 0; i < DEPTH; i++)
        buffer_append(&text, "]", 1);
    buffer_append_text(&text, ", {\"id\": 3}]}");
    assert_int_equal(page_cut(text.data, text.len, &page, &reason), PAGE_OK);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.records[1].len, 2 * DEPTH);
    assert_int_equal(page.records[2].id, 3);
    page_free(&page);
    buffer_free(&text);
}

static void test_many_records(void **state)
{
    struct page page = {0};
    struct buffer text = {0};
    const char *reason;
    (void)state;
    buffer_append_text(&text, "{\"workOrders\": [");
    for (int i = 1; i <= 1000; i++)
        buffer_append_format(&text, "%s{\"id\": %d}", i > 1 ? "," : "", i);
    buffer_append_text(&text, "]}");
    assert_int_equal(page_cut(text.data, text.len, &page, &reason), PAGE_OK);
    assert_int_equal(page.count, 1000);
    for (int i = 1; i <= 1000; i++)
        check(page.records[i - 1].id == i, "%d", i);
    page_free(&page);
    buffer_free(&text);
}

static void mutate(char *text, size_t *len, uint64_t *seed)
{
    static const char spice[] = "{}[]\",:\\ \n0-eE.tnu\"\"\"\xff\x80";
    uint32_t places = 1 + next_random(seed) % 3;
    while (places-- > 0) {
        size_t at = next_random(seed) % *len;
        switch (next_random(seed) % 4) {
        case 0: /* another byte */
            text[at] = spice[next_random(seed) % (sizeof spice - 1)];
            break;
        case 1: /* one byte less */
            memmove(text + at, text + at + 1, *len - at - 1);
            --*len;
            break;
        case 2: /* one more; there is room for it */
            memmove(text + at + 1, text + at, *len - at);
            text[at] = spice[next_random(seed) % (sizeof spice - 1)];
            ++*len;
            break;
        default: /* a bit */
            text[at] = (char)(text[at] ^ (1 << next_random(seed) % 8));
        }
    }
}

/*
 * Damaged pages do not crash it, and where json-c takes the whole text as a page, it cuts the same records
 * out of it; what is not a page to json-c is never taken, but for damage inside records, which are read one
 * by one later.
 */
static void test_mutations(void **state)
{
    uint64_t seed = 20260120;
    char text[sizeof sample + 8];
    int taken = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct page page = {0};
        const char *reason;
        char *copy;
        size_t len = sizeof sample - 1;
        memcpy(text, sample, sizeof sample);
        mutate(text, &len, &seed);
        enum page_status verdict = cut(text, len, &page, &copy, &reason);
        struct json_object *whole = parse_whole(copy, len);
        if (whole != NULL && verdict == PAGE_OK) {
            check(same_records(&page, whole), "other records in: %s", copy);
            taken++;
        } else if (verdict == PAGE_OK) {
            bool damaged = false;
            for (size_t j = 0; j < page.count; j++) {
                char *record = strndup(page.records[j].json, page.records[j].len);
                struct json_object *alone = parse_whole(record, page.records[j].len);
                damaged |= alone == NULL;
                json_object_put(alone);
                free(record);
            }
            check(damaged, "no page, but taken: %s", copy);
        } else {
            check(whole == NULL || json_object_object_length(whole) < 4 || memchr(copy, '\\', len) != NULL,
                "a page, but refused as %s: %s", reason, copy);
        }
        json_object_put(whole);
        page_free(&page);
        free(copy);
    }
    check(taken > 500, "only %d mutations were still pages", taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_nul_behind_the_page),
        cmocka_unit_test(test_single_quotes),
        cmocka_unit_test(test_id_hint),
        cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_nul_everywhere),
        cmocka_unit_test(test_cursor_length),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_many_records),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
