/* audit: proves that nothing was missed: the list against the snapshots, the events against the deliveries.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/maintainx.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/audit_words.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/run_context.h"
#include "sources/audit_heal.h"
#include "store/rate_limit.h"
#include "store/snapshots.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    INT64_C(86400000)

/* How far it looks back unless --since says so. */
enum { DEFAULT_DAYS = 30 };

/* MaintainX allows one user this many requests a minute; used until the server has given its own figure. */
enum { USUAL_RATE = 100 };

/* How long healing waits for a run that asks for work orders by their ids. */
enum { HEAL_WAIT_MS = 60000 };

struct options {
    int64_t since; /* TIMESTAMP_NONE: everything */
    int64_t max_time;
    bool all, plan, heal, json;
};

/* --- the work --- */

/* Work orders, and requests for them: a page overlaps the one before by a record, and each leg is a request
 * at least. */
static int make_plan(
    struct run_context *context, const struct options *options, struct audit_plan *plan, struct error *e)
{
    struct rate_limit rate_limit;
    const int64_t legs = options->since != TIMESTAMP_NONE ? 2 : 1;
    const int64_t size = context->config.page_size > 1 ? context->config.page_size - 1 : 1;
    plan->work_orders = snapshots_count_since(context->store, options->since, e);
    if (plan->work_orders < 0 || rate_limit_load(context->store, &rate_limit, e) != 0)
        return -1;
    plan->requests = (plan->work_orders + size - 1) / size + legs - 1;
    if (plan->requests < legs)
        plan->requests = legs;
    plan->per_minute = rate_limit_per_minute(&rate_limit, context->config.reserve, USUAL_RATE);
    plan->minutes = (plan->requests + plan->per_minute - 1) / plan->per_minute;
    return 0;
}

static void print(struct buffer *text)
{
    fwrite(text->data, 1, text->len, stdout);
    fflush(stdout); /* what is wrong with it is reported in the end */
    buffer_clear(text);
}

static void draw(void *data)
{
    progress_draw(data);
}

static enum pass_result compare(struct run_context *context, const struct pass_settings *pass,
    const struct options *options, int64_t expected, struct audit_result *result, struct error *e)
{
    struct progress progress = {.what = "audit", .run = &context->run, .expected = expected};
    const struct audit_settings settings = {
        .pass = pass, .since = options->since, .progress = draw, .progress_data = &progress};
    progress_begin(&progress);
    const enum pass_result end = audit_run(&settings, result, e);
    progress_end(&progress);
    if (end == PASS_STOPPED && shutdown_signalled())
        fail(e, EX_TEMPFAIL, "audit: stopped by a signal: nothing is proved; run it again");
    else if (end == PASS_STOPPED && e->status == EX_OK)
        fail(e, EX_TEMPFAIL,
            "audit: --max-time was over before all was read: nothing is proved; give it more time, or a "
            "later --since");
    return end;
}

/* Observes what was found. */
static void heal_findings(struct run_context *context, const struct pass_settings *pass,
    struct audit_result *result, struct error *e)
{
    const struct audit_settings settings = {.pass = pass};
    struct error busy = {0};
    const int taken = run_context_lock(context, LOCK_REFETCH, HEAL_WAIT_MS);
    if (taken == 1)
        audit_heal(&settings, result, e);
    else if (taken == 0)
        fail(&busy, EX_TEMPFAIL,
            "audit: %s: the work orders that were missed are not healed; run wosync audit --heal again",
            context->others[LOCK_REFETCH]);
    run_context_unlock(context, LOCK_REFETCH);
    run_context_report(context, &busy);
}

/* Observes what was found, and adds the deliveries that are missing. */
static void heal(struct run_context *context, const struct pass_settings *pass, struct audit_result *result,
    struct delivery_audit *deliveries, struct error *e)
{
    if (result->count > 0)
        heal_findings(context, pass, result, e);
    if (e->status == EX_OK && delivery_audit_missing(deliveries) > 0)
        delivery_audit_heal(context->store, deliveries, clock_now(), e);
}

/* From when on the log holds events: since the first run, and as long as retention keeps them. */
static int64_t events_from(const struct run_context *context, int64_t since, int64_t horizon)
{
    const int64_t kept = context->run.began - context->config.keep;
    const int64_t from = horizon > kept ? horizon : kept;
    return from > since ? from : TIMESTAMP_NONE;
}

/* Counts events and deliveries as they are at one instant. */
static int look_at_deliveries(
    struct run_context *context, int64_t since, struct delivery_audit *deliveries, struct error *e)
{
    if (store_begin_reading(context->store, e) != 0)
        return -1;
    int rc = handler_table_look(&context->table, context->store, e);
    if (rc == 0)
        rc = delivery_audit_run(context->store, &context->table, since, deliveries, e);
    store_rollback(context->store);
    return rc;
}

/* Says what was found, once it was read to its end. */
static void conclude(struct run_context *context, const struct pass_settings *pass,
    const struct options *options, const struct audit_plan *plan, struct audit_result *result,
    struct error *e)
{
    struct buffer text = {0};
    struct delivery_audit deliveries = {0};
    struct audit_account account = {.since = options->since,
        .events_from = events_from(context, options->since, result->horizon),
        .now = context->run.began,
        .heals = options->heal,
        .plan = plan,
        .result = result,
        .deliveries = &deliveries};
    if (look_at_deliveries(context, options->since, &deliveries, e) == 0) {
        if (options->heal)
            heal(context, pass, result, &deliveries, e);
        account.requests = client_requests(pass->api);
        if (options->json)
            audit_words_json(&text, &account);
        else
            audit_words_text(&text, &account);
        print(&text);
        if (audit_words_missed(&account))
            context->status = exit_graver(context->status, EX_DATAERR);
    }
    delivery_audit_free(&deliveries);
    buffer_free(&text);
}

static void audit(struct run_context *context, const struct options *options)
{
    struct error e = {0};
    struct buffer text = {0};
    struct audit_plan plan;
    struct audit_result result = {0};
    struct pass_settings pass;
    struct client *api = NULL;
    if (make_plan(context, options, &plan, &e) != 0)
        goto out;
    audit_words_plan(&text, &plan, options->json);
    if (options->plan || !options->json)
        print(&text);
    if (options->plan || (api = run_context_connect(context, &pass, &e)) == NULL)
        goto out;
    context->run.since = options->since;
    if (compare(context, &pass, options, plan.work_orders, &result, &e) == PASS_FINISHED)
        conclude(context, &pass, options, &plan, &result, &e);
out:
    run_context_report(context, &e);
    run_context_disconnect(context, api);
    audit_free(&result);
    buffer_free(&text);
}

/* --- the command --- */

/* An age of whole days begins at midnight, everything else at a minute: the sentence names just that. */
static int read_since(const char *text, void *values, struct buffer *why)
{
    struct options *options = values;
    const int64_t now = clock_now();
    int64_t age;
    if (timestamp_parse_user(text, now, &options->since) != 0 || options->since >= now ||
        options->since <= 0) {
        buffer_append_text(why, "write a date or a time in the past, or an age such as 30d");
        return -1;
    }
    options->since -=
        options->since % (duration_parse(text, &age) == 0 && age % DAY_MS == 0 ? DAY_MS : MINUTE_MS);
    return 0;
}

static int run(const struct command *self, const struct cli *cli, int argc, char **argv)
{
    const int64_t today = clock_now() - clock_now() % DAY_MS;
    struct options options = {.since = today - DEFAULT_DAYS * DAY_MS};
    struct command_line line;
    struct run_context context;
    if (!options_read(self, argc, argv, &options, &line))
        return line.status;
    if (options.all)
        options.since = TIMESTAMP_NONE;
    shutdown_set_deadline(options.max_time);
    const bool writes = options.heal && !options.plan;
    if (run_context_open(&context, cli, "audit", writes ? RUN_CONTEXT_RUN : RUN_CONTEXT_DRY_RUN) == 0)
        audit(&context, &options);
    return run_context_close(&context);
}

static const struct option_spec audit_options[] = {
    {"since", READ_BY(read_since), .value = "T", .excludes = "all",
        .help = "what was created or changed since then: a date, a date and time, or an age (30d)"},
    {"all", FLAG_TO(struct options, all), .help = "everything"},
    {"plan", FLAG_TO(struct options, plan), .help = "print what it would cost, send nothing"},
    {"heal", FLAG_TO(struct options, heal),
        .help =
            "refetch what was missed, and queue the deliveries that are missing; the next sync\ndelivers"},
    {"json", FLAG_TO(struct options, json), .help = "print one JSON object"},
    {"max-time", DURATION_TO(struct options, max_time), .value = "D",
        .help = "give up after this time; nothing is proved then"},
    {.name = NULL},
};

const struct command command_audit = {
    .name = "audit",
    .summary = "prove that nothing was missed: the list against the store, events against deliveries",
    .help =
        "usage: wosync audit [--since T | --all] [--plan] [--heal] [--json] [--max-time D]\n"
        "\n"
        "Reads the list again, by the date of creation and not by updatedAt as polls do, and compares each "
        "work\n"
        "order with its snapshot. It asks by id for work orders that the store holds and the list does not\n"
        "show. Then it looks whether each handler has a delivery of every event that it wants. It prints "
        "what\n"
        "it will cost, then a line for each work order and event that was missed, then one sentence with "
        "the\n"
        "result. The exit status is 65 when something was missed. Without --heal it changes nothing. It "
        "holds\n"
        "up no other run.\n"
        "\n",
    .help_end = "\n"
                "On a terminal a bar shows how far it is; SIGUSR1 prints it anywhere.\n"
                "\n"
                "example:  wosync audit --since 30d\n",
    .options = audit_options,
    .run = run,
};
