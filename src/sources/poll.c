#include "sources/poll.h"

#include "base/clock.h"
#include "base/timestamp.h"
#include "core/window.h"
#include "store/lateness.h"

static int64_t since(const struct pass_view *view)
{
    return window_since(view->account->watermark, view->account->started, view->settings->lookback);
}

/* How late it became visible, for what this poll is the first to tell. The first pass reads history and says
 * nothing of it. */
static int seen(const struct pass_view *view, const struct intake_result *result, struct error *e)
{
    if (!result->changed || view->state->since == TIMESTAMP_NONE)
        return 0;
    return lateness_note(
        view->settings->store, clock_now() - result->updated, view->account->started - result->updated, e);
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
