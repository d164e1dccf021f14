/*
 * An audit of the snapshots.
 *
 *   list ------> each record is compared with its snapshot --> same | left to the next poll | a finding
 *   snapshots -> each that the list did not show ------------> asked for by its id
 *   findings --> a second look: what a run has stored meanwhile, and what the single work order says
 *
 * A poll at work beside it changes what is compared. So only what the last finished poll vouches for can be
 * missing (find_vouched), a snapshot that was observed after the record was asked for is no fault, and what
 * differs is looked at again in the end. Ids are kept, eight bytes each, nothing else of what is as it should
 * be.
 */
#include "sources/audit.h"

#include <stdlib.h>
#include <string.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/timestamp.h"
#include "sources/audit_list.h"
#include "sources/audit_compare.h"
#include "sources/audit_look.h"
#include "store/store.h"

static int take_record(const struct audit_record *record, void *context, struct error *e)
{
    struct audit *a = context;
    struct page_record found = *record->found;
    struct audit_finding finding = {
        .work_order = found.id, .there = TIMESTAMP_NONE, .stored = TIMESTAMP_NONE, .sent = record->sent};
    a->settings->pass->run->records++;
    if (record->wo == NULL) {
        finding.fault = AUDIT_UNREADABLE;
        finding.detail = strdup(record->reason);
        finding.counted = found.id != 0;
        if (found.id != 0)
            audit_ids_add(&a->seen, found.id);
        audit_findings_add(a->result, &finding);
        return 0;
    }
    found.id = finding.work_order = record->wo->id;
    finding.there = record->wo->updated;
    audit_ids_add(&a->seen, found.id);
    if (audit_compare(a, &found, record->wo, true, &finding, e) != 0)
        return -1;
    audit_note(a, &finding);
    return 0;
}

static void end_page(void *context)
{
    struct audit *a = context;
    a->settings->pass->run->pages++;
    audit_count_request(a);
}

/* What changed until then no poll reads again: a lookback before the last finished one began (rule R1). The
 * watermark is no part of it: polls that never saw a work order leave it behind for ever. Where no poll has
 * shown anything yet there is no such beginning, but the end of one. */
static int find_vouched(struct audit *a, struct error *e)
{
    const struct config *config = a->settings->pass->config;
    struct account account;
    if (pass_load_account(a->settings->pass, &account, e) < 0)
        return -1;
    a->rules = (struct diff_rules){.completed = (const char *const *)config->completed,
        .ignored = (const char *const *)config->ignored,
        .horizon = account.horizon};
    a->result->horizon = account.horizon;
    const int64_t began = account.started != TIMESTAMP_NONE ? account.started : account.finished;
    account_free(&account);
    if (began == TIMESTAMP_NONE)
        return fail(e, EX_TEMPFAIL,
            "audit: nothing was polled yet to its end, so there is nothing to audit; run: wosync sync");
    a->vouched = began - config->lookback;
    return 0;
}

static enum pass_result end_of(enum audit_look look)
{
    return look == LOOK_THERE ? PASS_FINISHED : look == LOOK_STOPPED ? PASS_STOPPED : PASS_FAILED;
}

/* Reads and compares everything. */
static enum pass_result read_all(struct audit *a, struct error *e)
{
    const struct audit_list list = {.api = a->settings->pass->api,
        .page_size = (int)a->settings->pass->config->page_size,
        .since = a->settings->since,
        .record = take_record,
        .page = end_page,
        .context = a};
    enum pass_result end = audit_list_read(&list, e);
    if (end != PASS_FINISHED)
        return end;
    audit_ids_sort(&a->seen);
    a->result->work_orders = (int64_t)a->seen.count;
    end = end_of(audit_look_at_unseen(a, e));
    audit_findings_sort(a->result);
    audit_ids_sort(&a->left);
    return end == PASS_FINISHED ? end_of(audit_look_at_findings(a, e)) : end;
}

enum pass_result audit_run(
    const struct audit_settings *settings, struct audit_result *result, struct error *e)
{
    struct audit a = {.settings = settings, .result = result, .began = clock_now()};
    *result = (struct audit_result){0};
    if (find_vouched(&a, e) != 0)
        return PASS_FAILED;
    client_set_modest(settings->pass->api, true);
    enum pass_result end = read_all(&a, e);
    client_set_modest(settings->pass->api, false);
    audit_ids_sort(&a.left);
    /* the second look passes over what is left already, and has each finding once */
    result->left = (int64_t)(a.left.count + a.left_late.count);
    result->same = result->work_orders - result->left;
    for (size_t i = 0; i < result->count; i++)
        result->same -= result->findings[i].counted;
    free(a.seen.list);
    free(a.left.list);
    free(a.left_late.list);
    free(a.unseen.list);
    return end;
}
