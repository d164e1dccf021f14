#include "core/diff.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"

/* How far a completedAt that comes late may lie behind the updatedAt under which the work order was first
 * seen complete, in milliseconds: beyond that it was completed again. */
enum { LATE_DATE = 5000 };

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

static void init_event(
    struct event *event, enum event_type type, const struct workorder *wo, int64_t timestamp)
{
    *event = (struct event){.type = type, .work_order = wo->id, .timestamp = timestamp};
    snprintf(event->id, sizeof event->id, "%s/%lld", event_type_name(type), (long long)wo->id);
}

static struct event *add_event(
    struct diff *out, enum event_type type, const struct workorder *wo, int64_t timestamp)
{
    struct event *event = &out->events[out->count++];
    init_event(event, type, wo, timestamp);
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

static void name_status_changed(struct event *event, const char *from, const char *to, int64_t when)
{
    extend_id(event, "/%s-%s", from, to);
    extend_id_date(event, when);
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

static void add_deleted(struct diff *out, const struct workorder *wo, int64_t when)
{
    struct event *event = add_event(out, EVENT_DELETED, wo, when);
    out->deleted = true;
    out->deleted_at = when;
    out->deletions++;
    if (out->deletions > 1)
        extend_id(event, "/%d", out->deletions);
}

/* --- status changes that were notified --- */

/* What the rows of R5 go by. */
struct looking {
    const struct diff_rules *rules;
    const struct diff_snapshot *old; /* NULL: the work order is new to us */
    const struct diff_observation *now;
    const struct workorder *wo; /* what it is from now on */
    struct diff *out;
};

/* The work order as it was right after a step, as far as that is known: with its status, and the dates of it.
 */
static struct json_object *document_after(const struct looking *l, const char *status, int64_t when)
{
    struct json_object *document = json_object_new_object();
    json_share_all(document, l->out->document);
    json_give_text(document, "status", status);
    json_give_date(document, "updatedAt", when < l->wo->updated ? when : l->wo->updated);
    if (is_complete(l->rules, status))
        json_give_date(document, "completedAt", when);
    else if (l->old != NULL && l->wo->completed != l->old->wo->completed)
        json_give_date(document, "completedAt", l->old->wo->completed);
    return document;
}

/* The status change alone, or with all else that differs. */
static struct json_object *changes_of(const struct looking *l, const char *from, const char *to, bool all)
{
    struct json_object *changes = json_object_new_object();
    struct json_object *change = json_object_new_object();
    if (all && l->out->changes != NULL)
        json_share_all(changes, l->out->changes);
    json_give_text(change, "from", from);
    json_give_text(change, "to", to);
    json_object_object_add(changes, "status", change);
    return changes;
}

static struct diff_step *add_step(const struct looking *l, enum event_type type, const char *from,
    const char *to, int64_t when, bool arrives)
{
    struct diff *out = l->out;
    out->steps = realloc(out->steps, (size_t)(out->step_count + 1) * sizeof *out->steps);
    struct diff_step *step = &out->steps[out->step_count++];
    *step = (struct diff_step){0};
    init_event(&step->event, type, l->wo, when);
    snprintf(step->previous_status, sizeof step->previous_status, "%s", from);
    step->changes = changes_of(l, from, to, arrives);
    step->document = arrives ? json_object_get(out->document) : document_after(l, to, when);
    return step;
}

/* Adds a status change and, where it completes the work order, the completion. `arrives`: behind it the work
 * order is as it is seen now. */
static void add_change(
    const struct looking *l, const char *from, const char *to, int64_t when, int64_t actor, bool arrives)
{
    struct diff_step *step = add_step(l, EVENT_STATUS_CHANGED, from, to, when, arrives);
    name_status_changed(&step->event, from, to, when);
    step->event.numbered = l->now->believed;
    step->actor = actor;
    if (!is_complete(l->rules, to) || is_complete(l->rules, from))
        return;
    if (arrives && l->wo->completed != TIMESTAMP_NONE)
        when = l->wo->completed;
    step = add_step(l, EVENT_COMPLETED, from, to, when, arrives);
    /* the id by which a completedAt that comes late knows it again */
    extend_id_date(&step->event, arrives && l->wo->completed == TIMESTAMP_NONE ? l->wo->updated : when);
    step->actor = actor;
}

static bool has_completed(const struct diff *out)
{
    for (int i = 0; i < out->step_count; i++)
        if (out->steps[i].event.type == EVENT_COMPLETED)
            return true;
    return false;
}

static void set_status(struct diff *out, const char *status, int64_t at)
{
    snprintf(out->status, sizeof out->status, "%s", status);
    out->status_at = at;
}

/* How many of the chain's steps the observation has seen: a list's page may have been made before the others.
 */
static size_t count_seen(const struct looking *l, const struct status_chain *chain)
{
    size_t seen = 0;
    while (seen < chain->count && l->now->steps[chain->used[seen]].occurred <= l->wo->updated)
        seen++;
    return seen;
}

/*
 * From the status `from`, which is known since `after`, to the one that is seen: step by step, as far as the
 * notified steps lead; the rest waits for more of them, or is one change, with the record's own date. Returns
 * whether all of it was emitted.
 */
static bool emit_steps(const struct looking *l, const char *from, int64_t after)
{
    const struct status_step *steps = l->now->steps;
    const char *to = l->wo->status;
    bool differs = strcmp(from, to) != 0;
    struct status_chain chain;
    status_chain_find(steps, l->now->step_count, from, to, after, &chain);
    bool waits = l->now->wait && differs && chain.arriving == 0 && chain.relevant > 0;
    size_t used = chain.arriving > 0 ? chain.arriving
                  : !differs         ? 0
                  : waits            ? chain.count
                                     : count_seen(l, &chain);
    for (size_t i = 0; i < used; i++) {
        const struct status_step *step = &steps[chain.used[i]];
        add_change(l, step->from, step->to, step->occurred, step->actor, i + 1 == chain.arriving);
        from = step->to;
        after = step->occurred;
    }
    bool jumps = strcmp(from, to) != 0 && !waits;
    /* alone, it is one of the events that follow */
    if (jumps && (used > 0 || l->old->status != NULL))
        add_change(l, from, to, l->wo->updated, 0, true);
    if (waits)
        set_status(l->out, from, after);
    else if (l->now->wait && chain.relevant > used)
        l->out->status_at = after;
    else if (after > l->wo->updated && (used > 0 || !l->now->believed))
        l->out->status_at = after; /* what happened before that is part of what was emitted, now and later */
    status_chain_free(&chain);
    return !waits;
}

/* The first three rows of R5: no snapshot yet. */
static void emit_new(const struct looking *l)
{
    const struct diff_rules *rules = l->rules;
    const struct workorder *wo = l->wo;
    struct diff *out = l->out;
    bool complete = is_complete(rules, wo->status);
    bool born = wo->created != TIMESTAMP_NONE && wo->created >= rules->horizon;
    bool touched = wo->updated >= rules->horizon;
    /* without a date, what was born after the horizon was completed after it, too */
    bool news = wo->completed != TIMESTAMP_NONE ? wo->completed >= rules->horizon : born;
    if (born)
        add_created(out, wo);
    if (born && l->now->step_count > 0) {
        struct status_chain chain;
        const struct status_step *steps = l->now->steps;
        status_chain_find(steps, l->now->step_count, steps[0].from, wo->status, TIMESTAMP_NONE, &chain);
        for (size_t i = 0; i < chain.arriving; i++) {
            const struct status_step *step = &steps[chain.used[i]];
            add_change(l, step->from, step->to, step->occurred, step->actor, i + 1 == chain.arriving);
            if (step->occurred > wo->updated)
                out->status_at = step->occurred;
        }
        status_chain_free(&chain);
    }
    if (complete && news && (born || touched) && !has_completed(out))
        add_completed(out, wo);
    if (!born && touched)
        add_updated(out, wo, false);
    if (wo->deleted != TIMESTAMP_NONE) {
        out->deleted = true;
        if (wo->deleted >= rules->horizon && out->count > 0)
            add_deleted(out, wo, wo->updated);
        out->deleted_at = wo->deleted;
    }
}

/* The completion of a work order that is complete. `became`: its status says that it was not so before. */
static void emit_completed(const struct looking *l, bool became)
{
    const struct workorder *old = l->old->wo, *wo = l->wo;
    bool undated = old->completed == TIMESTAMP_NONE && is_complete(l->rules, old->status);
    if (became) {
        add_completed(l->out, wo);
    } else if (undated && wo->completed == TIMESTAMP_NONE) {
        if (wo->updated != old->updated)
            add_late_completed(l->out, old, wo);
    } else if (undated && wo->completed <= old->updated + LATE_DATE) {
        add_late_completed(l->out, old, wo);
    } else if (wo->completed != TIMESTAMP_NONE && wo->completed != old->completed) {
        add_completed(l->out, wo);
    }
}

/* The rows of R5 for a work order we know. */
static void emit_known(const struct looking *l)
{
    const struct diff_rules *rules = l->rules;
    const struct diff_snapshot *old = l->old;
    const struct workorder *wo = l->wo;
    struct diff *out = l->out;
    const char *from = old->status != NULL ? old->status : old->wo->status;
    int64_t after = old->status_at != TIMESTAMP_NONE ? old->status_at : old->wo->updated;
    bool complete = is_complete(rules, wo->status);
    bool all = emit_steps(l, from, after);
    bool jumped = all && strcmp(from, wo->status) != 0 && out->step_count == 0;
    bool back = old->deleted && wo->deleted == TIMESTAMP_NONE;
    bool gone = !old->deleted && wo->deleted != TIMESTAMP_NONE;
    if (strcmp(from, wo->status) != 0)
        out->previous_status = from;
    if (jumped) {
        struct event *event = add_event(out, EVENT_STATUS_CHANGED, wo, wo->updated);
        name_status_changed(event, from, wo->status, wo->updated);
        /* A to B, back to A, and to B again, all with one updatedAt, are two changes from A to B */
        event->numbered = l->now->believed || wo->updated == old->wo->updated;
    }
    if (all && complete && !has_completed(out))
        emit_completed(l, jumped && !is_complete(rules, from));
    if (json_object_object_length(out->changes) > 0 || wo->updated != old->wo->updated || back || gone)
        add_updated(out, wo, wo->updated <= old->wo->updated);
    if (back) {
        out->deleted = false;
        out->deleted_at = TIMESTAMP_NONE;
    }
    if (gone) {
        add_deleted(out, wo, wo->updated);
        out->deleted_at = wo->deleted;
    }
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

static bool is_same_status(const struct diff_snapshot *old, const struct diff *out)
{
    const char *status = old->status != NULL ? old->status : "";
    return strcmp(status, out->status) == 0 && old->status_at == out->status_at;
}

static void observe_known(const struct diff_rules *rules, const struct diff_snapshot *old,
    const struct diff_observation *now, struct diff *out)
{
    struct workorder merged = {0};
    const char *reason;
    out->changes = find_changes(rules, old->wo->doc, now->wo->doc, old->from_list && now->from_list);
    out->document = now->from_list ? json_object_get(now->wo->doc) : overlay(old->wo->doc, now->wo->doc);
    workorder_from_doc(out->document, &merged, &reason); /* two good documents make a good one */
    emit_known(&(struct looking){rules, old, now, &merged, out});
    if (!now->from_list && out->count == 0 && out->step_count == 0 && is_same_status(old, out) &&
        json_same(old->wo->doc, out->document))
        out->outcome = DIFF_LEAVE;
    workorder_free(&merged);
}

/* What is older than the snapshot, or than the deletion, is stale (rule R4). */
static bool is_stale(const struct diff_snapshot *old, const struct diff_observation *now)
{
    if (now->believed)
        return false;
    if (old->deleted && old->deleted_at != TIMESTAMP_NONE && now->wo->updated <= old->deleted_at &&
        now->wo->deleted == TIMESTAMP_NONE)
        return true;
    return now->wo->updated < old->wo->updated;
}

void diff_observe(const struct diff_rules *rules, const struct diff_window *window,
    const struct diff_snapshot *old, const struct diff_observation *now, struct diff *out)
{
    *out = (struct diff){.outcome = DIFF_STORE,
        .from_list = now->from_list,
        .deleted_at = TIMESTAMP_NONE,
        .status_at = TIMESTAMP_NONE};
    if (old != NULL) {
        out->deleted = old->deleted;
        out->deletions = old->deletions;
        out->deleted_at = old->deleted_at;
    }
    if (window != NULL) {
        observe_history(rules, window, old, now, out);
        return;
    }
    if (old == NULL) {
        out->document = json_object_get(now->wo->doc);
        emit_new(&(struct looking){rules, NULL, now, now->wo, out});
        return;
    }
    if (is_stale(old, now)) {
        out->outcome = DIFF_STALE;
        out->doubtful = true;
        return;
    }
    observe_known(rules, old, now, out);
}

void diff_gone(const struct diff_snapshot *old, int64_t when, struct diff *out)
{
    *out = (struct diff){.outcome = DIFF_STORE,
        .from_list = old->from_list,
        .deletions = old->deletions,
        .status_at = old->status_at};
    if (old->status != NULL)
        snprintf(out->status, sizeof out->status, "%s", old->status);
    out->changes = json_object_new_object();
    out->document = json_object_get(old->wo->doc);
    add_deleted(out, old->wo, when != TIMESTAMP_NONE ? when : old->wo->updated);
}

void diff_free(struct diff *diff)
{
    for (int i = 0; i < diff->step_count; i++) {
        json_object_put(diff->steps[i].document);
        json_object_put(diff->steps[i].changes);
    }
    free(diff->steps);
    json_object_put(diff->document);
    json_object_put(diff->changes);
    *diff = (struct diff){0};
}
