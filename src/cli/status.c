/* status: how things stand: the text is a view of the facts, --json the facts themselves. */
#include <json-c/json.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/diagnostics.h"
#include "cli/health.h"
#include "cli/status_json.h"
#include "cli/status_text.h"
#include "deliver/handler_table.h"
#include "store/migration.h"
#include "store/store.h"

/* Runs in the text. */
enum { RUNS_SHOWN = 5 };

static int gather_run(const struct run *run, void *context, struct error *e)
{
    (void)e;
    json_object_array_add(context, status_json_run(run));
    return 0;
}

static void show_text(
    struct store *store, struct json_object *status, const struct config *config, struct error *e)
{
    struct json_object *runs = json_object_new_array();
    json_object_object_add(status, "runs", runs);
    if (runs_list(store, RUNS_SHOWN, gather_run, runs, e) == 0)
        status_text_print(status, config);
}

/* What is in the store. */
static int gather(struct store *store, const struct config *config, struct json_object *status, bool json,
    struct json_object *problems, struct error *e)
{
    if (status_json_gather(store, status, e) != 0 || (json && status_json_successes(store, status, e) != 0))
        return -1;
    return health_check(store, config, status, clock_now(), problems, e);
}

static void show_store(const struct config *config, struct json_object *status, bool json,
    struct json_object *problems, struct error *e)
{
    struct store *store = store_open(config->store, STORE_READ, 10000, e);
    int rc = store != NULL ? gather(store, config, status, json, problems, e) : -1;
    if (rc != 0 && json)
        health_add(problems, "%s", e->text);
    json_object_object_add(status, "ok", json_object_new_boolean(json_object_array_length(problems) == 0));
    if (json)
        status_json_print(rc == 0 ? store : NULL, status, e);
    else if (rc == 0)
        show_text(store, status, config, e);
    store_close(store);
}

/* Nothing can be shown: there is no store yet, it has an older schema, or nothing is known of where it is,
 * for the configuration could not be read. `why` is NULL then. */
static void show_nothing(const struct config *config, struct json_object *status, bool json, const char *why,
    struct json_object *problems)
{
    if (!json && why != NULL)
        printf("store       %s: %s\n", config->store, why);
    if (!json)
        return;
    if (why != NULL)
        health_add(problems, "store %s: %s", config->store, why);
    json_object_object_add(status, "ok", json_object_new_boolean(false));
    status_json_print(NULL, status, NULL);
}

/* Everything that a run reads is read, secrets too, so that a mistake shows here as well. Mistakes are
 * printed as messages; JSON holds them, too. */
static int load(const struct cli *cli, struct config *config, bool json, struct json_object *problems)
{
    struct buffer wrong = {0}, warnings = {0};
    struct handler_table table;
    cli_look_at_config(cli, config, &wrong, &warnings);
    handler_table_make(config, &table, &wrong, &warnings);
    handler_table_free(&table);
    int status = wrong.len == 0 ? EX_OK : EX_CONFIG;
    if (json)
        health_add_lines(&wrong, problems);
    diagnostics_print(&wrong, &warnings);
    return status;
}

static int show(const struct cli *cli, bool json)
{
    struct error e = {0};
    struct config config;
    char why[128];
    int version;
    struct json_object *status = json_object_new_object(), *problems = json_object_new_array();
    json_object_object_add(status, "problems", problems);
    int wrong = load(cli, &config, json, problems);
    json_give_text(status, "store", config.store);
    if (wrong != EX_OK && config.ini.file_count == 0)
        show_nothing(&config, status, json, NULL, problems);
    else if (!store_exists(config.store))
        show_nothing(&config, status, json, "not made yet; the first wosync sync makes it", problems);
    else if (store_is_old(config.store, &version)) {
        snprintf(why, sizeof why, "schema %d, this wosync has %d; the next wosync sync brings it up to date",
            version, migration_known.count);
        show_nothing(&config, status, json, why, problems);
    } else
        show_store(&config, status, json, problems, &e);
    json_object_put(status);
    config_free(&config);
    return cli_flush(exit_graver(wrong, cli_report(&e)));
}

struct options {
    bool json;
};

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    return show(cli, options.json);
}

static const struct option_spec known[] = {
    {"json", FLAG_TO(struct options, json),
        .help = "print one object with everything, all runs too. \"ok\" is true when nothing is wrong;\n"
                "\"problems\" lists what is wrong; \"lastSuccess\" says when a run of each kind last\n"
                "ended well"},
    {.name = NULL},
};

const struct command command_status = {
    .name = "status",
    .summary = "show the state: watermark, handlers, quarantine, last runs",
    .help = "usage: wosync status [--json]\n"
            "\n"
            "Shows what is wrong, whose work orders the store holds and how far polling has come, what each\n"
            "handler has pending and dead, what is in quarantine, and the last runs.\n"
            "\n",
    .help_end = "\n"
                "For a monitor there is wosync check, and wosync doctor says what to do.\n"
                "\n"
                "example:  wosync status\n",
    .options = known,
    .run = run,
};
