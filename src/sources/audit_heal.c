#include "sources/audit_heal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "sources/refetch.h"
#include "store/store.h"
#include "store/sweeps.h"

struct healing {
    struct audit_result *details;
    struct run *run;
    size_t next; /* finding to ask for */
};

/* What is stored as it is emits nothing when it is observed again. */
static bool can_be_healed(const struct audit_finding *finding)
{
    return finding->work_order != 0 && finding->fault != AUDIT_SILENT;
}

static int next_finding(
    struct store *store, void *context, int64_t *work_order, struct intake_record *how, struct error *e)
{
    struct healing *h = context;
    (void)store;
    (void)e;
    while (h->next < h->details->count && !can_be_healed(&h->details->findings[h->next]))
        h->next++;
    if (h->next == h->details->count)
        return 0;
    const struct audit_finding *finding = &h->details->findings[h->next++];
    *work_order = finding->work_order;
    /* the list and the single work order have both said so */
    how->believed = finding->fault == AUDIT_NEWER || finding->fault == AUDIT_BACK;
    return 1;
}

static int settle_finding(struct store *store, struct intake *intake, enum refetch_status answer,
    const struct intake_details *details, const char *why, void *context, struct error *e)
{
    struct healing *h = context;
    struct audit_finding *finding = &h->details->findings[h->next - 1];
    (void)intake;
    if (answer == REFETCH_FAILED) {
        log_warning("work order %lld: it could not be refetched: %s", (long long)finding->work_order, why);
        return 0;
    }
    /* a list that shows it speaks against a deletion: only what is missing from it is one (rule R5) */
    const bool gone = answer == REFETCH_GONE && finding->fault == AUDIT_GONE;
    if (gone && sweeps_add_refused(store, finding->work_order, clock_now(), e) != 0)
        return -1;
    /* one in quarantine has no date */
    finding->healed = gone || (answer == REFETCH_THERE && details->updated != TIMESTAMP_NONE);
    if (answer == REFETCH_THERE && details->events > 0)
        h->run->healed++;
    return 0;
}

enum pass_result audit_heal(
    const struct audit_settings *settings, struct audit_result *details, struct error *e)
{
    struct healing h = {.details = details, .run = settings->pass->run};
    const struct refetch_queue queue = {&h, next_finding, settle_finding};
    return refetch_run(settings->pass, SOURCE_RECONCILE, &queue, INT32_MAX, e);
}
