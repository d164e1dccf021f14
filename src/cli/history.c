/* backfill and reconcile: two readings of the list that are no polling. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/maintainx.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/option_value.h"
#include "cli/run_context.h"
#include "sources/backfill.h"
#include "sources/refetch.h"
#include "sources/sweep.h"
#include "store/passes.h"
#include "store/rate_limit.h"
#include "store/snapshots.h"

struct options {
    struct diff_window window;
    const char *since, *until; /* as they were typed */
    char typed[256];           /* the window as it was typed */
    bool plan;
    bool restart;
    bool no_dispatch;
    int64_t max_time;
    int64_t wait;
};

/* MaintainX allows one user this many requests a minute; used until the server has given its own figure. */
enum { USUAL_RATE = 100 };

static void append_count(struct buffer *out, const char *before, int64_t count, const char *what)
{
    buffer_append_format(out, "%s%lld %s%s", before, (long long)count, what, count == 1 ? "" : "s");
}

/* What was done, in a line, to be freed: for the log of a cron job, and for someone at a terminal. */
static char *make_summary(const struct run_context *context, const char *kind, enum pass_end end)
{
    const struct run *run = &context->run;
    struct buffer out = {0};
    int64_t events = 0;
    for (int type = 0; type < EVENT_TYPES; type++)
        events += run->events[type];
    buffer_append_format(&out, "%s: ", kind);
    append_count(&out, "", run->records, "record");
    append_count(&out, " on ", run->pages, "page");
    append_count(&out, ", ", events, "event");
    append_count(&out, ", ", run->requests, "request");
    if (run->healed > 0)
        buffer_append_format(&out, ", %lld healed", (long long)run->healed);
    if (end != PASS_FINISHED)
        buffer_append_text(&out, "; not finished, run it again to continue there");
    return out.data;
}

static void print_summary(const struct run_context *context, const char *kind, enum pass_end end)
{
    char *summary = make_summary(context, kind, end);
    printf("%s\n", summary);
    free(summary);
}

/* For -v, where stdout has nothing to say. */
static void log_summary(const struct run_context *context, const char *kind, enum pass_end end)
{
    char *summary = make_summary(context, kind, end);
    log_info("%s", summary);
    free(summary);
}

static bool found_something(const struct run *run)
{
    int64_t found = run->quarantined;
    for (int type = 0; type < EVENT_TYPES; type++)
        found += run->events[type];
    return found > 0;
}

/* --- backfill --- */

/* What it would cost, from what is known already. */
static void print_plan(struct run_context *context, const struct diff_window *window, struct error *e)
{
    struct rate_limit rate_limit;
    int64_t known = snapshots_count(context->store, e);
    int64_t records = snapshots_count_since(context->store, window->from, e);
    rate_limit_load(context->store, &rate_limit, e);
    if (e->status != EX_OK)
        return;
    if (known == 0) {
        printf("backfill: the store is empty, so nothing is known of what there is; run: wosync sync\n");
        return;
    }
    int64_t size = context->config.page_size, requests = records > 0 ? (records + size - 1) / size : 1;
    int64_t rate = rate_limit_per_minute(&rate_limit, context->config.reserve, USUAL_RATE);
    printf("backfill: about %lld work order%s, %lld request%s; at %lld requests a minute %lld minute%s\n",
        (long long)records, records == 1 ? "" : "s", (long long)requests, requests == 1 ? "" : "s",
        (long long)rate, (long long)((requests + rate - 1) / rate), requests > rate ? "s" : "");
}

static int refuse_window(const struct pass_state *state, struct error *e)
{
    char from[TIMESTAMP_SIZE], until[TIMESTAMP_SIZE];
    timestamp_format(state->window.from, from);
    timestamp_format(state->window.until, until);
    return fail(e, EX_USAGE,
        "backfill: one from %s to %s%s is unfinished; go on with --since %s --until %s%s, or drop it with "
        "--restart",
        from, until, state->window.silent ? " (silent)" : "", from, until,
        state->window.silent ? " --silent" : "");
}

/* Finds the window: that of an unfinished backfill goes on, another one is refused. Returns 0, or -1 with the
 * error filled. */
static int settle_window(
    struct run_context *context, const struct options *options, struct diff_window *window, struct error *e)
{
    struct pass_state state;
    int rc = passes_load(context->store, backfill_kind.name, &state, e);
    *window = options->window;
    if (rc == 1 && options->restart) {
        rc = options->plan ? 0 : passes_drop(context->store, backfill_kind.name, e);
    } else if (rc == 1) {
        bool same = state.window.from == window->from && state.window.until == window->until &&
                    state.window.silent == window->silent;
        /* typed as before, it is the same, though an age now means another instant */
        rc = same || strcmp(state.typed, options->typed) == 0 ? 0 : refuse_window(&state, e);
        *window = state.window;
    }
    pass_state_free(&state);
    return rc;
}

static void backfill(struct run_context *context, const struct options *options)
{
    struct error e = {0};
    struct diff_window window;
    struct pass_settings settings;
    struct client *api;
    enum pass_end end;
    int64_t expected;
    if (settle_window(context, options, &window, &e) != 0)
        goto out;
    if (options->plan) {
        print_plan(context, &window, &e);
        goto out;
    }
    expected = snapshots_count_since(context->store, window.from, &e);
    if (expected < 0 || (api = run_context_connect(context, &settings, &e)) == NULL)
        goto out;
    settings.window = &window;
    settings.typed = options->typed;
    context->run.until = window.until;
    end = run_context_read(context, &backfill_kind, &settings, expected, &e);
    run_context_disconnect(context, api);
    if (end != PASS_FAILED)
        print_summary(context, "backfill", end);
out:
    run_context_report(context, &e);
}

/* --- reconcile --- */

static void reconcile(struct run_context *context, const struct options *options)
{
    (void)options;
    struct error e = {0};
    struct pass_settings settings;
    struct client *api = run_context_connect(context, &settings, &e);
    int64_t expected = snapshots_count_since(context->store, 0, &e);
    if (api != NULL && expected >= 0) {
        enum pass_end end = run_context_read(context, &sweep_kind, &settings, expected, &e);
        if (end == PASS_FINISHED && e.status == EX_OK)
            end = sweep_prove(&settings, SOURCE_RECONCILE, INT32_MAX, &e);
        /* older states than what is known may have been seen */
        if (end == PASS_FINISHED && e.status == EX_OK && run_context_lock(context, LOCK_REFETCH, 0) == 1)
            end = refetch_due(&settings, INT32_MAX, &e);
        run_context_unlock(context, LOCK_REFETCH);
        run_context_disconnect(context, api);
        api = NULL;
        /* cron mails what is printed: a sweep that found nothing has nothing to say */
        if (end == PASS_STOPPED ||
            (end == PASS_FINISHED && (found_something(&context->run) || isatty(STDOUT_FILENO))))
            print_summary(context, "reconcile", end);
        else if (end == PASS_FINISHED)
            log_summary(context, "reconcile", end);
    }
    run_context_report(context, &e);
    run_context_disconnect(context, api);
}

/* --- the commands --- */

static int read_since(const char *text, void *values, struct buffer *why)
{
    struct options *options = values;
    options->since = text;
    return option_value_read_date(text, &options->window.from, why);
}

static int read_until(const char *text, void *values, struct buffer *why)
{
    struct options *options = values;
    options->until = text;
    return option_value_read_date(text, &options->window.until, why);
}

/* Reads under the lock of its kind, and then delivers, unless another run does. With a time limit delivering
 * has a share of it that reading cannot take. */
static int run_history(const struct cli *cli, const char *kind, enum lock_kind lock,
    void (*read)(struct run_context *context, const struct options *options), const struct options *options)
{
    struct run_context context;
    shutdown_set_deadline(options->max_time);
    if (run_context_open(&context, cli, kind, RUN_CONTEXT_RUN) == 0) {
        int taken = run_context_lock(&context, lock, options->wait);
        if (taken == 0)
            run_context_leave(&context, lock, true);
        if (taken == 1) {
            if (options->max_time > 0 && !options->no_dispatch)
                run_context_begin_turn(0);
            read(&context, options);
            shutdown_set_turn(0);
            run_context_unlock(&context, lock);
            if (!options->no_dispatch && context.status != EX_USAGE)
                run_context_deliver(&context, 0, options->max_time, 0);
        }
    }
    return run_context_close(&context);
}

static int plan_backfill(const struct cli *cli, const struct options *options)
{
    struct run_context context;
    if (run_context_open(&context, cli, "backfill", RUN_CONTEXT_DRY_RUN) == 0)
        backfill(&context, options);
    return run_context_close(&context);
}

static int run_backfill(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {.window.until = clock_now(), .until = ""};
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    if (options.window.until <= options.window.from)
        return cli_usage(self, "--until is before --since");
    snprintf(options.typed, sizeof options.typed, "%s/%s/%s", options.since, options.until,
        options.window.silent ? "silent" : "");
    if (options.plan)
        return plan_backfill(cli, &options);
    return run_history(cli, "backfill", LOCK_BACKFILL, backfill, &options);
}

static int run_reconcile(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    return run_history(cli, "reconcile", LOCK_SWEEP, reconcile, &options);
}

static const struct option_spec backfill_options[] = {
    {"since", READ_BY(read_since), .value = "T", .required = SUB(0),
        .missing = "write --since 2026-01-01 or --since 90d",
        .help = "the beginning: a date (2026-01-31), a date and time, or an age (90d)"},
    {"until", READ_BY(read_until), .value = "T", .help = "the end (now)"},
    {"silent", FLAG_TO(struct options, window.silent), .help = "store what is read, emit nothing"},
    {"plan", FLAG_TO(struct options, plan), .help = "print what it would cost, send nothing"},
    {"restart", FLAG_TO(struct options, restart), .help = "drop an unfinished backfill of another window"},
    {"no-dispatch", FLAG_TO(struct options, no_dispatch),
        .help = "deliver nothing; the next sync or dispatch does"},
    {"max-time", DURATION_TO(struct options, max_time), .value = "D",
        .help = "end between two pages after this time"},
    {"wait", DURATION_TO(struct options, wait), .value = "D",
        .help = "when another backfill is at work, wait so long for it (10m)"},
    {.name = NULL},
};

static const struct option_spec reconcile_options[] = {
    {"no-dispatch", FLAG_TO(struct options, no_dispatch),
        .help = "deliver nothing; the next sync or dispatch does"},
    {"max-time", DURATION_TO(struct options, max_time), .value = "D",
        .help = "end between two pages after this time; the same command continues there"},
    {"wait", DURATION_TO(struct options, wait), .value = "D",
        .help = "when another sweep is at work, wait so long for it (10m)"},
    {.name = NULL},
};

const struct command command_backfill = {
    .name = "backfill",
    .summary = "emit what happened before the first run, from the work orders' own dates",
    .scheduled = true,
    .help =
        "usage: wosync backfill --since T [--until T] [--silent] [--plan] [--restart] [--no-dispatch]\n"
        "                       [--max-time D] [--wait D]\n"
        "\n"
        "Reads the work orders of a window and emits the created and completed events that their own dates\n"
        "prove, with the ids that polling gives them: none is emitted twice, however often and over "
        "whatever\n"
        "windows it runs. A backfill that was stopped is continued by the same command; sync may run beside\n"
        "it.\n"
        "\n",
    .help_end = "\n"
                "On a terminal a bar shows how far it is; SIGUSR1 prints it anywhere.\n"
                "\n"
                "example:  wosync backfill --since 2026-01-01 --plan\n",
    .options = backfill_options,
    .run = run_backfill,
};

const struct command command_reconcile = {
    .name = "reconcile",
    .summary = "sweep everything: missed changes, and work orders that are gone",
    .scheduled = true,
    .help =
        "usage: wosync reconcile [--no-dispatch] [--max-time D] [--wait D]\n"
        "\n"
        "Reads everything, for what a poll cannot see. It emits the changes that polling missed and counts\n"
        "them as healed. A work order that is gone is emitted as deleted once that is proved: it is missing\n"
        "from a whole sweep, and its id answered 404 twice, in two sweeps or an hour apart (a sync sends "
        "the\n"
        "second request). With more than max_deletes missing at once nothing is emitted: a permission that\n"
        "was revoked looks the same.\n"
        "\n",
    .help_end = "\n"
                "example, in a crontab:  17 3 * * 0 wosync reconcile\n",
    .options = reconcile_options,
    .run = run_reconcile,
};
