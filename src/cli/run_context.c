#include "cli/run_context.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/http.h"
#include "api/maintainx.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/diagnostics.h"
#include "cli/progress.h"
#include "deliver/dispatch.h"
#include "store/events.h"
#include "store/passes.h"
#include "store/rate_limit.h"
#include "store/retention.h"

/* How long we wait for another process's transaction: webhooks take milliseconds. */
enum { BUSY_MS = 10000 };

/* MaintainX waits ten seconds for an answer: it is to hear that we are busy before it gives up. */
enum { ANSWER_BUSY_MS = 5000 };

void run_context_report(struct run_context *context, const struct error *e)
{
    if (e->status == EX_OK)
        return;
    /* what stops deliveries before the poll may stop them after it, too: said once */
    if (strcmp(context->message, e->text) != 0)
        cli_report(e);
    if (exit_graver(context->status, e->status) != context->status)
        snprintf(context->message, sizeof context->message, "%s", e->text);
    context->status = exit_graver(context->status, e->status);
}

/* One of the mistakes that are all told at once, though only the API's own layer knows it. */
static void check_address(const struct config *config, struct buffer *problems)
{
    const char *wrong = config->base_url != NULL ? http_check_url(config->base_url, false) : NULL;
    if (wrong != NULL)
        buffer_append_format(problems, "api: base_url %s: %s\n", config->base_url, wrong);
}

/* All mistakes are told at once. */
static int load(struct run_context *context, const struct cli *cli, bool with_routes)
{
    struct buffer problems = {0}, warnings = {0};
    if (cli != NULL) {
        config_load(cli->config_file, &context->config, &problems, &warnings);
        check_address(&context->config, &problems);
    }
    if (with_routes)
        handler_table_make(&context->config, &context->table, &problems, &warnings);
    context->has_routes = with_routes;
    int rc = problems.len == 0 ? 0 : -1;
    diagnostics_print(&problems, &warnings);
    if (rc != 0)
        context->status = EX_CONFIG;
    return rc;
}

static int take_lock(struct run_context *context, struct error *e)
{
    struct buffer path = {0};
    buffer_append_format(&path, "%s.lock", context->config.store);
    context->lock = lock_take(path.data, e);
    buffer_free(&path);
    return context->lock >= 0 ? 0 : -1;
}

/* Another run at work is an ordinary thing for cron, and a surprise for someone at a terminal. */
static int lock_run(struct run_context *context)
{
    struct error e = {0};
    if (take_lock(context, &e) == 0)
        return 0;
    context->status = e.status;
    log_message(
        e.status == EX_TEMPFAIL && !isatty(STDERR_FILENO) ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "%s", e.text);
    return -1;
}

static int open_store(struct run_context *context, enum run_context_mode mode, struct error *e)
{
    const char *path = context->config.store;
    bool exists = store_exists(path);
    enum store_mode how = STORE_WRITE;
    if (mode == RUN_CONTEXT_DRY_RUN)
        how = exists ? STORE_READ : STORE_SCRATCH;
    /* of two that would make the store only one does */
    if (mode == RUN_CONTEXT_ANSWER && !exists && take_lock(context, e) != 0)
        return -1;
    context->store = store_open(path, how, mode == RUN_CONTEXT_ANSWER ? ANSWER_BUSY_MS : BUSY_MS, e);
    if (mode == RUN_CONTEXT_ANSWER) {
        lock_release(context->lock);
        context->lock = -1;
    }
    context->last_event_seq = context->store != NULL ? events_last_seq(context->store, e) : -1;
    return context->last_event_seq >= 0 ? 0 : -1;
}

int run_context_open(
    struct run_context *context, const struct cli *cli, const char *kind, enum run_context_mode mode)
{
    struct error e = {0};
    *context = (struct run_context){.lock = -1, .dry_run = mode == RUN_CONTEXT_DRY_RUN};
    context->run = (struct run){.kind = kind,
        .began = clock_now(),
        .ended = TIMESTAMP_NONE,
        .since = TIMESTAMP_NONE,
        .until = TIMESTAMP_NONE,
        .exit_status = -1};
    if (load(context, cli, mode != RUN_CONTEXT_ANSWER) != 0)
        return -1;
    /* the lock comes first: of two first runs only one makes the store */
    bool works = mode == RUN_CONTEXT_RUN;
    if (shutdown_install(&e) != 0 ||
        (mode != RUN_CONTEXT_DRY_RUN && store_make_directory(context->config.store, &e) != 0)) {
        run_context_report(context, &e);
        return -1;
    }
    if (works && lock_run(context) != 0)
        return -1;
    if (open_store(context, mode, &e) == 0 &&
        (!works || handler_table_attach(&context->table, context->store, context->last_event_seq,
                       context->run.began, &e) == 0))
        return 0;
    run_context_report(context, &e);
    return -1;
}

int run_context_take_over(struct run_context *context)
{
    struct error e = {0};
    if (take_lock(context, &e) != 0) {
        if (e.status != EX_TEMPFAIL)
            run_context_report(context, &e);
        return -1;
    }
    if (!context->has_routes && load(context, NULL, true) != 0) {
        fail(&e, EX_CONFIG,
            "webhook: the handler table is wrong, nothing was delivered; see: wosync dispatch");
        run_context_report(context, &e);
        return -1;
    }
    if (handler_table_attach(
            &context->table, context->store, context->last_event_seq, context->run.began, &e) == 0)
        return 0;
    run_context_report(context, &e);
    return -1;
}

struct client *run_context_connect(
    struct run_context *context, struct pass_settings *settings, struct error *e)
{
    const struct config *config = &context->config;
    const struct client_settings how = {.base_url = config->base_url,
        .token = config->token,
        .organization = config->organization,
        .timeout = config->timeout,
        .give_up = config->give_up,
        .reserve = config->reserve};
    struct rate_limit rate_limit;
    *settings = (struct pass_settings){.store = context->store,
        .base_url = config->base_url,
        .organization = config->organization,
        .filter = config->filter,
        .page_size = (int)config->page_size,
        .lookback = config->lookback,
        .start = config->start,
        .completed = (const char *const *)config->completed,
        .ignored = (const char *const *)config->ignored,
        .max_deletes = config->max_deletes,
        .max_deletes_percent = config->max_deletes_percent,
        .run = &context->run};
    if (rate_limit_load(context->store, &rate_limit, e) != 0)
        return NULL;
    settings->api = client_new(&how, &rate_limit, e);
    return settings->api;
}

void run_context_disconnect(struct run_context *context, struct client *api)
{
    if (api != NULL && client_requests(api) > 0) {
        client_cancel_prefetch(api);
        context->rate_limit = *client_rate_limit(api);
    }
    client_free(api);
}

static void on_page(const struct pass_view *view, void *data)
{
    (void)view;
    progress_draw(data);
}

enum pass_end run_context_read(struct run_context *context, const struct pass_kind *kind,
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
    enum pass_end end = pass_run(settings, kind, e);
    progress_end(&progress);
    settings->progress = NULL;
    settings->progress_data = NULL;
    return end;
}

void run_context_dispatch(struct run_context *context, bool quiet)
{
    struct error e = {0};
    const struct dispatch_settings settings = {
        context->store, &context->table, &context->run, quiet, context->more_follows};
    if (shutdown_requested())
        return;
    if (dispatch_run(&settings, &e) != 0)
        run_context_report(context, &e);
}

static void finish_run(struct run_context *context)
{
    struct error e = {0};
    struct run *run = &context->run;
    run->ended = clock_now();
    run->exit_status = context->status;
    run->message = context->message[0] != '\0' ? context->message : NULL;
    /* what the run did is stored by now */
    if (store_begin_relaxed(context->store, &e) != 0 || runs_save(context->store, run, &e) != 0 ||
        rate_limit_save(context->store, &context->rate_limit, &e) != 0 ||
        store_commit(context->store, &e) != 0) {
        store_rollback(context->store);
        run_context_report(context, &e);
    }
}

/* What no run's row is written for has used it up all the same. */
static void save_rate_limit(struct run_context *context)
{
    struct error e = {0};
    rate_limit_save(context->store, &context->rate_limit, &e);
    run_context_report(context, &e);
}

/* Only after a run that went well: what it removes is not missed by anyone who looks into a failure. */
static void remove_old(struct run_context *context)
{
    struct error e = {0};
    if (context->status == EX_OK && !shutdown_requested() &&
        retention_run(context->store, clock_now() - context->config.keep, &e) < 0)
        run_context_report(context, &e);
}

/* The gravest that was met. */
static void settle_status(struct run_context *context)
{
    if (shutdown_signalled())
        context->status = exit_graver(context->status, EX_TEMPFAIL);
    if (context->run.dead > 0)
        context->status = exit_graver(context->status, EX_UNAVAILABLE);
    if (context->run.quarantined > 0)
        context->status = exit_graver(context->status, EX_DATAERR);
}

void run_context_hand_back(struct run_context *context)
{
    settle_status(context);
    /* a record for each of thousands of webhooks would tell nothing */
    if (context->status != EX_OK)
        finish_run(context);
    else
        save_rate_limit(context);
    lock_release(context->lock);
    context->lock = -1;
}

int run_context_close(struct run_context *context)
{
    settle_status(context);
    if (context->lock >= 0 && context->store != NULL) {
        remove_old(context);
        finish_run(context);
    } else if (!context->dry_run) {
        save_rate_limit(context);
    }
    store_close(context->store);
    lock_release(context->lock);
    handler_table_free(&context->table);
    config_free(&context->config);
    return cli_flush(context->status);
}
