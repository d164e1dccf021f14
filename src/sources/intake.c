#include "sources/intake.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_scan.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/fingerprint.h"
#include "core/mentions.h"
#include "core/scan.h"
#include "core/workorder.h"
#include "sources/names.h"
#include "store/events.h"
#include "store/quarantine.h"
#include "store/refetches.h"
#include "store/snapshots.h"
#include "store/steps.h"
#include "store/store.h"
#include "store/sweeps.h"

/* An event that waits for its page to end. */
struct held {
    struct event event;
    int64_t observed;
    struct json_object *doc; /* NULL: it is `json`, borrowed from the page */
    const char *json;
    size_t json_len;
};

struct intake {
    struct intake_settings settings;
    struct held *held;
    size_t held_count, held_capacity;
    struct mentions mentions; /* of the event at hand */
    /* of this transaction, for between two other processes write */
    int64_t transaction;
    int64_t in_quarantine; /* records, as far as known; -1: not looked yet */
    int64_t missing;       /* work orders that wait for proof that they are gone; -1: not looked yet */
    int64_t steps;         /* 1: notifications have named status changes; -1: not looked yet */
};

struct intake *intake_new(const struct intake_settings *settings)
{
    struct intake *intake = calloc(1, sizeof *intake);
    intake->settings = *settings;
    intake->in_quarantine = -1;
    intake->missing = -1;
    intake->steps = -1;
    return intake;
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    intake_drop(intake);
    mentions_free(&intake->mentions);
    free(intake->held);
    free(intake);
}

void intake_set_horizon(struct intake *intake, int64_t horizon)
{
    intake->settings.rules.horizon = horizon;
}

/* What makes it this record and no other: its id, however it is spelled; of one without, all its bytes. The
 * rest may be other bytes in every answer (a signed URL) and still be the same fault. */
static void identify(const struct intake_record *record, unsigned char identity[FINGERPRINT_SIZE])
{
    struct json_text id;
    if (!json_scan_member(record->json, record->len, "id", &id) || id.len == 0 || *id.at == 'n')
        id = (struct json_text){.at = record->json, .len = record->len};
    fingerprint_of(id.at, id.len, identity);
}

static enum intake_verdict put_away(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, const char *reason, struct error *e)
{
    unsigned char identity[FINGERPRINT_SIZE];
    identify(record, identity);
    const struct quarantine_entry entry = {.identity = identity,
        .fingerprint = fingerprint,
        .work_order = record->id_hint,
        .source = event_source_name(intake->settings.source),
        .reason = reason,
        .raw = record->json,
        .size = record->len,
        .seen = record->observed};
    int added = quarantine_add(intake->settings.store, &entry, e);
    if (added < 0)
        return INTAKE_FAILED;
    if (added == 1) {
        char id[32] = "without a plain id";
        if (record->id_hint != 0)
            snprintf(id, sizeof id, "%lld", (long long)record->id_hint);
        intake->settings.run->quarantined++;
        intake->in_quarantine = -1;
        log_warning("work order %s: %s; the record is in quarantine (see wosync status); the pass continues",
            id, reason);
    }
    return INTAKE_QUARANTINED;
}

/* How many rows of a rare kind there are, counted once in a transaction and then kept in *known. */
static int64_t count_once(
    struct intake *intake, int64_t *known, int64_t (*count)(struct store *, struct error *), struct error *e)
{
    int64_t transaction = store_transactions(intake->settings.store);
    if (intake->transaction != transaction)
        intake->in_quarantine = intake->missing = intake->steps = -1;
    intake->transaction = transaction;
    if (*known < 0)
        *known = count(intake->settings.store, e);
    return *known;
}

static int64_t find_steps(struct store *store, struct error *e)
{
    return steps_any(store, e);
}

/* A work order that is understood leaves quarantine, and is not missing: what a sweep did not see, and a 404
 * before now, prove nothing any more. Nearly always there is nothing of either. */
static int note_sighting(struct intake *intake, int64_t work_order, struct error *e)
{
    struct store *store = intake->settings.store;
    int64_t quarantined = count_once(intake, &intake->in_quarantine, quarantine_count, e);
    int64_t missing = count_once(intake, &intake->missing, sweeps_waiting, e);
    if (quarantined < 0 || missing < 0 || (quarantined > 0 && quarantine_resolve(store, work_order, e) != 0))
        return -1;
    return missing > 0 ? sweeps_drop(store, work_order, e) : 0;
}

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
    struct intake_result *result, struct error *e)
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
        result->events += added;
    }
    return 0;
}

static int append_events(struct intake *intake, const struct diff *diff, const struct event_context *context,
    struct intake_result *result, struct error *e)
{
    const bool born = diff->count > 0 && diff->events[0].type == EVENT_CREATED;
    if (!born && append_steps(intake, diff, context, result, e) != 0)
        return -1;
    for (int i = 0; i < diff->count; i++) {
        if (i == 1 && born && append_steps(intake, diff, context, result, e) != 0)
            return -1;
        if (intake->settings.window != NULL) {
            hold(intake, &diff->events[i], context);
            continue;
        }
        int added = append_event(intake, &diff->events[i], context, e);
        if (added < 0)
            return -1;
        result->events += added;
    }
    return born && diff->count == 1 ? append_steps(intake, diff, context, result, e) : 0;
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

static int store_document(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, const struct workorder *wo, const struct snapshot *old,
    const struct diff *diff, struct error *e)
{
    struct snapshot_row row = {.id = wo->id,
        .updated = wo->updated,
        .fingerprint = diff->from_list ? fingerprint : NULL,
        .json = record->json,
        .len = record->len,
        .observed = record->observed,
        .deleted = diff->deleted,
        .deletions = diff->deletions,
        .deleted_at = diff->deleted_at,
        .status = diff->status[0] != '\0' ? diff->status : NULL,
        .status_at = diff->status_at};
    /* a document that is the record itself is kept as the bytes that came */
    if (diff->document != wo->doc) {
        row.json = json_object_to_json_string_length(
            diff->document, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &row.len);
    }
    return snapshots_save(intake->settings.store, &row, old->document, e);
}

/* Another process has stored what it was shown after this was asked for: of one updatedAt, and of an older
 * one, ours is the older look, and the next one will show what holds. A clock that went back decides nothing.
 */
static bool is_overtaken(
    const struct intake_record *record, const struct workorder *wo, const struct snapshot *known)
{
    return known != NULL && record->sent != 0 && known->observed > record->sent &&
           known->observed <= record->observed && wo->updated <= known->wo.updated;
}

/* An older state than what is known, from a reading that began after it was observed: a stale page, or the
 * server went back. Only the work order itself can say, and it is asked once. By a clock that went back it
 * is not known which was first: then it is asked, too. */
static int doubt(struct intake *intake, const struct intake_record *record, const struct workorder *wo,
    const struct snapshot *known, struct intake_result *result, struct error *e)
{
    const struct refetch_row row = {.work_order = wo->id,
        .reason = REFETCH_DOUBT,
        .requested = record->observed,
        .occurred = TIMESTAMP_NONE,
        .gone_at = TIMESTAMP_NONE,
        .doubted = wo->updated};
    bool late = !record->from_list && !record->single; /* a late notification proves nothing */
    bool earlier = record->asked <= known->observed && known->observed <= record->observed;
    /* refuted once: the list is late; but a server may have gone back to just that, so a sweep asks again */
    bool refuted = known->doubted == wo->updated && intake->settings.source != SOURCE_RECONCILE;
    if (late || earlier || refuted)
        return 0;
    result->doubtful = true;
    return record->single ? 0 : refetches_request(intake->settings.store, &row, record->observed, e);
}

/* Late news of a work order that was deleted before it was known creates nothing. */
static int is_buried(
    struct intake *intake, const struct intake_record *record, const struct workorder *wo, struct error *e)
{
    int64_t deleted_at;
    if (record->from_list || record->single)
        return 0;
    if (tombstones_get(intake->settings.store, wo->id, &deleted_at, e) != 0)
        return -1;
    return deleted_at != TIMESTAMP_NONE && wo->updated <= deleted_at;
}

/* What the diff found out, written into the store. */
static int apply_diff(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, const struct workorder *wo, const struct snapshot *known,
    const struct diff *diff, struct intake_result *result, struct error *e)
{
    static const struct snapshot none;
    struct event_context context = {.observed = record->observed,
        .previously_observed = TIMESTAMP_NONE,
        .source = intake->settings.source,
        .doc = diff->document,
        .json = record->json,
        .json_len = record->len,
        .previous_status = diff->previous_status,
        .changes = diff->changes};
    if (known != NULL)
        context.previously_observed =
            known->observed > record->previously_observed ? known->observed : record->previously_observed;
    if (append_events(intake, diff, &context, result, e) != 0)
        return -1;
    if (known != NULL && diff->doubtful && doubt(intake, record, wo, known, result, e) != 0)
        return -1;
    if (diff->outcome == DIFF_STORE && !is_overtaken(record, wo, known) &&
        store_document(intake, record, fingerprint, wo, known != NULL ? known : &none, diff, e) != 0)
        return -1;
    return 0;
}

/* The steps of what was observed are emitted, or part of what is known. */
static int drop_steps(
    struct intake *intake, const struct workorder *wo, const struct diff *diff, struct error *e)
{
    if (diff->outcome != DIFF_STORE)
        return 0;
    int64_t until = diff->status_at != TIMESTAMP_NONE ? diff->status_at : wo->updated;
    return steps_drop(intake->settings.store, wo->id, until, e);
}

/* Compares a work order that was understood with its snapshot (NULL: there is none) and writes what comes of
 * it.
 */
static int apply(struct intake *intake, const struct intake_record *record, const unsigned char *fingerprint,
    const struct workorder *wo, const struct snapshot *known, struct intake_result *result, struct error *e)
{
    struct status_step *steps = NULL;
    struct diff diff = {0};
    int rc = -1, buried = 0, count = 0;
    const bool history = intake->settings.window != NULL;
    result->id = wo->id;
    result->updated = wo->updated;
    if (!history && is_overtaken(record, wo, known))
        return note_sighting(intake, wo->id, e);
    /* where there is no document, nothing but the record's own dates counts */
    if (!history && wo->doc != NULL) {
        if (known == NULL && (buried = is_buried(intake, record, wo, e)) < 0)
            return -1;
        count = steps_load(intake->settings.store, wo->id, &steps, e);
        if (count < 0)
            return -1;
    }
    if (buried == 1)
        return 0;
    const struct diff_observation now = {.wo = wo,
        .from_list = record->from_list,
        .believed = record->believed,
        .steps = steps,
        .step_count = (size_t)count,
        .wait = record->wait};
    if (known != NULL) {
        const struct diff_snapshot old = {.wo = &known->wo,
            .from_list = known->from_list,
            .deleted = known->deleted,
            .deletions = known->deletions,
            .deleted_at = known->deleted_at,
            .status = known->status,
            .status_at = known->status_at};
        diff_observe(&intake->settings.rules, intake->settings.window, &old, &now, &diff);
        result->back = known->deleted;
    } else {
        diff_observe(&intake->settings.rules, intake->settings.window, NULL, &now, &diff);
    }
    result->changed = known == NULL || wo->updated > known->wo.updated;
    result->listed =
        known != NULL && record->from_list && !known->from_list && wo->updated == known->wo.updated;
    result->waiting = diff.status[0] != '\0';
    if (apply_diff(intake, record, fingerprint, wo, known, &diff, result, e) == 0 &&
        (count == 0 || drop_steps(intake, wo, &diff, e) == 0) && note_sighting(intake, wo->id, e) == 0)
        rc = 0;
    diff_free(&diff);
    free(steps);
    return rc;
}

int intake_gone(struct intake *intake, int64_t work_order, int64_t occurred, int64_t actor, int64_t observed,
    struct error *e)
{
    struct store *store = intake->settings.store;
    struct snapshot snapshot = {0};
    struct diff diff = {0};
    struct intake_result result = {.id = work_order};
    int rc = -1, known = snapshots_load(store, work_order, &snapshot, e);
    const struct diff_snapshot old = {.wo = &snapshot.wo,
        .from_list = snapshot.from_list,
        .deleted = snapshot.deleted,
        .deletions = snapshot.deletions,
        .deleted_at = snapshot.deleted_at,
        .status = snapshot.status,
        .status_at = snapshot.status_at};
    if (known == 0) {
        rc = tombstones_add(store, work_order, occurred != TIMESTAMP_NONE ? occurred : observed, e);
        goto out;
    }
    bool stale = occurred != TIMESTAMP_NONE && occurred < snapshot.wo.updated;
    if (known < 0 || snapshot.deleted || stale) {
        rc = known < 0 ? -1 : 0;
        goto out;
    }
    diff_gone(&old, occurred, &diff);
    const struct event_context context = {.observed = observed,
        .previously_observed = snapshot.observed,
        .source = intake->settings.source,
        .actor = actor,
        .doc = diff.document,
        .changes = diff.changes};
    if (append_events(intake, &diff, &context, &result, e) == 0 &&
        snapshots_set_deleted(store, work_order, diff.deletions, diff.deleted_at, e) == 0)
        rc = result.events;
out:
    diff_free(&diff);
    snapshot_free(&snapshot);
    return rc;
}

/* What is compared with a document: all of both is needed. */
static enum intake_verdict observe_parsed(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, struct intake_result *result, struct error *e)
{
    struct workorder wo;
    struct snapshot snapshot;
    const char *reason = NULL;
    switch (workorder_parse(record->json, record->len, &wo, &reason)) {
    case WORKORDER_BAD:
        return put_away(intake, record, fingerprint, reason, e);
    case WORKORDER_NOT_JSON:
        fail(e, EX_PROTOCOL, "api: a work order in the answer is no JSON: %s", reason);
        return INTAKE_NOT_JSON;
    case WORKORDER_OK:
    default:
        break;
    }
    int known = snapshots_load(intake->settings.store, wo.id, &snapshot, e);
    int rc =
        known < 0 ? -1 : apply(intake, record, fingerprint, &wo, known == 1 ? &snapshot : NULL, result, e);
    snapshot_free(&snapshot);
    workorder_free(&wo);
    return rc == 0 ? INTAKE_TAKEN : INTAKE_FAILED;
}

/* What needs no document: a record whose bytes are those of last time, one that is new to us, and all of a
 * backfill, which asks for nothing but the record's own dates. Returns 1 when it was taken, 0 when it is to
 * be parsed, or -1. */
static int observe_scanned(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, struct intake_result *result, struct error *e)
{
    struct snapshot_glance glance;
    struct scan scan;
    const bool backfill = intake->settings.window != NULL;
    int known = snapshots_glance(intake->settings.store, record->id_hint, fingerprint, &glance, e);
    if (known < 0)
        return -1;
    if (glance.same && !backfill) {
        result->updated = glance.updated;
        return note_sighting(intake, record->id_hint, e) == 0 ? 1 : -1;
    }
    if (known == 0 && !backfill && count_once(intake, &intake->steps, find_steps, e) != 0)
        return intake->steps < 0 ? -1 : 0; /* the document is needed to follow them */
    if ((known == 1 && !backfill) || !scan_record(record->json, record->len, &scan) ||
        scan.wo.id != record->id_hint)
        return 0;
    const struct snapshot snapshot = {.wo.updated = glance.updated,
        .observed = glance.observed,
        .deleted = glance.deleted,
        .deleted_at = TIMESTAMP_NONE,
        .status_at = TIMESTAMP_NONE,
        .doubted = TIMESTAMP_NONE};
    return apply(intake, record, fingerprint, &scan.wo, known == 1 ? &snapshot : NULL, result, e) == 0 ? 1
                                                                                                       : -1;
}

enum intake_verdict intake_observe(
    struct intake *intake, const struct intake_record *record, struct intake_result *result, struct error *e)
{
    unsigned char fingerprint[FINGERPRINT_SIZE];
    *result = (struct intake_result){.id = record->id_hint, .updated = TIMESTAMP_NONE};
    intake->settings.run->records++;
    fingerprint_of(record->json, record->len, fingerprint);
    if (record->from_list && record->id_hint != 0) {
        int taken = observe_scanned(intake, record, fingerprint, result, e);
        if (taken != 0)
            return taken == 1 ? INTAKE_TAKEN : INTAKE_FAILED;
    }
    return observe_parsed(intake, record, fingerprint, result, e);
}
