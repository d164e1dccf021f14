/*
 * diff_steps: the status changes between two looks at a work order, one by one.
 *
 * status_steps finds the chain of steps that leads from the status that is known towards the one that is
 * seen. Where it arrives, all of it is emitted, and the last step with whatever else has changed. Where it
 * leads only part of the way, that part is emitted; the rest waits (diff.status says from which status on),
 * or is the one change that the diff can prove.
 */
#include "core/diff_steps.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/timestamp.h"
#include "core/diff_events.h"
#include "core/diff_fields.h"

/* The work order as it was right after a step, as far as that is known: with its status, and the dates of it.
 */
static struct json_object *document_after(const struct looking *l, const char *status, int64_t when)
{
    struct json_object *document = json_object_new_object();
    json_share_all(document, l->out->document);
    json_give_text(document, "status", status);
    json_give_date(document, "updatedAt", when < l->wo->updated ? when : l->wo->updated);
    if (diff_is_complete(l->rules, status))
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
    diff_init_event(&step->event, type, l->wo, when);
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
    diff_name_status_changed(&step->event, from, to, when);
    step->event.numbered = l->now->believed;
    step->actor = actor;
    if (!diff_is_complete(l->rules, to) || diff_is_complete(l->rules, from))
        return;
    if (arrives && l->wo->completed != TIMESTAMP_NONE)
        when = l->wo->completed;
    step = add_step(l, EVENT_COMPLETED, from, to, when, arrives);
    /* the id by which a completedAt that comes late knows it again */
    diff_extend_id(&step->event, arrives && l->wo->completed == TIMESTAMP_NONE ? l->wo->updated : when);
    /* the server went back, as in emit_completed */
    step->event.numbered = arrives && l->old != NULL && l->wo->updated < l->old->wo->updated;
    step->actor = actor;
}

bool diff_has_completed(const struct diff *out)
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

bool diff_emit_steps(const struct looking *l, const char *from, int64_t after)
{
    const struct status_step *steps = l->now->steps;
    const char *to = l->wo->status;
    bool differs = strcmp(from, to) != 0;
    struct status_chain chain;
    status_chain_find(steps, l->now->step_count, from, to, after, &chain);
    /* of what is deleted nothing more will be seen */
    const bool may_wait = l->now->wait && l->wo->deleted == TIMESTAMP_NONE;
    bool waits = may_wait && differs && chain.arriving == 0 && chain.relevant > 0;
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
    else if (may_wait && chain.relevant > used)
        l->out->status_at = after;
    else if (after > l->wo->updated && (used > 0 || !l->now->believed))
        l->out->status_at = after; /* what happened before that is part of what was emitted, now and later */
    status_chain_free(&chain);
    return !waits;
}

void diff_emit_first_steps(const struct looking *l)
{
    const struct status_step *steps = l->now->steps;
    struct status_chain chain;
    status_chain_find(steps, l->now->step_count, steps[0].from, l->wo->status, TIMESTAMP_NONE, &chain);
    for (size_t i = 0; i < chain.arriving; i++) {
        const struct status_step *step = &steps[chain.used[i]];
        add_change(l, step->from, step->to, step->occurred, step->actor, i + 1 == chain.arriving);
        if (step->occurred > l->wo->updated)
            l->out->status_at = step->occurred;
    }
    status_chain_free(&chain);
}
