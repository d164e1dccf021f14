#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/timestamp.h"
#include "cli/problems.h"
#include "cli/progress.h"
#include "sinks/dispatch.h"
#include "store/passes.h"
#include "store/retention.h"

/* How long we wait for another process's transaction: webhooks take milliseconds. */
enum { BUSY_MS = 10000 };

void session_report(struct session *session, const struct error *e)
{
    if (e->status == EXIT_DONE)
        return;
    cli_report(e);
    if (exit_graver(session->status, e->status) != session->status)
        snprintf(session->message, sizeof session->message, "%s", e->text);
    session->status = exit_graver(session->status, e->status);
}

static int load(struct session *session, const struct cli *cli)
{
    struct buffer problems = {0}, warnings = {0};
    config_load(cli->config_file, &session->config, &problems, &warnings);
    routes_make(&session->config, &session->routes, &problems, &warnings);
    int rc = problems.len == 0 ? 0 : -1;
    problems_print(&problems, &warnings);
    if (rc != 0)
        session->status = EXIT_CONFIG;
    return rc;
}

/* Another run at work is an ordinary thing for cron, and a surprise for someone at a terminal. */
static int take_lock(struct session *session)
{
    struct error e = {0};
    char *path = NULL;
    if (asprintf(&path, "%s.lock", session->config.store) < 0)
        return fail_memory(&e, "lock");
    session->lock = lock_take(path, &e);
    free(path);
    if (session->lock >= 0)
        return 0;
    session->status = e.status;
    log_message(e.status == EXIT_TRY_LATER && !isatty(STDERR_FILENO) ? LOG_INFO : LOG_ERROR, "%s", e.text);
    return -1;
}

static int open_store(struct session *session, enum session_mode mode, struct error *e)
{
    enum store_mode how = STORE_WRITE;
    if (mode == SESSION_DRY_RUN)
        how = store_exists(session->config.store) ? STORE_READ : STORE_SCRATCH;
    session->store = store_open(session->config.store, how, BUSY_MS, e);
    return session->store != NULL ? 0 : -1;
}

int session_open(struct session *session, const struct cli *cli, const char *kind, enum session_mode mode)
{
    struct error e = {0};
    *session = (struct session){.lock = -1};
    session->run = (struct run){.kind = kind,
        .began = clock_now(),
        .ended = TIMESTAMP_NONE,
        .since = TIMESTAMP_NONE,
        .until = TIMESTAMP_NONE,
        .exit_status = -1};
    if (load(session, cli) != 0)
        return -1;
    /* the lock comes first: of two first runs only one makes the store */
    bool works = mode == SESSION_RUN;
    if (stop_install(&e) != 0 || (works && store_make_directory(session->config.store, &e) != 0)) {
        session_report(session, &e);
        return -1;
    }
    if (works && take_lock(session) != 0)
        return -1;
    if (open_store(session, mode, &e) == 0 &&
        (!works || routes_attach(&session->routes, session->store, session->run.began, &e) == 0))
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
    if (passes_load_pace(session->store, &pace, e) != 0)
        return NULL;
    settings->api = client_new(&how, &pace, e);
    return settings->api;
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
    int unfinished = passes_load(session->store, kind->name, &state, e);
    if (unfinished < 0)
        return PASS_FAILED;
    progress.before = state.records;
    pass_state_free(&state);
    settings->progress = on_page;
    settings->progress_data = &progress;
    progress_begin(&progress);
    enum pass_end end = pass_run(settings, kind, e);
    progress_end(&progress);
    return end;
}

void session_dispatch(struct session *session)
{
    struct error e = {0};
    const struct dispatch_settings settings = {session->store, &session->routes, &session->run};
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
        store_commit(session->store, &e) != 0) {
        store_rollback(session->store);
        session_report(session, &e);
    }
}

/* Only after a run that went well: what it removes is not missed by anyone who looks into a failure. */
static void remove_old(struct session *session)
{
    struct error e = {0};
    if (session->status == EXIT_DONE && !stop_requested() &&
        retention_run(session->store, clock_now() - session->config.keep, &e) < 0)
        session_report(session, &e);
}

enum exit_status session_close(struct session *session)
{
    if (stop_signalled())
        session->status = exit_graver(session->status, EXIT_TRY_LATER);
    if (session->run.dead > 0)
        session->status = exit_graver(session->status, EXIT_UNAVAILABLE);
    if (session->run.quarantined > 0)
        session->status = exit_graver(session->status, EXIT_DATA);
    if (session->lock >= 0 && session->store != NULL) {
        remove_old(session);
        finish_run(session);
    }
    store_close(session->store);
    lock_release(session->lock);
    routes_free(&session->routes);
    config_free(&session->config);
    return cli_flush(session->status);
}
