/*
 * check: a plugin for Nagios, Icinga, Zabbix and a container's health check, by the guidelines of the
 * Monitoring Plugins project: https://www.monitoring-plugins.org/doc/guidelines.html
 *
 *   stdout       WOSYNC STATE - the gravest finding | 'label'=value[unit];warn;crit;min ...
 *                then a line for every finding, where there are several
 *   exit status  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN: those of plugins, not those of sysexits(3)
 *
 * It reads the configuration for the store's path alone, and the store alone: no secret, no request, no lock.
 * What it cannot find out is UNKNOWN, with what to do about it. A run that failed is no finding by itself:
 * one unreachable minute is no alarm, and what lasts makes the last success old. But where the next run
 * cannot go better, because of a token, a file or the configuration, it is a warning at once.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "store/deliveries.h"
#include "store/quarantine.h"
#include "store/runs.h"
#include "store/store.h"

/* What a plugin says, the graver the larger; UNKNOWN is alone. */
enum state { STATE_OK, STATE_WARNING, STATE_CRITICAL, STATE_UNKNOWN };
static const char *const state_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/* Plugins have ten seconds; a reader of a store in WAL mode waits for next to nothing. */
enum { BUSY_MS = 5000 };

enum { FINDING_SIZE = 1024 };

struct limits {
    int64_t warning, critical; /* age of the last success, milliseconds */
    int64_t pending_age;       /* of the oldest pending delivery, milliseconds */
    int64_t dead;              /* as many deliveries may be dead */
};

struct finding {
    enum state state;
    char text[FINDING_SIZE];
};

struct findings {
    struct finding *list;
    size_t count;
};

/* What the store says. */
struct facts {
    int64_t succeeded; /* when a run of sync last ended well; TIMESTAMP_NONE: never */
    int64_t pending, dead, quarantined;
    int64_t oldest; /* the oldest pending delivery's event; TIMESTAMP_NONE: nothing is pending */
};

/* What a handler's row is held against. */
struct checking {
    struct store *store;
    const struct limits *limits;
    struct facts *facts;
    struct findings *findings;
    int64_t now;
};

/* --- findings --- */

/* A bar begins perfdata, and a line ends the text: neither may come from a receiver's answer. */
static void clean(char *text)
{
    secret_mask(text);
    utf8_make_line(text);
    for (char *p = strchr(text, '|'); p != NULL; p = strchr(p, '|'))
        *p = '/';
}

__attribute__((format(printf, 3, 4))) static void add(
    struct findings *findings, enum state state, const char *format, ...)
{
    va_list ap;
    findings->list = realloc(findings->list, (findings->count + 1) * sizeof *findings->list);
    struct finding *finding = &findings->list[findings->count++];
    finding->state = state;
    va_start(ap, format);
    vsnprintf(finding->text, sizeof finding->text, format, ap);
    va_end(ap);
    clean(finding->text);
}

static void add_lines(struct findings *findings, enum state state, const struct buffer *lines)
{
    char *rest = strdup(lines->data != NULL ? lines->data : ""), *place = NULL;
    for (char *line = strtok_r(rest, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place))
        add(findings, state, "%s", line);
    free(rest);
}

/* The gravest of them, the first of several. */
static const struct finding *gravest(const struct findings *findings)
{
    const struct finding *found = NULL;
    for (size_t i = 0; i < findings->count; i++)
        if (found == NULL || findings->list[i].state > found->state)
            found = &findings->list[i];
    return found;
}

/* --- looking --- */

static int64_t age(int64_t since, int64_t now)
{
    return since < now ? now - since : 0; /* a clock that went back */
}

static int check_success(struct store *store, const struct limits *limits, struct facts *facts,
    struct findings *findings, int64_t now, struct error *e)
{
    char text[TIMESTAMP_SIZE];
    if (runs_last_success(store, "sync", &facts->succeeded, e) < 0)
        return -1;
    if (facts->succeeded == TIMESTAMP_NONE) {
        add(findings, STATE_CRITICAL, "no run of wosync sync has ended well; see: wosync status");
        return 0;
    }
    const int64_t old = age(facts->succeeded, now);
    duration_format(old, text);
    if (old > limits->critical || old > limits->warning)
        add(findings, old > limits->critical ? STATE_CRITICAL : STATE_WARNING,
            "the last success of wosync sync is %s old; see: wosync status", text);
    return 0;
}

/* Will the next run fail alike until someone does something? */
static bool needs_a_hand(int64_t exit_status)
{
    return exit_status != EX_OK && exit_status != EX_DATAERR && exit_status != EX_UNAVAILABLE &&
           exit_status != EX_TEMPFAIL;
}

static int check_last_run(struct store *store, struct findings *findings, struct error *e)
{
    struct run_end end;
    int found = runs_last_end(store, "sync", &end, e);
    if (found != 1)
        return found;
    if (needs_a_hand(end.exit_status))
        add(findings, STATE_WARNING, "the last run of wosync sync ended with exit status %lld%s%s",
            (long long)end.exit_status, *end.message != '\0' ? ": " : "", end.message);
    free(end.message);
    return 0;
}

static int check_handler(const struct handler_record *row, void *context, struct error *e)
{
    struct checking *c = context;
    struct delivery_counts counts;
    const char *error = row->last_error != NULL ? row->last_error : "";
    const char *colon = *error != '\0' ? "; last error: " : "";
    char text[TIMESTAMP_SIZE];
    if (row->removed != TIMESTAMP_NONE)
        return 0;
    if (deliveries_count(c->store, row->handler, &counts, e) != 0)
        return -1;
    c->facts->pending += counts.pending;
    c->facts->dead += counts.dead;
    if (counts.pending == 0)
        return 0;
    if (c->facts->oldest == TIMESTAMP_NONE || counts.oldest < c->facts->oldest)
        c->facts->oldest = counts.oldest;
    if (age(counts.oldest, c->now) > c->limits->pending_age) {
        duration_format(age(counts.oldest, c->now), text);
        add(c->findings, STATE_WARNING, "handler %s: %lld pending, the oldest for %s%s%s", row->name,
            (long long)counts.pending, text, colon, error);
    }
    return 0;
}

static int look(struct store *store, const struct limits *limits, struct facts *facts,
    struct findings *findings, struct error *e)
{
    struct checking c = {store, limits, facts, findings, clock_now()};
    facts->quarantined = quarantine_count(store, e);
    if (facts->quarantined < 0 || check_success(store, limits, facts, findings, c.now, e) != 0 ||
        check_last_run(store, findings, e) < 0 || handlers_list(store, check_handler, &c, e) != 0)
        return -1;
    if (facts->dead > limits->dead)
        add(findings, STATE_CRITICAL, "%lld %s dead; see: wosync events list --state dead",
            (long long)facts->dead, facts->dead == 1 ? "delivery is" : "deliveries are");
    if (facts->quarantined > 0)
        add(findings, STATE_WARNING, "%lld record%s in quarantine; see: wosync status",
            (long long)facts->quarantined, facts->quarantined == 1 ? " is" : "s are");
    return 0;
}

/* --- saying --- */

static void print_perfdata(const struct facts *facts, const struct limits *limits)
{
    const int64_t now = clock_now();
    printf(" | 'last_success'=");
    if (facts->succeeded == TIMESTAMP_NONE)
        printf("U");
    else
        printf("%llds", (long long)(age(facts->succeeded, now) / 1000));
    printf(";%lld;%lld;0", (long long)(limits->warning / 1000), (long long)(limits->critical / 1000));
    printf(" 'pending'=%lld;;;0 'pending_age'=%llds;%lld;;0", (long long)facts->pending,
        (long long)(facts->oldest == TIMESTAMP_NONE ? 0 : age(facts->oldest, now) / 1000),
        (long long)(limits->pending_age / 1000));
    printf(" 'dead'=%lld;;%lld;0 'quarantine'=%lld;0;;0", (long long)facts->dead, (long long)limits->dead,
        (long long)facts->quarantined);
}

/* `facts` NULL: nothing is known. Returns the exit status. */
static int print(const struct findings *findings, const struct facts *facts, const struct limits *limits)
{
    const struct finding *first = gravest(findings);
    const enum state state = first != NULL ? first->state : STATE_OK;
    char text[TIMESTAMP_SIZE];
    printf("WOSYNC %s - ", state_names[state]);
    if (first != NULL) {
        printf("%s", first->text);
        if (findings->count > 1)
            printf(" (and %zu more)", findings->count - 1);
    } else if (facts != NULL) {
        duration_format(age(facts->succeeded, clock_now()), text);
        printf("last success %s ago, %lld pending, %lld dead", text, (long long)facts->pending,
            (long long)facts->dead);
    }
    if (facts != NULL)
        print_perfdata(facts, limits);
    printf("\n");
    for (size_t i = 0; i < findings->count && findings->count > 1; i++)
        printf("%s: %s\n", state_names[findings->list[i].state], findings->list[i].text);
    return cli_flush((int)state) == (int)state ? (int)state : (int)STATE_UNKNOWN;
}

/* --- the command --- */

/* True when the store could be read. */
static bool read_store(
    const char *path, const struct limits *limits, struct facts *facts, struct findings *findings)
{
    struct error e = {0};
    if (!store_exists(path)) {
        add(findings, STATE_UNKNOWN,
            "store %s: not made yet; run: wosync sync (or set path in [store], or WOSYNC_DB)", path);
        return false;
    }
    struct store *store = store_open(path, STORE_READ, BUSY_MS, &e);
    bool readable =
        store != NULL && store_forbid_writes(store, &e) == 0 && look(store, limits, facts, findings, &e) == 0;
    if (!readable)
        add(findings, STATE_UNKNOWN, "%s", e.text);
    store_close(store);
    return readable;
}

static int check(const struct cli *cli, const struct limits *limits)
{
    struct config config;
    struct buffer problems = {0};
    struct findings findings = {0};
    struct facts facts = {.succeeded = TIMESTAMP_NONE, .oldest = TIMESTAMP_NONE};
    bool readable = false;
    if (cli_find_store(cli, &config, &problems) == 0)
        readable = read_store(config.store, limits, &facts, &findings);
    else
        add_lines(&findings, STATE_UNKNOWN, &problems);
    int status = print(&findings, readable ? &facts : NULL, limits);
    buffer_free(&problems);
    free(findings.list);
    config_free(&config);
    return status;
}

/* A plugin's usage error: UNKNOWN, on stdout, where the monitor reads. */
static int refuse(const char *text)
{
    struct findings findings = {0};
    const struct limits none = {0};
    add(&findings, STATE_UNKNOWN, "%s; see: wosync check --help", text);
    int status = print(&findings, NULL, &none);
    free(findings.list);
    return status;
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct limits limits = {
        .warning = 10 * MINUTE_MS, .critical = 30 * MINUTE_MS, .pending_age = HOUR_MS, .dead = 0};
    struct command_line line;
    char warning[TIMESTAMP_SIZE], critical[TIMESTAMP_SIZE];
    if (!options_read(self, argc, argv, &limits, &line))
        return line.status;
    duration_format(limits.warning, warning);
    duration_format(limits.critical, critical);
    /* with the values, for one of them may be a default */
    if (limits.warning > limits.critical)
        return cli_usage(self, "--warning (%s) must not be longer than --critical (%s)", warning, critical);
    return check(cli, &limits);
}

static const struct option_spec known[] = {
    {"warning", DURATION_TO(struct limits, warning), .letter = 'w', .value = "D",
        .help = "WARNING when the last success of sync is older (10m)"},
    {"critical", DURATION_TO(struct limits, critical), .letter = 'c', .value = "D",
        .help = "CRITICAL when it is older, or there was none (30m)"},
    {"pending-age", DURATION_TO(struct limits, pending_age), .value = "D",
        .help = "WARNING when a delivery has been pending for longer (1h)"},
    {"dead", NUMBER_TO(struct limits, dead, 0, 999999999), .value = "N",
        .help = "CRITICAL when more deliveries are dead (0)"},
    {.name = NULL},
};

const struct command command_check = {
    .name = "check",
    .summary = "a plugin for Nagios, Icinga, Zabbix, or a container's health check",
    .help =
        "usage: wosync check [-w|--warning D] [-c|--critical D] [--pending-age D] [--dead N]\n"
        "\n"
        "Says in one line whether wosync works, with performance data. Where there are several findings, a\n"
        "line for each follows. It reads only the store: no request is sent, and no secret is needed.\n"
        "\n",
    .help_end =
        "\n"
        "WARNING, too: a record in quarantine, and a last sync that ended with an exit status other than 0,\n"
        "65, 69 and 75. A sync that ended with 65 counts as a success.\n"
        "\n"
        "exit status: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also: a wrong option, no store yet)\n"
        "\n"
        "example:  sudo -u wosync wosync check --warning 10m --critical 30m\n",
    .options = known,
    .refuse = refuse,
    .run = run,
};
