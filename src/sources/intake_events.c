/*
 * intake_events: the events of a diff, into the log, in the order of R5: created, then the steps that
 * notifications prove, then the rest.
 *
 * Those of a backfill wait until their page ends (intake_flush), for they are emitted in the order in which
 * they happened, and a page has work orders in the server's order. A rollback forgets them (intake_drop).
 */
#include "sources/intake_events.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "sources/names.h"
#include "store/events.h"

/* An event that waits for its page to end. */
struct held {
    struct event event;
    int64_t observed;
    struct json_object *doc; /* NULL: it is `json`, borrowed from the page */
    const char *json;
    size_t json_len;
};

/* Returns 1 when the event was emitted, 0 when it had been before, -1 when the store failed. */
static int append_event(
    struct intake *intake, const struct event *event, const struct event_context *context, struct error *e)
{
    struct event_context named = *context;
    if (names_fill(intake->settings.names, event->type, &named, &intake->mentions, e) != 0)
        return -1;
    int added = events_append(intake->settings.store, event, &named, e);
    if (added != 1)
        return added;
    intake->settings.run->events[event->type]++;
    if (intake->settings.listener != NULL)
        intake->settings.listener(event, &named, intake->settings.listener_data);
    return 1;
}

static void hold(struct intake *intake, const struct event *event, const struct event_context *context)
{
    if (intake->held_count == intake->held_capacity) {
        intake->held_capacity = intake->held_capacity == 0 ? 64 : 2 * intake->held_capacity;
        intake->held = realloc(intake->held, intake->held_capacity * sizeof *intake->held);
    }
    intake->held[intake->held_count++] = (struct held){
        *event, context->observed, json_object_get(context->doc), context->json, context->json_len};
}

/* The status changes that notifications prove, each with the work order as it was then. */
static int append_steps(struct intake *intake, const struct diff *diff, const struct event_context *base,
    struct intake_details *details, struct error *e)
{
    for (int i = 0; i < diff->step_count; i++) {
        const struct diff_step *step = &diff->steps[i];
        struct event_context context = *base;
        context.doc = step->document;
        context.previous_status = step->previous_status;
        context.changes = step->changes;
        context.actor = step->actor;
        int added = append_event(intake, &step->event, &context, e);
        if (added < 0)
            return -1;
        details->events += added;
    }
    return 0;
}

int intake_append_events(struct intake *intake, const struct diff *diff, const struct event_context *context,
    struct intake_details *details, struct error *e)
{
    const bool born = diff->count > 0 && diff->events[0].type == EVENT_CREATED;
    if (!born && append_steps(intake, diff, context, details, e) != 0)
        return -1;
    for (int i = 0; i < diff->count; i++) {
        if (i == 1 && born && append_steps(intake, diff, context, details, e) != 0)
            return -1;
        if (intake->settings.window != NULL) {
            hold(intake, &diff->events[i], context);
            continue;
        }
        int added = append_event(intake, &diff->events[i], context, e);
        if (added < 0)
            return -1;
        details->events += added;
    }
    return born && diff->count == 1 ? append_steps(intake, diff, context, details, e) : 0;
}

/* By when they happened; those of one instant in the order of their types. */
static int compare_held(const void *a, const void *b)
{
    const struct event *x = &((const struct held *)a)->event, *y = &((const struct held *)b)->event;
    if (x->timestamp != y->timestamp)
        return x->timestamp < y->timestamp ? -1 : 1;
    if (x->work_order != y->work_order)
        return x->work_order < y->work_order ? -1 : 1;
    return (int)x->type - (int)y->type;
}

int intake_flush(struct intake *intake, struct error *e)
{
    int rc = 0;
    if (intake->held_count > 0)
        qsort(intake->held, intake->held_count, sizeof *intake->held, compare_held);
    for (size_t i = 0; i < intake->held_count && rc >= 0; i++) {
        const struct held *held = &intake->held[i];
        const struct event_context context = {.observed = held->observed,
            .previously_observed = TIMESTAMP_NONE,
            .source = intake->settings.source,
            .doc = held->doc,
            .json = held->json,
            .json_len = held->json_len};
        rc = append_event(intake, &held->event, &context, e);
    }
    intake_drop(intake);
    return rc < 0 ? -1 : 0;
}

void intake_drop(struct intake *intake)
{
    while (intake->held_count > 0)
        json_object_put(intake->held[--intake->held_count].doc);
}
