#include "sources/notifications.h"

#include "base/clock.h"
#include "sources/refetch.h"
#include "store/lateness.h"
#include "store/webhook_inbox.h"

static int next_hint(struct store *store, void *context, int64_t *work_order, struct error *e)
{
    struct inbox_next *hint = context;
    int more = inbox_next(store, hint->work_order, hint, e);
    *work_order = hint->work_order;
    return more;
}

/* Whatever it answered, it was asked: that it is gone is for a sweep to prove. */
static int settle_hint(struct store *store, struct intake *intake, enum refetch_answer answer,
    const struct intake_result *result, void *context, struct error *e)
{
    (void)intake;
    if (answer == REFETCH_THERE && result->changed &&
        lateness_note(store, LATENESS_WEBHOOK, clock_now() - result->updated, 0, e) != 0)
        return -1;
    return inbox_settle(store, context, e);
}

enum pass_end notifications_refetch(const struct pass_settings *settings, int most, struct error *e)
{
    struct inbox_next hint = {0};
    const struct refetch_queue queue = {&hint, next_hint, settle_hint};
    return refetch_run(settings, SOURCE_WEBHOOK, &queue, most, e);
}
