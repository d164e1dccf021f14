/*
 * A page of work orders. SQLite and iconv say whether it is JSON (json_judge.h), and json-c, which parses the
 * page as a whole, is the judge of the scan that cuts it: where both read it, they read the same records and
 * the same cursor.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/page.h"
#include "core/workorder.h"
#include "json_judge.h"

/* The page as json-c reads it, NULL where it is not JSON. */
static struct json_object *parse_whole(const char *text, size_t len)
{
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
    return judge_json(text + mark, len - mark, WORKORDER_MAX_DEPTH + 2) ? judge_parse(text + mark, len - mark)
                                                                        : NULL;
}

/* Each record lies in the page, behind the one before. */
static void check_places(const struct page *page, const char *text, size_t len)
{
    const char *free_from = text;
    for (size_t i = 0; i < page->count; i++) {
        const struct page_record *record = &page->records[i];
        must(record->len > 0 && record->json >= free_from && record->json + record->len <= text + len,
            "record %zu is not where it can be", i);
        must(record->id >= 0, "record %zu: the glance saw the id %lld", i, (long long)record->id);
        free_from = record->json + record->len;
    }
}

static size_t count_key(const struct page_record *record)
{
    size_t count = 0;
    for (const char *at = record->json;
         (at = memmem(at, (size_t)(record->json + record->len - at), "\"id\"", 4)) != NULL; at += 4)
        count++;
    return count;
}

/* Parses the records as the intake does. Returns whether all of them were JSON; with `list`, holds each
 * against its twin there. */
static bool check_records(const struct page *page, struct json_object *list)
{
    bool all = true;
    for (size_t i = 0; i < page->count; i++) {
        struct workorder wo;
        const char *reason = NULL;
        const struct page_record *record = &page->records[i];
        enum workorder_result verdict = workorder_parse(record->json, record->len, &wo, &reason);
        must(verdict == WORKORDER_OK || reason != NULL, "record %zu is refused without a reason", i);
        must(verdict != WORKORDER_OK || record->id == 0 || record->id == wo.id || count_key(record) != 1,
            "record %zu: the glance saw the id %lld, it is %lld", i, (long long)record->id, (long long)wo.id);
        must(
            list == NULL || verdict != WORKORDER_NOT_JSON, "record %zu: %s, but the page is JSON", i, reason);
        if (verdict == WORKORDER_OK && list != NULL)
            must(judge_same(wo.doc, json_object_array_get_idx(list, i)), "record %zu is another one", i);
        all = all && verdict == WORKORDER_OK;
        workorder_free(&wo);
    }
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_text(data, size);
    struct page page = {0};
    const char *reason = NULL;
    enum page_status verdict = page_cut(text, size, &page, &reason);
    struct json_object *whole = parse_whole(text, size);
    must((verdict == PAGE_OK) == (reason == NULL), "a verdict without a reason, or a reason without one");
    if (verdict != PAGE_OK) {
        must(page.count == 0 && page.next_cursor == NULL, "a page that is refused holds something");
        must(verdict != PAGE_TRUNCATED || whole == NULL, "JSON that is whole is called truncated");
    } else {
        struct json_object *list = whole != NULL ? json_object_object_get(whole, "workOrders") : NULL;
        check_places(&page, text, size);
        if (whole != NULL) {
            const char *cursor = json_object_get_string(json_object_object_get(whole, "nextCursor"));
            size_t records = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
            must(list == NULL || json_object_is_type(list, json_type_array), "the page has no list");
            must(records == page.count, "%zu records, not %zu", records, page.count);
            must(strcmp(cursor != NULL ? cursor : "", page.next_cursor != NULL ? page.next_cursor : "") == 0,
                "another cursor");
        }
        bool all = check_records(&page, list);
        must(!all || whole != NULL, "all records are fine, but the page is no JSON");
    }
    json_object_put(whole);
    page_free(&page);
    free(text);
    return 0;
}
