#include "jobs.h"

#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/timestamp.h"
#include "plant.h"
#include "sources/audit_heal.h"
#include "sources/backfill.h"
#include "sources/names.h"
#include "sources/poll.h"
#include "sources/refetch.h"
#include "sources/sweep.h"
#include "sources/subscription_check.h"
#include "support.h"

static char *completed[] = {"DONE", NULL};
static char *ignored[] = {NULL};

struct how how;

void usual(void)
{
    memset(&how, 0, sizeof how);
    how.filter = "auto";
    how.base_url = "https://x.example/v1";
    how.start = CONFIG_START_BEGINNING;
    how.max_deletes = 2;
    later = 0;
}

void begin_job(struct job *job, struct store *store)
{
    struct error e = {0};
    const struct client_settings client = {
        .base_url = how.base_url, .token = "t", .organization = "", .give_up = how.impatient ? 0 : HOUR};
    how.run = (struct run){.kind = "sync",
        .began = clock_now(),
        .exit_status = -1,
        .since = TIMESTAMP_NONE,
        .until = TIMESTAMP_NONE,
        .ended = TIMESTAMP_NONE};
    job->api = client_new(&client, &(struct rate_limit){0}, &e);
    check(job->api != NULL, "%s", e.text);
    job->config = (struct config){.base_url = (char *)how.base_url,
        .organization = "",
        .filter = (char *)how.filter,
        .page_size = 2,
        .lookback = 5 * MINUTE,
        .start = how.start,
        .completed = completed,
        .ignored = ignored,
        .max_deletes = how.max_deletes,
        .max_deletes_percent = how.percent};
    job->settings = (struct pass_settings){.config = &job->config,
        .store = store,
        .api = job->api,
        .window = how.window,
        .typed = how.window != NULL ? "1d" : NULL,
        .run = &how.run,
        .dry_run = how.dry_run,
        .names = how.names ? names_new(store, job->api) : NULL};
}

void end_job(struct job *job)
{
    names_free(job->settings.names);
    client_free(job->api);
}

static int64_t run_pass(struct store *store, const struct pass_kind *kind, struct error *e)
{
    struct job job;
    begin_job(&job, store);
    enum pass_result end = pass_run(&job.settings, kind, e);
    end_job(&job);
    return end == PASS_FINISHED ? 0 : -1;
}

int64_t do_poll(struct store *store, struct error *e)
{
    return run_pass(store, &poll_kind, e);
}

int64_t do_sweep(struct store *store, struct error *e)
{
    return run_pass(store, &sweep_kind, e);
}

int64_t do_backfill(struct store *store, struct error *e)
{
    return run_pass(store, &backfill_kind, e);
}

int64_t do_prove(struct store *store, struct error *e)
{
    struct job job;
    begin_job(&job, store);
    enum pass_result end = sweep_prove(&job.settings, SOURCE_RECONCILE, 10, e);
    end_job(&job);
    return end == PASS_FINISHED ? 0 : -1;
}

int64_t do_refetches(struct store *store, struct error *e)
{
    struct job job;
    begin_job(&job, store);
    enum pass_result end = refetch_due(&job.settings, 10, e);
    end_job(&job);
    return end == PASS_FINISHED ? 0 : -1;
}

static void no_progress(void *data)
{
    (void)data;
}

int64_t do_heal(struct store *store, struct error *e)
{
    struct job job;
    struct audit_result result = {0};
    begin_job(&job, store);
    const struct audit_settings settings = {
        .pass = &job.settings, .since = TIMESTAMP_NONE, .progress = no_progress};
    enum pass_result end = audit_run(&settings, &result, e);
    if (end == PASS_FINISHED)
        end = audit_heal(&settings, &result, e);
    audit_free(&result);
    end_job(&job);
    return end == PASS_FINISHED ? 0 : -1;
}

int64_t do_watch(struct store *store, struct error *e)
{
    struct job job;
    begin_job(&job, store);
    int rc = subscription_check_all(job.api, store, INT64_MAX, e);
    end_job(&job);
    return rc;
}
