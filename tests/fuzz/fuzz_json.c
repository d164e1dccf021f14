/*
 * Any bytes through the parser. SQLite and iconv are the judges of what is JSON and json-c of what it says
 * (json_judge.h); what we print is read again as the same, and the scan agrees with the parser.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_cut.h"
#include "base/json_parse.h"
#include "json_judge.h"

enum { DEPTH = 32 };

static void check_again(struct json_object *value)
{
    size_t len;
    enum json_fault fault;
    const char *text = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    must(judge_json(text, len, DEPTH), "what we print is no JSON: %s", text);
    struct json_object *again = json_parse(text, len, DEPTH, &fault);
    must(fault == JSON_FINE && json_same(value, again) && json_same(again, value),
        "it is read otherwise again: %s", text);
    json_object_put(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* without a NUL behind it: reading too far is seen */
    char *json = malloc(size > 0 ? size : 1);
    must(json != NULL, "out of memory");
    if (size > 0)
        memcpy(json, data, size);
    enum json_fault fault;
    size_t mark = size >= 3 && memcmp(json, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct json_object *value = json_parse(json, size, DEPTH, &fault);
    bool valid = judge_json(json + mark, size - mark, DEPTH);
    must((fault == JSON_FINE) == valid, "fault %d, but JSON: %d", (int)fault, (int)valid);
    struct json_scan scan = json_scan_begin(json, size);
    bool scanned = json_scan_value(&scan, DEPTH) && json_scan_at_end(&scan);
    must(scanned == valid, "the scan says %d, fault %d", (int)scanned, (int)scan.fault);
    if (valid) {
        struct json_object *theirs = judge_parse(json + mark, size - mark);
        must(judge_same(value, theirs), "json-c reads it otherwise");
        json_object_put(theirs);
        check_again(value);
        /* by its quotes and brackets alone it ends where it ends */
        scan = json_scan_begin(json, size);
        must(json_cut_value(&scan) && json_scan_at_end(&scan), "it is stepped over otherwise");
    }
    json_object_put(value);
    free(json);
    return 0;
}
