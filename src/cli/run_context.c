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

void session_report(struct session *session, const struct error *e)
{
    if (e->status == EXIT_DONE)
        return;
    /* what stops deliveries before the poll may stop them after it, too: said once */
    if (strcmp(session->message, e->text) != 0)
        cli_report(e);
    if (exit_graver(session->status, e->status) != session->status)
        snprintf(session->message, sizeof session->message, "%s", e->text);
    session->status = exit_graver(session->status, e->status);
}

/* One of the mistakes that are all told at once, though only the API's own layer knows it. */
static void check_address(const struct config *config, struct buffer *problems)
{
    const char *wrong = config->base_url != NULL ? http_check_url(config->base_url, false) : NULL;
    if (wrong != NULL)
        buffer_append_format(problems, "api: base_url %s: %s\n", config->base_url, wrong);
}

/* All mistakes are told at once. */
static int load(struct session *session, const struct cli *cli, bool with_routes)
{
    struct buffer problems = {0}, warnings = {0};
    if (cli != NULL) {
        config_load(cli->config_file, &session->config, &problems, &warnings);
        check_address(&session->config, &problems);
    }
    if (with_routes)
        routes_make(&session->config, &session->routes, &problems, &warnings);
    session->has_routes = with_routes;
    int rc = problems.len == 0 ? 0 : -1;
    problems_print(&problems, &warnings);
    if (rc != 0)
        session->status = EXIT_CONFIG;
    return rc;
}

static int take_lock(struct session *session, struct error *e)
{
    struct buffer path = {0};
    buffer_append_format(&path, "%s.lock", session->config.store);
    session->lock = lock_take(path.data, e);
    buffer_free(&path);
    return session->lock >= 0 ? 0 : -1;
}

/* Another run at work is an ordinary thing for cron, and a surprise for someone at a terminal. */
static int lock_run(struct session *session)
{
    struct error e = {0};
    if (take_lock(session, &e) == 0)
        return 0;
    session->status = e.status;
    log_message(e.status == EXIT_TRY_LATER && !isatty(STDERR_FILENO) ? LOG_INFO : LOG_ERROR, "%s", e.text);
    return -1;
}

static int open_store(struct session *session, enum session_mode mode, struct error *e)
{
    const char *path = session->config.store;
    bool exists = store_exists(path);
    enum store_mode how = STORE_WRITE;
    if (mode == SESSION_DRY_RUN)
        how = exists ? STORE_READ : STORE_SCRATCH;
    /* of two that would make the store only one does */
    if (mode == SESSION_ANSWER && !exists && take_lock(session, e) != 0)
        return -1;
    session->store = store_open(path, how, mode == SESSION_ANSWER ? ANSWER_BUSY_MS : BUSY_MS, e);
    if (mode == SESSION_ANSWER) {
        lock_release(session->lock);
        session->lock = -1;
    }
    session->log_end = session->store != NULL ? events_last_seq(session->store, e) : -1;
    return session->log_end >= 0 ? 0 : -1;
}

int session_open(struct session *session, const struct cli *cli, const char *kind, enum session_mode mode)
{
    struct error e = {0};
    *session = (struct session){.lock = -1, .dry_run = mode == SESSION_DRY_RUN};
    session->run = (struct run){.kind = kind,
        .began = clock_now(),
        .ended = TIMESTAMP_NONE,
        .since = TIMESTAMP_NONE,
        .until = TIMESTAMP_NONE,
        .exit_status = -1};
    if (load(session, cli, mode != SESSION_ANSWER) != 0)
        return -1;
    /* the lock comes first: of two first runs only one makes the store */
    bool works = mode == SESSION_RUN;
    if (stop_install(&e) != 0 ||
        (mode != SESSION_DRY_RUN && store_make_directory(session->config.store, &e) != 0)) {
        session_report(session, &e);
        return -1;
    }
    if (works && lock_run(session) != 0)
        return -1;
    if (open_store(session, mode, &e) == 0 && (!works || routes_attach(&session->routes, session->store,
                                                             session->log_end, session->run.began, &e) == 0))
        return 0;
    session_report(session, &e);
    return -1;
}

int session_take_over(struct session *session)
{
    struct error e = {0};
    if (take_lock(session, &e) != 0) {
        if (e.status != EXIT_TRY_LATER)
            session_report(session, &e);
        return -1;
    }
    if (!session->has_routes && load(session, NULL, true) != 0) {
        fail(&e, EXIT_CONFIG,
            "webhook: the handler table is wrong, nothing was delivered; see: wosync dispatch");
        session_report(session, &e);
        return -1;
    }
    if (routes_attach(&session->routes, session->store, session->log_end, session->run.began, &e) == 0)
        return 0;
    session_report(session, &e);
    return -1;
}

struct client *session_connect(struct session *session, struct pass_settings *settings, struct error *e)
{
    const struct config *config = &session->config;
    const struct client_settings how = {.base_url = config->base_url,
        .token = config->token,
        .organization = config->organization,
        .timeout = config->timeout,
        .give_up = config->give_up,
        .reserve = config->reserve};
    struct pace pace;
    *settings = (struct pass_settings){.store = session->store,
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
        .run = &session->run};
    if (rate_limit_load(session->store, &pace, e) != 0)
        return NULL;
    settings->api = client_new(&how, &pace, e);
    return settings->api;
}

void session_disconnect(struct session *session, struct client *api)
{
    if (api != NULL && client_requests(api) > 0) {
        client_drop_ahead(api);
        session->pace = *client_pace(api);
    }
    client_free(api);
}

static void on_page(const struct pass_view *view, void *data)
{
    (void)view;
    progress_draw(data);
}

enum pass_end session_read(struct session *session, const struct pass_kind *kind,
    struct pass_settings *settings, int64_t expected, struct error *e)
{
    struct pass_state state;
    struct progress progress = {.what = kind->name, .run = &session->run, .expected = expected};
    passes_load(session->store, kind->name, &state, NULL); /* for the bar alone */
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

void session_dispatch(struct session *session, bool quiet)
{
    struct error e = {0};
    const struct dispatch_settings settings = {session->store, &session->routes, &session->run, quiet};
    if (stop_requested())
        return;
    if (dispatch_run(&settings, &e) != 0)
        session_report(session, &e);
}

static void finish_run(struct session *session)
{
    struct error e = {0};
    struct run *run = &session->run;
    run->ended = clock_now();
    run->exit_status = session->status;
    run->message = session->message[0] != '\0' ? session->message : NULL;
    /* what the run did is stored by now */
    if (store_begin_lazily(session->store, &e) != 0 || runs_save(session->store, run, &e) != 0 ||
        rate_limit_save(session->store, &session->pace, &e) != 0 || store_commit(session->store, &e) != 0) {
        store_rollback(session->store);
        session_report(session, &e);
    }
}

/* What no run's row is written for has used it up all the same. */
static void save_rate_limit(struct session *session)
{
    struct error e = {0};
    rate_limit_save(session->store, &session->pace, &e);
    session_report(session, &e);
}

/* Only after a run that went well: what it removes is not missed by anyone who looks into a failure. */
static void remove_old(struct session *session)
{
    struct error e = {0};
    if (session->status == EXIT_DONE && !stop_requested() &&
        retention_run(session->store, clock_now() - session->config.keep, &e) < 0)
        session_report(session, &e);
}

/* The gravest that was met. */
static void settle_status(struct session *session)
{
    if (stop_signalled())
        session->status = exit_graver(session->status, EXIT_TRY_LATER);
    if (session->run.dead > 0)
        session->status = exit_graver(session->status, EXIT_UNAVAILABLE);
    if (session->run.quarantined > 0)
        session->status = exit_graver(session->status, EXIT_DATA);
}

void session_hand_back(struct session *session)
{
    settle_status(session);
    /* a record for each of thousands of webhooks would tell nothing */
    if (session->status != EXIT_DONE)
        finish_run(session);
    else
        save_rate_limit(session);
    lock_release(session->lock);
    session->lock = -1;
}

enum exit_status session_close(struct session *session)
{
    settle_status(session);
    if (session->lock >= 0 && session->store != NULL) {
        remove_old(session);
        finish_run(session);
    } else if (!session->dry_run) {
        save_rate_limit(session);
    }
    store_close(session->store);
    lock_release(session->lock);
    routes_free(&session->routes);
    config_free(&session->config);
    return cli_flush(session->status);
}
