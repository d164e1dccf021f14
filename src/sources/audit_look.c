/*
 * The second look of an audit: work orders asked for by their ids. A finding is judged by what the single
 * work order says, and by what is in the store by then.
 */
#include "sources/audit_look.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "sources/sweep.h"
#include "store/audit.h"
#include "store/snapshots.h"
#include "store/sweeps.h"

/* Snapshots that are read at once. */
enum { BATCH = 1000 };

/* After so many that fail in a row it is the API that fails, not the work orders. */
enum { FAILURES_IN_A_ROW = 5 };

/* That one work order fails, time after time, is its own fault; that one after the other does is the API's.
 */
static enum audit_look judge_failure(struct audit *a, enum api_status said, const struct error *e)
{
    const int status = client_status(a->settings->pass->api);
    const bool own = said == API_BAD_REQUEST || said == API_FORBIDDEN ||
                     (e->status != EX_NOPERM && e->status != EX_TEMPFAIL && status != 0 && status != 429);
    if (said == API_STOPPED)
        return LOOK_STOPPED;
    return own && ++a->failures < FAILURES_IN_A_ROW ? LOOK_BROKEN : LOOK_FAILED;
}

/* Asks, and compares what is there with its snapshot: into *out. */
static enum audit_look ask(struct audit *a, int64_t id, struct audit_finding *out, struct error *e)
{
    struct buffer json = {0};
    struct workorder wo = {0};
    const char *reason = NULL;
    enum audit_look look = LOOK_THERE;
    *out = (struct audit_finding){.work_order = id, .there = TIMESTAMP_NONE, .stored = TIMESTAMP_NONE};
    if (shutdown_requested())
        return LOOK_STOPPED;
    enum api_status said = maintainx_work_order(a->settings->pass->api, id, &json, e);
    audit_count_request(a);
    out->sent = client_sent(a->settings->pass->api);
    if (said == API_GONE) {
        a->failures = 0;
        look = LOOK_GONE;
    } else if (said != API_OK) {
        look = judge_failure(a, said, e);
    } else if (workorder_parse(json.data, json.len, &wo, &reason) != WORKORDER_OK) {
        look = LOOK_BROKEN;
    } else {
        const struct page_record found = {.json = json.data, .len = json.len, .id = id};
        a->failures = 0;
        out->there = wo.updated;
        look = audit_compare(a, &found, &wo, false, out, e) == 0 ? LOOK_THERE : LOOK_FAILED;
    }
    if (look == LOOK_BROKEN) {
        out->fault = AUDIT_UNREADABLE;
        out->detail = strdup(reason != NULL ? reason : e->text);
    }
    if (look == LOOK_GONE || look == LOOK_BROKEN)
        *e = (struct error){0};
    workorder_free(&wo);
    buffer_free(&json);
    return look;
}

/* The single work order speaks for what is newer here than there, or came back. */
static enum audit_look ask_again(struct audit *a, struct audit_finding *finding, bool *stays, struct error *e)
{
    struct audit_finding now;
    enum audit_look look = ask(a, finding->work_order, &now, e);
    if (look == LOOK_THERE && audit_is_left(a, &now)) {
        audit_ids_add(&a->left_late, now.work_order); /* `left` is sorted, and is looked into */
        *stays = false;
    } else if (look == LOOK_THERE && now.fault != AUDIT_SAME) {
        now.counted = finding->counted;
        *finding = now;
        return look;
    } else if (look == LOOK_THERE || look == LOOK_GONE) {
        *stays = false; /* the list is late */
    }
    free(now.detail);
    return look == LOOK_GONE || look == LOOK_BROKEN ? LOOK_THERE : look;
}

/* *stays: whether it is a finding still. */
static enum audit_look look_again(
    struct audit *a, struct audit_finding *finding, bool *stays, struct error *e)
{
    struct audit_snapshot known = {0};
    *stays = !audit_ids_have(&a->left, finding->work_order);
    if (!*stays || finding->fault == AUDIT_UNREADABLE || finding->fault == AUDIT_GONE)
        return LOOK_THERE;
    if (finding->fault == AUDIT_NEWER || finding->fault == AUDIT_BACK)
        return ask_again(a, finding, stays, e);
    int rc = audit_read_snapshot(a->settings->pass->store, finding->work_order, "", 0, &known, e);
    if (rc == 1 && finding->fault == AUDIT_CONTENT)
        *stays = !audit_is_stored_since(&known, finding->sent);
    else if (rc == 1 && finding->fault == AUDIT_SILENT)
        *stays = known.updated == finding->there;
    else if (rc == 1)
        *stays = known.updated < finding->there;
    return rc < 0 ? LOOK_FAILED : LOOK_THERE;
}

enum audit_look audit_look_at_findings(struct audit *a, struct error *e)
{
    struct audit_result *result = a->result;
    size_t kept = 0, i = 0;
    enum audit_look look = LOOK_THERE;
    for (; i < result->count && look == LOOK_THERE; i++) {
        bool stays = true;
        struct audit_finding finding = result->findings[i];
        look = look_again(a, &finding, &stays, e);
        if (stays)
            result->findings[kept++] = finding;
        else
            free(finding.detail);
    }
    for (; i < result->count; i++) /* not looked at: nothing is proved anyway */
        result->findings[kept++] = result->findings[i];
    result->count = kept;
    return look;
}

/* Finds the snapshots of the scope that were not seen, all of them: LOOK_THERE. Those that a run has observed
 * meanwhile were. */
static enum audit_look find_unseen(struct audit *a, struct error *e)
{
    struct store *store = a->settings->pass->store;
    const struct audit_scope scope = {.since = a->settings->since, .began = a->began, .ends = clock_now()};
    int64_t batch[BATCH], after = INT64_MIN;
    int count = BATCH;
    const int64_t known = snapshots_count(store, e), limit = sweep_limit(a->settings->pass, known);
    while (known >= 0 && count == BATCH) {
        if (shutdown_requested())
            return LOOK_STOPPED;
        count = audit_read_ids(store, &scope, after, BATCH, batch, e);
        for (int i = 0; i < count; i++) {
            after = batch[i];
            if (!audit_ids_have(&a->seen, after))
                audit_ids_add(&a->unseen, after);
        }
    }
    if (known < 0 || count < 0)
        return LOOK_FAILED;
    if ((int64_t)a->unseen.count <= limit)
        return LOOK_THERE;
    fail(e, EX_TEMPFAIL,
        "audit: the list lacks %lld of the work orders that the store holds, more than max_deletes in [sync] "
        "allows: nothing is proved; check the permissions of the token, and run wosync audit again",
        (long long)a->unseen.count);
    return LOOK_FAILED;
}

/* It is gone. Known to be missing, or emitted as deleted since, it is no news. */
static int note_gone(struct audit *a, struct audit_finding *finding, struct error *e)
{
    struct store *store = a->settings->pass->store;
    struct deletion_candidate candidate;
    struct audit_snapshot known = {0};
    int there = audit_read_snapshot(store, finding->work_order, "", 0, &known, e);
    int waits = there == 1 && !known.deleted ? sweeps_find(store, finding->work_order, &candidate, e) : there;
    if (there < 0 || waits < 0)
        return -1;
    if (there == 0 || known.deleted)
        return 0;
    finding->fault = AUDIT_GONE;
    finding->stored = known.updated;
    if (waits == 1)
        a->result->proving++;
    else
        audit_findings_add(a->result, finding);
    return 0;
}

enum audit_look audit_look_at_unseen(struct audit *a, struct error *e)
{
    const enum audit_look found = find_unseen(a, e);
    if (found != LOOK_THERE)
        return found;
    for (size_t i = 0; i < a->unseen.count; i++) {
        struct audit_finding finding;
        enum audit_look look = ask(a, a->unseen.list[i], &finding, e);
        if (look == LOOK_STOPPED || look == LOOK_FAILED)
            return look;
        if (look == LOOK_GONE && note_gone(a, &finding, e) != 0)
            return LOOK_FAILED;
        if (look == LOOK_BROKEN)
            audit_findings_add(a->result, &finding);
        if (look != LOOK_THERE || finding.fault == AUDIT_ABSENT)
            continue;
        a->result->work_orders++;
        a->result->unlisted += finding.fault == AUDIT_SAME;
        audit_note(a, &finding);
    }
    return LOOK_THERE;
}
