/*
 * intake: how a record is read.
 *
 *   the list's bytes are those of last time --------------> seen, and nothing else
 *   it is new to us, or the pass is a backfill -----------> scanned (core/scan) --.
 *   anything else, and whatever the scan does not take ---> parsed ---------------+--> intake_apply
 *   it is not understood ---------------------------------> quarantine
 *
 * What is rare (records in quarantine, work orders that are missing, steps that were notified) is counted
 * once in a transaction, so that a page of records that nothing has happened to costs a look at each
 * fingerprint.
 */
#include "sources/intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/json_cut.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/fingerprint.h"
#include "core/scan.h"
#include "core/workorder.h"
#include "sources/intake_apply.h"
#include "store/quarantine.h"
#include "store/steps.h"
#include "store/store.h"
#include "store/sweeps.h"

struct intake *intake_new(const struct intake_settings *settings)
{
    struct intake *intake = calloc(1, sizeof *intake);
    intake->settings = *settings;
    intake->rules = (struct diff_rules){.horizon = settings->horizon,
        .completed = (const char *const *)settings->config->completed,
        .ignored = (const char *const *)settings->config->ignored};
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
    intake->rules.horizon = horizon;
}

/* A member of a record; false where it is absent or null. */
static bool has_member(const struct intake_record *record, const char *name, struct json_text *value)
{
    return json_cut_member(record->json, record->len, name, value) && value->len > 0 && *value->at != 'n';
}

/* What makes it this record and no other: its id, however it is spelled; of one without, the number that
 * people see; of one without both, all its bytes. The rest may be other bytes in every answer (a signed URL)
 * and still be the same fault. */
static void identify(const struct intake_record *record, unsigned char identity[FINGERPRINT_SIZE])
{
    struct json_text value;
    struct buffer number = {0};
    if (has_member(record, "id", &value)) {
        fingerprint_of(value.at, value.len, identity);
    } else if (has_member(record, "sequentialId", &value)) {
        buffer_append_text(&number, "sequentialId ");
        buffer_append(&number, value.at, value.len);
        fingerprint_of(number.data, number.len, identity);
    } else {
        fingerprint_of(record->json, record->len, identity);
    }
    buffer_free(&number);
}

static enum intake_result put_away(struct intake *intake, const struct intake_record *record,
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

/* Nearly always there is nothing of either. */
int intake_note_sighting(struct intake *intake, int64_t work_order, struct error *e)
{
    struct store *store = intake->settings.store;
    int64_t quarantined = count_once(intake, &intake->in_quarantine, quarantine_count, e);
    int64_t missing = count_once(intake, &intake->missing, sweeps_waiting, e);
    if (quarantined < 0 || missing < 0 || (quarantined > 0 && quarantine_resolve(store, work_order, e) != 0))
        return -1;
    return missing > 0 ? sweeps_drop(store, work_order, e) : 0;
}

/* A document that comes parsed is not parsed again; workorder_parse refuses one that is too large before it
 * would. */
static enum workorder_result read_document(
    const struct intake_record *record, struct workorder *out, const char **reason)
{
    return record->doc != NULL && record->len <= WORKORDER_MAX_SIZE
               ? workorder_from_doc(record->doc, out, reason)
               : workorder_parse(record->json, record->len, out, reason);
}

/* What is compared with a document: all of both is needed. */
static enum intake_result observe_parsed(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, struct intake_details *details, struct error *e)
{
    struct workorder wo;
    struct snapshot snapshot;
    const char *reason = NULL;
    switch (read_document(record, &wo, &reason)) {
    case WORKORDER_BAD:
        return put_away(intake, record, fingerprint, reason, e);
    case WORKORDER_NOT_JSON:
        fail(e, EX_PROTOCOL, "api: a work order in the answer is no JSON: %s; the next run asks again",
            reason);
        return INTAKE_NOT_JSON;
    case WORKORDER_OK:
    default:
        break;
    }
    int known = snapshots_load(intake->settings.store, wo.id, &snapshot, e);
    int rc = known < 0
                 ? -1
                 : intake_apply(intake, record, fingerprint, &wo, known == 1 ? &snapshot : NULL, details, e);
    snapshot_free(&snapshot);
    workorder_free(&wo);
    return rc == 0 ? INTAKE_TAKEN : INTAKE_FAILED;
}

/* What needs no document: a record whose bytes are those of last time, one that is new to us, and all of a
 * backfill, which asks for nothing but the record's own dates. Returns 1 when it was taken, 0 when it is to
 * be parsed, or -1. */
static int observe_scanned(struct intake *intake, const struct intake_record *record,
    const unsigned char *fingerprint, struct intake_details *details, struct error *e)
{
    struct snapshot_glance glance;
    struct scan scan;
    const bool backfill = intake->settings.window != NULL;
    int known = snapshots_glance(intake->settings.store, record->id_hint, fingerprint, &glance, e);
    if (known < 0)
        return -1;
    if (glance.same && !backfill) {
        details->updated = glance.updated;
        return intake_note_sighting(intake, record->id_hint, e) == 0 ? 1 : -1;
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
    return intake_apply(intake, record, fingerprint, &scan.wo, known == 1 ? &snapshot : NULL, details, e) == 0
               ? 1
               : -1;
}

enum intake_result intake_observe(struct intake *intake, const struct intake_record *record,
    struct intake_details *details, struct error *e)
{
    unsigned char fingerprint[FINGERPRINT_SIZE];
    *details = (struct intake_details){.id = record->id_hint, .updated = TIMESTAMP_NONE};
    intake->settings.run->records++;
    fingerprint_of(record->json, record->len, fingerprint);
    if (record->from_list && record->id_hint != 0) {
        int taken = observe_scanned(intake, record, fingerprint, details, e);
        if (taken != 0)
            return taken == 1 ? INTAKE_TAKEN : INTAKE_FAILED;
    }
    return observe_parsed(intake, record, fingerprint, details, e);
}
