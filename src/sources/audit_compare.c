#include "sources/audit_compare.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "store/audit.h"
#include "store/events.h"
#include "store/snapshots.h"

/* Fields that a finding names. */
enum { MOST_FIELDS = 5 };

/* The names of the fields in which it differs, NULL when it does not. */
static char *name_changes(const struct diff *diff)
{
    struct buffer out = {0};
    int count = 0;
    json_object_object_foreach(diff->changes, name, change)
    {
        (void)change;
        if (++count <= MOST_FIELDS)
            buffer_append_format(&out, "%s%s", count > 1 ? ", " : "", name);
    }
    if (count > MOST_FIELDS)
        buffer_append_format(&out, " and %d more", count - MOST_FIELDS);
    return out.data;
}

/* Of one updatedAt, but not of the same bytes: does it differ in a way that would emit an event? */
static int compare_content(struct audit *a, const struct page_record *found, bool from_list,
    struct audit_finding *out, struct error *e)
{
    struct workorder wo = {0};
    struct snapshot known = {0};
    const char *reason;
    int rc = snapshots_load(a->settings->pass->store, found->id, &known, e);
    if (rc == 1 && workorder_parse(found->json, found->len, &wo, &reason) == WORKORDER_OK) {
        const struct diff_snapshot old = {.wo = &known.wo,
            .from_list = known.from_list,
            .deleted_at = TIMESTAMP_NONE,
            .status_at = TIMESTAMP_NONE};
        const struct diff_observation now = {.wo = &wo, .from_list = from_list, .believed = true};
        struct diff diff;
        diff_observe(&a->rules, NULL, &old, &now, &diff);
        out->detail = name_changes(&diff);
        out->fault = out->detail != NULL ? AUDIT_CONTENT : AUDIT_SAME;
        diff_free(&diff);
    }
    workorder_free(&wo);
    snapshot_free(&known);
    return rc < 0 ? -1 : 0;
}

bool audit_is_stored_since(const struct audit_snapshot *known, int64_t sent)
{
    return known->observed >= sent && known->observed <= clock_now();
}

/* What is in the store as it is was emitted: once it was created, or with its updatedAt, by the first two
 * rows of rule R5. Ids are kept for ever. */
static int check_emitted(
    struct audit *a, const struct workorder *wo, struct audit_finding *out, struct error *e)
{
    const struct diff_observation now = {.wo = wo, .from_list = true};
    struct diff diff;
    diff_observe(&a->rules, NULL, NULL, &now, &diff);
    int emitted = 1;
    if (diff.count > 0)
        emitted = events_is_emitted(a->settings->pass->store, diff.events[0].id, e);
    if (emitted == 0) {
        out->fault = AUDIT_SILENT;
        out->detail = strdup(diff.events[0].id);
        out->created = diff.events[0].type == EVENT_CREATED ? wo->created : TIMESTAMP_NONE;
    }
    diff_free(&diff);
    return emitted < 0 ? -1 : 0;
}

/* Compares a record with its snapshot. Fills *out. */
int audit_compare(struct audit *a, const struct page_record *found, const struct workorder *wo,
    bool from_list, struct audit_finding *out, struct error *e)
{
    struct audit_snapshot known = {0};
    int rc = audit_read_snapshot(a->settings->pass->store, wo->id, found->json, found->len, &known, e);
    out->stored = rc == 1 ? known.updated : TIMESTAMP_NONE;
    const bool meanwhile = rc == 1 && audit_is_stored_since(&known, out->sent);
    if (rc == 0)
        out->fault = AUDIT_ABSENT;
    else if (rc == 1 && known.deleted && wo->deleted == TIMESTAMP_NONE)
        out->fault = AUDIT_BACK;
    else if (rc == 1 && wo->updated > known.updated)
        out->fault = AUDIT_OLDER;
    else if (rc == 1 && wo->updated < known.updated)
        out->fault = meanwhile ? AUDIT_SAME : AUDIT_NEWER;
    else if (rc == 1 && !known.same && !meanwhile)
        rc = compare_content(a, found, from_list, out, e);
    if (rc >= 0 && out->fault == AUDIT_SAME && wo->updated == known.updated)
        rc = check_emitted(a, wo, out, e);
    return rc < 0 ? -1 : 0;
}

/* What the next poll would be the first to see was not missed. */
bool audit_is_left(const struct audit *a, const struct audit_finding *finding)
{
    return finding->there != TIMESTAMP_NONE && finding->there > a->vouched &&
           (finding->fault == AUDIT_ABSENT || finding->fault == AUDIT_OLDER ||
               finding->fault == AUDIT_CONTENT || finding->fault == AUDIT_BACK);
}

/* Puts the outcome of a comparison where it belongs. */
void audit_note(struct audit *a, struct audit_finding *finding)
{
    finding->counted = finding->fault != AUDIT_SILENT;
    if (audit_is_left(a, finding)) {
        audit_ids_add(&a->left, finding->work_order);
        free(finding->detail);
    } else if (finding->fault != AUDIT_SAME) {
        audit_findings_add(a->result, finding);
    }
}

void audit_count_request(const struct audit *a)
{
    const struct pass_settings *s = a->settings->pass;
    s->run->requests = s->requests_before + client_requests(s->api);
    s->run->bytes = s->bytes_before + client_bytes(s->api);
    a->settings->progress(a->settings->progress_data);
}
