/* events: what was emitted, and what to do by hand about its deliveries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/diagnostics.h"
#include "core/event_line.h"
#include "deliver/handler_table.h"
#include "store/audit.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/store.h"

/* How long it waits for other programs: for a transaction of theirs, and for a run that delivers; and how
 * many events are listed unless more are asked for. */
enum { BUSY_MS = 10000, DELIVERING_MS = 5000, STEP_MS = 50, DEFAULT_LIMIT = 100 };

struct options {
    struct event_filter filter;
    bool json;
    const char *handler;
    int64_t since;
    bool dry_run;
};

/* --- list --- */

static int print_event(const struct event_row *row, void *context, struct error *e)
{
    const struct options *options = context;
    (void)e;
    if (options->json) {
        printf("%s\n", row->body);
        return 0;
    }
    char *line = event_line(row->body);
    printf("%s\n    %s\n", line, row->id);
    free(line);
    return 0;
}

static int list(struct store *store, const struct config *config, struct options *options, const char *id,
    struct error *e)
{
    (void)config;
    (void)id;
    const int64_t limit = options->filter.limit;
    if (events_list(store, &options->filter, print_event, options, e) != 0)
        return -1;
    int64_t count = limit > 0 ? events_count_filtered(store, &options->filter, e) : 0;
    const bool capped = options->filter.state != NULL && strcmp(options->filter.state, "done") == 0;
    if (count > limit && capped)
        log_warning("events: the newest %lld are listed; --limit N or --all lists more", (long long)limit);
    else if (count > limit)
        log_warning("events: the newest %lld of %lld are listed; --limit N or --all lists more",
            (long long)limit, (long long)count);
    return count < 0 ? -1 : 0;
}

/* --- retry, discard --- */

static int change(struct store *store, const char *id, bool revive, struct error *e)
{
    if (store_begin(store, e) != 0)
        return -1;
    int64_t n =
        revive ? deliveries_revive(store, id, clock_now(), e) : deliveries_discard(store, id, clock_now(), e);
    if (n >= 0 && store_commit(store, e) != 0)
        n = -1;
    store_rollback(store);
    if (n < 0)
        return -1;
    if (n == 0 && id != NULL)
        return fail(
            e, EX_USAGE, "events: %s: no delivery of it is pending or dead; see: wosync events list", id);
    printf("%lld deliver%s %s\n", (long long)n, n == 1 ? "y" : "ies",
        revive ? "queued again; the next sync or dispatch delivers" : "discarded");
    return 0;
}

static int retry(struct store *store, const struct config *config, struct options *options, const char *id,
    struct error *e)
{
    (void)config;
    (void)options;
    return change(store, id, true, e);
}

struct finding {
    const char *name;
    int64_t handler; /* 0: not found */
    int64_t position;
};

static int find_handler(const struct handler_record *row, void *context, struct error *e)
{
    struct finding *finding = context;
    (void)e;
    if (strcmp(row->name, finding->name) == 0) {
        finding->handler = row->handler;
        finding->position = row->position;
    }
    return 0;
}

/* All that waits for a handler: its deliveries, and the events that it has not had. */
static int discard_of(struct store *store, const char *name, struct error *e)
{
    struct finding found = {.name = name};
    int64_t n = -1, end = -1;
    if (store_begin(store, e) != 0)
        return -1;
    int rc = handlers_list(store, find_handler, &found, e);
    if (rc == 0 && found.handler == 0)
        rc = fail(
            e, EX_USAGE, "events: --handler %s: the store knows no such handler; see: wosync status", name);
    if (rc == 0)
        n = deliveries_discard_all(store, found.handler, clock_now(), e);
    if (n >= 0)
        end = events_last_seq(store, e);
    rc = end >= 0 ? handlers_advance(store, found.handler, end, 0, e) : -1;
    if (rc == 0)
        rc = handler_terms_forget(store, found.handler, e);
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    if (rc == 0)
        printf("%lld deliver%s discarded\n", (long long)n, n == 1 ? "y" : "ies");
    return rc;
}

static int discard(struct store *store, const struct config *config, struct options *options, const char *id,
    struct error *e)
{
    (void)config;
    return options->handler != NULL ? discard_of(store, options->handler, e) : change(store, id, false, e);
}

/* --- replay --- */

struct replaying {
    struct store *store;
    const struct handler *handler;
    const struct options *options;
    int64_t count;
};

static int replay_one(const struct event_row *row, void *context, struct error *e)
{
    struct replaying *r = context;
    int wants = handler_wants(r->handler, event_type_named(row->type), row->body, row->body_len, e);
    if (wants == 1 && r->options->dry_run)
        printf("%s\n", row->id);
    else if (wants == 1)
        wants =
            deliveries_replay(r->store, r->handler->place.handler, row->seq, row->work_order, clock_now(), e);
    if (wants == 1)
        r->count++;
    return wants < 0 ? -1 : 0;
}

static int replay_all(struct replaying *r, struct error *e)
{
    int rc = r->options->dry_run ? 0 : store_begin(r->store, e);
    if (rc == 0)
        rc = events_since(r->store, r->options->since, r->handler->place.position, replay_one, r, e);
    if (rc == 0 && !r->options->dry_run)
        rc = store_commit(r->store, e);
    store_rollback(r->store);
    if (rc == 0)
        printf("%lld event%s %s\n", (long long)r->count, r->count == 1 ? "" : "s",
            r->options->dry_run ? "would be delivered; nothing was changed"
            : r->count == 1     ? "is due; the next sync or dispatch delivers it"
                                : "are due; the next sync or dispatch delivers them");
    return rc;
}

static int replay(struct store *store, const struct config *config, struct options *options, const char *id,
    struct error *e)
{
    struct buffer problems = {0}, warnings = {0};
    struct handler_table table;
    int rc = handler_table_make(config, &table, &problems, &warnings);
    (void)id;
    if (rc != 0)
        fail(e, EX_CONFIG, "%s", "");
    diagnostics_print(&problems, &warnings);
    if (rc == 0)
        rc = options->dry_run ? handler_table_look(&table, store, e)
                              : handler_table_attach(&table, store, -1, clock_now(), e);
    struct replaying r = {.store = store, .options = options};
    for (size_t i = 0; rc == 0 && i < table.count; i++)
        if (strcmp(table.rows[i].name, options->handler) == 0)
            r.handler = &table.rows[i];
    if (rc == 0)
        rc = r.handler != NULL
                 ? replay_all(&r, e)
                 : fail(e, EX_USAGE,
                       "events: --handler %s: the configuration has no such handler; see: wosync config",
                       options->handler);
    handler_table_free(&table);
    return rc;
}

/* --- the command --- */

enum { LIST, RETRY, DISCARD, REPLAY };

static const struct option_sub subs[] = {
    [LIST] = {"list", 0, 0, NULL},
    [RETRY] = {"retry", 0, 1, NULL},
    [DISCARD] = {"discard", 0, 1, NULL},
    [REPLAY] = {"replay", 0, 0, NULL},
    {.name = NULL},
};

struct subcommand {
    enum store_mode mode;
    int (*run)(struct store *store, const struct config *config, struct options *options, const char *id,
        struct error *e);
};

static const struct subcommand subcommands[] = {
    [LIST] = {STORE_READ, list},
    [RETRY] = {STORE_WRITE, retry},
    [DISCARD] = {STORE_WRITE, discard},
    [REPLAY] = {STORE_WRITE, replay},
};

/* Nobody may deliver meanwhile: a run that has read the handler's position already would bring the events
 * back. To be opened before the store and closed after it (base/lock.h). Returns the lock, or -1 with the
 * error filled. */
static int take_delivery_lock(const char *path, struct error *e)
{
    struct error busy = {0};
    const int64_t until = clock_monotonic() + DELIVERING_MS;
    int lock = lock_open(path, e);
    while (lock >= 0 && lock_take(lock, LOCK_DELIVER, &busy) != 0) {
        if (busy.status == EX_TEMPFAIL && clock_monotonic() < until && shutdown_wait(STEP_MS))
            continue;
        if (busy.status == EX_TEMPFAIL)
            fail(e, EX_TEMPFAIL, "events: discard: %s; try again when it has ended", busy.text);
        else
            *e = busy;
        lock_close(lock);
        lock = -1;
    }
    return lock;
}

static int run_subcommand(
    const struct cli *cli, const struct subcommand *sub, struct options *options, const char *id)
{
    struct error e = {0};
    struct config config;
    struct store *store = NULL;
    int lock = -1;
    if (cli_load_config(cli, &config) != 0) {
        fail(&e, EX_CONFIG, "%s", "");
    } else if (store_exists(config.store)) {
        if (sub->run == discard && options->handler != NULL)
            lock = take_delivery_lock(config.store, &e);
        if (e.status == EX_OK)
            store = store_open(config.store, options->dry_run ? STORE_READ : sub->mode, BUSY_MS, &e);
        if (store != NULL) {
            cli_report_copy(store);
            sub->run(store, &config, options, id, &e);
        }
    } else if (sub->mode == STORE_WRITE) {
        fail(&e, EX_IOERR, "events: store %s: not made yet; the first wosync sync makes it", config.store);
    }
    store_close(store);
    lock_close(lock);
    config_free(&config);
    return cli_flush(cli_report(&e));
}

static int read_type(const char *text, void *values, struct buffer *why)
{
    ((struct options *)values)->filter.type = text;
    if (event_type_named(text) < EVENT_TYPES)
        return 0;
    buffer_append_text(why, "unknown; workorder.created, for instance");
    return -1;
}

static int read_all(const char *text, void *values, struct buffer *why)
{
    (void)text;
    (void)why;
    ((struct options *)values)->filter.limit = 0;
    return 0;
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {.since = TIMESTAMP_NONE, .filter = {.limit = DEFAULT_LIMIT}};
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    if (line.sub == DISCARD && (options.handler != NULL) == (line.count == 1))
        return cli_usage(self, "discard takes the id of an event, or --handler NAME");
    return run_subcommand(cli, &subcommands[line.sub], &options, line.count == 1 ? line.words[0] : NULL);
}

static const char *const states[] = {"pending", "dead", "done", NULL};

static const struct option_spec known[] = {
    {"type", READ_BY(read_type), .value = "T", .subs = SUB(LIST),
        .help = "only this type: workorder.created, workorder.status_changed, workorder.completed,\n"
                "workorder.updated, workorder.deleted"},
    {"id", TEXT_TO(struct options, filter.id), .value = "ID", .subs = SUB(LIST),
        .help = "only the event of this id"},
    {"state", CHOICE_TO(struct options, filter.state, states), .value = "S", .subs = SUB(LIST),
        .help = "only events with a delivery that is pending, dead or done"},
    {"limit", NUMBER_TO(struct options, filter.limit, 1, INT64_MAX), .value = "N", .subs = SUB(LIST),
        .help = "the newest N (100)"},
    {"all", FLAG_READ_BY(read_all), .excludes = "limit", .subs = SUB(LIST), .help = "all"},
    {"json", FLAG_TO(struct options, json), .subs = SUB(LIST),
        .help = "one event per line, as the handlers get it"},
    {"handler", TEXT_TO(struct options, handler), .value = "NAME", .subs = SUB(DISCARD) | SUB(REPLAY),
        .required = SUB(REPLAY), .missing = "write --handler NAME --since T",
        .help = "discard what waits for this handler, or replay to it"},
    {"since", DATE_TO(struct options, since), .value = "T", .subs = SUB(REPLAY), .required = SUB(REPLAY),
        .missing = "write --handler NAME --since T",
        .help = "replay from here: a date, a date and time, or an age such as 7d"},
    {"dry-run", FLAG_TO(struct options, dry_run), .subs = SUB(REPLAY),
        .help = "print the ids that replay would deliver, change nothing"},
    {.name = NULL},
};

const struct command command_events = {
    .name = "events",
    .summary = "list what was emitted; retry, discard or replay deliveries",
    .help =
        "usage: wosync events list [--type T] [--id ID] [--state pending|dead|done]\n"
        "                          [--limit N | --all] [--json]\n"
        "       wosync events retry [ID]\n"
        "       wosync events discard ID | --handler NAME\n"
        "       wosync events replay --handler NAME --since T [--dry-run]\n"
        "\n"
        "list shows the newest events of the log, oldest first: a line for people and the event's id below "
        "it.\n"
        "A warning on stderr says when there are more.\n"
        "\n"
        "retry queues dead deliveries again: all, or those of one event. discard drops the deliveries of an\n"
        "event that are pending or dead, or all that wait for a handler, whether the configuration still\n"
        "has it or not. replay delivers the events that happened since T to a handler again, or for the\n"
        "first time to one that is new. No request is sent to MaintainX.\n"
        "\n",
    .help_end = "\n"
                "examples:  wosync events list --type workorder.completed --json | jq .data.title\n"
                "           wosync events list --state dead\n"
                "           wosync events replay --handler erp --since 7d --dry-run\n",
    .options = known,
    .subs = subs,
    .run = run,
};
