/* wosync: follows the work orders of a MaintainX account. This file: the options before the command, and the
 * table of commands. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
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
    &command_audit,
    &command_rehearse,
    &command_config,
    &command_init,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* What the options in front of the command say. */
struct options {
    struct cli cli;
    const char **config_files; /* those of -c; ends with NULL */
    size_t file_count;
    enum log_level level;
    bool json;
};

/* The exit statuses that --ok names. */
static bool taken_for_ok[256];

static int read_ok(const char *text, void *values, struct buffer *why)
{
    char *end;
    long status = strtol(text, &end, 10);
    (void)values;
    if (*text < '0' || *text > '9' || *end != '\0' || status < 1 || status > 255) {
        buffer_append_text(why, "write an exit status, 1 to 255");
        return -1;
    }
    taken_for_ok[status] = true;
    return 0;
}

static int read_file(const char *text, void *values, struct buffer *why)
{
    struct options *options = values;
    (void)why;
    options->config_files[options->file_count++] = text;
    return 0;
}

/* Messages take another form at once: also that of a mistake in the options that follow. */
static int set_level(struct options *options, enum log_level level)
{
    options->level = level;
    log_configure(options->level, options->json);
    return 0;
}

static int read_quiet(const char *text, void *values, struct buffer *why)
{
    (void)text;
    (void)why;
    return set_level(values, LOG_LEVEL_ERROR);
}

static int read_verbose(const char *text, void *values, struct buffer *why)
{
    (void)text;
    (void)why;
    return set_level(values, LOG_LEVEL_INFO);
}

static int read_format(const char *text, void *values, struct buffer *why)
{
    struct options *options = values;
    options->json = strcmp(text, "json") == 0;
    if (options->json || strcmp(text, "text") == 0)
        return set_level(options, options->level);
    buffer_append_text(why, "write text or json");
    return -1;
}

static int print_help(const struct command *self)
{
    printf("%s", self->help);
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
    printf("\n");
    options_print(self->options);
    printf("%s", self->help_end);
    return cli_flush(EX_OK);
}

static int print_version(const struct command *self)
{
    (void)self;
    printf("wosync %s\n", WOSYNC_VERSION);
    return cli_flush(EX_OK);
}

static int refuse(const char *text)
{
    log_error("%s; see: wosync --help", text);
    return EX_USAGE;
}

static const struct option_spec known[] = {
    {.letter = 'c',
        READ_BY(read_file),
        .value = "FILE",
        .help = "the configuration (else $WOSYNC_CONFIG, ./wosync.conf,\n"
                "~/.config/wosync/wosync.conf, /etc/wosync.conf); may\n"
                "be repeated: a later file overrides an earlier one"},
    {.letter = 'q', FLAG_READ_BY(read_quiet), .help = "print errors only"},
    {.letter = 'v', FLAG_READ_BY(read_verbose), .help = "also print what is done"},
    {"log-format", READ_BY(read_format), .value = "FORMAT",
        .help = "text, or json: one object per line on stderr"},
    {"splay", DURATION_TO(struct options, cli.splay), .value = "D",
        .help = "for sync, backfill, reconcile, dispatch: wait first, for less than this\n"
                "time (45s); the path of the store says how long, the same each time"},
    {"ok", READ_BY(read_ok), .value = "STATUS",
        .help = "end with 0 in place of this exit status (75), for a scheduler that\n"
                "takes every status but 0 for a failure; may be repeated"},
    {.letter = 'h', .answer = print_help},
    {"help", .answer = print_help, .help = "print the commands, or the options of one"},
    {"version", .answer = print_version, .help = "print the version"},
    {.name = NULL},
};

/* What stands in front of the command. */
static const struct command front = {
    .name = "wosync",
    .help =
        "usage: wosync [-c FILE]... [-q | -v] [--log-format text|json] [--splay D] [--ok STATUS]... "
        "COMMAND [OPTION...]\n"
        "\n"
        "Follows the work orders of a MaintainX account by polling, and emits events for what happened to\n"
        "them.\n"
        "\n",
    .help_end = "\n"
                "wosync COMMAND --help shows the options of a command, wosync(1) is the manual.\n"
                "\n"
                "example:  MAINTAINX_API_KEY=... WOSYNC_DB=./wosync.db wosync sync\n",
    .options = known,
    .ends_options = true,
    .refuse = refuse,
};

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int refuse_command(const char *name)
{
    struct buffer text = {0};
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    buffer_append_format(&text, "%s: unknown command", name);
    options_suggest(&text, name, names, COMMANDS);
    int status = cli_usage(&front, "%s", text.data);
    buffer_free(&text);
    return status;
}

static int run_command(const struct cli *cli, int argc, char **argv)
{
    const struct command *command = find_command(argv[0]);
    if (command == NULL)
        return refuse_command(argv[0]);
    if (cli->splay > 0 && !command->scheduled)
        return refuse("--splay: it is for sync, backfill, reconcile and dispatch");
    int status = cli->splay > 0 ? splay_wait(cli) : EX_OK;
    if (status == EX_OK)
        status = command->run(command, cli, argc, argv);
    return status >= 0 && status < 256 && taken_for_ok[status] ? EX_OK : status;
}

/* Whoever starts us may have closed stdin, stdout or stderr. The next file that is opened would take its place,
 * and a message would be written into the store. So stdin is opened for writing alone and the others for
 * reading alone: their use fails as if they were closed. */
static bool hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        int held = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (held < 0)
            held = open("/", O_RDONLY);
        if (held != fd)
            return false; /* LCOV_EXCL_LINE: every process has / */
    }
    return true;
}

/* A parent's choice would be ours: where SIGCHLD is ignored nobody hears how a program of a handler ended, and
 * where SIGTERM is blocked no run can be stopped. */
static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN); /* a file grown to its limit is an error like others */
}

int main(int argc, char **argv)
{
    if (!hold_standard_descriptors())
        return EX_IOERR; /* LCOV_EXCL_LINE: there may be no place to say so */
    struct options options = {
        .level = LOG_LEVEL_WARNING, .config_files = calloc((size_t)argc + 1, sizeof *options.config_files)};
    struct command_line line;
    reset_signals();
    int status = EX_USAGE;
    if (!options_read(&front, argc, argv, &options, &line))
        status = line.status;
    else if (line.count == 0)
        refuse("COMMAND: none given");
    else {
        options.cli.config_files = options.config_files;
        status = run_command(&options.cli, line.count, line.words);
    }
    free(options.config_files);
    secret_forget();
    return status;
}
