/*
 * webhooks: the registrations at MaintainX for what `receive` takes: register (webhooks_register.h), list,
 * show, delete, secret. Ids and secrets are in the store; what MaintainX says of a registration is stored as
 * it comes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "api/subscriptions.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/run_context.h"
#include "cli/webhooks_register.h"
#include "core/event.h"
#include "sources/subscription_check.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

struct options {
    struct webhooks_wanted wanted;
    const char *id;
};

/* A command below `webhooks`. `known`: which API the server has; SUBSCRIPTION_APIS as long as nobody found
 * out. */
typedef int action(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e);

static int do_register(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    return webhooks_register(context, client, known, &options->wanted, e);
}

/* --- list, show, delete, secret --- */

/* What the server says must not be taken for a line of ours, nor for more than text. */
__attribute__((format(printf, 1, 2))) static void print_line(const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    const int len = vasprintf(&text, format, ap);
    va_end(ap);
    if (len < 0)
        return; /* never: memory that runs out ends the program */
    utf8_make_line(text);
    printf("%s\n", text);
    free(text);
}

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
    print_line("%-12s %-18s %-14s %-40s %s", subscription->id, subscription->status, age,
        subscription->events, subscription->url);
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

/* The API's own words for a 404 blame base_url; an id that was mistyped or deleted is likelier. */
static int refuse_unknown(const char *id, struct error *e)
{
    *e = (struct error){0};
    return fail(e, EX_UNAVAILABLE,
        "webhooks: %s: MaintainX has no such subscription (404); wosync webhooks list shows the ids", id);
}

static int do_show(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    struct api_subscription hook;
    int rc = -1;
    enum api_status status = api_subscription_get(client, known_or_usual(known), options->id, &hook, e);
    if (status == API_OK) {
        print_line("id      %s", hook.id);
        print_line("events  %s", hook.events != NULL ? hook.events : "");
        print_line("url     %s", hook.url != NULL ? hook.url : "");
        print_line("status  %s", hook.status);
        rc = subscriptions_set_status(context->store, hook.id, hook.status, clock_now(), e);
    } else if (status == API_GONE) {
        rc = refuse_unknown(options->id, e);
    }
    api_subscription_free(&hook);
    return rc;
}

static int do_delete(struct run_context *context, struct client *client, enum subscription_api known,
    const struct options *options, struct error *e)
{
    enum api_status status = api_subscription_delete(client, known_or_usual(known), options->id, e);
    if (status != API_OK && status != API_GONE)
        return -1;
    *e = (struct error){0};
    printf(status == API_OK ? "deleted %s\n" : "%s was gone already\n", options->id);
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
    enum api_status status = api_subscription_secret(client, options->id, &secret, e);
    if (status != API_OK)
        return status == API_GONE ? refuse_unknown(options->id, e) : -1;
    printf("%s\n", secret);
    int rc = subscriptions_set_secret(context->store, options->id, secret, e);
    explicit_bzero(secret, strlen(secret));
    free(secret);
    return rc;
}

/* --- the command line --- */

enum { REGISTER, LIST, SHOW, DELETE, SECRET };

#define ID_IS_MISSING "the id is missing; wosync webhooks list shows the ids"

static const struct option_sub subs[] = {
    [REGISTER] = {"register", 0, 0, NULL},
    [LIST] = {"list", 0, 0, NULL},
    [SHOW] = {"show", 1, 1, ID_IS_MISSING},
    [DELETE] = {"delete", 1, 1, ID_IS_MISSING},
    [SECRET] = {"secret", 1, 1, ID_IS_MISSING},
    {.name = NULL},
};

static action *const actions[] = {
    [REGISTER] = do_register,
    [LIST] = do_list,
    [SHOW] = do_show,
    [DELETE] = do_delete,
    [SECRET] = do_secret,
};

static int read_url(const char *text, void *values, struct buffer *why)
{
    const char *wrong = api_subscription_check_url(text);
    ((struct options *)values)->wanted.url = text;
    if (wrong != NULL)
        buffer_append_text(why, wrong);
    return wrong == NULL ? 0 : -1;
}

static int read_event(const char *text, void *values, struct buffer *why)
{
    bool *events = ((struct options *)values)->wanted.events;
    const bool all = strcmp(text, "*") == 0;
    const enum event_type type = event_type_named(text);
    for (int i = 0; i < EVENT_TYPES; i++)
        events[i] = events[i] || all || i == (int)type;
    if (all || type < EVENT_TYPES)
        return 0;
    buffer_append_text(why, "unknown; known are ");
    for (int i = 0; i < EVENT_TYPES; i++)
        buffer_append_format(why, "%s, ", event_type_name((enum event_type)i));
    buffer_append_text(why, "*");
    return -1;
}

static bool any_event(const struct webhooks_wanted *wanted)
{
    bool any = false;
    for (int i = 0; i < EVENT_TYPES; i++)
        any = any || wanted->events[i];
    return any;
}

static const struct option_spec known_options[] = {
    {"url", READ_BY(read_url), .value = "URL", .hide_value = true, .subs = SUB(REGISTER),
        .required = SUB(REGISTER), .missing = "write --url https://HOST/PATH",
        .help = "https (on loopback http, too), at most 512 bytes"},
    {"event", READ_BY(read_event), .value = "TYPE", .subs = SUB(REGISTER),
        .help = "workorder.created, workorder.status_changed, ..., or *; may be given several times (*)"},
    {.name = NULL},
};

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
    struct command_line line;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    if (line.count == 1 && !api_subscription_is_id(line.words[0]))
        return cli_usage(self, "%s: not an id; wosync webhooks list shows the ids", line.words[0]);
    options.id = line.count == 1 ? line.words[0] : NULL;
    if (!any_event(&options.wanted))
        read_event("*", &options, NULL);
    return carry_out(cli, actions[line.sub], &options);
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
        "\n",
    .help_end =
        "\n"
        "list asks MaintainX for each of them, because MaintainX deletes those that fail for long. secret\n"
        "fetches the secret of one, prints it, and keeps it.\n"
        "\n"
        "example:  wosync webhooks register --url https://plant.example.com/wosync\n",
    .options = known_options,
    .subs = subs,
    .run = run,
};
