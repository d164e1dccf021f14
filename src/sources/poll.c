/*
 * The poll: what changed since the last finished pass (rule R1).
 *
 * It looks back `lookback`, and wider where a late window is due: an update that a list shows late by L is so
 * read within a time in proportion to L. Watermark and S move in the transaction that ends the pass, and not
 * at all when the list was empty: the bound is inclusive, so a healthy list shows at least the record it was
 * set by, and an empty one may come from a server that is broken.
 */
#include "sources/poll.h"

#include "base/clock.h"
#include "base/config.h"
#include "base/timestamp.h"
#include "core/window.h"
#include "sources/refetch.h"
#include "sources/sweep.h"
#include "store/lateness.h"
#include "store/webhook_stats.h"

/* How far this poll looks back. A store that cannot say when it last did fails soon enough elsewhere. */
static int64_t find_lookback(const struct pass_settings *s)
{
    int64_t lookback = s->config->lookback, now = clock_now(), polled;
    for (const struct config_window *window = s->config->late_windows;
         window != NULL && window->lookback != 0; window++)
        if (window->lookback > lookback &&
            late_windows_load(s->store, window->lookback, &polled, NULL) == 0 &&
            window_is_due(window->every, polled, now))
            lookback = window->lookback;
    return lookback;
}

static int64_t since(const struct pass_view *view)
{
    return window_since(view->account->watermark, view->account->started, find_lookback(view->settings));
}

/* What webhooks should have named, and how late it became visible, for what this poll is the first to show.
 * The first pass reads history and says nothing of that. */
static int seen(const struct pass_view *view, const struct intake_details *details, struct error *e)
{
    struct store *store = view->settings->store;
    int64_t now = clock_now();
    if (view->settings->notified && refetch_shown(store, details, now, e) < 0)
        return -1;
    if (details->events > 0 && webhook_stats_note_polled(store, details->id, details->updated, now, e) != 0)
        return -1;
    if ((!details->changed && !details->listed) || view->state->since == TIMESTAMP_NONE)
        return 0;
    return lateness_note(
        store, LATENESS_POLL, now - details->updated, view->account->started - details->updated, e);
}

/* The windows that this pass has covered are not due again for their time. */
static int note_windows(const struct pass_view *view, struct error *e)
{
    const struct pass_settings *s = view->settings;
    const struct pass_state *state = view->state;
    for (const struct config_window *window = s->config->late_windows;
         window != NULL && window->lookback != 0; window++)
        if ((state->since == TIMESTAMP_NONE || state->since <= state->started - window->lookback ||
                state->since <= view->account->started - window->lookback) &&
            late_windows_save(s->store, window->lookback, state->observed, e) != 0)
            return -1;
    return 0;
}

static int finish(const struct pass_view *view, struct error *e)
{
    const struct pass_state *state = view->state;
    struct store *store = view->settings->store;
    int64_t now = clock_now();
    if (state->records == 0)
        return account_touch(store, now, e);
    if (note_windows(view, e) != 0)
        return -1;
    /* whoever has read everything needs no sweep for its time */
    if (state->since == TIMESTAMP_NONE && passes_note_finished(store, sweep_kind.name, now, e) != 0)
        return -1;
    /* a date in the future is no watermark; an earlier one only reads more */
    int64_t newest = state->newest > now ? now : state->newest;
    return account_finish_pass(store, newest, state->started, state->observed, now, e);
}

const struct pass_kind poll_kind = {
    .name = "sync",
    .source = SOURCE_POLL,
    .since = since,
    .seen = seen,
    .finish = finish,
};
