/*
 * cli: what the commands share: the options before the command, the table of commands, the configuration.
 */
#ifndef WOSYNC_CLI_CLI_H
#define WOSYNC_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/error.h"
#include "cli/options.h"

/* The options before the command. */
struct cli {
    const char *const *config_files; /* those of -c, ending with NULL; NULL without one */
    int64_t splay;                   /* milliseconds; 0: none */
};

struct store;

struct command {
    const char *name;
    const char *summary;  /* one line for `wosync --help` */
    bool scheduled;       /* it takes --splay */
    const char *help;     /* for `wosync NAME --help`: usage and what it does; then the options are listed */
    const char *help_end; /* and then this: notes, an example; NULL: nothing */
    const struct option_spec *options; /* NULL: none but --help */
    const struct option_sub *subs;     /* its sub-commands; NULL: it has none */
    int max_arguments;                 /* without sub-commands */
    const char *surplus;               /* what is said of one more; NULL: that it was not expected */
    bool ends_options;                 /* the first argument ends the options */
    /* Prints a usage error in another way than cli_usage. Returns the exit status. */
    int (*refuse)(const char *text);
    /* Runs it; argv[0] is its name. Returns the exit status. */
    int (*run)(const struct command *self, const struct cli *cli, int argc, char **argv);
};

extern const struct command command_sync;
extern const struct command command_dispatch;
extern const struct command command_backfill;
extern const struct command command_reconcile;
extern const struct command command_receive;
extern const struct command command_webhooks;
extern const struct command command_events;
extern const struct command command_status;
extern const struct command command_check;
extern const struct command command_doctor;
extern const struct command command_report;
extern const struct command command_audit;
extern const struct command command_rehearse;
extern const struct command command_config;
extern const struct command command_init;

/* Prints the error's text, if there is one, and returns its status. */
int cli_report(const struct error *e);

/* Prints the command's help on stdout, with its options. Returns EX_OK, or EX_IOERR when stdout is gone. */
int cli_help(const struct command *command);

/* Prints a usage error, and how to get help. Returns EX_USAGE, or what the command's own `refuse` does. */
int cli_usage(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says, once, that opening the store has brought it to another schema, and where the copy from before is. */
void cli_report_copy(const struct store *store);

/* Makes sure that stdout took everything. Returns `status`, or the graver EX_IOERR when it did not. */
int cli_flush(int status);

/* As root becomes the store's owner (store_owner.h), then reads the configuration as config_load does.
 * Returns 0, or -1: something is wrong with it, or the error is filled. */
int cli_read_config(const struct cli *cli, struct config *config, struct buffer *problems,
    struct buffer *warnings, struct error *e);

/* The same for commands that only look: that root cannot become the owner is one of the problems, and what is
 * configured is read all the same. */
void cli_look_at_config(
    const struct cli *cli, struct config *config, struct buffer *problems, struct buffer *warnings);

/* For commands that need the store alone: reads the files for their [store], no other key and no secret. As
 * root becomes the store's owner. Returns 0, or -1 with lines in `problems`: a file that cannot be read, a
 * [store] that is wrong. Free with config_free in either case. */
int cli_find_store(const struct cli *cli, struct config *config, struct buffer *problems);

/* Does as cli_read_config and prints what is wrong. Returns 0 or -1; free with config_free in either
 * case. */
int cli_load_config(const struct cli *cli, struct config *config);

/* Adds what is wrong with the addresses of the API and of pings to the problems: only the API's own layer
 * knows it. */
void cli_check_address(const struct config *config, struct buffer *problems);

/* Adds what a run that reads would stumble on to the problems: the address of the API, and no token. */
void cli_check_api(const struct config *config, struct buffer *problems);

#endif
