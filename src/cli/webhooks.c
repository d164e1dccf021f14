/* webhooks: registering at MaintainX for what `receive` takes. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "api/subscriptions.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "cli/cli.h"
#include "cli/run_context.h"
#include "core/event.h"
#include "sources/subscription_check.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

/* What MaintainX calls our events. It has no event for a completion: that is a change of status; and a change
 * of status is one of the work order, which MaintainX distinguishes. */
static const struct {
    enum event_type event;
    const char *types[2];
} vendor_types[] = {
    {EVENT_CREATED, {"NEW_WORK_ORDER", NULL}},
    {EVENT_STATUS_CHANGED, {"WORK_ORDER_STATUS_CHANGE", NULL}},
    {EVENT_COMPLETED, {"WORK_ORDER_STATUS_CHANGE", NULL}},
    {EVENT_UPDATED, {"WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE"}},
    {EVENT_DELETED, {"WORK_ORDER_DELETE", NULL}},
};
enum { VENDOR_TYPES = sizeof vendor_types / sizeof vendor_types[0], MOST_TYPES = 8 };

struct options {
    const char *url;
    bool events[EVENT_TYPES];
    const char *id;
};

/* A command below `webhooks`. `known`: which API the server has; SUBSCRIPTION_APIS as long as nobody found
 * out. */
typedef int action(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e);

/* --- register --- */

/* The names of events as the server calls them, each once; borrowed. Returns how many. */
static size_t names_for(
    enum subscription_api api, const bool events[EVENT_TYPES], const char *out[MOST_TYPES])
{
    size_t count = 0;
    for (int i = 0; i < VENDOR_TYPES; i++) {
        if (!events[vendor_types[i].event])
            continue;
        for (int t = 0; t < 2 && (t == 0 || api == API_SUBSCRIPTIONS); t++) {
            const char *name =
                api == API_SUBSCRIPTIONS ? vendor_types[i].types[t] : event_type_name(vendor_types[i].event);
            size_t seen = 0;
            while (name != NULL && seen < count && strcmp(out[seen], name) != 0)
                seen++;
            if (name != NULL && seen == count)
                out[count++] = name;
        }
    }
    return count;
}

static int save(struct run_context *context, const struct api_subscription *hook, const char *events,
    const char *url, struct error *e)
{
    const struct subscription row = {.id = hook->id,
        .events = events,
        .url = url,
        .secret = hook->secret,
        .status = hook->status,
        .checked = clock_now()};
    if (hook->secret != NULL)
        secret_register(hook->secret);
    return subscriptions_save(context->store, &row, e);
}

static void tell_registered(const struct api_subscription *hook, const char *events, const char *url)
{
    printf("registered %s: %s to %s\n", hook->id, events, url);
    if (strcmp(hook->status, SUBSCRIPTION_VALID) != 0)
        log_warning(
            "webhooks: %s is %s: it delivers nothing until MaintainX has approved it; ask their support",
            hook->id, hook->status);
    if (hook->secret == NULL)
        log_warning(
            "webhooks: the server gave no secret; set the one it signs with as secret_file in [webhooks] or "
            "MAINTAINX_WEBHOOK_SECRET");
}

/* Is this registered already, as far as the store knows? */
struct looking {
    const char *events, *url;
    char id[80]; /* "" while not found */
};

static int look(const struct subscription *subscription, void *context, struct error *e)
{
    struct looking *l = context;
    (void)e;
    if (strcmp(subscription->events, l->events) == 0 && strcmp(subscription->url, l->url) == 0 &&
        strcmp(subscription->status, SUBSCRIPTION_GONE) != 0)
        snprintf(l->id, sizeof l->id, "%s", subscription->id);
    return 0;
}

/* Registers some events. Returns 1 when the server does not have this API, 0, or -1. */
static int register_some(struct run_context *context, struct client *client, enum subscription_api api,
    const char *const *names, size_t count, const char *url, struct error *e)
{
    char events[512] = "";
    struct api_subscription hook = {0};
    struct looking looking = {.events = events, .url = url};
    for (size_t i = 0, n = 0; i < count; i++)
        n += (size_t)snprintf(events + n, sizeof events - n, "%s%s", i > 0 ? " " : "", names[i]);
    if (subscriptions_list(context->store, look, &looking, e) != 0)
        return -1;
    if (*looking.id != '\0') {
        printf("%s: %s to %s is registered already\n", looking.id, events, url);
        return 0;
    }
    enum api_verdict verdict = api_subscription_register(client, api, names, count, url, &hook, e);
    int rc = verdict == API_GONE ? 1 : -1;
    if (verdict == API_OK)
        rc = save(context, &hook, events, url, e);
    if (verdict == API_OK && rc == 0)
        tell_registered(&hook, events, url);
    api_subscription_free(&hook);
    return rc;
}

static int register_at(struct run_context *context, struct client *client, enum subscription_api api,
    const struct options *options, struct error *e)
{
    const char *names[MOST_TYPES] = {NULL};
    size_t count = names_for(api, options->events, names);
    if (api == API_WEBHOOKS)
        return register_some(context, client, api, names, count, options->url, e);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = register_some(context, client, api, &names[i], 1, options->url, e);
    return rc;
}

/* Which of the two APIs the server has is found out by the first registration. */
static int do_register(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    for (enum subscription_api api = 0; api < SUBSCRIPTION_APIS; api++) {
        if (known != SUBSCRIPTION_APIS && known != api)
            continue;
        int rc = register_at(context, client, api, options, e);
        if (rc != 1)
            return rc == 0 && known == SUBSCRIPTION_APIS
                       ? webhook_stats_set_api(context->store, subscription_api_name(api), e)
                       : rc;
    }
    return fail(e, EX_UNAVAILABLE,
        "webhooks: the server takes no registration, neither at /subscriptions nor at /webhooks; check "
        "base_url in "
        "[api]");
}

/* --- the others --- */

static int print_row(const struct subscription *subscription, void *context, struct error *e)
{
    char age[TIMESTAMP_SIZE];
    bool *header = context;
    (void)e;
    if (!*header)
        printf("%-12s %-18s %-14s %-40s %s\n", "id", "status", "registered", "events", "url");
    *header = true;
    duration_format(clock_now() - subscription->registered, age);
    strncat(age, " ago", sizeof age - strlen(age) - 1);
    printf("%-12s %-18s %-14s %-40s %s\n", subscription->id, subscription->status, age, subscription->events,
        subscription->url);
    return 0;
}

static int do_list(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    bool header = false;
    (void)known;
    (void)options;
    int rc = subscription_check_all(client, context->store, INT64_MAX, e);
    if (subscriptions_list(context->store, print_row, &header, e) != 0)
        return -1;
    if (rc == 0 && !header)
        printf("nothing is registered; see: wosync webhooks --help\n");
    return rc;
}

static enum subscription_api known_or_usual(enum subscription_api known)
{
    return known != SUBSCRIPTION_APIS ? known : API_SUBSCRIPTIONS;
}

static int do_show(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    struct api_subscription hook;
    int rc = -1;
    enum api_verdict verdict = api_subscription_get(client, known_or_usual(known), options->id, &hook, e);
    if (verdict == API_OK) {
        printf("id      %s\nevents  %s\nurl     %s\nstatus  %s\n", hook.id,
            hook.events != NULL ? hook.events : "", hook.url != NULL ? hook.url : "", hook.status);
        rc = subscriptions_set_status(context->store, hook.id, hook.status, clock_now(), e);
    }
    api_subscription_free(&hook);
    return rc;
}

static int do_delete(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    enum api_verdict verdict = api_subscription_delete(client, known_or_usual(known), options->id, e);
    if (verdict != API_OK && verdict != API_GONE)
        return -1;
    *e = (struct error){0};
    printf(verdict == API_OK ? "deleted %s\n" : "%s was gone already\n", options->id);
    return subscriptions_drop(context->store, options->id, e);
}

/* Asked for by name, so it is printed; and kept, for it may have been changed. */
static int do_secret(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    char *secret = NULL;
    if (known == API_WEBHOOKS)
        return fail(e, EX_UNAVAILABLE,
            "webhooks: this server shows no secrets; set the one it signs with as secret_file in "
            "[webhooks] or "
            "MAINTAINX_WEBHOOK_SECRET");
    if (api_subscription_secret(client, options->id, &secret, e) != API_OK)
        return -1;
    printf("%s\n", secret);
    int rc = subscriptions_set_secret(context->store, options->id, secret, e);
    explicit_bzero(secret, strlen(secret));
    free(secret);
    return rc;
}

/* --- the command line --- */

static const struct {
    const char *name;
    action *run;
    bool takes_id;
} actions[] = {
    {"register", do_register, false},
    {"list", do_list, false},
    {"show", do_show, true},
    {"delete", do_delete, true},
    {"secret", do_secret, true},
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

static int read_event(const struct command *self, const char *name, struct options *options)
{
    enum event_type type = event_type_named(name);
    if (type < EVENT_TYPES)
        options->events[type] = true;
    else if (strcmp(name, "*") == 0)
        for (int i = 0; i < EVENT_TYPES; i++)
            options->events[i] = true;
    else {
        cli_usage(self,
            "--event %s: unknown; known are workorder.created, workorder.status_changed, "
            "workorder.completed, "
            "workorder.updated, workorder.deleted and *",
            name);
        return -1;
    }
    return 0;
}

/* Everything by default. */
static void settle_events(struct options *options)
{
    for (int i = 0; i < EVENT_TYPES; i++)
        if (options->events[i])
            return;
    for (int i = 0; i < EVENT_TYPES; i++)
        options->events[i] = true;
}

/* Returns 0, or 1 when the command is done already (*status says how). */
static int read_options(
    const struct command *self, int argc, char **argv, struct options *options, int *status)
{
    static const struct option known[] = {{"url", required_argument, NULL, 'u'},
        {"event", required_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    *status = EX_USAGE;
    optind = 0;
    while ((option = getopt_long(argc, argv, "+:h", known, NULL)) != -1) {
        switch (option) {
        case 'u':
            options->url = optarg;
            break;
        case 'e':
            if (read_event(self, optarg, options) != 0)
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
    settle_events(options);
    return 0;
}

/* What must be right before anything is sent. */
static int check_options(
    const struct command *self, int which, int rest, char **argv, struct options *options)
{
    bool registers = actions[which].run == do_register;
    const char *wrong = registers && options->url != NULL ? api_subscription_check_url(options->url) : NULL;
    if (registers && options->url == NULL)
        cli_usage(self, "register: --url is missing; write --url https://HOST/PATH");
    else if (wrong != NULL)
        cli_usage(self, "--url: %s", wrong);
    else if (!registers && options->url != NULL)
        cli_usage(self, "--url is an option of register");
    else if (actions[which].takes_id && rest == 0)
        cli_usage(self, "%s: the id is missing; wosync webhooks list shows the ids", actions[which].name);
    else if (rest > actions[which].takes_id)
        cli_usage(self, "%s: too many arguments", argv[actions[which].takes_id]);
    else if (actions[which].takes_id && !api_subscription_is_id(argv[0]))
        cli_usage(self, "%s: not an id; wosync webhooks list shows the ids", argv[0]);
    else {
        options->id = actions[which].takes_id ? argv[0] : NULL;
        return 0;
    }
    return -1;
}

static int carry_out(const struct cli *cli, action *what, const struct options *options)
{
    struct run_context context;
    struct pass_settings settings;
    struct webhook_stats channel;
    struct error e = {0};
    struct client *client = NULL;
    if (run_context_open(&context, cli, "webhooks", RUN_CONTEXT_ANSWER) == 0) {
        client = run_context_connect(&context, &settings, &e);
        if (client != NULL && webhook_stats_load(context.store, 0, &channel, &e) == 0)
            what(&context, client, subscription_api_named(channel.api), options, &e);
        run_context_report(&context, &e);
    }
    run_context_disconnect(&context, client);
    return run_context_close(&context);
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    struct options options = {0};
    int status;
    int which = 0;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return cli_help(self);
    if (argc < 2)
        return cli_usage(self, "write register, list, show, delete or secret");
    while (which < ACTIONS && strcmp(actions[which].name, argv[1]) != 0)
        which++;
    if (which == ACTIONS)
        return cli_usage(self, "%s: unknown; write register, list, show, delete or secret", argv[1]);
    argc--;
    argv++;
    if (read_options(self, argc, argv, &options, &status) != 0)
        return status;
    if (check_options(self, which, argc - optind, argv + optind, &options) != 0)
        return EX_USAGE;
    return carry_out(cli, actions[which].run, &options);
}

const struct command command_webhooks = {
    .name = "webhooks",
    .summary = "register at MaintainX for webhooks, and look whether they are still there",
    .help =
        "usage: wosync webhooks register --url URL [--event TYPE]...\n"
        "       wosync webhooks list | show ID | delete ID | secret ID\n"
        "\n"
        "register has MaintainX send its webhooks to URL, where a web server runs wosync receive. Ids and "
        "secrets are\n"
        "kept in the store. What is registered already is left alone.\n"
        "\n"
        "  --url URL      https, at most 512 bytes\n"
        "  --event TYPE   workorder.created, workorder.status_changed, ...; may be given several times "
        "(all)\n"
        "\n"
        "list asks MaintainX for each of them: it deletes those that fail for long, silently. secret prints "
        "the\n"
        "secret of one, and keeps it.\n"
        "\n"
        "example:  wosync webhooks register --url https://plant.example.com/wosync\n",
    .run = run,
};
