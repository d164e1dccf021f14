/*
 * diff: the table of rule R5, row by row.
 *
 *   an observation is  history     a backfill's: created and completed by their own dates
 *                      new         no snapshot: by the horizon
 *                      stale       older than the snapshot or the deletion: nothing (rule R4)
 *                      known       the steps that were notified, then what else differs
 *
 * diff_fields.c says what differs, diff_events.c makes events and their ids, diff_steps.c emits the steps of
 * a status change.
 */
#include "core/diff.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "core/diff_events.h"
#include "core/diff_fields.h"
#include "core/diff_steps.h"

/* How far a completedAt that comes late may lie behind the updatedAt under which the work order was first
 * seen complete, in milliseconds: beyond that it was completed again. */
enum { LATE_DATE = 5000 };

/* The first three rows of R5: no snapshot yet. */
static void emit_new(const struct looking *l)
{
    const struct diff_rules *rules = l->rules;
    const struct workorder *wo = l->wo;
    struct diff *out = l->out;
    bool complete = diff_is_complete(rules, wo->status);
    bool born = wo->created != TIMESTAMP_NONE && wo->created >= rules->horizon;
    bool touched = wo->updated >= rules->horizon;
    /* without a date, what was born after the horizon was completed after it, too */
    bool news = wo->completed != TIMESTAMP_NONE ? wo->completed >= rules->horizon : born;
    if (born)
        diff_add_created(out, wo);
    if (born && l->now->step_count > 0)
        diff_emit_first_steps(l);
    if (complete && news && (born || touched) && !diff_has_completed(out))
        diff_add_completed(out, wo, false);
    if (!born && touched)
        diff_add_updated(out, wo, false);
    if (wo->deleted != TIMESTAMP_NONE) {
        out->deleted = true;
        if (wo->deleted >= rules->horizon && out->count > 0)
            diff_add_deleted(out, wo, wo->updated);
        out->deleted_at = wo->deleted;
    }
}

/* The completion of a work order that is complete. `became`: its status says that it was not so before. */
static void emit_completed(const struct looking *l, bool became)
{
    const struct workorder *old = l->old->wo, *wo = l->wo;
    bool undated = old->completed == TIMESTAMP_NONE && diff_is_complete(l->rules, old->status);
    if (became) {
        /* the server went back behind a reopening that was emitted: its old completion is news once more */
        diff_add_completed(l->out, wo, wo->updated < old->updated);
    } else if (undated && wo->completed == TIMESTAMP_NONE) {
        if (wo->updated != old->updated)
            diff_add_late_completed(l->out, old, wo);
    } else if (undated && wo->completed <= old->updated + LATE_DATE) {
        diff_add_late_completed(l->out, old, wo);
    } else if (wo->completed != TIMESTAMP_NONE && wo->completed != old->completed) {
        diff_add_completed(l->out, wo, false);
    }
}

static int64_t status_known_since(const struct diff_snapshot *old)
{
    return old->status_at != TIMESTAMP_NONE ? old->status_at : old->wo->updated;
}

/* The rows of R5 for a work order we know. */
static void emit_known(const struct looking *l)
{
    const struct diff_rules *rules = l->rules;
    const struct diff_snapshot *old = l->old;
    const struct workorder *wo = l->wo;
    struct diff *out = l->out;
    const char *from = old->status != NULL ? old->status : old->wo->status;
    int64_t after = status_known_since(old);
    bool complete = diff_is_complete(rules, wo->status);
    bool all = diff_emit_steps(l, from, after);
    bool jumped = all && strcmp(from, wo->status) != 0 && out->step_count == 0;
    bool back = old->deleted && wo->deleted == TIMESTAMP_NONE;
    bool gone = !old->deleted && wo->deleted != TIMESTAMP_NONE;
    if (strcmp(from, wo->status) != 0)
        out->previous_status = from;
    if (jumped) {
        /* A to B, back to A, and to B again, all with one updatedAt, are two changes from A to B */
        bool again = l->now->believed || wo->updated == old->wo->updated;
        diff_add_status_changed(out, wo, from, again);
    }
    if (all && complete && !diff_has_completed(out))
        emit_completed(l, jumped && !diff_is_complete(rules, from));
    if (json_object_object_length(out->changes) > 0 || wo->updated != old->wo->updated || back || gone)
        diff_add_updated(out, wo, wo->updated <= old->wo->updated);
    if (back) {
        out->deleted = false;
        out->deleted_at = TIMESTAMP_NONE;
    }
    if (gone) {
        diff_add_deleted(out, wo, wo->updated);
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
        diff_add_created(out, wo);
    if (diff_is_complete(rules, wo->status) && wo->completed != TIMESTAMP_NONE &&
        wo->completed >= window->from && wo->completed <= window->until)
        diff_add_completed(out, wo, false);
}

static void observe_history(const struct diff_rules *rules, const struct diff_window *window,
    const struct diff_snapshot *old, const struct diff_observation *now, struct diff *out)
{
    emit_history(rules, window, now->wo, out);
    out->result = DIFF_LEAVE;
    if (old == NULL && now->wo->updated < rules->horizon) {
        out->result = DIFF_STORE;
        out->deleted = now->wo->deleted != TIMESTAMP_NONE;
    }
    if (out->result == DIFF_STORE || out->count > 0)
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
    out->changes = diff_find_changes(rules, old->wo->doc, now->wo->doc, old->from_list && now->from_list);
    out->document = now->from_list ? json_object_get(now->wo->doc) : diff_overlay(old->wo->doc, now->wo->doc);
    workorder_from_doc(out->document, &merged, &reason); /* two good documents make a good one */
    emit_known(&(struct looking){rules, old, now, &merged, out});
    if (!now->from_list && out->count == 0 && out->step_count == 0 && is_same_status(old, out) &&
        json_same(old->wo->doc, out->document))
        out->result = DIFF_LEAVE;
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
    *out = (struct diff){.result = DIFF_STORE,
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
        out->result = DIFF_STALE;
        out->doubtful = true;
        return;
    }
    observe_known(rules, old, now, out);
}

void diff_gone(const struct diff_rules *rules, const struct diff_snapshot *old,
    const struct status_step *steps, size_t step_count, int64_t when, struct diff *out)
{
    /* as it was seen last, once more, and nothing will be seen of it after that */
    const struct diff_observation now = {.wo = old->wo, .steps = steps, .step_count = step_count};
    *out = (struct diff){.result = DIFF_STORE,
        .from_list = old->from_list,
        .deletions = old->deletions,
        .status_at = old->status_at};
    out->changes = json_object_new_object();
    out->document = json_object_get(old->wo->doc);
    if (old->status != NULL)
        diff_emit_steps(
            &(struct looking){rules, old, &now, old->wo, out}, old->status, status_known_since(old));
    diff_add_deleted(out, old->wo, when != TIMESTAMP_NONE ? when : old->wo->updated);
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
