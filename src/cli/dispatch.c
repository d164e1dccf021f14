/* dispatch: only deliver what is due. */
#include "base/shutdown.h"
#include "cli/cli.h"
#include "cli/run_context.h"

struct options {
    int64_t max_time;
    int64_t wait;
};

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct run_context context;
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    shutdown_set_deadline(options.max_time);
    if (run_context_open(&context, cli, "dispatch", RUN_CONTEXT_RUN) == 0) {
        if (run_context_deliver(&context, options.wait, 0, 0) == 0)
            run_context_leave(&context, LOCK_DELIVER, false);
    }
    return run_context_close(&context);
}

static const struct option_spec known[] = {
    {"max-time", DURATION_TO(struct options, max_time), .value = "D",
        .help = "start no delivery after this time (50s, 5m)"},
    {"wait", DURATION_TO(struct options, wait), .value = "D",
        .help = "when another run delivers, wait so long for it (10m)"},
    {.name = NULL},
};

const struct command command_dispatch = {
    .name = "dispatch",
    .summary = "only deliver what is due",
    .scheduled = true,
    .help = "usage: wosync dispatch [--max-time D] [--wait D]\n"
            "\n"
            "Gives every handler the events it has not had yet, and tries again what failed and is due. No "
            "request\n"
            "goes to MaintainX.\n"
            "\n",
    .help_end = "\n"
                "example:  wosync dispatch --max-time 50s\n",
    .options = known,
    .run = run,
};
