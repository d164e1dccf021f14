/* wosync: follows the work orders of a MaintainX account. This file: the options before the command, and the
 * table of commands. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/splay.h"

static const struct command *const commands[] = {
    &command_sync,
    &command_backfill,
    &command_reconcile,
    &command_dispatch,
    &command_receive,
    &command_webhooks,
    &command_events,
    &command_status,
    &command_doctor,
    &command_check,
    &command_report,
    &command_config,
    &command_init,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int print_help(void)
{
    printf("usage: wosync [-c FILE]... [-q | -v] [--log-format text|json] [--splay D] [--ok STATUS]... "
           "COMMAND [OPTION...]\n"
           "\n"
           "Follows the work orders of a MaintainX account by polling, and emits what happened to them as\n"
           "events.\n"
           "\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n"
           "  -c FILE               the configuration (else $WOSYNC_CONFIG, ./wosync.conf,\n"
           "                        ~/.config/wosync/wosync.conf, /etc/wosync.conf); several\n"
           "                        may be given: a later one overrides an earlier one\n"
           "  -q                    print errors only\n"
           "  -v                    say what is done\n"
           "  --log-format FORMAT   text, or json: one object per line on stderr\n"
           "  --splay D             for sync, backfill, reconcile, dispatch: wait first, up to this time\n"
           "                        (45s), and as long each time: the path of the store says how long\n"
           "  --ok STATUS           end with 0 in place of this exit status (75), for a scheduler that\n"
           "                        takes every other one for a failure; may be repeated\n"
           "  --help, --version\n"
           "\n"
           "wosync COMMAND --help shows the options of a command, wosync(1) is the manual.\n"
           "\n"
           "example:  MAINTAINX_API_KEY=... WOSYNC_DB=./wosync.db wosync sync\n");
    return cli_flush(EX_OK);
}

static int usage(const char *what, const char *why)
{
    log_error("%s: %s; see: wosync --help", what, why);
    return EX_USAGE;
}

/* The exit statuses that --ok names. */
static bool taken_for_ok[256];

static int read_ok(const char *text)
{
    char *end;
    long status = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || status < 1 || status > 255)
        return -1;
    taken_for_ok[status] = true;
    return 0;
}

static int run_command(const struct cli *cli, int argc, char **argv)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, argv[0]) == 0) {
            if (cli->splay > 0 && !commands[i]->scheduled)
                return usage("--splay", "it is for sync, backfill, reconcile and dispatch");
            int status = cli->splay > 0 ? splay_wait(cli) : EX_OK;
            optind = 0; /* getopt begins anew */
            if (status == EX_OK)
                status = commands[i]->run(commands[i], cli, argc, argv);
            return status >= 0 && status < 256 && taken_for_ok[status] ? EX_OK : status;
        }
    return usage(argv[0], "unknown command");
}

/* The files of -c, ending with NULL. */
static const char **config_files;

int main(int argc, char **argv)
{
    static const struct option known[] = {{"log-format", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
        {"splay", required_argument, NULL, 's'}, {"ok", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    size_t file_count = 0;
    config_files = calloc((size_t)argc + 1, sizeof *config_files);
    struct cli cli = {.config_files = config_files};
    enum log_level level = LOG_LEVEL_WARNING;
    bool json = false;
    int option;
    signal(SIGXFSZ, SIG_IGN); /* a file grown to its limit is an error like others */
    while ((option = getopt_long(argc, argv, "+:c:qvh", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            config_files[file_count++] = optarg;
            break;
        case 'q':
            level = LOG_LEVEL_ERROR;
            break;
        case 'v':
            level = LOG_LEVEL_INFO;
            break;
        case 'f':
            json = strcmp(optarg, "json") == 0;
            if (!json && strcmp(optarg, "text") != 0)
                return usage("--log-format", "write text or json");
            break;
        case 's':
            if (duration_parse(optarg, &cli.splay) != 0 || cli.splay <= 0)
                return usage("--splay", "write a duration such as 45s");
            break;
        case 'o':
            if (read_ok(optarg) != 0)
                return usage("--ok", "write an exit status, 1 to 255");
            break;
        case 'h':
            return print_help();
        case 'V':
            printf("wosync %s\n", WOSYNC_VERSION);
            return cli_flush(EX_OK);
        default:
            return usage(argv[optind - 1], "unknown option, or without its value");
        }
        log_configure(level, json);
    }
    if (optind == argc)
        return usage("COMMAND", "none given");
    int status = run_command(&cli, argc - optind, argv + optind);
    secret_forget();
    return status;
}
