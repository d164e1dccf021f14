/*
 * intake_apply: an observation that was understood, against what is known of its work order: what is stale or
 * doubtful, what the diff says, and what becomes of the snapshot (rules R4, R5).
 *
 *   overtaken    another process stored a later look meanwhile: only the sighting counts
 *   buried       late news of a work order that was deleted before it was known: nothing
 *   stale        the diff leaves the snapshot alone; where it may be that the server went back, the work
 *                order itself is asked for
 *   otherwise    the events, the snapshot, and the steps that are done with
 *
 * Invariant: the events go into the log before the snapshot that makes them old, in one transaction.
 */
#include "sources/intake_apply.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "sources/intake_events.h"
#include "store/refetches.h"
#include "store/steps.h"

static struct diff_snapshot known_state(const struct snapshot *known)
{
    return (struct diff_snapshot){.wo = &known->wo,
        .from_list = known->from_list,
        .deleted = known->deleted,
        .deletions = known->deletions,
        .deleted_at = known->deleted_at,
        .status = known->status,
        .status_at = known->status_at};
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
 * Where a status change waits for more steps, this reading ends the wait: the next one may not list it. */
static bool is_overtaken(
    const struct intake_record *record, const struct workorder *wo, const struct snapshot *known)
{
    return known != NULL && record->sent != 0 && known->observed > record->sent &&
           known->observed <= record->observed &&
           (wo->updated < known->wo.updated || (wo->updated == known->wo.updated && known->status == NULL));
}

/* An older state than what is known, from a reading that began after it was observed: a stale page, or the
 * server went back. Only the work order itself can say, and it is asked once. By a clock that went back it
 * is not known which was first: then it is asked, too. */
static int doubt(struct intake *intake, const struct intake_record *record, const struct workorder *wo,
    const struct snapshot *known, struct intake_details *details, struct error *e)
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
    details->doubtful = true;
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
    const struct diff *diff, struct intake_details *details, struct error *e)
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
    if (intake_append_events(intake, diff, &context, details, e) != 0)
        return -1;
    if (known != NULL && diff->doubtful && doubt(intake, record, wo, known, details, e) != 0)
        return -1;
    if (diff->result == DIFF_STORE && !is_overtaken(record, wo, known) &&
        store_document(intake, record, fingerprint, wo, known != NULL ? known : &none, diff, e) != 0)
        return -1;
    return 0;
}

/* The steps of what was observed are emitted, or part of what is known. */
static int drop_steps(
    struct intake *intake, const struct workorder *wo, const struct diff *diff, struct error *e)
{
    if (diff->result != DIFF_STORE)
        return 0;
    int64_t until = diff->status_at != TIMESTAMP_NONE ? diff->status_at : wo->updated;
    return steps_drop(intake->settings.store, wo->id, until, e);
}

int intake_apply(struct intake *intake, const struct intake_record *record, const unsigned char *fingerprint,
    const struct workorder *wo, const struct snapshot *known, struct intake_details *details, struct error *e)
{
    struct status_step *steps = NULL;
    struct diff diff = {0};
    int rc = -1, buried = 0, count = 0;
    const bool history = intake->settings.window != NULL;
    details->id = wo->id;
    details->updated = wo->updated;
    if (!history && is_overtaken(record, wo, known))
        return intake_note_sighting(intake, wo->id, e);
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
        const struct diff_snapshot old = known_state(known);
        diff_observe(&intake->rules, intake->settings.window, &old, &now, &diff);
        details->back = known->deleted;
    } else {
        diff_observe(&intake->rules, intake->settings.window, NULL, &now, &diff);
    }
    details->changed = known == NULL || wo->updated > known->wo.updated;
    details->listed =
        known != NULL && record->from_list && !known->from_list && wo->updated == known->wo.updated;
    details->waiting = diff.status[0] != '\0';
    if (apply_diff(intake, record, fingerprint, wo, known, &diff, details, e) == 0 &&
        (count == 0 || drop_steps(intake, wo, &diff, e) == 0) && intake_note_sighting(intake, wo->id, e) == 0)
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
    struct status_step *steps = NULL;
    struct diff diff = {0};
    struct intake_details details = {.id = work_order};
    int count = 0, rc = -1, known = snapshots_load(store, work_order, &snapshot, e);
    const struct diff_snapshot old = known_state(&snapshot);
    if (known == 0) {
        rc = tombstones_add(store, work_order, occurred != TIMESTAMP_NONE ? occurred : observed, e);
        goto out;
    }
    bool stale = occurred != TIMESTAMP_NONE && occurred < snapshot.wo.updated;
    if (known < 0 || snapshot.deleted || stale) {
        rc = known < 0 ? -1 : 0;
        goto out;
    }
    if (old.status != NULL && (count = steps_load(store, work_order, &steps, e)) < 0)
        goto out;
    diff_gone(&intake->rules, &old, steps, (size_t)count, occurred, &diff);
    const struct event_context context = {.observed = observed,
        .previously_observed = snapshot.observed,
        .source = intake->settings.source,
        .actor = actor,
        .doc = diff.document,
        .changes = diff.changes};
    if (intake_append_events(intake, &diff, &context, &details, e) == 0 &&
        snapshots_set_deleted(store, work_order, diff.deletions, diff.deleted_at, e) == 0 &&
        (count == 0 || drop_steps(intake, &snapshot.wo, &diff, e) == 0))
        rc = details.events;
out:
    free(steps);
    diff_free(&diff);
    snapshot_free(&snapshot);
    return rc;
}
