/*
 * rehearse: what a handler, or a changed `when`, would have sent for events of the log. It sends nothing and
 * changes nothing: the store is opened to look at, and the only files it makes are those of --out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "base/calendar.h"
#include "cli/cli.h"
#include "cli/diagnostics.h"
#include "cli/options.h"
#include "cli/rehearse_words.h"
#include "deliver/rehearse.h"
#include "store/events.h"
#include "store/store.h"

/* How long another program's transaction is waited for; how often the terminal is drawn anew, and from when
 * on. */
enum { BUSY_MS = 10000, REDRAW_MS = 100, PATIENCE_MS = 500 };

struct options {
    const char *handler;
    int64_t since;
    const char *diff;   /* NULL: nothing to compare with */
    const char *out;    /* NULL: nothing is written */
    const char **files; /* of -c, ending with NULL */
    size_t file_count;
};

/* A configuration, and the handler of that name in it. */
struct side {
    struct config config;
    struct handler_table table;
    struct handler *handler;
};

static void free_side(struct side *side)
{
    handler_table_free(&side->table);
    config_free(&side->config);
}

/* --- progress --- */

struct bar {
    bool on_terminal;
    int64_t began, drawn; /* monotonic; drawn 0: nothing is on the terminal */
    int share;            /* percent */
};

static void wipe(void *data)
{
    struct bar *bar = data;
    if (bar->drawn != 0)
        fputs("\r\033[K", stderr);
    bar->drawn = 0;
}

static void say_state(void *data)
{
    const struct bar *bar = data;
    wipe(data);
    fprintf(stderr, "wosync: rehearse: %d %% of the log\n", bar->share);
}

static void begin_bar(struct bar *bar)
{
    *bar = (struct bar){.on_terminal = isatty(STDERR_FILENO) == 1, .began = clock_monotonic()};
    shutdown_on_report(say_state, bar);
    log_on_message(wipe, bar);
}

static void draw_bar(int64_t done, int64_t all, void *data)
{
    struct bar *bar = data;
    const int64_t now = clock_monotonic();
    bar->share = all > 0 ? (int)(done * 100 / all) : 0;
    shutdown_attend();
    if (!bar->on_terminal || now - bar->began < PATIENCE_MS ||
        (bar->drawn != 0 && now - bar->drawn < REDRAW_MS))
        return;
    fprintf(stderr, "\rrehearse %3d %% of the log\033[K", bar->share);
    fflush(stderr);
    bar->drawn = now;
}

static void end_bar(struct bar *bar)
{
    shutdown_on_report(NULL, NULL);
    log_on_message(NULL, NULL);
    wipe(bar);
}

/* --- the handlers --- */

/* Which one may have been meant. */
static int fail_unknown(
    const struct handler_table *table, const char *name, const char *where, struct error *e)
{
    const char **names = calloc(table->count, sizeof *names);
    struct buffer list = {0};
    for (size_t i = 0; i < table->count; i++) {
        names[i] = table->rows[i].name;
        buffer_append_format(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *near = nearest_word(name, names, table->count);
    if (near != NULL)
        fail(e, EX_USAGE, "rehearse: %s has no handler %s; did you mean %s?", where, name, near);
    else
        fail(e, EX_USAGE, "rehearse: %s has no handler %s; it has %s", where, name, list.data);
    buffer_free(&list);
    free(names);
    return -1;
}

static struct handler *find_handler(struct handler_table *table, const char *name)
{
    for (size_t i = 0; name != NULL && i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

/* Every mistake of a configuration's handlers is printed. */
static int make_table(struct side *side, struct error *e)
{
    struct buffer problems = {0}, warnings = {0};
    int rc = handler_table_make(&side->config, &side->table, &problems, &warnings);
    diagnostics_print(&problems, &warnings);
    return rc == 0 ? 0 : fail(e, EX_CONFIG, "%s", "");
}

static int read_new(const struct cli *cli, const struct options *options, struct side *side, struct error *e)
{
    if (cli_load_config(cli, &side->config) != 0)
        return fail(e, EX_CONFIG, "%s", "");
    if (make_table(side, e) != 0)
        return -1;
    side->handler = find_handler(&side->table, options->handler);
    return side->handler != NULL ? 0 : fail_unknown(&side->table, options->handler, "the configuration", e);
}

/* There it may have had the name that `was` says. */
static int read_old(
    const struct options *options, const struct handler *now, struct side *side, struct error *e)
{
    struct buffer problems = {0}, warnings = {0};
    int rc = config_load((const char *const[]){options->diff, NULL}, &side->config, &problems, &warnings);
    diagnostics_print(&problems, &warnings);
    if (rc != 0)
        return fail(e, EX_CONFIG, "%s", "");
    if (make_table(side, e) != 0)
        return -1;
    side->handler = find_handler(&side->table, now->name);
    if (side->handler == NULL)
        side->handler = find_handler(&side->table, now->was);
    return side->handler != NULL ? 0 : fail_unknown(&side->table, now->name, options->diff, e);
}

/* --- the rehearsal --- */

static int count_event(const struct event_row *row, void *context, struct error *e)
{
    (void)row;
    (void)e; /* this cannot fail */
    ++*(int *)context;
    return 0;
}

/* Does the log hold an event of that time? 1, 0 or -1. */
static int has_events(struct store *store, int64_t since, struct error *e)
{
    int count = 0;
    struct event_range range = {
        .after = events_before(store, since, REHEARSE_SLACK_MS, e), .until = INT64_MAX, .observed = since};
    if (range.after < 0 || events_observed(store, &range, 1, count_event, &count, e) != 0)
        return -1;
    return count;
}

/* There is nothing to rehearse. */
static int fail_empty(const struct event_reach *reach, const char *since, const char *keep, struct error *e)
{
    char oldest[CALENDAR_SIZE];
    if (reach->oldest == TIMESTAMP_NONE && reach->removed)
        return fail(e, EX_USAGE,
            "rehearse: the event log is empty: nothing was emitted in the last %s (keep in [store]); wosync "
            "backfill emits older events",
            keep);
    if (reach->oldest == TIMESTAMP_NONE)
        return fail(e, EX_USAGE,
            "rehearse: the event log is empty: nothing was emitted yet; wosync backfill emits older events");
    calendar_format(CALENDAR_MINUTE, reach->oldest, oldest);
    return fail(e, EX_USAGE,
        "rehearse: no event was observed since %s; the log goes back to %s%s%s%s; write an earlier --since",
        since, oldest, reach->removed ? " (keep = " : "", reach->removed ? keep : "",
        reach->removed ? " in [store])" : "");
}

/* Warns where the log does not reach so far back, and says why: the log is young, or events were removed. The
 * oldest event does not show that, because dead and pending deliveries keep their events. */
static int check_log(
    struct store *store, const struct config *config, const struct options *options, struct error *e)
{
    char from[CALENDAR_SIZE], since[CALENDAR_SIZE], keep[TIMESTAMP_SIZE];
    struct event_reach reach;
    int found = events_reach(store, &reach, e) == 0 ? has_events(store, options->since, e) : -1;
    if (found < 0)
        return -1;
    calendar_format(CALENDAR_MINUTE, options->since, since);
    duration_format(config->keep, keep);
    if (found == 0)
        return fail_empty(&reach, since, keep, e);
    const int64_t whole = reach.whole != TIMESTAMP_NONE ? reach.whole : clock_now();
    if (whole <= options->since)
        return 0;
    calendar_format(CALENDAR_MINUTE, whole, from);
    if (reach.removed)
        log_warning(
            "rehearse: events that were done before %s were removed, and are not rehearsed; they are kept "
            "for %s, set keep in [store] for more",
            from, keep);
    else
        log_warning("rehearse: the event log begins at %s; nothing was emitted before that", from);
    return 0;
}

static int rehearse_store(struct store *store, const struct options *options, const struct side *now,
    const struct side *old, struct error *e)
{
    struct rehearse_out out = {.directory = -1};
    struct rehearse_result result = {.events = 0};
    struct error unchanged = {0}, unwritten = {0};
    struct bar bar;
    if (check_log(store, &now->config, options, e) != 0 ||
        (options->out != NULL && rehearse_out_open(&out, options->out, e) != 0)) {
        rehearse_out_close(&out, NULL);
        return -1;
    }
    const struct rehearse_request request = {.store = store,
        .handler = now->handler,
        .old = old->handler,
        .since = options->since,
        .out = &out,
        .progress = draw_bar,
        .progress_data = &bar};
    begin_bar(&bar);
    int rc = rehearse_run(&request, &result, e);
    end_bar(&bar);
    if (store_check_unchanged(store, &unchanged) != 0) {
        /* whatever else was found in it */
        *e = unchanged;
        rc = -1;
    }
    if (rehearse_out_close(&out, &unwritten) != 0 && rc == 0) {
        *e = unwritten;
        rc = -1;
    }
    if (rc != 0)
        rehearse_out_explain(&out, e);
    const struct rehearse_words words = {
        now->handler, options->since, options->diff, options->out, out.files};
    if (rc == 0)
        rehearse_print(&words, &result);
    rehearse_free(&result);
    return rc;
}

static int rehearse(const struct cli *cli, const struct options *options, struct error *e)
{
    struct side now = {.handler = NULL}, old = {.handler = NULL};
    struct store *store = NULL;
    int rc = read_new(cli, options, &now, e);
    if (rc == 0 && options->diff != NULL)
        rc = read_old(options, now.handler, &old, e);
    if (rc == 0 && !store_exists(now.config.store))
        rc = fail(e, EX_IOERR, "rehearse: store %s: not made yet; the first wosync sync makes it",
            now.config.store);
    if (rc == 0)
        rc = shutdown_install(e);
    if (rc == 0)
        store = store_open(now.config.store, STORE_LOOK, BUSY_MS, e);
    rc = store != NULL ? rehearse_store(store, options, &now, &old, e) : -1;
    store_close(store);
    free_side(&old);
    free_side(&now);
    return rc;
}

/* --- the command --- */

static int read_file(const char *text, void *values, struct buffer *why)
{
    struct options *options = values;
    (void)why;
    options->files[options->file_count++] = text;
    return 0;
}

/* The files of -c before the command, with room for as many as there may be behind it. */
static void take_files(const struct cli *cli, int more, struct options *options)
{
    size_t count = 0;
    while (cli->config_files[count] != NULL)
        count++;
    options->files = calloc(count + (size_t)more + 1, sizeof *options->files);
    for (; options->file_count < count; options->file_count++)
        options->files[options->file_count] = cli->config_files[options->file_count];
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {.since = TIMESTAMP_NONE};
    struct command_line line;
    struct cli with_files = *cli;
    struct error e = {0};
    take_files(cli, argc, &options);
    with_files.config_files = options.files;
    int status;
    if (!options_read(self, argc, argv, &options, &line)) {
        status = line.status;
    } else {
        rehearse(&with_files, &options, &e);
        status = cli_flush(cli_report(&e));
    }
    free(options.files);
    return status;
}

static const struct option_spec known[] = {
    {"handler", TEXT_TO(struct options, handler), .value = "NAME", .required = SUB(0),
        .missing = "write --handler NAME --since T", .help = "the handler of the configuration"},
    {"since", DATE_TO(struct options, since), .value = "T", .required = SUB(0),
        .missing = "write --handler NAME --since T",
        .help = "a date, a date and time, or an age such as 30d"},
    {.letter = 'c', READ_BY(read_file), .value = "FILE", .help = "the configuration, as before the command"},
    {"diff", TEXT_TO(struct options, diff), .value = "FILE",
        .help = "another configuration: print which events this one adds and drops for the handler"},
    {"out", TEXT_TO(struct options, out), .value = "DIR",
        .help = "write each message into a file of its own in DIR, which must be new or empty;\n"
                "secrets of the configuration are masked"},
    {.name = NULL},
};

const struct command command_rehearse = {
    .name = "rehearse",
    .summary = "what a handler or a changed when would have sent; sends nothing",
    .help =
        "usage: wosync rehearse --handler NAME --since T [-c FILE]... [--diff FILE] [--out DIR]\n"
        "\n"
        "Makes what a handler would have sent for the events of the event log since T. Nothing is sent: no\n"
        "request is made, no program is run, and the store is not changed. Prints for each day how many\n"
        "messages and summaries there were, and how many in the busiest minute. An event counts at the time\n"
        "when it was observed. The handler may be one that is not in use yet. Days are in the machine's time "
        "zone.\n"
        "\n",
    .help_end = "\n"
                "example:  wosync -c new.conf rehearse --handler erp --since 30d --diff /etc/wosync.conf\n",
    .options = known,
    .run = run,
};
