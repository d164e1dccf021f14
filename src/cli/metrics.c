/*
 * metrics: which series there are, and where each comes from.
 *
 * A series that never happened is 0 and not missing, so that a rule sees the first time: kinds of runs,
 * events, results and channels are listed here, and a handler has its series from the run on that first sees
 * it. HELP texts are the same in every file: node_exporter reads those of several accounts together.
 */
#include "cli/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "cli/metrics_sample.h"
#include "core/event.h"
#include "core/exposition.h"
#include "store/account.h"
#include "store/counters.h"
#include "store/lateness.h"
#include "store/passes.h"
#include "store/quarantine.h"
#include "store/rate_limit.h"
#include "store/store.h"
#include "store/webhook_stats.h"

/* The kinds of runs that have series of their own. */
enum { SYNC, BACKFILL, RECONCILE, KINDS };
static const char *const kinds[] = {[SYNC] = "sync", [BACKFILL] = "backfill", [RECONCILE] = "reconcile"};

static const char *const channels[] = {LATENESS_POLL, LATENESS_WEBHOOK};
enum { CHANNELS = sizeof channels / sizeof channels[0] };

/* --- runs --- */

/* The run at hand, where its record could not be stored. */
static void add_run(const struct run *run, const char *kind, struct last_run *last)
{
    if (strcmp(run->kind, kind) != 0 || run->exit_status < 0 || run->ended == TIMESTAMP_NONE ||
        run->ended < last->ended)
        return;
    last->began = run->began;
    last->ended = run->ended;
    last->exit_status = run->exit_status;
}

/* A sweep within sync has proved as much as a run of reconcile. */
static int add_sweep(struct store *store, struct last_run *last, struct error *e)
{
    int64_t finished;
    if (passes_last_finished(store, kinds[RECONCILE], &finished, e) != 0)
        return -1;
    if (finished != TIMESTAMP_NONE && finished > last->success)
        last->success = finished;
    return 0;
}

static int load_last_runs(
    struct store *store, const struct run *run, struct last_run out[KINDS], struct error *e)
{
    for (int i = 0; i < KINDS; i++) {
        out[i] = (struct last_run){0};
        if (store != NULL && counters_last_run(store, kinds[i], &out[i], e) != 0)
            return -1;
        add_run(run, kinds[i], &out[i]);
    }
    return store != NULL ? add_sweep(store, &out[RECONCILE], e) : 0;
}

/* `known`: the store could be read. */
static void give_last_runs(struct metrics *g, const struct last_run last[KINDS], bool known)
{
    if (known)
        metrics_begin(g, "wosync_last_success_timestamp_seconds", "gauge",
            "When a run last ended well (exit status 0 or 65), a sweep within sync for reconcile; 0: never.");
    for (int i = 0; known && i < KINDS; i++)
        metrics_sample_seconds(g, "kind", kinds[i], last[i].success);
    metrics_begin(g, "wosync_last_run_timestamp_seconds", "gauge", "When the last run ended, 0: never.");
    for (int i = 0; i < KINDS; i++)
        if (known || last[i].ended != 0)
            metrics_sample_seconds(g, "kind", kinds[i], last[i].ended);
    metrics_begin(g, "wosync_last_run_duration_seconds", "gauge", "How long the last run took.");
    for (int i = 0; i < KINDS; i++)
        if (known || last[i].ended != 0)
            metrics_sample_seconds(g, "kind", kinds[i], last[i].ended - last[i].began);
    metrics_begin(
        g, "wosync_last_run_exit_status", "gauge", "The exit status of the last run, by sysexits(3).");
    for (int i = 0; i < KINDS; i++)
        if (known || last[i].ended != 0)
            metrics_sample(g, "kind", kinds[i], last[i].exit_status);
}

static void give_run_count(const char *kind, const char *exit_status, int64_t value, void *context)
{
    struct metrics *g = context;
    exposition_sample(
        g->out, g->name, METRICS_LABELS(g, {"kind", kind}, {"exit_status", exit_status}), value);
}

static bool has_well(struct metrics *g, const char *kind);

static int give_runs(struct metrics *g, struct error *e)
{
    metrics_begin(g, "wosync_runs_total", "counter", "Runs that ended and left a record, by exit status.");
    for (int i = 0; i < KINDS; i++)
        if (!has_well(g, kinds[i]))
            give_run_count(kinds[i], "0", 0, g);
    return counters_list(g->store, "runs", give_run_count, g, e);
}

struct search {
    const char *kind;
    bool found;
};

static void find_well(const char *kind, const char *exit_status, int64_t value, void *context)
{
    struct search *search = context;
    (void)value;
    if (strcmp(kind, search->kind) == 0 && strcmp(exit_status, "0") == 0)
        search->found = true;
}

/* Has a run of that kind ended with 0? */
static bool has_well(struct metrics *g, const char *kind)
{
    struct search search = {kind, false};
    struct error e = {0}; /* what fails here fails when they are listed, too */
    counters_list(g->store, "runs", find_well, &search, &e);
    return search.found;
}

/* --- reading --- */

static int give_polling(struct metrics *g, struct error *e)
{
    struct account account;
    struct lateness lateness;
    if (account_load(g->store, &account, e) < 0)
        return -1;
    const int64_t watermark = account.base_url != NULL ? account.watermark : TIMESTAMP_NONE;
    account_free(&account);
    if (lateness_load(g->store, LATENESS_POLL, &lateness, e) != 0)
        return -1;
    metrics_gauge_seconds(g, "wosync_watermark_timestamp_seconds",
        "The latest updatedAt that a finished pass has read, 0: none yet.", watermark);
    metrics_gauge_seconds(g, "wosync_lookback_seconds", "How far back each poll looks.", g->config->lookback);
    metrics_gauge_seconds(g, "wosync_lookback_needed_seconds",
        "The lookback that would just have seen every late change of the last thirty days.",
        lateness.overdue);
    metrics_begin(g, "wosync_visibility_delay_seconds", "histogram",
        "How long after a change wosync first saw it, by the channel that brought it.");
    for (int i = 0; i < CHANNELS; i++) {
        struct delays delays;
        if (counters_delays(g->store, "visible", channels[i], &delays, e) != 0)
            return -1;
        exposition_histogram(g->out, g->name, METRICS_LABELS(g, {"channel", channels[i]}), delays.up_to,
            delays.count, DELAY_STEPS, delays.total);
    }
    return 0;
}

static void give_code(const char *code, const char *second, int64_t value, void *context)
{
    struct metrics *g = context;
    (void)second;
    g->ok_seen = g->ok_seen || strcmp(code, "200") == 0;
    metrics_sample(g, "code", code, value);
}

static int give_api(struct metrics *g, struct error *e)
{
    struct rate_limit rate_limit;
    metrics_begin(g, "wosync_api_requests_total", "counter",
        "Requests to the API by HTTP status; none: no answer came.");
    g->ok_seen = false;
    if (counters_list(g->store, "requests", give_code, g, e) != 0)
        return -1;
    if (!g->ok_seen)
        metrics_sample(g, "code", "200", 0);
    metrics_begin(
        g, "wosync_records_total", "counter", "Records that were read from lists, by the kind of run.");
    for (int i = 0; i < KINDS; i++) {
        int64_t records = counters_get(g->store, "records", kinds[i], e);
        if (records < 0)
            return -1;
        metrics_sample(g, "kind", kinds[i], records);
    }
    if (rate_limit_load(g->store, &rate_limit, e) != 0)
        return -1;
    metrics_gauge(g, "wosync_api_rate_limit", "Requests of a window, as the API last said, 0: it never did.",
        rate_limit.limit);
    metrics_gauge(g, "wosync_api_rate_limit_remaining",
        "Requests that were left of the window at the last answer.", rate_limit.remaining);
    return 0;
}

static int give_events(struct metrics *g, struct error *e)
{
    metrics_begin(g, "wosync_events_total", "counter", "Events that were emitted.");
    for (int type = 0; type < EVENT_TYPES; type++) {
        const char *name = event_type_name((enum event_type)type);
        int64_t count = counters_get(g->store, "events", name, e);
        if (count < 0)
            return -1;
        metrics_sample(g, "event", name, count);
    }
    return 0;
}

/* --- the rest --- */

static int give_webhooks(struct metrics *g, struct error *e)
{
    struct webhook_stats stats;
    int64_t missed = counters_get(g->store, "webhooks_missed", "", e);
    if (missed < 0 || webhook_stats_load(g->store, g->now, &stats, e) != 0)
        return -1;
    metrics_begin(
        g, "wosync_webhooks_received_total", "counter", "Webhook deliveries that came, by what was done.");
    metrics_sample(g, "result", "accepted", stats.received - stats.duplicate);
    metrics_sample(g, "result", "duplicate", stats.duplicate);
    metrics_sample(g, "result", "refused", stats.refused);
    metrics_begin(g, "wosync_webhooks_missed_total", "counter",
        "Changes that polling found and no webhook had named a minute later.");
    exposition_sample(g->out, g->name, METRICS_LABELS(g, {NULL, NULL}), missed);
    metrics_gauge_seconds(g, "wosync_webhook_last_received_timestamp_seconds",
        "When a webhook delivery was last accepted, 0: never.", stats.last);
    return 0;
}

static void give_status(const char *status, int64_t count, void *context)
{
    metrics_sample(context, "status", *status != '\0' ? status : "none", count);
}

static int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static int64_t store_size(const char *store)
{
    struct buffer log = {0};
    store_log_path(store, &log);
    const int64_t size = file_size(store) + file_size(log.data);
    buffer_free(&log);
    return size;
}

static int give_store(struct metrics *g, struct error *e)
{
    int64_t quarantined = quarantine_count(g->store, e);
    if (quarantined < 0)
        return -1;
    metrics_gauge(g, "wosync_quarantined_records", "Records in quarantine: wosync status.", quarantined);
    metrics_begin(g, "wosync_work_orders", "gauge", "Work orders that are known and not deleted, by status.");
    if (counters_statuses(g->store, give_status, g, e) != 0)
        return -1;
    metrics_gauge(
        g, "wosync_store_bytes", "Size of the store with its log.", store_size(store_path(g->store)));
    return 0;
}

static int gather(struct metrics *g, const struct run *run, struct error *e)
{
    struct last_run last[KINDS];
    const struct exposition_label version[] = {{"version", WOSYNC_VERSION}, {NULL, NULL}};
    exposition_begin(g->out, "wosync_build_info", "gauge", "The version that wrote this file.");
    exposition_sample(g->out, "wosync_build_info", version, 1);
    if (load_last_runs(g->store, run, last, e) != 0)
        return -1;
    give_last_runs(g, last, g->store != NULL);
    if (g->store == NULL)
        return 0;
    if (give_runs(g, e) != 0 || give_polling(g, e) != 0 || give_api(g, e) != 0 || give_events(g, e) != 0 ||
        metrics_deliveries(g, e) != 0 || give_webhooks(g, e) != 0)
        return -1;
    return give_store(g, e);
}

int metrics_gather(struct store *store, const struct config *config, const struct run *run,
    struct buffer *out, struct error *e)
{
    struct metrics g = {.store = store, .config = config, .out = out, .now = clock_now()};
    return gather(&g, run, e);
}

static int write_file(const char *path, const struct buffer *text, struct error *e)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;
    if (directory < 0) {
        fail(e, EX_CANTCREAT, "%s: it cannot be opened: %s", folder, strerror(errno));
    } else {
        atomic_file_clean(directory);
        rc = atomic_file_publish(directory, name, text->data, text->len, e);
        close(directory);
    }
    free(folder);
    return rc;
}

void metrics_write(struct store *store, const struct config *config, const struct run *run)
{
    struct buffer text = {0};
    struct error e = {0};
    if (config->textfile == NULL)
        return;
    if (store != NULL && counters_count_statuses(store, clock_now(), &e) != 0)
        e = (struct error){0}; /* those of the last time, then */
    if (metrics_gather(store, config, run, &text, &e) != 0) {
        buffer_clear(&text);
        e = (struct error){0}; /* the run has met the same, and said so */
        metrics_gather(NULL, config, run, &text, &e);
    }
    if (write_file(config->textfile, &text, &e) != 0)
        log_warning(
            "metrics: %s: %s; correct textfile in [metrics], or let this user write there (of a systemd "
            "unit: ReadWritePaths=)",
            config->textfile, e.text);
    buffer_free(&text);
}
