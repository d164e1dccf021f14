/*
 * rehearse: a walk through the log, in the place of a handler's queue.
 *
 *   initial load -> events, some at a time: on, when -> messages -> counts, files
 *                                                 `-> turns -> a summary, or messages   (types with push)
 *
 * An event's moment is when it was observed: a handler that is well delivers it then. How long a receiver
 * takes, what it refuses and how often it would be tried is not rehearsed.
 *
 * A turn is what the engine would have had due at once (rehearse_turns.h). Until its end it is not known
 * whether it is one summary: of each event of a turn its number and moment are kept, but no more of them than
 * may go one by one; once there are more, it is a summary, and they are pushed.
 */
#include "deliver/rehearse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shutdown.h"
#include "deliver/history.h"
#include "deliver/initial_load.h"
#include "deliver/job.h"
#include "deliver/rehearse_turns.h"
#include "deliver/summary.h"
#include "store/events.h"
#include "store/snapshots.h"

/* Events that are looked at in one reading of the store, and that are pushed together. */
enum { AT_ONCE = 256, PUSHED = 64 };

struct waiting {
    int64_t seq;
    int64_t moment;
};

struct rehearsal {
    const struct rehearse_request *request;
    struct rehearse_result *result;
    struct handler_limits limits;
    int64_t last; /* event that was looked at */
    int read;     /* in this reading */

    /* types with push */
    struct rehearse_turns turns;
    struct waiting *waiting; /* events of this turn; of a summary, those that are not pushed yet */
    size_t count, capacity;
    int64_t until;   /* the end of the turn */
    int64_t members; /* of the turn so far */
    struct summary summary;
};

static bool makes_files(const struct rehearsal *r)
{
    return r->request->out->directory >= 0;
}

static const struct handler_type *type_of(const struct rehearsal *r)
{
    return r->request->handler->type;
}

/* --- messages --- */

static int write_batch(
    struct rehearsal *r, struct handler_batch *batch, int64_t moment, const char *what, struct error *e)
{
    const struct handler *handler = r->request->handler;
    batch->timeout = handler->timeout;
    return rehearse_out_write(r->request->out, handler->type, handler->state, batch, moment, what, e);
}

/* A message for one event. */
static int write_event(const struct event_row *row, void *context, struct error *e)
{
    struct rehearsal *r = context;
    struct buffer body = {0};
    buffer_append(&body, row->body, row->body_len);
    struct handler_event event = {.seq = row->seq,
        .work_order = row->work_order,
        .type = event_type_named(row->type),
        .id = row->id,
        .body = body.data,
        .body_len = body.len};
    struct handler_batch batch = {.kind = HANDLER_EVENTS, .count = 1, .events = &event};
    int rc = type_of(r)->wants_history ? history_read(r->request->store, &event, e) : 0;
    if (rc == 0)
        rc = write_batch(r, &batch, row->observed, row->id, e);
    handler_event_forget(&event);
    history_free(&event);
    buffer_free(&body);
    return rc;
}

static int rehearse_event(struct rehearsal *r, const struct event_row *row, struct error *e)
{
    rehearse_count(&r->result->counts, row->observed, false);
    return makes_files(r) ? write_event(row, r, e) : 0;
}

/* --- turns --- */

static bool is_summary(const struct rehearsal *r)
{
    return summary_is_due(r->members, 0, r->limits.summary_above);
}

static void wait_for_turn(struct rehearsal *r, int64_t seq, int64_t moment)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? PUSHED : 2 * r->capacity;
        r->waiting = realloc(r->waiting, r->capacity * sizeof *r->waiting);
    }
    r->waiting[r->count++] = (struct waiting){seq, moment};
}

/* Pushes all that wait. */
static int push_waiting(struct rehearsal *r, struct error *e)
{
    const struct handler *handler = r->request->handler;
    int64_t seqs[PUSHED];
    int rc = 0;
    for (size_t i = 0, n; rc == 0 && makes_files(r) && i < r->count; i += n) {
        n = r->count - i < PUSHED ? r->count - i : PUSHED;
        for (size_t k = 0; k < n; k++)
            seqs[k] = r->waiting[i + k].seq;
        rc = summary_push_some(
            &r->summary, r->request->store, seqs, n, &handler->type->driver, handler->state, e);
    }
    r->count = 0;
    return rc;
}

static int end_with_summary(struct rehearsal *r, struct error *e)
{
    char what[64];
    const int64_t moment = r->waiting[r->count - 1].moment;
    rehearse_count(&r->result->counts, moment, true);
    if (!makes_files(r))
        return 0;
    if (push_waiting(r, e) != 0)
        return -1;
    snprintf(what, sizeof what, "summary of %lld events", (long long)r->members);
    struct handler_batch batch = {.kind = HANDLER_SUMMARY, .count = (size_t)r->members};
    return write_batch(r, &batch, moment, what, e);
}

static int end_with_messages(struct rehearsal *r, struct error *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->count; i++) {
        rehearse_count(&r->result->counts, r->waiting[i].moment, false);
        if (makes_files(r))
            rc = events_some(r->request->store, &r->waiting[i].seq, 1, write_event, r, e);
    }
    return rc;
}

static int end_turn(struct rehearsal *r, struct error *e)
{
    int rc = 0;
    if (r->members > 0)
        rc = is_summary(r) ? end_with_summary(r, e) : end_with_messages(r, e);
    r->count = 0;
    r->members = 0;
    summary_free(&r->summary);
    return rc;
}

/* The last one of a summary always waits: its moment is the summary's. */
static int add_to_turn(struct rehearsal *r, const struct event_row *row, struct error *e)
{
    const int64_t until = rehearse_turns_find(&r->turns, row->observed);
    if (until != r->until && end_turn(r, e) != 0)
        return -1;
    r->until = until;
    if (is_summary(r) && r->count >= PUSHED && push_waiting(r, e) != 0)
        return -1;
    wait_for_turn(r, row->seq, row->observed);
    r->members++;
    return 0;
}

/* --- events --- */

static void note_difference(struct rehearse_difference *difference, const char *id)
{
    if (difference->count < REHEARSE_IDS)
        difference->ids[difference->count] = strdup(id);
    difference->count++;
}

/* Does anything come of the event? 1, 0, or -1. */
static int sends(const struct handler *handler, const struct event_row *row, struct error *e)
{
    const enum event_type type = event_type_named(row->type);
    if (handler->type->sends != NULL && type < EVENT_TYPES && !handler->type->sends(type))
        return 0;
    return handler_wants(handler, type, row->body, row->body_len, e);
}

static int look(const struct event_row *row, void *context, struct error *e)
{
    struct rehearsal *r = context;
    const struct rehearse_request *request = r->request;
    struct error why = {0};
    int now = sends(request->handler, row, &why), before = now;
    if (now >= 0 && request->old != NULL)
        before = sends(request->old, row, &why);
    if (now < 0 || before < 0)
        return fail(e, why.status, "rehearse: %s%s (at %s)", before < 0 && now >= 0 ? "--diff: " : "",
            why.text, row->id);
    if (now != before)
        note_difference(now > before ? &r->result->added : &r->result->dropped, row->id);
    r->last = row->seq;
    r->read++;
    r->result->events++;
    r->result->sent += now;
    if (now == 0)
        return 0;
    r->result->waiting += r->result->known && row->seq > request->handler->place.position;
    return type_of(r)->driver.push != NULL ? add_to_turn(r, row, e) : rehearse_event(r, row, e);
}

/* Bodies are read where something looks at them. */
static bool needs_bodies(const struct rehearsal *r)
{
    const struct rehearse_request *request = r->request;
    return request->handler->when != NULL || (request->old != NULL && request->old->when != NULL) ||
           (makes_files(r) && type_of(r)->driver.push == NULL);
}

static int check_signal(struct error *e)
{
    return shutdown_signalled() ? fail(e, EX_TEMPFAIL, "rehearse: a signal ended it; nothing was sent") : 0;
}

static int walk(struct rehearsal *r, struct error *e)
{
    const struct rehearse_request *request = r->request;
    const int64_t first = events_before(request->store, request->since, REHEARSE_SLACK_MS, e),
                  until = first >= 0 ? events_last_seq(request->store, e) : -1;
    struct event_range range = {
        .after = first, .until = until, .observed = request->since, .bodies = needs_bodies(r)};
    int rc = until < 0 ? -1 : 0;
    do {
        r->read = 0;
        if (rc == 0)
            rc = check_signal(e);
        if (rc == 0)
            rc = events_observed(request->store, &range, AT_ONCE, look, r, e);
        range.after = r->last;
        if (rc == 0 && request->progress != NULL && r->read > 0)
            request->progress(r->last - first, until - first, request->progress_data);
    } while (rc == 0 && r->read == AT_ONCE);
    return rc == 0 ? end_turn(r, e) : -1;
}

/* --- where the handler stands --- */

static int find_place(struct rehearsal *r, struct error *e)
{
    struct handler *handler = r->request->handler;
    struct store *store = r->request->store;
    int known = handlers_find(store, handler->name, &handler->place, e);
    if (known == 0 && handler->was != NULL)
        known = handlers_find(store, handler->was, &handler->place, e);
    r->result->known = known == 1;
    if (known == 0 || handler->place.loaded < 0)
        handler->place.loaded = 0;
    return known < 0 ? -1 : 0;
}

/* As the initial load would go on; only our copy of where it stands moves. */
static int write_snapshots(struct rehearsal *r, struct error *e)
{
    struct handler *handler = r->request->handler;
    struct job job = {.busy = false};
    char what[64];
    int n;
    while ((n = initial_load_next(r->request->store, handler, &job, e)) > 0) {
        snprintf(what, sizeof what, "initial load of %d work orders", n);
        int rc = check_signal(e) == 0 ? write_batch(r, &job.batch, r->request->since, what, e) : -1;
        handler->place.loaded = job.last_loaded;
        job_clear(&job);
        if (rc != 0)
            return -1;
    }
    return n;
}

static int load(struct rehearsal *r, struct error *e)
{
    if (!type_of(r)->wants_snapshots)
        return 0;
    r->result->snapshots = snapshots_count_after(r->request->store, r->request->handler->place.loaded, e);
    if (r->result->snapshots < 0)
        return -1;
    return makes_files(r) ? write_snapshots(r, e) : 0;
}

int rehearse_run(const struct rehearse_request *request, struct rehearse_result *result, struct error *e)
{
    struct rehearsal r = {.request = request, .result = result, .until = INT64_MIN};
    *result = (struct rehearse_result){.events = 0};
    if (type_of(&r)->limits != NULL)
        type_of(&r)->limits(request->handler->state, &r.limits);
    int rc = find_place(&r, e);
    if (rc == 0 && type_of(&r)->driver.push != NULL)
        rc = rehearse_turns_read(&r.turns, request->store, request->since - REHEARSE_SLACK_MS, e);
    if (rc == 0)
        rc = load(&r, e);
    if (rc == 0)
        rc = walk(&r, e);
    rehearse_turns_free(&r.turns);
    summary_free(&r.summary);
    free(r.waiting);
    return rc;
}

static void free_difference(struct rehearse_difference *difference)
{
    for (int i = 0; i < REHEARSE_IDS; i++)
        free(difference->ids[i]);
}

void rehearse_free(struct rehearse_result *result)
{
    rehearse_counts_free(&result->counts);
    free_difference(&result->added);
    free_difference(&result->dropped);
    *result = (struct rehearse_result){.events = 0};
}
