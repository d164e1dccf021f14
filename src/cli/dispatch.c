/* dispatch: only deliver what is due. */
#include <getopt.h>

#include "base/shutdown.h"
#include "cli/cli.h"
#include "cli/run_context.h"

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    static const struct option known[] = {{"max-time", required_argument, NULL, 't'},
        {"wait", required_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct run_context context;
    int64_t max_time = 0, wait = 0;
    int option;
    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        if (option == 'h')
            return cli_help(self);
        if (option != 't' && option != 'w')
            return cli_usage(self, "%s: unknown option, or without its value", argv[optind - 1]);
        bool limit = option == 't';
        if (cli_duration(self, limit ? "--max-time" : "--wait", optarg, limit ? &max_time : &wait) != 0)
            return EX_USAGE;
    }
    if (optind < argc)
        return cli_usage(self, "%s: unexpected argument", argv[optind]);
    shutdown_set_deadline(max_time);
    if (run_context_open(&context, cli, "dispatch", RUN_CONTEXT_RUN) == 0) {
        if (run_context_deliver(&context, wait, 0, 0) == 0)
            run_context_leave(&context, LOCK_DELIVER, false);
    }
    return run_context_close(&context);
}

const struct command command_dispatch = {
    .name = "dispatch",
    .summary = "only deliver what is due",
    .scheduled = true,
    .help = "usage: wosync dispatch [--max-time D] [--wait D]\n"
            "\n"
            "Gives every handler the events it has not had yet, and tries again what failed and is due. No "
            "request\n"
            "goes to MaintainX.\n"
            "\n"
            "  --max-time D   start no delivery after this time (50s, 5m)\n"
            "  --wait D       when another run delivers, wait so long for it (10m)\n"
            "\n"
            "example:  wosync dispatch --max-time 50s\n",
    .run = run,
};
