/*
 * backfill: the command that reads a window of the past, or says before what that would cost (--plan).
 *
 *   no backfill is unfinished    the window that was typed begins
 *   the same one is unfinished   it goes on; typed as before it is the same, though an age (90d) now means
 *                                another instant
 *   another one is unfinished    refused, unless --restart drops it
 *
 * What is emitted, sources/backfill.h says.
 */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/long_read.h"
#include "cli/option_value.h"
#include "cli/run_context.h"
#include "sources/backfill.h"
#include "store/passes.h"
#include "store/rate_limit.h"
#include "store/snapshots.h"

struct options {
    struct diff_window window;
    const char *since, *until; /* as they were typed */
    char typed[256];           /* the window as it was typed */
    bool plan;
    bool restart;
    struct long_read_options shared;
};

/* MaintainX allows one user this many requests a minute; used until the server has given its own figure. */
enum { USUAL_RATE = 100 };

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

static void backfill(struct run_context *context, const void *given)
{
    const struct options *options = given;
    struct error e = {0};
    struct diff_window window;
    struct pass_settings settings;
    struct client *api;
    enum pass_result end;
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
        long_read_print(context, "backfill", end);
out:
    run_context_report(context, &e);
}

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
        return cli_usage(self, options.until[0] != '\0'
                                   ? "--until is before --since"
                                   : "--since lies in the future; write a date in the past");
    snprintf(options.typed, sizeof options.typed, "%s/%s/%s", options.since, options.until,
        options.window.silent ? "silent" : "");
    if (options.plan)
        return plan_backfill(cli, &options);
    return long_read_run(cli, "backfill", LOCK_BACKFILL, &options.shared, backfill, &options);
}

static const struct option_spec backfill_options[] = {
    {"since", READ_BY(read_since), .value = "T", .required = SUB(0),
        .missing = "write --since 2026-01-01 or --since 90d",
        .help = "the beginning: a date (2026-01-31), a date and time, or an age (90d)"},
    {"until", READ_BY(read_until), .value = "T", .help = "the end (now)"},
    {"silent", FLAG_TO(struct options, window.silent), .help = "store what is read, emit nothing"},
    {"plan", FLAG_TO(struct options, plan), .help = "print what it would cost, send nothing"},
    {"restart", FLAG_TO(struct options, restart), .help = "drop an unfinished backfill of another window"},
    {"no-dispatch", FLAG_TO(struct options, shared.no_dispatch),
        .help = "deliver nothing; the next sync or dispatch does"},
    {"max-time", DURATION_TO(struct options, shared.max_time), .value = "D",
        .help = "end between two pages after this time"},
    {"wait", DURATION_TO(struct options, shared.wait), .value = "D",
        .help = "when another backfill is at work, wait so long for it (10m)"},
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
