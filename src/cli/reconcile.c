/* reconcile: the command that sweeps everything, and proves what is gone. */
#include <unistd.h>

#include "cli/cli.h"
#include "cli/long_read.h"
#include "cli/run_context.h"
#include "sources/refetch.h"
#include "sources/sweep.h"
#include "store/snapshots.h"

static bool found_something(const struct run *run)
{
    int64_t found = run->quarantined;
    for (int type = 0; type < EVENT_TYPES; type++)
        found += run->events[type];
    return found > 0;
}

static void reconcile(struct run_context *context, const void *given)
{
    (void)given; /* it has no options of its own */
    struct error e = {0};
    struct pass_settings settings;
    struct client *api = run_context_connect(context, &settings, &e);
    int64_t expected = snapshots_count_since(context->store, 0, &e);
    if (api != NULL && expected >= 0) {
        enum pass_result end = run_context_read(context, &sweep_kind, &settings, expected, &e);
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
            long_read_print(context, "reconcile", end);
        else if (end == PASS_FINISHED)
            long_read_log(context, "reconcile", end);
    }
    run_context_report(context, &e);
    run_context_disconnect(context, api);
}

static int run_reconcile(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct long_read_options options = {0};
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    return long_read_run(cli, "reconcile", LOCK_SWEEP, &options, reconcile, NULL);
}

static const struct option_spec reconcile_options[] = {
    {"no-dispatch", FLAG_TO(struct long_read_options, no_dispatch),
        .help = "deliver nothing; the next sync or dispatch does"},
    {"max-time", DURATION_TO(struct long_read_options, max_time), .value = "D",
        .help = "end between two pages after this time; the same command continues there"},
    {"wait", DURATION_TO(struct long_read_options, wait), .value = "D",
        .help = "when another sweep is at work, wait so long for it (10m)"},
    {.name = NULL},
};

const struct command command_reconcile = {
    .name = "reconcile",
    .summary = "sweep everything: missed changes, and work orders that are gone",
    .scheduled = true,
    .help =
        "usage: wosync reconcile [--no-dispatch] [--max-time D] [--wait D]\n"
        "\n"
        "Reads everything, to find what no poll can see. It emits the changes that polling missed and "
        "counts\n"
        "them as healed. A work order that is gone is emitted as deleted once that is proved: it is missing\n"
        "from a whole sweep, and its id answered 404 twice, in two sweeps or an hour apart (a sync sends "
        "the\n"
        "second request). With more than max_deletes missing at once no deletion is emitted, because a\n"
        "permission that was revoked looks the same.\n"
        "\n",
    .help_end = "\n"
                "example, in a crontab:  17 3 * * 0 wosync reconcile\n",
    .options = reconcile_options,
    .run = run_reconcile,
};
