/*
 * sync: the line in the crontab. It has two halves, and each has the lock of its own kind:
 *
 *   reading     refetches, one poll, proofs of deletions    LOCK_POLL (and LOCK_REFETCH, LOCK_SWEEP for
 * parts) delivering  fan-out, and what is due                    LOCK_DELIVER
 *
 * Reading comes first and takes turns with delivering, so that neither can take the other's time: a turn of
 * reading ends between two pages, after TURN_MS at the latest and with at least a quarter of what --max-time
 * leaves to go; then what is due is delivered; then reading goes on, until the pass is finished or the time
 * is over. Delivering gets its quarter even where a request kept reading for longer than its turn.
 *
 * A half whose lock another run holds is left to that run: it is at work on just that. The lock of reading is
 * released between two turns, so a run that delivers for long keeps no other from polling.
 */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/maintainx.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "cli/cli.h"
#include "cli/fallback.h"
#include "cli/run_context.h"
#include "core/event_line.h"
#include "sources/notifications.h"
#include "sources/poll.h"
#include "sources/subscription_check.h"
#include "sources/sweep.h"
#include "store/webhook_inbox.h"

/* Missing work orders that a poll asks for at the most, and those that webhooks hinted at: the rest waits for
 * the next. */
enum { PROOFS_PER_RUN = 20, HINTS_PER_RUN = 1000 };

/* The turns of the two halves: how long reading goes on at the most before what is due is delivered, how long
 * that may take while reading is not finished, and what is too short for another turn of reading. */
enum { TURN_MS = 60000, BETWEEN_MS = 15000, SHORTEST_TURN_MS = 1000 };

struct options {
    bool dry_run;
    bool no_dispatch;
    bool fallback;
    int64_t max_time;
    int64_t wait;
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

/* --- reading --- */

static enum pass_end poll_list(struct run_context *context, const struct options *options,
    struct pass_settings *settings, struct error *e)
{
    /* a bar would run through the lines of a dry run */
    if (options->dry_run)
        return pass_run(settings, &poll_kind, e);
    enum pass_end end = run_context_read(context, &poll_kind, settings, 0, e);
    /* what a sweep found missing and is to be asked for again by now; a sweep at work does that itself */
    if (end == PASS_FINISHED && run_context_lock(context, LOCK_SWEEP, 0) == 1) {
        sweep_prove(settings, SOURCE_POLL, PROOFS_PER_RUN, e);
        run_context_unlock(context, LOCK_SWEEP);
    }
    /* the reason for the silence may be that MaintainX has dropped us; once in a while is often enough to ask
     */
    if (options->fallback && e->status == EX_OK)
        subscription_check_all(
            settings->api, context->store, clock_now() - context->config.webhook_silence, e);
    return end;
}

/* Returns false when the API fails: then there is no reason to poll. */
static bool refetch(struct run_context *context, struct pass_settings *settings, struct error *e)
{
    struct error unclear = {0};
    if (run_context_lock(context, LOCK_REFETCH, 0) != 1)
        return true;
    /* one odd work order is no reason not to poll */
    if (notifications_refetch(settings, HINTS_PER_RUN, e) == PASS_FINISHED) {
        unclear = *e;
        *e = (struct error){0};
        run_context_report(context, &unclear);
    }
    run_context_unlock(context, LOCK_REFETCH);
    return e->status == EX_OK;
}

/* A pass ended. True when only its turn was over and there is more to read. What the client met then is no
 * trouble of the run where there is another turn: that it waited for the rate limit, or, where pages were
 * read, that the last try failed. */
static bool is_only_turn(
    const struct run_context *context, enum pass_end end, int64_t pages_before, struct error *e)
{
    if (end != PASS_STOPPED || shutdown_signalled() || shutdown_time_left() > 0)
        return false;
    bool another = shutdown_run_left() >= SHORTEST_TURN_MS;
    bool waited = e->status == EX_TEMPFAIL && (another || context->run.pages > 0);
    bool failed = e->status == EX_UNAVAILABLE && another && context->run.pages > pages_before;
    if (waited || failed)
        *e = (struct error){0};
    return e->status == EX_OK;
}

/* A turn of reading. Returns true when there is more to read. */
static bool read_some(struct run_context *context, const struct options *options)
{
    struct error e = {0};
    struct dry_run_output output = {.told = json_object_new_object()};
    struct pass_settings settings;
    struct client *api = NULL;
    enum pass_end end = PASS_FINISHED;
    const int64_t pages_before = context->run.pages;
    int64_t hints = options->dry_run ? 0 : inbox_waiting(context->store, &e);
    bool wanted = hints >= 0 && (!options->fallback || fallback_calls_for_poll(context, &e));
    if (e.status == EX_OK && (wanted || hints > 0))
        api = run_context_connect(context, &settings, &e);
    if (api != NULL) {
        settings.dry_run = options->dry_run;
        settings.listener = options->dry_run ? tell : NULL;
        settings.listener_data = &output;
        bool well = hints == 0 || refetch(context, &settings, &e);
        if (wanted && well && !shutdown_requested())
            end = poll_list(context, options, &settings, &e);
    }
    run_context_disconnect(context, api);
    if (api != NULL)
        log_summary(&context->run);
    bool unfinished = is_only_turn(context, end, pages_before, &e);
    run_context_report(context, &e);
    if (options->dry_run && e.status == EX_OK)
        printf("%lld events would be told; nothing was changed\n", (long long)output.count);
    json_object_put(output.told);
    return unfinished;
}

/* --- the two halves --- */

/* How a half stands. */
enum half {
    HALF_LEFT, /* to another run, which holds its lock */
    HALF_DONE,
    HALF_UNFINISHED
};

static enum half read_turn(struct run_context *context, const struct options *options, int64_t wait)
{
    enum half half = HALF_LEFT;
    int taken = run_context_lock(context, LOCK_POLL, wait);
    if (taken < 0)
        return HALF_DONE; /* reported */
    if (taken == 1) {
        if (!options->no_dispatch)
            run_context_begin_turn(TURN_MS);
        half = read_some(context, options) ? HALF_UNFINISHED : HALF_DONE;
        shutdown_set_turn(0);
        run_context_unlock(context, LOCK_POLL);
    }
    return half;
}

/* While reading is not finished, delivering has a turn, too. */
static enum half deliver_turn(
    struct run_context *context, const struct options *options, bool reading, int64_t wait)
{
    int taken = run_context_deliver(context, wait, options->max_time, reading ? BETWEEN_MS : 0);
    return taken == 0 ? HALF_LEFT : HALF_DONE;
}

/* The two halves, and how they stand. */
struct halves {
    enum half reading, delivering;
};

/* Lets them take turns until reading is finished or its time is over. */
static void take_turns(
    struct run_context *context, const struct options *options, int64_t wait, struct halves *halves)
{
    bool late;
    do {
        halves->reading = read_turn(context, options, wait);
        late = shutdown_time_left() < SHORTEST_TURN_MS;
        bool unfinished = halves->reading == HALF_UNFINISHED && !late;
        if (!options->no_dispatch && deliver_turn(context, options, unfinished, 0) == HALF_DONE)
            halves->delivering = HALF_DONE;
    } while (halves->reading == HALF_UNFINISHED && !late && !shutdown_signalled());
}

static void work(struct run_context *context, const struct options *options)
{
    struct halves halves = {HALF_LEFT, options->no_dispatch ? HALF_DONE : HALF_LEFT};
    const int64_t until = clock_monotonic() + options->wait;
    take_turns(context, options, 0, &halves);
    /* what another run holds is waited for last */
    if (halves.reading == HALF_LEFT && clock_monotonic() < until)
        take_turns(context, options, until - clock_monotonic(), &halves);
    if (halves.delivering == HALF_LEFT && clock_monotonic() < until)
        halves.delivering = deliver_turn(context, options, false, until - clock_monotonic());
    if (halves.reading == HALF_LEFT && (options->no_dispatch || halves.delivering == HALF_LEFT))
        run_context_leave(context, LOCK_POLL, false);
}

/* --- the command --- */

/* Returns 0, 1 when the command is done already (*status says how). */
static int read_options(
    const struct command *self, int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {{"dry-run", no_argument, NULL, 'n'},
        {"no-dispatch", no_argument, NULL, 'D'}, {"fallback", no_argument, NULL, 'f'},
        {"max-time", required_argument, NULL, 't'}, {"wait", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
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
        case 'w':
            if (cli_duration(self, "--wait", optarg, &options->wait) != 0)
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
        if (options.dry_run)
            read_some(&context, &options);
        else
            work(&context, &options);
    }
    return run_context_close(&context);
}

const struct command command_sync = {
    .name = "sync",
    .summary = "poll what changed, deliver what is due: the line in the crontab",
    .help =
        "usage: wosync sync [--dry-run] [--no-dispatch] [--fallback] [--max-time D] [--wait D]\n"
        "\n"
        "Reads from MaintainX the work orders that changed since the last run, emits what happened to "
        "them as\n"
        "events, and delivers what is due. The first run reads everything and emits nothing but what "
        "happened\n"
        "since it began. A run that is stopped or killed goes on where it was.\n"
        "\n"
        "Reading and delivering are two halves. When another run is at work on one of them, this run does "
        "the\n"
        "other; when both are taken, it ends with exit status 75. With --max-time at least a quarter of "
        "the time\n"
        "is for deliveries.\n"
        "\n"
        "  --dry-run      print what would be told, change nothing\n"
        "  --no-dispatch  poll, but deliver nothing\n"
        "  --fallback     poll only when webhooks have been silent for webhook_silence, one of them is "
        "gone, or\n"
        "                 the last poll is as long ago as safety_poll; -v says why\n"
        "  --max-time D   end between two pages after this time (50s, 5m); the next run goes on there\n"
        "  --wait D       when another run is at work on a half, wait so long for it (10m)\n"
        "\n"
        "example, in a crontab:  * * * * * wosync sync --max-time 50s\n",
    .run = run,
};
