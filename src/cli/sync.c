/* sync: deliver what is due, one incremental pass, deliver: the line in the crontab. */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/maintainx.h"
#include "base/log.h"
#include "base/stop.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "sinks/event_text.h"
#include "sources/poll.h"
#include "sources/sweep.h"

/* Missing work orders that a poll asks for at the most: the rest waits for the next. */
enum { PROOFS_PER_RUN = 20 };

struct options {
    bool dry_run;
    bool no_dispatch;
    int64_t max_time;
};

/* What a dry run has told, so that a work order on two pages is not told twice. */
struct telling {
    struct json_object *told;
    int64_t count;
};

static void tell(const struct event *event, const struct event_context *context, void *data)
{
    struct telling *telling = data;
    if (json_object_object_get_ex(telling->told, event->id, NULL))
        return;
    json_object_object_add(telling->told, event->id, json_object_new_boolean(1));
    telling->count++;
    char *body = event_body(event, event->id, context);
    char *line = body != NULL ? event_text(body) : NULL;
    printf("%s\n", line != NULL ? line : event->id);
    free(line);
    free(body);
}

static void log_summary(const struct run *run)
{
    int64_t events = 0;
    for (int type = 0; type < EVENT_TYPES; type++)
        events += run->events[type];
    log_info("sync: %lld records on %lld pages, %lld events, %lld requests", (long long)run->records,
        (long long)run->pages, (long long)events, (long long)run->requests);
}

static void poll_once(struct session *session, const struct options *options)
{
    struct error e = {0};
    struct telling telling = {.told = json_object_new_object()};
    struct pass_settings settings;
    struct client *api = session_connect(session, &settings, &e);
    if (api != NULL) {
        settings.dry_run = options->dry_run;
        settings.listener = options->dry_run ? tell : NULL;
        settings.listener_data = &telling;
        /* a bar would run through the lines of a dry run */
        enum pass_end end = options->dry_run ? pass_run(&settings, &poll_kind, &e)
                                             : session_read(session, &poll_kind, &settings, 0, &e);
        /* what a sweep found missing and is to be asked for again by now */
        if (end == PASS_FINISHED && !options->dry_run)
            sweep_prove(&settings, SOURCE_POLL, PROOFS_PER_RUN, &e);
        session->run.requests = client_requests(api);
        session->run.bytes = client_bytes(api);
        log_summary(&session->run);
    }
    session_report(session, &e);
    if (options->dry_run && e.status == EXIT_DONE)
        printf("%lld events would be told; nothing was changed\n", (long long)telling.count);
    client_free(api);
    json_object_put(telling.told);
}

/* Returns 0, 1 when the command is done already (*status says how). */
static int read_options(
    const struct command *self, int argc, char **argv, struct options *options, enum exit_status *status)
{
    static const struct option known[] = {{"dry-run", no_argument, NULL, 'n'},
        {"no-dispatch", no_argument, NULL, 'D'}, {"max-time", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    *status = EXIT_USAGE;
    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        switch (option) {
        case 'n':
            options->dry_run = true;
            break;
        case 'D':
            options->no_dispatch = true;
            break;
        case 't':
            if (cli_duration(self, "--max-time", optarg, &options->max_time) != 0)
                return 1;
            break;
        case 'h':
            *status = cli_help(self);
            return 1;
        default:
            cli_usage(self, "%s: unknown option, or without its value", argv[optind - 1]);
            return 1;
        }
    }
    if (optind == argc)
        return 0;
    cli_usage(self, "%s: it takes no argument", argv[optind]);
    return 1;
}

static enum exit_status run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    struct session session;
    enum exit_status status;
    if (read_options(self, argc, argv, &options, &status) != 0)
        return status;
    stop_set_deadline(options.max_time);
    if (session_open(&session, cli, "sync", options.dry_run ? SESSION_DRY_RUN : SESSION_RUN) == 0) {
        bool dispatch = !options.dry_run && !options.no_dispatch;
        if (dispatch)
            session_dispatch(&session);
        poll_once(&session, &options);
        if (dispatch)
            session_dispatch(&session);
    }
    return session_close(&session);
}

const struct command command_sync = {
    .name = "sync",
    .summary = "deliver what is due, poll what changed, deliver: the line in the crontab",
    .help = "usage: wosync sync [--dry-run] [--no-dispatch] [--max-time D]\n"
            "\n"
            "Delivers what is due, asks MaintainX for the work orders that changed since the last run, tells "
            "what\n"
            "happened to them as events, and delivers those. The first run reads everything and tells "
            "nothing but\n"
            "what happened since it began. A run that is stopped or killed goes on where it was.\n"
            "\n"
            "  --dry-run      print what would be told, change nothing\n"
            "  --no-dispatch  poll, but deliver nothing\n"
            "  --max-time D   end between two pages after this time (50s, 5m); the next run goes on there\n"
            "\n"
            "example, in a crontab:  * * * * * wosync sync --max-time 50s\n",
    .run = run,
};
