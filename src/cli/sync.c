/*
 * sync: the line in the crontab. It has two halves, and each has the lock of its own kind:
 *
 *   reading      the list, single work orders, proofs, sweeps    LOCK_POLL (parts: LOCK_REFETCH, LOCK_SWEEP)
 *   delivering   fan-out, and what is due                        LOCK_DELIVER
 *
 * Reading comes first and takes turns with delivering, so that neither can take the other's time: a turn of
 * reading ends between two pages, after TURN_MS at the latest and with at least a quarter of what --max-time
 * leaves to go; then what is due is delivered; then reading goes on, until the pass is finished or the time
 * is over. Delivering gets its quarter even where a request kept reading for longer than its turn.
 *
 * A half whose lock another run holds is left to that run: it is at work on just that. The lock of reading is
 * released between two turns, so a run that delivers for long keeps no other from polling.
 */
#include "base/clock.h"
#include "base/shutdown.h"
#include "cli/cli.h"
#include "cli/reading.h"
#include "cli/run_context.h"

/* The turns of the two halves: how long reading goes on at the most before what is due is delivered, and how
 * long that may take while reading is not finished. */
enum { TURN_MS = 60000, BETWEEN_MS = 15000 };

struct options {
    bool dry_run;
    bool no_dispatch;
    bool fallback;
    int64_t max_time;
    int64_t wait;
};

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
        const struct reading_options reading = {options->dry_run, options->fallback};
        half = reading_turn(context, &reading) ? HALF_UNFINISHED : HALF_DONE;
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
        late = shutdown_time_left() < READING_SHORTEST_TURN_MS;
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

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct run_context context;
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    shutdown_set_deadline(options.max_time);
    if (run_context_open(&context, cli, "sync", options.dry_run ? RUN_CONTEXT_DRY_RUN : RUN_CONTEXT_RUN) ==
        0) {
        const struct reading_options reading = {true, options.fallback};
        if (options.dry_run)
            reading_turn(&context, &reading);
        else
            work(&context, &options);
    }
    return run_context_close(&context);
}

static const struct option_spec known[] = {
    {"dry-run", FLAG_TO(struct options, dry_run), .help = "print what would be emitted, change nothing"},
    {"no-dispatch", FLAG_TO(struct options, no_dispatch), .help = "poll, but deliver nothing"},
    {"fallback", FLAG_TO(struct options, fallback),
        .help =
            "poll only where webhooks do not suffice: when none has brought a work order for\n"
            "webhook_silence, one was refused since the last poll, a subscription is gone, many work orders\n"
            "were notified at once, a pass is unfinished, or the last poll is as long ago as safety_poll;\n"
            "-v says why"},
    {"max-time", DURATION_TO(struct options, max_time), .value = "D",
        .help = "end between two pages after this time (50s, 5m); the next run continues there"},
    {"wait", DURATION_TO(struct options, wait), .value = "D",
        .help = "when another run is at work on a half, wait so long for it (10m)"},
    {.name = NULL},
};

const struct command command_sync = {
    .name = "sync",
    .summary = "poll what changed, deliver what is due: the line in the crontab",
    .scheduled = true,
    .help =
        "usage: wosync sync [--dry-run] [--no-dispatch] [--fallback] [--max-time D] [--wait D]\n"
        "\n"
        "Reads from MaintainX the work orders that changed since the last run, emits what happened to "
        "them as\n"
        "events, and delivers what is due. The first run reads everything and emits nothing but what "
        "happened\n"
        "since it began. A run that is stopped or killed continues where it was.\n"
        "\n"
        "Reading and delivering are two halves. When another run is at work on one of them, this run does "
        "the\n"
        "other; when both are taken, it ends with exit status 75. With --max-time at least a quarter of "
        "the time\n"
        "is for deliveries.\n"
        "\n",
    .help_end = "\n"
                "example, in a crontab:  * * * * * wosync sync --max-time 50s\n",
    .options = known,
    .run = run,
};
