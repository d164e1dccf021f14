#include "cli/fallback.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/fallback.h"
#include "sources/poll.h"
#include "store/account.h"
#include "store/passes.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

/* Why a poll is called for beside webhooks; NULL when it is not, or with the error filled. */
static const char *find_reason(struct run_context *context, bool many, struct error *e)
{
    struct webhook_stats channel;
    struct account account = {0};
    struct pass_state state = {0};
    const char *reason = NULL;
    struct fallback fallback = {.now = clock_now(),
        .silence = context->config.webhook_silence,
        .safety_poll = context->config.safety_poll,
        .many = many,
        .broken = subscriptions_count_broken(context->store, e)};
    int known = account_load(context->store, &account, e);
    int unfinished = passes_load(context->store, poll_kind.name, &state, e);
    webhook_stats_load(context->store, fallback.now, &channel, e);
    if (e->status == EX_OK) {
        fallback.webhook = channel.last_good;
        fallback.refused = channel.last_refused;
        fallback.poll = known == 1 ? account.observed : TIMESTAMP_NONE;
        fallback.unfinished = unfinished == 1;
        reason = fallback_reason(&fallback);
    }
    account_free(&account);
    pass_state_free(&state);
    return reason;
}

bool fallback_calls_for_poll(struct run_context *context, bool many, struct error *e)
{
    const char *reason = find_reason(context, many, e);
    if (reason != NULL)
        log_info("sync: polling: %s", reason);
    else if (e->status == EX_OK)
        log_info("sync: webhooks come in, no poll is called for");
    return reason != NULL;
}
