/*
 * run_context_read: how a run reads: a client with the rate limit that all runs share, and one pass with its
 * bar.
 *
 *   connect -> (read a pass)... -> disconnect      one client at a time; a run may have several, one by one
 *
 * Invariants: what a client has sent is counted for the run when it is freed; a dry run stores nothing of the
 * rate limit, and so leaves more of it to others.
 */
#include "api/maintainx.h"
#include "base/lock.h"
#include "cli/progress.h"
#include "cli/run_context.h"
#include "cli/run_report.h"
#include "sources/names.h"
#include "store/passes.h"
#include "store/rate_limit.h"

/* Requests that a run has under way at the most: one that it waits for, and one ahead. */
enum { IN_FLIGHT = 2 };

/* The rate limit is everybody's: of this run, and of those beside it. What they have under way when a window
 * ends may be counted by the server in the next one, and by us in the last: so much is left unused. */
static int64_t meter(struct rate_limit *rate_limit, bool modest, void *data, struct error *e)
{
    struct run_context *context = data;
    int64_t spare = IN_FLIGHT * lock_count_readers(context->lock);
    if (spare > rate_limit->limit / 4)
        spare = rate_limit->limit / 4;
    return rate_limit_request(context->store, rate_limit, context->config.reserve + spare, modest, e);
}

struct client *run_context_connect(
    struct run_context *context, struct pass_settings *settings, struct error *e)
{
    const struct config *config = &context->config;
    const struct client_settings how = {.base_url = config->base_url,
        .token = config->token,
        .organization = config->organization,
        .ca_file = config->ca_file,
        .timeout = config->timeout,
        .give_up = config->give_up,
        .reserve = config->reserve,
        .answered = context->run.pages > 0,
        .meter = context->mode != RUN_CONTEXT_DRY_RUN ? meter : NULL,
        .meter_data = context};
    struct rate_limit rate_limit;
    *settings = (struct pass_settings){.config = config,
        .store = context->store,
        .run = &context->run,
        .requests_before = context->run.requests,
        .bytes_before = context->run.bytes};
    context->requests_before = context->run.requests;
    context->bytes_before = context->run.bytes;
    if (rate_limit_load(context->store, &rate_limit, e) != 0)
        return NULL;
    settings->api = client_new(&how, &rate_limit, e);
    /* a dry run writes nothing, so others do not see what it sends */
    if (settings->api != NULL && context->mode == RUN_CONTEXT_DRY_RUN)
        client_set_modest(settings->api, true);
    if (settings->api != NULL && config->names)
        context->names = settings->names =
            names_new(context->store, context->mode == RUN_CONTEXT_DRY_RUN ? NULL : settings->api);
    return settings->api;
}

void run_context_disconnect(struct run_context *context, struct client *api)
{
    if (api != NULL && client_requests(api) > 0) {
        client_cancel_prefetch(api);
        run_report_count(context, api);
        context->run.requests = context->requests_before + client_requests(api);
        context->run.bytes = context->bytes_before + client_bytes(api);
        context->rate_limit = *client_rate_limit(api);
    }
    names_free(context->names);
    context->names = NULL;
    client_free(api);
}

static void on_page(const struct pass_view *view, void *data)
{
    (void)view;
    progress_draw(data);
}

enum pass_result run_context_read(struct run_context *context, const struct pass_kind *kind,
    struct pass_settings *settings, int64_t expected, struct error *e)
{
    struct pass_state state;
    struct progress progress = {.what = kind->name, .run = &context->run, .expected = expected};
    passes_load(context->store, kind->name, &state, NULL); /* for the bar alone */
    progress.before = state.records;
    pass_state_free(&state);
    settings->progress = on_page;
    settings->progress_data = &progress;
    progress_begin(&progress);
    enum pass_result end = pass_run(settings, kind, e);
    progress_end(&progress);
    settings->progress = NULL;
    settings->progress_data = NULL;
    return end;
}
