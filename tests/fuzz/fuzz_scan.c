/*
 * A record read by the scan and by the parser: whatever the scan takes is JSON (json_judge.h), the parser
 * takes, reads the same, and the events that come of it are the same, with bodies that say the same.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "core/diff.h"
#include "core/event.h"
#include "core/mentions.h"
#include "core/scan.h"
#include "json_judge.h"

static const char *const completed[] = {"DONE", "COMPLETED", NULL};
static const char *const ignored[] = {NULL};

static struct json_object *body_of(
    const struct event *event, const struct diff *diff, const char *json, size_t len)
{
    struct mentions mentions = {0};
    struct event_context context = {.observed = INT64_C(1763892900000),
        .previously_observed = TIMESTAMP_NONE,
        .source = SOURCE_BACKFILL,
        .doc = diff->document,
        .json = json,
        .json_len = len,
        .changes = diff->changes};
    mentions_collect(event->type, &context, &mentions);
    for (size_t i = 0; i < mentions.count; i++)
        mentions.list[i].name = strdup("somebody");
    context.mentions = &mentions;
    char *body = event_body(event, event->id, &context);
    mentions_free(&mentions);
    must(body != NULL, "there is no body");
    must(strchr(body, '\n') == NULL, "the body is no line");
    struct json_object *parsed = event_parse(body, strlen(body));
    must(parsed != NULL, "the body is no JSON: %s", body);
    free(body);
    return parsed;
}

static void compare_events(
    const struct workorder *scanned, const struct workorder *wo, const char *json, size_t len)
{
    const struct diff_rules rules = {.horizon = INT64_MIN, .completed = completed, .ignored = ignored};
    const struct diff_observation a = {.wo = scanned, .from_list = true}, b = {.wo = wo, .from_list = true};
    struct diff one, other;
    diff_observe(&rules, NULL, NULL, &a, &one);
    diff_observe(&rules, NULL, NULL, &b, &other);
    must(one.count == other.count && one.result == other.result && one.deleted == other.deleted,
        "%d events or %d", one.count, other.count);
    for (int i = 0; i < one.count; i++) {
        must(strcmp(one.events[i].id, other.events[i].id) == 0, "%s or %s", one.events[i].id,
            other.events[i].id);
        /* a name in a list is found in text only as it is written */
        if (memchr(json, '\\', len) != NULL && strstr(json, "assignees") != NULL)
            continue;
        struct json_object *x = body_of(&one.events[i], &one, json, len);
        struct json_object *y = body_of(&other.events[i], &other, json, len);
        must(json_same(x, y), "the bodies differ");
        json_object_put(x);
        json_object_put(y);
    }
    diff_free(&one);
    diff_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scan scan;
    struct workorder wo;
    const char *reason = NULL;
    char *json = copy_text(data, size);
    if (scan_record(json, size, &scan)) {
        must(judge_json(json, size, WORKORDER_MAX_DEPTH), "it is not JSON");
        must(workorder_parse(json, size, &wo, &reason) == WORKORDER_OK, "the parser: %s", reason);
        must(scan.wo.id == wo.id && scan.wo.updated == wo.updated && scan.wo.created == wo.created &&
                 scan.wo.completed == wo.completed && scan.wo.deleted == wo.deleted &&
                 strcmp(scan.wo.status, wo.status) == 0,
            "it is read otherwise");
        compare_events(&scan.wo, &wo, json, size);
        workorder_free(&wo);
    }
    free(json);
    return 0;
}
