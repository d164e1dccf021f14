/* status: how things stand: the text is a view of the facts, --json the facts themselves. */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/status_json.h"
#include "store/store.h"

/* Runs in the text. */
enum { RUNS_SHOWN = 5 };

static const char *text_of(struct json_object *object, const char *key, const char *absent)
{
    struct json_object *value = json_object_object_get(object, key);
    return value != NULL ? json_object_get_string(value) : absent;
}

static int64_t number_of(struct json_object *object, const char *key)
{
    return json_object_get_int64(json_object_object_get(object, key));
}

/* "2m 5s ago", or what is said where there is no date. */
static const char *age_of(struct json_object *object, const char *key, const char *absent, char out[64])
{
    int64_t ms = 0;
    char age[TIMESTAMP_SIZE];
    struct json_object *value = json_object_object_get(object, key);
    if (value == NULL)
        return absent;
    timestamp_parse(json_object_get_string(value), &ms);
    duration_format(clock_now() - ms, age);
    snprintf(out, 64, "%s ago", age);
    return out;
}

static void print_account(struct json_object *status)
{
    char age[64];
    printf("store       %s, %lld work orders, %lld events\n", text_of(status, "store", ""),
        (long long)number_of(status, "workOrders"), (long long)number_of(status, "events"));
    if (json_object_object_get(status, "baseUrl") == NULL) {
        printf("account     nothing was polled yet; run: wosync sync\n");
        return;
    }
    printf("account     %s%s%s\n", text_of(status, "baseUrl", ""),
        *text_of(status, "organization", "") != '\0' ? ", organization " : "",
        text_of(status, "organization", ""));
    printf("watermark   %s\n", text_of(status, "watermark", "none"));
    printf("last pass   %s, filter %s\n", age_of(status, "passFinished", "none has finished", age),
        text_of(status, "filter", "not known yet"));
    struct json_object *unfinished = json_object_object_get(status, "unfinished");
    for (size_t i = 0; i < json_object_array_length(unfinished); i++) {
        struct json_object *pass = json_object_array_get_idx(unfinished, i);
        printf("unfinished  %s: after page %lld (%lld records); typed again, it goes on there\n",
            text_of(pass, "kind", ""), (long long)number_of(pass, "pages"),
            (long long)number_of(pass, "records"));
    }
}

/* How late changes became visible, and what that means for lookback. */
static void print_lateness(struct json_object *status, int64_t lookback)
{
    struct json_object *late = json_object_object_get(status, "lateness");
    char p50[TIMESTAMP_SIZE], p99[TIMESTAMP_SIZE], largest[TIMESTAMP_SIZE], set[TIMESTAMP_SIZE],
        needed[TIMESTAMP_SIZE];
    if (number_of(late, "count") > 0) {
        duration_format(number_of(late, "p50Ms"), p50);
        duration_format(number_of(late, "p99Ms"), p99);
        duration_format(number_of(late, "largestMs"), largest);
        duration_format(number_of(late, "lookbackNeededMs"), needed);
        duration_format(lookback, set);
        printf("lateness    half of the changes were seen within %s, 99 %% within %s, the last after %s\n",
            p50, p99, largest);
        if (number_of(late, "lookbackNeededMs") == 0)
            printf("            every change was visible to the first poll after it: no lookback was needed, "
                   "it is %s\n",
                set);
        else
            printf("            the latest one called for a lookback of %s; it is %s%s\n", needed, set,
                number_of(late, "lookbackNeededMs") > lookback ? ": raise lookback in [sync]" : "");
    }
    if (number_of(status, "missing") > 0)
        printf("missing     %lld work orders wait for the second proof that they are gone\n",
            (long long)number_of(status, "missing"));
}

/* What the two channels have brought; nothing where webhooks were never used. */
static void print_webhooks(struct json_object *status)
{
    struct json_object *hooks = json_object_object_get(status, "webhooks");
    char age[64], delay[TIMESTAMP_SIZE];
    if (hooks == NULL)
        return;
    printf("webhooks    last one %s; received %lld, of them seen before %lld, hints %lld; refused %lld\n",
        age_of(hooks, "lastReceived", "never", age), (long long)number_of(hooks, "received"),
        (long long)number_of(hooks, "duplicate"), (long long)number_of(hooks, "hints"),
        (long long)number_of(hooks, "refused"));
    printf("            found by polling first %lld, of them missed by webhooks %lld\n",
        (long long)number_of(hooks, "foundByPolling"), (long long)number_of(hooks, "missed"));
    if (json_object_object_get(hooks, "webhookDelayP50Ms") != NULL) {
        duration_format(number_of(hooks, "webhookDelayP50Ms"), delay);
        printf("            half of the changes were told within %s by webhook", delay);
        if (json_object_object_get(hooks, "pollDelayP50Ms") != NULL) {
            duration_format(number_of(hooks, "pollDelayP50Ms"), delay);
            printf(", within %s by polling", delay);
        }
        printf("\n");
    }
    if (number_of(hooks, "hintsWaiting") > 0)
        printf("            work orders that are yet to be asked for: %lld\n",
            (long long)number_of(hooks, "hintsWaiting"));
    if (number_of(hooks, "brokenSubscriptions") > 0)
        printf("            subscriptions that are gone or not valid: %lld; see: wosync webhooks list\n",
            (long long)number_of(hooks, "brokenSubscriptions"));
}

static void print_handlers(struct json_object *status)
{
    struct json_object *handlers = json_object_object_get(status, "handlers");
    size_t count = json_object_array_length(handlers);
    if (count > 0)
        printf("\n%-20s %-10s %8s %6s %10s %8s  %s\n", "handler", "type", "pending", "dead", "delivered",
            "skipped", "last success");
    for (size_t i = 0; i < count; i++) {
        struct json_object *handler = json_object_array_get_idx(handlers, i);
        char age[64];
        printf("%-20s %-10s %8lld %6lld %10lld %8lld  %s%s\n", text_of(handler, "name", ""),
            text_of(handler, "type", ""), (long long)number_of(handler, "pending"),
            (long long)number_of(handler, "dead"), (long long)number_of(handler, "delivered"),
            (long long)number_of(handler, "skipped"), age_of(handler, "lastSuccess", "never", age),
            json_object_object_get(handler, "removed") != NULL ? "  (removed from the configuration)" : "");
        if (number_of(handler, "pending") + number_of(handler, "dead") > 0)
            printf("    oldest pending: %s; last error: %s\n", age_of(handler, "oldestPending", "none", age),
                text_of(handler, "lastError", "none"));
        if (number_of(handler, "failures") > 0)
            printf("    failing since: %s, %lld failures%s%s\n", age_of(handler, "failingSince", "never", age),
                (long long)number_of(handler, "failures"),
                number_of(handler, "pending") == 0 ? "; the last: " : "",
                number_of(handler, "pending") == 0 ? text_of(handler, "lastError", "none") : "");
    }
}

static void print_quarantine(struct json_object *status)
{
    struct json_object *records = json_object_object_get(status, "quarantined");
    char age[64];
    if (number_of(status, "quarantine") == 0)
        return;
    printf("\n%lld record%s in quarantine; the newest:\n", (long long)number_of(status, "quarantine"),
        number_of(status, "quarantine") == 1 ? "" : "s");
    for (size_t i = 0; i < json_object_array_length(records); i++) {
        struct json_object *record = json_object_array_get_idx(records, i);
        printf("  %s  work order %s: %s\n", age_of(record, "seen", "", age),
            text_of(record, "workOrder", "unknown"), text_of(record, "reason", ""));
    }
}

static void print_runs(struct json_object *status)
{
    struct json_object *runs = json_object_object_get(status, "runs");
    size_t count = json_object_array_length(runs);
    if (count > 0)
        printf("\n%-20s %-10s %-24s %6s %8s %7s %9s  %s\n", "run", "kind", "asked since", "pages", "records",
            "events", "requests", "exit");
    for (size_t i = 0; i < count; i++) {
        struct json_object *run = json_object_array_get_idx(runs, i);
        int64_t events = 0;
        json_object_object_foreach(json_object_object_get(run, "events"), type, number)
        {
            (void)type;
            events += json_object_get_int64(number);
        }
        printf("%-20.19s %-10s %-24s %6lld %8lld %7lld %9lld  %s\n", text_of(run, "began", ""),
            text_of(run, "kind", ""), text_of(run, "since", "everything"), (long long)number_of(run, "pages"),
            (long long)number_of(run, "records"), (long long)events, (long long)number_of(run, "requests"),
            text_of(run, "exitStatus", "killed, or still at work"));
        if (json_object_object_get(run, "message") != NULL)
            printf("    %s\n", text_of(run, "message", ""));
    }
}

static void print_text(struct json_object *status, int64_t lookback)
{
    print_account(status);
    print_lateness(status, lookback);
    print_webhooks(status);
    print_handlers(status);
    print_quarantine(status);
    print_runs(status);
}

static int gather_run(const struct run *run, void *context, struct error *e)
{
    (void)e;
    json_object_array_add(context, status_json_run(run));
    return 0;
}

static void show_text(struct store *store, struct json_object *status, int64_t lookback, struct error *e)
{
    struct json_object *runs = json_object_new_array();
    json_object_object_add(status, "runs", runs);
    if (runs_list(store, RUNS_SHOWN, gather_run, runs, e) == 0)
        print_text(status, lookback);
}

static int print_run(const struct run *run, void *context, struct error *e)
{
    bool *first = context;
    struct json_object *out = status_json_run(run);
    (void)e;
    printf("%s\n%s", *first ? "" : ",",
        json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    *first = false;
    json_object_put(out);
    return 0;
}

/* All runs there are: a hundred thousand and more. So they are not gathered but printed one by one, as the
 * last member of the object. */
static void show_json(struct store *store, struct json_object *status, struct error *e)
{
    bool first = true;
    const char *json =
        json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    printf("%.*s,\n\"runs\":[", (int)strlen(json) - 1, json);
    runs_list(store, INT32_MAX, print_run, &first, e);
    printf("]}\n");
}

static void show_facts(struct store *store, const struct config *config, bool json, struct error *e)
{
    struct json_object *status = json_object_new_object();
    json_give_text(status, "store", config->store);
    if (status_json_gather(store, status, e) == 0) {
        if (json)
            show_json(store, status, e);
        else
            show_text(store, status, config->lookback, e);
    }
    json_object_put(status);
}

static int show(const struct cli *cli, bool json)
{
    struct error e = {0};
    struct config config;
    struct store *store = NULL;
    if (cli_load_config(cli, &config) != 0)
        fail(&e, EX_CONFIG, "%s", "");
    else if (!store_exists(config.store))
        json ? printf("{}\n")
             : printf("store       %s: not made yet; the first wosync sync makes it\n", config.store);
    else if ((store = store_open(config.store, STORE_READ, 10000, &e)) != NULL)
        show_facts(store, &config, json, &e);
    store_close(store);
    config_free(&config);
    return cli_flush(cli_report(&e));
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    int option;
    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        if (option == 'h')
            return cli_help(self);
        if (option != 'j')
            return cli_usage(self, "%s: unknown option", argv[optind - 1]);
        json = true;
    }
    if (optind < argc)
        return cli_usage(self, "%s: it takes no argument", argv[optind]);
    return show(cli, json);
}

const struct command command_status = {
    .name = "status",
    .summary = "how things stand: watermark, handlers, quarantine, last runs",
    .help = "usage: wosync status [--json]\n"
            "\n"
            "Shows whose work orders the store holds and how far polling has come, what each handler has "
            "pending and\n"
            "dead, what is in quarantine, and the last runs.\n"
            "\n"
            "  --json   everything, all runs too, for machines\n"
            "\n"
            "example:  wosync status --json | jq '.handlers[] | select(.dead > 0)'\n",
    .run = run,
};
