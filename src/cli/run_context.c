/*
 * run_context: how a run begins, takes locks, delivers, and ends; run_context_read.c: how it reads.
 *
 *   open -> (lock, work, unlock)... -> close
 *
 * Invariants: the descriptor for locks is opened before the store and closed after it (base/lock.h);
 * positions of handlers are read anew under LOCK_DELIVER; a run that held no lock leaves no record.
 */
#include "cli/run_context.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/diagnostics.h"
#include "cli/run_report.h"
#include "cli/store_owner.h"
#include "deliver/dispatch.h"
#include "store/events.h"
#include "store/rate_limit.h"
#include "store/retention.h"

/* How long we wait for another process's transaction: webhooks take milliseconds. */
enum { BUSY_MS = 10000 };

/* Of --max-time delivering gets one part in so many. */
enum { DELIVERING_SHARE = 4 };

/* How often a lock that another run holds is tried again. */
enum { LOCK_STEP_MS = 50 };

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

/* All mistakes are reported at once. */
static int load(struct run_context *context, const struct cli *cli, bool with_handlers)
{
    struct buffer problems = {0}, warnings = {0};
    struct error e = {0};
    if (cli != NULL)
        cli_read_config(cli, &context->config, &problems, &warnings, &e);
    if (e.status != EX_OK) {
        run_context_report(context, &e);
        return -1;
    }
    if (cli != NULL)
        cli_check_address(&context->config, &problems);
    if (with_handlers)
        handler_table_make(&context->config, &context->table, &problems, &warnings);
    context->has_handlers = with_handlers;
    int rc = problems.len == 0 ? 0 : -1;
    store_owner_explain(&problems);
    diagnostics_print(&problems, &warnings);
    if (rc != 0)
        context->status = EX_CONFIG;
    return rc;
}

/* --- locks --- */

int run_context_lock(struct run_context *context, enum lock_kind kind, int64_t wait)
{
    struct error e = {0};
    const int64_t until = clock_monotonic() + wait;
    bool waiting = false;
    while (lock_take(context->lock, kind, &e) != 0) {
        if (e.status != EX_TEMPFAIL) {
            run_context_report(context, &e);
            return -1;
        }
        snprintf(context->others[kind], sizeof context->others[kind], "%.*s",
            (int)sizeof context->others[kind] - 1, e.text);
        if (wait > 0 && !waiting)
            log_info("%s: %s; waiting for it", context->run.kind, e.text);
        waiting = true;
        int64_t left = until - clock_monotonic();
        if (left <= 0 || !shutdown_wait(left < LOCK_STEP_MS ? left : LOCK_STEP_MS))
            return 0;
    }
    context->held[kind] = true;
    context->worked = true;
    return 1;
}

void run_context_unlock(struct run_context *context, enum lock_kind kind)
{
    if (context->held[kind])
        lock_release(context->lock, kind);
    context->held[kind] = false;
}

void run_context_leave(struct run_context *context, enum lock_kind kind, bool loud)
{
    context->status = exit_graver(context->status, EX_TEMPFAIL);
    log_message(loud || isatty(STDERR_FILENO) ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
        "%s: %s; this run leaves it the work (--wait D waits for it)", context->run.kind,
        context->others[kind]);
}

/* --- opening --- */

/* Of two that would make a store only one does. */
static int open_new_store(struct run_context *context, int busy_ms, struct error *e)
{
    int64_t until = clock_monotonic() + busy_ms;
    while (lock_take(context->lock, LOCK_CREATE, e) != 0) {
        if (e->status != EX_TEMPFAIL || clock_monotonic() >= until || !shutdown_wait(LOCK_STEP_MS))
            return -1;
        *e = (struct error){0};
    }
    context->store = store_open(context->config.store, STORE_WRITE, busy_ms, e);
    lock_release(context->lock, LOCK_CREATE);
    return context->store != NULL ? 0 : -1;
}

static int open_store(struct run_context *context, struct error *e)
{
    const char *path = context->config.store;
    int busy_ms = context->mode == RUN_CONTEXT_ANSWER ? ANSWER_BUSY_MS : BUSY_MS;
    if (context->mode == RUN_CONTEXT_DRY_RUN) {
        context->store = store_open(path, store_exists(path) ? STORE_READ : STORE_SCRATCH, busy_ms, e);
    } else {
        /* the descriptor for locks comes before SQLite's own: see base/lock.h */
        if (store_make_directory(path, e) != 0 || (context->lock = lock_open(path, e)) < 0)
            return -1;
        if (lock_is_new(context->lock))
            open_new_store(context, busy_ms, e);
        else
            context->store = store_open(path, STORE_WRITE, busy_ms, e);
    }
    if (context->store != NULL)
        cli_report_copy(context->store);
    context->last_event_seq = context->store != NULL ? events_last_seq(context->store, e) : -1;
    return context->last_event_seq >= 0 ? 0 : -1;
}

int run_context_open(
    struct run_context *context, const struct cli *cli, const char *kind, enum run_context_mode mode)
{
    struct error e = {0};
    *context = (struct run_context){.lock = -1, .mode = mode};
    run_report_begin(context);
    context->run = (struct run){.kind = kind,
        .began = clock_now(),
        .ended = TIMESTAMP_NONE,
        .since = TIMESTAMP_NONE,
        .until = TIMESTAMP_NONE,
        .exit_status = -1};
    const int loaded = load(context, cli, mode != RUN_CONTEXT_ANSWER);
    run_report_start(context);
    if (loaded != 0)
        return -1;
    if ((shutdown_fd() >= 0 || shutdown_install(&e) == 0) && open_store(context, &e) == 0)
        return mode == RUN_CONTEXT_RUN ? run_context_attach(context) : 0;
    run_context_report(context, &e);
    return -1;
}

int run_context_attach(struct run_context *context)
{
    struct error e = {0};
    if (!context->has_handlers && load(context, NULL, true) != 0)
        fail(&e, EX_CONFIG, "webhook: the handler table is wrong, nothing was delivered; see: wosync config");
    else if (handler_table_attach(
                 &context->table, context->store, context->last_event_seq, context->run.began, &e) == 0)
        return 0;
    run_context_report(context, &e);
    return -1;
}

/* --- delivering --- */

void run_context_dispatch(struct run_context *context, bool quiet)
{
    struct error e = {0};
    const struct dispatch_settings settings = {context->store, &context->table, &context->run, quiet};
    /* who held the lock before us has moved the positions */
    if (shutdown_requested() || run_context_attach(context) != 0)
        return;
    if (dispatch_run(&settings, &e) != 0)
        run_context_report(context, &e);
}

void run_context_begin_turn(int64_t most)
{
    int64_t left = shutdown_time_left(), turn = left - left / DELIVERING_SHARE;
    if (left == INT64_MAX)
        turn = most;
    shutdown_set_turn(most > 0 && turn > most ? most : turn);
}

int run_context_deliver(struct run_context *context, int64_t wait, int64_t max_time, int64_t turn)
{
    int taken = run_context_lock(context, LOCK_DELIVER, wait);
    if (taken != 1)
        return taken;
    /* its share is its own: one request may have taken longer than the turn of reading */
    int64_t share = max_time / DELIVERING_SHARE;
    if (max_time > 0 && shutdown_time_left() < share)
        shutdown_set_deadline(share);
    shutdown_set_turn(turn);
    run_context_dispatch(context, false);
    shutdown_set_turn(0);
    run_context_unlock(context, LOCK_DELIVER);
    return 1;
}

/* --- closing --- */

static void finish_run(struct run_context *context)
{
    struct error e = {0};
    struct run *run = &context->run;
    run->ended = clock_now();
    run->exit_status = context->status;
    run->message = context->message[0] != '\0' ? context->message : NULL;
    /* what the run did is stored by now */
    if (store_begin_relaxed(context->store, &e) != 0 || runs_save(context->store, run, &e) != 0 ||
        rate_limit_save(context->store, &context->rate_limit, &e) != 0 || run_report_save(context, &e) != 0 ||
        store_commit(context->store, &e) != 0) {
        store_rollback(context->store);
        run_context_report(context, &e);
    }
}

/* What no run's row is written for has used it up all the same. Durably: what a webhook's work has stored
 * before may have been left to this transaction to bring to the disk. */
static void save_rate_limit(struct run_context *context)
{
    struct error e = {0};
    if (context->rate_limit.seen != 0 &&
        (store_begin(context->store, &e) != 0 ||
            rate_limit_save(context->store, &context->rate_limit, &e) != 0 ||
            run_report_save(context, &e) != 0 || store_commit(context->store, &e) != 0))
        store_rollback(context->store);
    run_context_report(context, &e);
}

/* Whatever else went wrong: a fault that lasts must not let the store grow; only a store that failed is left
 * alone. And only by one that may deliver: no other process then reads what goes. */
static void remove_old(struct run_context *context)
{
    struct error e = {0};
    if (context->status == EX_IOERR || context->status == EX_CANTCREAT || shutdown_signalled() ||
        run_context_lock(context, LOCK_DELIVER, 0) != 1)
        return;
    if (retention_run(context->store, clock_now() - context->config.keep, RETENTION_BATCHES, &e) < 0)
        run_context_report(context, &e);
    run_context_unlock(context, LOCK_DELIVER);
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

/* A record for each of thousands of webhooks would say nothing. */
static bool leaves_record(const struct run_context *context)
{
    return context->worked && context->mode != RUN_CONTEXT_DRY_RUN &&
           (context->mode == RUN_CONTEXT_RUN || context->status != EX_OK);
}

int run_context_close(struct run_context *context)
{
    settle_status(context);
    if (context->store != NULL && context->worked && context->mode == RUN_CONTEXT_RUN)
        remove_old(context);
    if (context->store != NULL && leaves_record(context))
        finish_run(context);
    else if (context->store != NULL && context->mode != RUN_CONTEXT_DRY_RUN)
        save_rate_limit(context);
    run_report_metrics(context);
    store_close(context->store);
    lock_close(context->lock);
    handler_table_free(&context->table);
    int status = cli_flush(context->status);
    run_report_end(context, status);
    config_free(&context->config);
    return status;
}
