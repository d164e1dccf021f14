#include "sources/poll.h"

#include "base/clock.h"
#include "base/timestamp.h"
#include "core/window.h"
#include "store/lateness.h"
#include "store/webhook_stats.h"

static int64_t since(const struct pass_view *view)
{
    return window_since(view->account->watermark, view->account->started, view->settings->lookback);
}

/* What webhooks should have told, and how late it became visible, for what this poll is the first to tell.
 * The first pass reads history and says nothing of that. */
static int seen(const struct pass_view *view, const struct intake_result *result, struct error *e)
{
    struct store *store = view->settings->store;
    int64_t now = clock_now();
    if (result->events > 0 && webhook_stats_note_polled(store, result->id, result->updated, now, e) != 0)
        return -1;
    if (!result->changed || view->state->since == TIMESTAMP_NONE)
        return 0;
    return lateness_note(
        store, LATENESS_POLL, now - result->updated, view->account->started - result->updated, e);
}

static int finish(const struct pass_view *view, struct error *e)
{
    const struct pass_state *state = view->state;
    return account_finish_pass(
        view->settings->store, state->newest, state->started, state->observed, clock_now(), e);
}

const struct pass_kind poll_kind = {
    .name = "sync",
    .source = SOURCE_POLL,
    .since = since,
    .seen = seen,
    .finish = finish,
};
