#include "cli/run_report.h"

#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "base/timestamp.h"
#include "cli/metrics.h"
#include "cli/ping.h"
#include "store/counters.h"

/* Of what a run prints, so much is kept for the ping. */
enum { MOST_LINES = 100000 };

/* The metrics of a run that could not open the store: it is asked once more, but not waited for. */
enum { METRICS_BUSY_MS = 1000 };

void run_report_begin(struct run_context *context)
{
    if (context->mode == RUN_CONTEXT_RUN)
        log_keep(&context->lines, MOST_LINES);
}

/* A service that watches over the schedule hears of the scheduled command alone: a run of another kind that
 * goes well says nothing about it. */
static bool pings(const struct run_context *context)
{
    return context->mode == RUN_CONTEXT_RUN && context->config.ping_url != NULL &&
           strcmp(context->run.kind, "sync") == 0 && !shutdown_signalled();
}

void run_report_start(struct run_context *context)
{
    if (!context->config.ping_start || !pings(context))
        return;
    ping_make_id(context->ping_id);
    ping_start(context->config.ping_url, context->ping_id);
}

static void add_status(int status, int64_t count, void *data)
{
    struct run_context *context = data;
    context->http_statuses[status] += count;
}

void run_report_count(struct run_context *context, const struct client *api)
{
    client_count_statuses(api, add_status, context);
}

int run_report_save(struct run_context *context, struct error *e)
{
    char code[16];
    for (int status = 0; status < RUN_CONTEXT_STATUSES; status++) {
        snprintf(code, sizeof code, "%d", status);
        if (context->http_statuses[status] > 0 &&
            counters_add(context->store, "requests", status == 0 ? "none" : code,
                context->http_statuses[status], e) != 0)
            return -1;
    }
    return counters_count_missed(context->store, clock_now(), e);
}

/* Nothing is new where the whole work was left to another run, which writes them itself. */
void run_report_metrics(struct run_context *context)
{
    struct error e = {0};
    struct run *run = &context->run;
    if (context->config.textfile == NULL || context->mode != RUN_CONTEXT_RUN ||
        (!context->worked && context->status == EX_TEMPFAIL))
        return;
    if (run->ended == TIMESTAMP_NONE)
        run->ended = clock_now();
    run->exit_status = context->status;
    /* a mistake in the configuration comes before the store, which may be as good as ever */
    struct store *store = context->store;
    if (store == NULL && context->config.store != NULL && store_exists(context->config.store))
        store = store_open(context->config.store, STORE_READ, METRICS_BUSY_MS, &e);
    metrics_write(store, &context->config, run);
    if (store != context->store)
        store_close(store);
}

/* The summary comes first: what is too long is cut at its end. */
void run_report_end(struct run_context *context, int status)
{
    struct buffer body = {0};
    const struct run *run = &context->run;
    int64_t events = 0;
    log_keep(NULL, 0); /* its own warning is no line of the run */
    if (pings(context)) {
        for (int type = 0; type < EVENT_TYPES; type++)
            events += run->events[type];
        buffer_append_format(&body,
            "%s: exit status %d; records: %lld, events: %lld, requests: %lld, delivered: %lld, dead: %lld\n",
            run->kind, status, (long long)run->records, (long long)events, (long long)run->requests,
            (long long)run->delivered, (long long)run->dead);
        buffer_append(&body, context->lines.data, context->lines.len);
        if (*context->ping_id == '\0')
            ping_make_id(context->ping_id);
        ping_end(context->config.ping_url, context->ping_id, status, &body);
    }
    buffer_free(&body);
    buffer_free(&context->lines);
}
