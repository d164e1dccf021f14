#include "core/diff.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"

/* How far a completedAt that comes late may lie behind the updatedAt under which the work order was first
 * seen complete, in milliseconds: beyond that it was completed again. */
enum { LATE_DATE = 60000 };

/* Signed URLs and figures that MaintainX computes: they move while the work order does not. */
static const char *const always_ignored[] = {
    "thumbnail", "partsAvailability", "workOrderSummary", "lastMessageSentAt", NULL};

static bool is_in(const char *const *list, const char *text)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

static bool is_ignored(const struct diff_rules *rules, const char *field)
{
    return is_in(always_ignored, field) || is_in(rules->ignored, field);
}

static bool is_complete(const struct diff_rules *rules, const char *status)
{
    return is_in(rules->completed, status);
}

/* Longer lists are compared in their order: this takes the square of their length. */
enum { LONGEST_SET = 64 };

static size_t count_in(struct json_object *list, struct json_object *member)
{
    size_t found = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++)
        found += json_same(json_object_array_get_idx(list, i), member);
    return found;
}

/* These are sets: nobody promises an order, and another one is no change. */
static bool same_members(const char *field, struct json_object *a, struct json_object *b)
{
    if ((strcmp(field, "assignees") != 0 && strcmp(field, "categories") != 0) ||
        !json_object_is_type(a, json_type_array) || !json_object_is_type(b, json_type_array))
        return false;
    size_t length = json_object_array_length(a);
    if (length > LONGEST_SET || json_object_array_length(b) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        struct json_object *member = json_object_array_get_idx(a, i);
        if (count_in(a, member) != count_in(b, member))
            return false;
    }
    return true;
}

/* Equal JSON; two spellings of one instant are equal too, for the channels write dates differently. */
static bool same_value(struct json_object *a, struct json_object *b)
{
    int64_t instant_a, instant_b;
    if (json_same(a, b))
        return true;
    return json_object_is_type(a, json_type_string) && json_object_is_type(b, json_type_string) &&
           timestamp_parse(json_object_get_string(a), &instant_a) == 0 &&
           timestamp_parse(json_object_get_string(b), &instant_b) == 0 && instant_a == instant_b;
}

/* What a work order is linked to comes whole, but it is no part of it: one that was renamed is no change of
 * the work order, another one is. */
static bool same_link(const char *field, struct json_object *a, struct json_object *b)
{
    struct json_object *id_a, *id_b;
    return (strcmp(field, "asset") == 0 || strcmp(field, "location") == 0) &&
           json_object_is_type(a, json_type_object) && json_object_is_type(b, json_type_object) &&
           json_object_object_get_ex(a, "id", &id_a) && json_object_object_get_ex(b, "id", &id_b) &&
           json_same(id_a, id_b);
}

static void put_change(
    struct json_object *changes, const char *field, struct json_object *from, struct json_object *to)
{
    struct json_object *change = json_object_new_object();
    json_share(change, "from", from);
    json_share(change, "to", to);
    json_object_object_add(changes, field, change);
}

/* updatedAt is the clock of the changes, not one of them. */
static bool is_compared(const struct diff_rules *rules, const char *field)
{
    return strcmp(field, "updatedAt") != 0 && !is_ignored(rules, field);
}

/*
 * The fields that differ. Where both documents are as the list gave them, one that came or went is a change;
 * else only what both sides have is compared (rule R4). Absent and null are the same.
 */
static struct json_object *find_changes(
    const struct diff_rules *rules, struct json_object *old, struct json_object *now, bool whole)
{
    struct json_object *changes = json_object_new_object();
    json_object_object_foreach(now, field, to)
    {
        struct json_object *from = NULL;
        bool both = json_object_object_get_ex(old, field, &from);
        if ((whole || both) && is_compared(rules, field) && !same_value(from, to) &&
            !same_link(field, from, to) && !same_members(field, from, to))
            put_change(changes, field, from, to);
    }
    if (whole) {
        json_object_object_foreach(old, gone, from)
        {
            if (from != NULL && is_compared(rules, gone) && !json_object_object_get_ex(now, gone, NULL))
                put_change(changes, gone, from, NULL);
        }
    }
    return changes;
}

/* The old document with the fields of the new one laid over it: a new object that shares the values of both.
 * Where both together are larger than a record may be, which nobody could read again, the new one alone: what
 * only the old one held comes back with the next observation from the list. */
static struct json_object *overlay(struct json_object *old, struct json_object *now)
{
    size_t len;
    struct json_object *merged = json_object_new_object();
    json_share_all(merged, old);
    json_share_all(merged, now);
    json_object_to_json_string_length(merged, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (len <= WORKORDER_MAX_SIZE)
        return merged;
    json_object_put(merged);
    return json_object_get(now);
}

static struct event *add_event(
    struct diff *out, enum event_type type, const struct workorder *wo, int64_t timestamp)
{
    struct event *event = &out->events[out->count++];
    *event = (struct event){.type = type, .work_order = wo->id, .timestamp = timestamp};
    snprintf(event->id, sizeof event->id, "%s/%lld", event_type_name(type), (long long)wo->id);
    return event;
}

__attribute__((format(printf, 2, 3))) static void extend_id(struct event *event, const char *format, ...)
{
    size_t len = strlen(event->id);
    va_list ap;
    va_start(ap, format);
    vsnprintf(event->id + len, sizeof event->id - len, format, ap);
    va_end(ap);
}

static void extend_id_date(struct event *event, int64_t ms)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(ms, text);
    extend_id(event, "/%s", text);
}

static void add_created(struct diff *out, const struct workorder *wo)
{
    add_event(out, EVENT_CREATED, wo, wo->created);
}

/* A to B, back to A, and to B again, all with one updatedAt, are two changes from A to B. */
static void add_status_changed(struct diff *out, const struct workorder *old, const struct workorder *wo)
{
    struct event *event = add_event(out, EVENT_STATUS_CHANGED, wo, wo->updated);
    extend_id(event, "/%s-%s", old->status, wo->status);
    extend_id_date(event, wo->updated);
    event->numbered = wo->updated == old->updated;
}

static void add_completed(struct diff *out, const struct workorder *wo)
{
    int64_t when = wo->completed != TIMESTAMP_NONE ? wo->completed : wo->updated;
    extend_id_date(add_event(out, EVENT_COMPLETED, wo, when), when);
}

static void add_updated(struct diff *out, const struct workorder *wo, bool numbered)
{
    struct event *event = add_event(out, EVENT_UPDATED, wo, wo->updated);
    extend_id_date(event, wo->updated);
    event->numbered = numbered;
}

/*
 * The completion of a work order that was complete already, but had no completedAt: it was emitted, if at
 * all, with the updatedAt of then. Its own date may differ a little from that one, and still it is no second
 * completion. As long as there is no date, the newer updatedAt becomes another name of the same completion.
 */
static void add_late_completed(struct diff *out, const struct workorder *old, const struct workorder *wo)
{
    char text[TIMESTAMP_SIZE];
    add_completed(out, wo);
    struct event *event = &out->events[out->count - 1];
    timestamp_format(old->updated, text);
    snprintf(event->same_as, sizeof event->same_as, "%s/%lld/%s", event_type_name(EVENT_COMPLETED),
        (long long)wo->id, text);
    event->only_same = wo->completed == TIMESTAMP_NONE;
}

/* What a work order that was complete before, and is, says of its completion. */
static void emit_complete(const struct workorder *old, const struct workorder *wo, struct diff *out)
{
    bool undated = old->completed == TIMESTAMP_NONE;
    if (undated && wo->completed == TIMESTAMP_NONE) {
        if (wo->updated != old->updated)
            add_late_completed(out, old, wo);
    } else if (undated && wo->completed <= old->updated + LATE_DATE) {
        add_late_completed(out, old, wo);
    } else if (wo->completed != TIMESTAMP_NONE && wo->completed != old->completed) {
        add_completed(out, wo);
    }
}

static void add_deleted(struct diff *out, const struct workorder *wo)
{
    struct event *event = add_event(out, EVENT_DELETED, wo, wo->updated);
    out->deleted = true;
    out->deletions++;
    if (out->deletions > 1)
        extend_id(event, "/%d", out->deletions);
}

/* The first three rows of R5: no snapshot yet. */
static void emit_new(const struct diff_rules *rules, const struct workorder *wo, struct diff *out)
{
    bool complete = is_complete(rules, wo->status);
    bool born = wo->created != TIMESTAMP_NONE && wo->created >= rules->horizon;
    bool touched = wo->updated >= rules->horizon;
    /* without a date, what was born after the horizon was completed after it, too */
    bool news = wo->completed != TIMESTAMP_NONE ? wo->completed >= rules->horizon : born;
    if (born)
        add_created(out, wo);
    if (complete && news && (born || touched))
        add_completed(out, wo);
    if (!born && touched)
        add_updated(out, wo, false);
    if (wo->deleted != TIMESTAMP_NONE) {
        out->deleted = true;
        if (wo->deleted >= rules->horizon && out->count > 0)
            add_deleted(out, wo);
    }
}

/* The rows of R5 for a work order we know. `wo` is what it is from now on. */
static void emit_known(const struct diff_rules *rules, const struct diff_snapshot *old,
    const struct workorder *wo, struct diff *out)
{
    bool complete = is_complete(rules, wo->status);
    bool status_differs = strcmp(old->wo->status, wo->status) != 0;
    bool was_complete = is_complete(rules, old->wo->status);
    bool back = old->deleted && wo->deleted == TIMESTAMP_NONE;
    bool gone = !old->deleted && wo->deleted != TIMESTAMP_NONE;
    if (status_differs) {
        add_status_changed(out, old->wo, wo);
        out->previous_status = old->wo->status;
    }
    if (complete && was_complete)
        emit_complete(old->wo, wo, out);
    else if (complete)
        add_completed(out, wo);
    if (json_object_object_length(out->changes) > 0 || wo->updated != old->wo->updated || back || gone)
        add_updated(out, wo, wo->updated == old->wo->updated);
    if (back)
        out->deleted = false;
    if (gone)
        add_deleted(out, wo);
}

/* The last row of R5. */
static void emit_history(const struct diff_rules *rules, const struct diff_window *window,
    const struct workorder *wo, struct diff *out)
{
    if (window->silent)
        return;
    if (wo->created != TIMESTAMP_NONE && wo->created >= window->from && wo->created <= window->until)
        add_created(out, wo);
    if (is_complete(rules, wo->status) && wo->completed != TIMESTAMP_NONE && wo->completed >= window->from &&
        wo->completed <= window->until)
        add_completed(out, wo);
}

static void observe_history(const struct diff_rules *rules, const struct diff_window *window,
    const struct diff_snapshot *old, const struct diff_observation *now, struct diff *out)
{
    emit_history(rules, window, now->wo, out);
    out->outcome = DIFF_LEAVE;
    if (old == NULL && now->wo->updated < rules->horizon) {
        out->outcome = DIFF_STORE;
        out->deleted = now->wo->deleted != TIMESTAMP_NONE;
    }
    if (out->outcome == DIFF_STORE || out->count > 0)
        out->document = json_object_get(now->wo->doc);
}

static void observe_known(const struct diff_rules *rules, const struct diff_snapshot *old,
    const struct diff_observation *now, struct diff *out)
{
    struct workorder merged = {0};
    const char *reason;
    out->changes = find_changes(rules, old->wo->doc, now->wo->doc, old->from_list && now->from_list);
    out->document = now->from_list ? json_object_get(now->wo->doc) : overlay(old->wo->doc, now->wo->doc);
    workorder_from_doc(out->document, &merged, &reason); /* two good documents make a good one */
    emit_known(rules, old, &merged, out);
    if (!now->from_list && out->count == 0 && json_same(old->wo->doc, out->document))
        out->outcome = DIFF_LEAVE;
    workorder_free(&merged);
}

void diff_observe(const struct diff_rules *rules, const struct diff_window *window,
    const struct diff_snapshot *old, const struct diff_observation *now, struct diff *out)
{
    *out = (struct diff){.outcome = DIFF_STORE, .from_list = now->from_list};
    if (old != NULL) {
        out->deleted = old->deleted;
        out->deletions = old->deletions;
    }
    if (window != NULL) {
        observe_history(rules, window, old, now, out);
        return;
    }
    if (old == NULL) {
        emit_new(rules, now->wo, out);
        out->document = json_object_get(now->wo->doc);
        return;
    }
    if (now->wo->updated < old->wo->updated) {
        out->outcome = DIFF_STALE;
        return;
    }
    observe_known(rules, old, now, out);
}

void diff_gone(const struct diff_snapshot *old, struct diff *out)
{
    *out = (struct diff){.outcome = DIFF_STORE, .from_list = old->from_list, .deletions = old->deletions};
    out->changes = json_object_new_object();
    out->document = json_object_get(old->wo->doc);
    add_deleted(out, old->wo);
}

void diff_free(struct diff *diff)
{
    json_object_put(diff->document);
    json_object_put(diff->changes);
    *diff = (struct diff){0};
}
