/* events: what was told. */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "sinks/event_text.h"
#include "store/events.h"
#include "store/store.h"

struct listing {
    struct event_filter filter;
    bool json;
};

static int print_event(const struct event_row *row, void *context, struct error *e)
{
    const struct listing *listing = context;
    if (listing->json)
        return printf("%s\n", row->body) < 0 ? fail(e, EXIT_IO, "stdout: it cannot be written") : 0;
    char *line = event_text(row->body);
    if (line == NULL)
        return fail_memory(e, "events");
    int rc = printf("%s\n    %s\n", line, row->id);
    free(line);
    return rc < 0 ? fail(e, EXIT_IO, "stdout: it cannot be written") : 0;
}

static enum exit_status list(const struct cli *cli, struct listing *listing)
{
    struct error e = {0};
    struct config config;
    struct store *store = NULL;
    enum exit_status status = EXIT_CONFIG;
    if (cli_load_config(cli, &config) == 0) {
        status = EXIT_DONE;
        if (store_exists(config.store)) {
            store = store_open(config.store, STORE_READ, 10000, &e);
            if (store != NULL)
                events_list(store, &listing->filter, print_event, listing, &e);
            status = cli_report(&e);
        }
    }
    store_close(store);
    config_free(&config);
    return cli_flush(status);
}

static enum exit_status run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    static const struct option known[] = {{"type", required_argument, NULL, 't'}, {"id", required_argument, NULL, 'i'},
        {"state", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    struct listing listing = {0};
    int option;
    while ((option = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        switch (option) {
        case 't':
            if (event_type_named(optarg) == EVENT_TYPES)
                return cli_usage(self, "--type %s: unknown; workorder.created, for instance", optarg);
            listing.filter.type = optarg;
            break;
        case 'i':
            listing.filter.id = optarg;
            break;
        case 's':
            if (strcmp(optarg, "pending") != 0 && strcmp(optarg, "dead") != 0 && strcmp(optarg, "done") != 0)
                return cli_usage(self, "--state %s: write pending, dead or done", optarg);
            listing.filter.state = optarg;
            break;
        case 'j':
            listing.json = true;
            break;
        case 'h':
            return cli_help(self);
        default:
            return cli_usage(self, "%s: unknown option, or without its value", argv[optind - 1]);
        }
    }
    if (optind == argc)
        return cli_usage(self, "what about them? wosync events list");
    if (strcmp(argv[optind], "list") != 0 || optind + 1 < argc)
        return cli_usage(self, "%s: unknown", argv[argc - 1]);
    return list(cli, &listing);
}

const struct command command_events = {
    .name = "events",
    .summary = "list what was told",
    .help = "usage: wosync events list [--type T] [--id ID] [--state pending|dead|done] [--json]\n"
            "\n"
            "Lists the event log, oldest first: a line for people and the event's id below it.\n"
            "\n"
            "  --type T    only this type: workorder.created, workorder.status_changed, workorder.completed,\n"
            "              workorder.updated, workorder.deleted\n"
            "  --id ID     only the event of this id\n"
            "  --state S   only events with a delivery that is pending, dead or done\n"
            "  --json      one event per line, as the handlers get it\n"
            "\n"
            "example:  wosync events list --type workorder.completed --json | jq .data.title\n",
    .run = run,
};
