/*
 * init: from nothing to a configuration that works.
 *
 *   where (-c, or what suits the user) -> token -> tried at MaintainX -> handlers -> files, all or none
 *   -> read as every command reads them -> the line that schedules it -> doctor
 *
 * Invariants: nothing is written before the token has been tried; what exists is never written over; when the
 * configuration turns out to be wrong, everything that was written is taken back. The token and other secrets
 * come from stdin alone: a command line can be read by others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_key.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/shutdown.h"
#include "cli/cli.h"
#include "cli/diagnostics.h"
#include "cli/init_ask.h"
#include "cli/init_files.h"
#include "cli/init_handlers.h"
#include "cli/init_place.h"
#include "cli/init_token.h"
#include "deliver/handler_table.h"

struct init {
    struct init_ask ask;
    struct init_place place;
    struct init_token token;
    struct init_handlers handlers;
    struct init_files files;
    const char *store, *organization; /* as they were typed; NULL: not given */
    bool handlers_given, offline, no_check;
};

static void free_init(struct init *init)
{
    if (init->ask.unread.data != NULL)
        explicit_bzero(init->ask.unread.data, init->ask.unread.capacity);
    buffer_free(&init->ask.unread);
    init_place_free(&init->place);
    init_token_free(&init->token);
    init_handlers_free(&init->handlers);
    init_files_free(&init->files);
}

/* --- handlers --- */

/* The words of an answer. Returns 0, or -1 after saying what is wrong. */
static int add_handlers(struct init *init, char *words)
{
    char *rest = NULL;
    for (char *word = strtok_r(words, " ,\t", &rest); word != NULL; word = strtok_r(NULL, " ,\t", &rest)) {
        const char *wrong = init_handlers_add(&init->handlers, word);
        if (wrong != NULL) {
            log_error("init: %s: %s", word, wrong);
            init_handlers_free(&init->handlers);
            return -1;
        }
    }
    return 0;
}

static int settle_handlers(struct init *init, struct error *e)
{
    struct buffer prompt = {0};
    char *names = init_handlers_names();
    buffer_append_format(&prompt, "Handlers, of %s [log]:", names);
    for (bool asking = init->ask.terminal && !init->handlers_given; asking;) {
        char *answer = init_ask_line(&init->ask, prompt.data, false);
        if (answer == NULL)
            fail(e, EX_TEMPFAIL, "init: stopped; nothing was written");
        asking = answer != NULL && add_handlers(init, answer) != 0;
        free(answer);
    }
    free(names);
    buffer_free(&prompt);
    if (e->status == EX_OK && init->handlers.count == 0)
        init_handlers_add(&init->handlers, "log");
    return e->status == EX_OK
               ? init_handlers_complete(&init->handlers, &init->ask, init->place.store_directory, e)
               : -1;
}

/* --- the files --- */

static void compose(struct init *init)
{
    const struct init_place *place = &init->place;
    struct buffer conf = {0}, secrets = {0};
    /* accounts share a directory, not their secrets */
    bool only = strcmp(place->name, "wosync") == 0;
    buffer_append_format(&secrets, "%s/%s%s", place->directory, only ? "" : place->name, only ? "" : "-");
    buffer_append_format(&conf,
        "; Made by wosync init. wosync.conf.example has every setting; wosync config checks this file.\n\n"
        "[api]\nkey_file = %s\n",
        init->place.key);
    if (init->token.base_url != NULL)
        buffer_append_format(&conf, "base_url = %s\n", init->token.base_url);
    if (*init->token.organization != '\0')
        buffer_append_format(&conf, "organization_id = %s\n", init->token.organization);
    if (init->token.ca_file != NULL)
        buffer_append_format(&conf, "ca_file = %s\n", init->token.ca_file);
    buffer_append_format(&conf, "\n[store]\npath = %s\n", init->place.store);
    buffer_append_format(init_files_add(&init->files, init->place.key), "%s\n", init->token.token);
    init_handlers_write(&init->handlers, secrets.data, &conf, &init->files);
    /* last: where it is, the rest is */
    buffer_append(init_files_add(&init->files, init->place.conf), conf.data, conf.len);
    buffer_free(&conf);
    buffer_free(&secrets);
}

/* Reads what was written as every command does. Returns 0, or -1 after saying what is wrong. */
static int verify(const struct init *init)
{
    struct buffer problems = {0}, warnings = {0};
    struct config config;
    struct handler_table table;
    const char *const files[] = {init->place.conf, NULL};
    config_load(files, &config, &problems, &warnings);
    cli_check_api(&config, &problems);
    handler_table_make(&config, &table, &problems, &warnings);
    int rc = problems.len == 0 ? 0 : -1;
    diagnostics_print(&problems, &warnings);
    handler_table_free(&table);
    config_free(&config);
    return rc;
}

static int write_files(struct init *init, struct error *e)
{
    struct init_files *files = &init->files;
    if (init_files_make_directory(
            files, init->place.store_directory, 0700, init->place.uid, init->place.gid, e) != 0 ||
        init_files_write(files, e) != 0) {
        init_files_remove(files);
        return -1;
    }
    if (verify(init) == 0)
        return 0;
    init_files_remove(files);
    return fail(e, EX_CONFIG, "init: the configuration would be wrong; nothing was written");
}

/* --- what comes then --- */

static void print_written(const struct init *init)
{
    for (size_t i = 0; i < init->files.count; i++)
        printf("wrote %s\n", init->files.files[i].path);
}

/* Appends the name of the units that run this configuration: wosync, or wosync@ACCOUNT. Returns false where
 * none do. */
static bool find_units(const struct init *init, struct buffer *units)
{
    struct stat st;
    struct buffer of_account = {0};
    bool systemd = init->place.system && stat("/run/systemd/system", &st) == 0 &&
                   strcmp(init->place.user, "wosync") == 0;
    buffer_append_format(&of_account, WOSYNC_SYSCONFDIR "/wosync/%s.conf", init->place.name);
    if (systemd && strcmp(init->place.conf, WOSYNC_SYSCONFDIR "/wosync.conf") == 0)
        buffer_append_text(units, "wosync");
    else if (systemd && strcmp(init->place.conf, of_account.data) == 0)
        buffer_append_format(units, "wosync@%s", init->place.name);
    buffer_free(&of_account);
    return units->len > 0;
}

/* This program's path: the PATH of cron is short. */
static const char *find_program(char *path, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0)
        return "wosync";
    path[n] = '\0';
    return path;
}

/* The units let wosync write into one directory below /var/lib, and nowhere else. */
static void print_writable(const struct init *init, const char *units)
{
    struct buffer of_unit = {0};
    const char *dash = strchr(units, '@');
    buffer_append_format(&of_unit, WOSYNC_LOCALSTATEDIR "/lib/wosync%s%s", dash != NULL ? "-" : "",
        dash != NULL ? dash + 1 : "");
    if (strcmp(init->place.store_directory, of_unit.data) != 0)
        printf("\nIts unit may not write into %s yet. Run `systemctl edit %s.service` and add:\n"
               "    [Service]\n"
               "    ReadWritePaths=%s\n",
            init->place.store_directory, units, init->place.store_directory);
    buffer_free(&of_unit);
}

static void print_schedule(const struct init *init)
{
    char path[4096];
    struct buffer units = {0};
    if (find_units(init, &units)) {
        print_writable(init, units.data);
        printf("\nTo run it every minute, and to see what it prints:\n"
               "    systemctl enable --now %s.timer\n"
               "    journalctl -u %s\n",
            units.data, units.data);
    } else
        printf("\nTo run it every minute, add this line by `crontab -e%s%s`:\n"
               "    * * * * * %s -c %s sync --max-time 50s\n",
            init->place.system ? " -u " : "", init->place.system ? init->place.user : "",
            find_program(path, sizeof path), init->place.conf);
    buffer_free(&units);
}

/* What can be tried before the first run, by doctor: it takes this process's place. */
static int look(const struct init *init)
{
    char path[4096];
    char *const arguments[] = {(char[]){"wosync"}, (char[]){"-c"}, init->place.conf, (char[]){"doctor"},
        (char[]){"configuration"}, (char[]){"api"}, (char[]){"handlers"}, NULL};
    printf("\nTrying it: wosync -c %s doctor configuration api handlers\n", init->place.conf);
    if (fflush(stdout) == 0 && find_program(path, sizeof path) == path)
        execv(path, arguments);
    return cli_flush(EX_OK);
}

/* --- the command --- */

static int read_handler(const char *text, void *values, struct buffer *why)
{
    struct init *init = values;
    const char *wrong = init_handlers_add(&init->handlers, text);
    if (wrong != NULL)
        buffer_append_format(why, "%.*s: %s", (int)strcspn(text, "="), text, wrong);
    init->handlers_given = true;
    return wrong == NULL ? 0 : -1;
}

/* All that can be refused without a question. */
static int prepare(struct init *init, const struct cli *cli, struct error *e)
{
    struct init_files existing = {0};
    if (init->token.base_url == NULL)
        init->token.base_url = config_variable("MAINTAINX_BASE_URL");
    if (shutdown_install(e) != 0 || init_place_find(&init->place, cli->config_files, e) != 0)
        return -1;
    init->files.system = init->place.system;
    init->files.gid = init->place.gid;
    init_files_add(&existing, init->place.conf);
    init_files_add(&existing, init->place.key);
    int rc = init_files_check(&existing, e);
    init_files_free(&existing);
    return rc;
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct init init = {0};
    struct error e = {0};
    struct command_line line;
    int status = EX_OK;
    init.ask.terminal = isatty(STDIN_FILENO) != 0;
    if (!options_read(self, argc, argv, &init, &line)) {
        free_init(&init);
        return line.status;
    }
    init.token.organization = strdup(init.organization != NULL ? init.organization : "");
    init.place.store = init.store != NULL ? init_place_absolute(init.store) : NULL;
    if (prepare(&init, cli, &e) == 0 && init_token_settle(&init.token, &init.ask, !init.offline, &e) == 0 &&
        settle_handlers(&init, &e) == 0) {
        compose(&init);
        if (write_files(&init, &e) == 0) {
            print_written(&init);
            print_schedule(&init);
            status = init.no_check || init.offline ? cli_flush(EX_OK) : look(&init);
        }
    }
    if (e.status != EX_OK)
        status = cli_report(&e);
    free_init(&init);
    return status;
}

static const struct option_spec known[] = {
    {"handler", READ_BY(read_handler), .value = "TYPE", .hide_value = true,
        .help = "log, slack, http, exec, report or warehouse; with =TARGET its URL, command,\n"
                "directory or database; may be repeated (log). The URL of slack is a secret: a\n"
                "line of stdin after the token, or file:PATH, or env:NAME"},
    {"organization", TEXT_TO(struct init, organization), .value = "ID",
        .help = "for a token that covers several organizations"},
    {"store", TEXT_TO(struct init, store), .value = "PATH",
        .help = "the store (/var/lib/wosync/wosync.db, or below ~/.local/share)"},
    {"base-url", TEXT_TO(struct init, token.base_url), .value = "URL",
        .help = "of the API, where it is not MaintainX's own"},
    {"ca-file", TEXT_TO(struct init, token.ca_file), .value = "FILE",
        .help = "certificates to trust instead of the system's"},
    {"user", TEXT_TO(struct init, place.user), .value = "NAME",
        .help = "who runs it, where root sets it up (wosync)"},
    {"offline", FLAG_TO(struct init, offline), .help = "do not try the token"},
    {"no-check", FLAG_TO(struct init, no_check), .help = "do not try the configuration"},
    {.name = NULL},
};

const struct command command_init = {
    .name = "init",
    .summary = "make a configuration: asks, tries the token, writes the files",
    .help =
        "usage: wosync init [--handler TYPE[=TARGET]]... [--organization ID] [--store PATH] [--base-url "
        "URL]\n"
        "                   [--ca-file FILE] [--user NAME] [--offline] [--no-check]\n"
        "\n"
        "Reads the token from stdin, tries it at MaintainX, and writes the configuration and the file with "
        "the\n"
        "token: the file of -c, else /etc/wosync.conf for root and ~/.config/wosync/wosync.conf for other "
        "users.\n"
        "It writes all files or none, and none over a file that exists. On a terminal it asks for the token "
        "and "
        "the\n"
        "handlers; elsewhere the first line of stdin is the token. Then it prints how to run wosync every\n"
        "minute, and runs wosync doctor configuration api handlers. It ends with the exit status of that.\n"
        "\n",
    .help_end = "\n"
                "example:  sudo wosync init --handler slack --handler report <secrets.txt\n",
    .options = known,
    .surplus = "it takes no argument; write the token on stdin", /* not shown: it may be a token */
    .run = run,
};
