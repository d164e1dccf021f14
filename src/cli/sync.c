/* sync: deliver what is due, one incremental pass, deliver: the line in the crontab. */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/run_context.h"
#include "core/fallback.h"
#include "core/event_line.h"
#include "sources/notifications.h"
#include "sources/poll.h"
#include "sources/sweep.h"
#include "sources/subscription_check.h"
#include "store/account.h"
#include "store/passes.h"
#include "store/webhook_inbox.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

/* Missing work orders that a poll asks for at the most, and those that webhooks hinted at: the rest waits for
 * the next. */
enum { PROOFS_PER_RUN = 20, HINTS_PER_RUN = 1000 };

struct options {
    bool dry_run;
    bool no_dispatch;
    bool fallback;
    int64_t max_time;
};

/* What a dry run has told, so that a work order on two pages is not told twice. */
struct dry_run_output {
    struct json_object *told;
    int64_t count;
};

static void tell(const struct event *event, const struct event_context *context, void *data)
{
    struct dry_run_output *output = data;
    if (json_object_object_get_ex(output->told, event->id, NULL))
        return;
    json_object_object_add(output->told, event->id, json_object_new_boolean(1));
    output->count++;
    char *body = event_body(event, event->id, context);
    char *line = event_line(body);
    printf("%s\n", line);
    free(line);
    free(body);
}

static void log_summary(const struct run *run)
{
    int64_t events = 0;
    for (int type = 0; type < EVENT_TYPES; type++)
        events += run->events[type];
    log_info("sync: %lld records on %lld pages, %lld events, %lld requests", (long long)run->records,
        (long long)run->pages, (long long)events, (long long)run->requests);
}

/* Why a poll is called for beside webhooks; NULL when it is not, or with the error filled. */
static const char *find_reason(struct run_context *context, struct error *e)
{
    struct webhook_stats channel;
    struct account account = {0};
    struct pass_state state = {0};
    const char *reason = NULL;
    struct fallback fallback = {.now = clock_now(),
        .silence = context->config.webhook_silence,
        .safety_poll = context->config.safety_poll,
        .broken = subscriptions_count_broken(context->store, e)};
    int known = account_load(context->store, &account, e);
    int unfinished = passes_load(context->store, poll_kind.name, &state, e);
    webhook_stats_load(context->store, fallback.now, &channel, e);
    if (e->status == EX_OK) {
        fallback.webhook = channel.last;
        fallback.poll = known == 1 ? account.observed : TIMESTAMP_NONE;
        fallback.unfinished = unfinished == 1;
        reason = fallback_reason(&fallback);
    }
    account_free(&account);
    pass_state_free(&state);
    return reason;
}

/* Is a poll wanted? Says why, or why not. */
static bool is_wanted(struct run_context *context, const struct options *options, struct error *e)
{
    if (!options->fallback)
        return true;
    const char *reason = find_reason(context, e);
    if (reason != NULL)
        log_info("sync: polling: %s", reason);
    else if (e->status == EX_OK)
        log_info("sync: webhooks come in, no poll is called for");
    return reason != NULL;
}

static void poll_list(struct run_context *context, const struct options *options,
    struct pass_settings *settings, struct error *e)
{
    /* a bar would run through the lines of a dry run */
    if (options->dry_run) {
        pass_run(settings, &poll_kind, e);
        return;
    }
    enum pass_end end = run_context_read(context, &poll_kind, settings, 0, e);
    /* what a sweep found missing and is to be asked for again by now */
    if (end == PASS_FINISHED)
        sweep_prove(settings, SOURCE_POLL, PROOFS_PER_RUN, e);
    /* the reason for the silence may be that MaintainX has dropped us; once in a while is often enough to ask
     */
    if (options->fallback && e->status == EX_OK)
        subscription_check_all(
            settings->api, context->store, clock_now() - context->config.webhook_silence, e);
}

static void poll_once(struct run_context *context, const struct options *options)
{
    struct error e = {0}, unclear = {0};
    struct dry_run_output output = {.told = json_object_new_object()};
    struct pass_settings settings;
    struct client *api = NULL;
    int64_t hints = options->dry_run ? 0 : inbox_waiting(context->store, &e);
    bool wanted = hints >= 0 && is_wanted(context, options, &e);
    if (e.status == EX_OK && (wanted || hints > 0))
        api = run_context_connect(context, &settings, &e);
    if (api != NULL) {
        settings.dry_run = options->dry_run;
        settings.listener = options->dry_run ? tell : NULL;
        settings.listener_data = &output;
        /* one odd work order is no reason not to poll; an API that fails is */
        if (hints > 0 && notifications_refetch(&settings, HINTS_PER_RUN, &e) == PASS_FINISHED) {
            unclear = e;
            e = (struct error){0};
        }
        if (wanted && e.status == EX_OK && !shutdown_requested())
            poll_list(context, options, &settings, &e);
        context->run.requests = client_requests(api);
        context->run.bytes = client_bytes(api);
        log_summary(&context->run);
    }
    run_context_report(context, &unclear);
    run_context_report(context, &e);
    if (options->dry_run && e.status == EX_OK)
        printf("%lld events would be told; nothing was changed\n", (long long)output.count);
    run_context_disconnect(context, api);
    json_object_put(output.told);
}

/* Returns 0, 1 when the command is done already (*status says how). */
static int read_options(
    const struct command *self, int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {{"dry-run", no_argument, NULL, 'n'},
        {"no-dispatch", no_argument, NULL, 'D'}, {"fallback", no_argument, NULL, 'f'},
        {"max-time", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    *status = EX_USAGE;
    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        switch (option) {
        case 'n':
            options->dry_run = true;
            break;
        case 'D':
            options->no_dispatch = true;
            break;
        case 'f':
            options->fallback = true;
            break;
        case 't':
            if (cli_duration(self, "--max-time", optarg, &options->max_time) != 0)
                return 1;
            break;
        case 'h':
            *status = cli_help(self);
            return 1;
        default:
            cli_usage(self, "%s: unknown option, or without its value", argv[optind - 1]);
            return 1;
        }
    }
    if (optind == argc)
        return 0;
    cli_usage(self, "%s: it takes no argument", argv[optind]);
    return 1;
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct run_context context;
    int status;
    if (read_options(self, argc, argv, &options, &status) != 0)
        return status;
    shutdown_set_deadline(options.max_time);
    if (run_context_open(&context, cli, "sync", options.dry_run ? RUN_CONTEXT_DRY_RUN : RUN_CONTEXT_RUN) ==
        0) {
        bool dispatch = !options.dry_run && !options.no_dispatch;
        context.more_follows = true;
        if (dispatch)
            run_context_dispatch(&context, false);
        context.more_follows = false;
        poll_once(&context, &options);
        if (dispatch)
            run_context_dispatch(&context, false);
    }
    return run_context_close(&context);
}

const struct command command_sync = {
    .name = "sync",
    .summary = "deliver what is due, poll what changed, deliver: the line in the crontab",
    .help = "usage: wosync sync [--dry-run] [--no-dispatch] [--fallback] [--max-time D]\n"
            "\n"
            "Delivers what is due, asks MaintainX for the work orders that changed since the last run, tells "
            "what\n"
            "happened to them as events, and delivers those. The first run reads everything and tells "
            "nothing but\n"
            "what happened since it began. A run that is stopped or killed goes on where it was.\n"
            "\n"
            "  --dry-run      print what would be told, change nothing\n"
            "  --no-dispatch  poll, but deliver nothing\n"
            "  --fallback     poll only when webhooks have been silent for webhook_silence, one of them is "
            "gone, or\n"
            "                 the last poll is as long ago as safety_poll; -v says why\n"
            "  --max-time D   end between two pages after this time (50s, 5m); the next run goes on there\n"
            "\n"
            "example, in a crontab:  * * * * * wosync sync --max-time 50s\n",
    .run = run,
};
