/*
 * A single record through the diff: a byte of circumstances, what was known, a NUL, what is seen. Both are
 * JSON; with nothing known the work order is new. What must hold is what the rules R3 and R4 say, whatever
 * the records hold.
 */
#include "fuzz.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "core/diff.h"
#include "core/event.h"

/* The bits of the first byte. */
enum {
    OLD_FROM_LIST = 1,
    NOW_FROM_LIST = 2,
    DELETED = 4,
    HISTORY = 8,
    SILENT = 16,
    HORIZON = 32,
    ID_OF_OLD = 64
};

static const char *const completed[] = {"DONE", "COMPLETED", NULL};
static const char *const ignored[] = {"mood", NULL};

static bool parse(const char *json, size_t len, struct workorder *out)
{
    const char *reason = NULL;
    enum workorder_result verdict = workorder_parse(json, len, out, &reason);
    must((verdict == WORKORDER_OK) == (out->doc != NULL), "the verdict is %d", (int)verdict);
    must(
        (verdict == WORKORDER_OK) == (reason == NULL), "a verdict without a reason, or a reason without one");
    return verdict == WORKORDER_OK;
}

static void check_date(const char *text)
{
    int64_t ms;
    must(timestamp_parse(text, &ms) == 0 && text[strlen(text) - 1] == 'Z', "'%s' is no date of ours", text);
}

/* TYPE/ID, then what the type has: /FROM-TO/DATE, /DATE, /N. */
static void check_id(const struct event *event, const struct workorder *old, const struct workorder *wo)
{
    char head[128], statuses[2 * WORKORDER_MAX_STATUS + 3];
    size_t n = (size_t)snprintf(
        head, sizeof head, "%s/%lld", event_type_name(event->type), (long long)event->work_order);
    const char *rest = event->id + n;
    must(event->work_order == wo->id, "%s is another work order's", event->id);
    must(strncmp(event->id, head, n) == 0 && (*rest == '/' || *rest == '\0'), "%s does not begin with %s",
        event->id, head);
    for (const char *c = event->id; *c != '\0'; c++)
        must((unsigned char)*c >= 0x20 && *c != 0x7f, "a control character in the id %s", event->id);
    switch (event->type) {
    case EVENT_CREATED:
        must(*rest == '\0', "%s", event->id);
        break;
    case EVENT_STATUS_CHANGED:
        n = (size_t)snprintf(statuses, sizeof statuses, "/%s-%s/", old->status, wo->status);
        must(strncmp(rest, statuses, n) == 0, "%s does not go on with %s", event->id, statuses);
        check_date(rest + n);
        break;
    case EVENT_COMPLETED:
    case EVENT_UPDATED:
        check_date(rest + 1);
        break;
    case EVENT_DELETED:
        must(*rest == '\0' || (strspn(rest + 1, "0123456789") == strlen(rest + 1) && atoi(rest + 1) > 1),
            "%s", event->id);
        break;
    case EVENT_TYPES:
    default:
        must(false, "the type is %d", (int)event->type);
    }
}

/* The body can be read back and says what the event says. */
static void check_body(const struct event *event, const struct diff *diff)
{
    const struct event_context context = {.observed = INT64_C(1763892900000),
        .previously_observed = TIMESTAMP_NONE,
        .source = SOURCE_POLL,
        .doc = diff->document,
        .previous_status = diff->previous_status,
        .changes = diff->changes};
    char *body = event_body(event, event->id, &context);
    must(body != NULL, "there is no body");
    struct json_object *parsed = event_parse(body, strlen(body));
    must(parsed != NULL, "the body is no JSON: %s", body);
    struct json_object *data = json_object_object_get(parsed, "data");
    must(strcmp(json_object_get_string(json_object_object_get(parsed, "id")), event->id) == 0,
        "the body has another id");
    must(json_object_get_int64(json_object_object_get(data, "id")) == event->work_order,
        "the body is of another work order");
    check_date(json_object_get_string(json_object_object_get(parsed, "timestamp")));
    json_object_put(parsed);
    free(body);
}

static void check_events(const struct diff *diff, const struct diff_snapshot *old, const struct workorder *wo)
{
    must(diff->count >= 0 && diff->count <= EVENT_TYPES, "%d events", diff->count);
    for (int i = 0; i < diff->count; i++) {
        const struct event *event = &diff->events[i];
        must(i == 0 || diff->events[i - 1].type < event->type, "%s is out of order", event->id);
        check_id(event, old != NULL ? old->wo : NULL, wo);
        check_body(event, diff);
    }
}

static bool has_event(const struct diff *diff, enum event_type type)
{
    for (int i = 0; i < diff->count; i++)
        if (diff->events[i].type == type)
            return true;
    return false;
}

/* What was stored, seen again, tells nothing; and what was known before is stale when it is older. */
static void check_again(const struct diff_rules *rules, const struct diff *first,
    const struct diff_observation *now, const struct diff_observation *before)
{
    struct workorder stored;
    struct diff again;
    const char *reason = NULL;
    must(workorder_from_doc(first->document, &stored, &reason) == WORKORDER_OK, "what is stored is none: %s",
        reason);
    const struct diff_snapshot snapshot = {.wo = &stored,
        .from_list = first->from_list,
        .deleted = first->deleted,
        .deletions = first->deletions,
        .deleted_at = first->deleted_at,
        .status_at = first->status_at};
    diff_observe(rules, NULL, &snapshot, now, &again);
    must(again.count == 0, "seen again it tells %s", again.events[0].id);
    must(again.deleted == first->deleted && again.deletions == first->deletions,
        "seen again it is deleted or back");
    if (again.result == DIFF_STORE)
        must(json_object_equal(again.document, first->document), "seen again it is stored otherwise");
    diff_free(&again);
    if (before != NULL && before->wo->updated < stored.updated) {
        diff_observe(rules, NULL, &snapshot, before, &again);
        must(again.result == DIFF_STALE && again.count == 0, "what is older is news");
        diff_free(&again);
    }
    if (!first->deleted) {
        diff_gone(rules, &snapshot, NULL, 0, TIMESTAMP_NONE, &again);
        must(again.count == 1 && again.deleted, "what is gone is not told");
        check_events(&again, &snapshot, &stored);
        diff_free(&again);
    }
    workorder_free(&stored);
}

static void observe(int bits, const struct workorder *old_wo, const struct workorder *wo)
{
    const struct diff_rules rules = {.horizon = bits & HORIZON ? INT64_C(1763892900000) : INT64_MIN,
        .completed = completed,
        .ignored = ignored};
    const struct diff_window window = {
        .from = INT64_C(1700000000000), .until = INT64_C(1800000000000), .silent = (bits & SILENT) != 0};
    const struct diff_snapshot known = {.wo = old_wo,
        .from_list = (bits & OLD_FROM_LIST) != 0,
        .deleted = (bits & DELETED) != 0,
        .deletions = bits & DELETED ? 1 : 0,
        .deleted_at = TIMESTAMP_NONE,
        .status_at = TIMESTAMP_NONE};
    const struct diff_snapshot *old = old_wo->doc != NULL ? &known : NULL;
    const struct diff_observation now = {.wo = wo, .from_list = (bits & NOW_FROM_LIST) != 0},
                                  before = {.wo = old_wo, .from_list = known.from_list};
    struct diff diff;
    diff_observe(&rules, bits & HISTORY ? &window : NULL, old, &now, &diff);
    must(diff.result != DIFF_STALE || (diff.count == 0 && old != NULL && wo->updated < old_wo->updated),
        "stale news");
    check_events(&diff, old, wo);
    if (bits & HISTORY) {
        must(!has_event(&diff, EVENT_UPDATED) && !has_event(&diff, EVENT_STATUS_CHANGED),
            "history tells a change");
        must(!(bits & SILENT) || diff.count == 0, "silence tells %s", diff.events[0].id);
    } else if (old != NULL && diff.result == DIFF_STORE) {
        bool differs = strcmp(old_wo->status, wo->status) != 0;
        must(has_event(&diff, EVENT_STATUS_CHANGED) == differs, "the status is told wrongly");
        must(!differs || has_event(&diff, EVENT_UPDATED), "a change of the status is no update");
        must(wo->updated == old_wo->updated || has_event(&diff, EVENT_UPDATED),
            "a newer updatedAt is no update");
    }
    if (diff.result == DIFF_STORE && !(bits & HISTORY))
        check_again(&rules, &diff, &now, old != NULL ? &before : NULL);
    diff_free(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct workorder old = {0}, now = {0};
    if (size < 1)
        return -1;
    int bits = data[0];
    data++;
    size--;
    size_t behind = second_part(data, size);
    size_t old_len = behind < size ? behind - 1 : 0;
    /* in a copy of its own, so that reading too far is seen */
    char *old_json = copy_text(data, old_len),
         *json = copy_text(data + (old_len > 0 ? behind : 0), size - (old_len > 0 ? behind : 0));
    size_t len = size - (old_len > 0 ? behind : 0);
    bool known = old_len > 0 && parse(old_json, old_len, &old);
    if (parse(json, len, &now) && (!known || old.id == now.id || bits & ID_OF_OLD)) {
        if (known && old.id != now.id) { /* mutations seldom change both */
            json_object_set_int64(json_object_object_get(now.doc, "id"), old.id);
            now.id = old.id;
        }
        observe(bits, &old, &now);
    }
    workorder_free(&old);
    workorder_free(&now);
    free(old_json);
    free(json);
    return 0;
}
