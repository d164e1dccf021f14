/* doctor_store: the store, and what it says of the runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "cli/doctor.h"
#include "store/counters.h"
#include "store/lateness.h"
#include "store/migration.h"
#include "store/passes.h"
#include "store/quarantine.h"
#include "store/runs.h"
#include "store/store.h"

enum { HOUR_MS = 3600 * 1000 };

/* SQLite writes its log back at some 4 MB: one that is larger is held by a reader. */
enum { LARGE_LOG = 64 << 20 };

static void report_error(struct doctor *doctor, const struct error *e)
{
    doctor_fail(doctor, e->status, "%s", e->text);
}

static void check_schema(struct doctor *doctor)
{
    int version;
    if (doctor->store != NULL)
        doctor_ok(doctor, "%s, schema %d", doctor->config.store, migration_known.count);
    else if (store_is_old(doctor->config.store, &version))
        doctor_skip(doctor, "%s has schema %d, this wosync has %d; the next wosync sync brings it up to date",
            doctor->config.store, version, migration_known.count);
    else if (doctor->store_error.status != EX_OK)
        report_error(doctor, &doctor->store_error);
    else
        doctor_skip(doctor, "%s is not made yet; run: wosync sync", doctor->config.store);
}

static void check_integrity(struct doctor *doctor)
{
    struct error e = {0};
    if (store_check(doctor->store, &e) != 0)
        report_error(doctor, &e);
}

static void check_log(struct doctor *doctor)
{
    struct buffer name = {0};
    struct stat st;
    store_log_path(doctor->config.store, &name);
    if (stat(name.data, &st) == 0 && st.st_size > LARGE_LOG)
        doctor_warn(doctor,
            "%s has %lld MB: some program keeps the store open for reading; find it: fuser -v %s", name.data,
            (long long)st.st_size >> 20, doctor->config.store);
    buffer_free(&name);
}

static void check_success(struct doctor *doctor)
{
    struct last_run last;
    struct run_end end;
    struct error e = {0};
    char age[TIMESTAMP_SIZE];
    if (counters_last_run(doctor->store, "sync", &last, &e) != 0) {
        report_error(doctor, &e);
        return;
    }
    if (last.ended == 0) {
        doctor_warn(doctor, "no sync has ended yet; run: wosync sync");
        return;
    }
    duration_format(last.success < clock_now() ? clock_now() - last.success : 0, age);
    int found = last.exit_status != EX_OK && last.exit_status != EX_DATAERR
                    ? runs_last_end(doctor->store, "sync", &end, &e)
                    : 0;
    if (found == 1) {
        doctor_warn(doctor, "the last sync ended with exit status %lld%s%s; run: wosync -v sync",
            (long long)last.exit_status, *end.message != '\0' ? ": " : "", end.message);
        free(end.message);
    }
    if (last.success == 0)
        doctor_warn(doctor, "no sync has ended well yet; run: wosync -v sync");
    else if (clock_now() - last.success > HOUR_MS)
        doctor_warn(doctor, "the last sync that ended well did so %s ago; run: wosync -v sync", age);
    else if (found != 1)
        doctor_ok(doctor, "the last sync that ended well did so %s ago", age);
}

static void check_windows(struct doctor *doctor)
{
    struct lateness lateness;
    struct error e = {0};
    const struct config *config = &doctor->config;
    int64_t widest = config->lookback;
    char needed[TIMESTAMP_SIZE], covered[TIMESTAMP_SIZE];
    if (lateness_load(doctor->store, LATENESS_POLL, &lateness, &e) != 0) {
        report_error(doctor, &e);
        return;
    }
    for (const struct config_window *window = config->late_windows; window != NULL && window->lookback != 0;
         window++)
        widest = window->lookback > widest ? window->lookback : widest;
    duration_format(lateness.overdue, needed);
    duration_format(widest, covered);
    if (lateness.overdue > widest)
        doctor_warn(doctor,
            "a change appeared %s late, and the widest window is %s; widen late_windows in [sync]", needed,
            covered);
    else
        doctor_ok(doctor, "the latest change appeared %s late; the widest window is %s", needed, covered);
}

/* In full, as it was understood: an age that was typed would mean another instant now. */
static void warn_of_backfill(struct doctor *doctor, const struct pass_state *state)
{
    char from[TIMESTAMP_SIZE], until[TIMESTAMP_SIZE];
    timestamp_format(state->window.from, from);
    timestamp_format(state->window.until, until);
    doctor_warn(doctor,
        "a backfill ended after page %lld; continue it with: wosync backfill --since %s --until %s%s",
        (long long)state->pages, from, until, state->window.silent ? " --silent" : "");
}

static void check_passes(struct doctor *doctor)
{
    static const char *const kinds[] = {"backfill", "reconcile"}; /* a sync goes on by itself */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct pass_state state;
        struct error e = {0};
        int unfinished = passes_load(doctor->store, kinds[i], &state, &e);
        if (unfinished < 0)
            report_error(doctor, &e);
        else if (unfinished == 1 && i == 0)
            warn_of_backfill(doctor, &state);
        else if (unfinished == 1)
            doctor_ok(doctor, "a sweep is at page %lld; each sync reads some of it", (long long)state.pages);
        pass_state_free(&state);
    }
}

static void check_quarantine(struct doctor *doctor)
{
    struct error e = {0};
    int64_t count = quarantine_count(doctor->store, &e);
    if (count < 0)
        report_error(doctor, &e);
    else if (count > 0)
        doctor_warn(doctor, "%lld record%s could not be understood; see: wosync status", (long long)count,
            count == 1 ? "" : "s");
}

static void check_sweep(struct doctor *doctor)
{
    struct error e = {0};
    int64_t finished;
    char age[TIMESTAMP_SIZE];
    if (passes_last_finished(doctor->store, "reconcile", &finished, &e) != 0) {
        report_error(doctor, &e);
        return;
    }
    duration_format(finished != TIMESTAMP_NONE && finished < clock_now() ? clock_now() - finished : 0, age);
    if (finished == TIMESTAMP_NONE)
        doctor_warn(doctor, "everything was never read; run: wosync reconcile");
    else if (doctor->config.sweep > 0 && clock_now() - finished > 2 * doctor->config.sweep)
        doctor_warn(doctor,
            "everything was last read %s ago, twice as long as sweep says; run: wosync reconcile", age);
    else if (doctor->config.sweep == 0)
        doctor_warn(doctor,
            "sweep = 0: deletions are found by wosync reconcile alone, which last ran %s ago; put it into a "
            "timer, or set sweep in [sync]",
            age);
    else
        doctor_ok(doctor, "everything was last read %s ago", age);
}

const struct doctor_check doctor_store[] = {
    {"schema", "the store can be opened and is of this version", NULL, false, check_schema},
    {"integrity", "SQLite finds nothing wrong with the file", "schema", false, check_integrity},
    {"log", "SQLite's log is short", "schema", false, check_log},
    {"success", "a sync has ended well within the hour", "schema", false, check_success},
    {"windows", "the lookbacks cover how late changes appear", "schema", false, check_windows},
    {"passes", "no backfill is unfinished", "schema", false, check_passes},
    {"quarantine", "every record was understood", "schema", false, check_quarantine},
    {"sweep", "everything was read as often as sweep says", "schema", false, check_sweep},
    {NULL, NULL, NULL, false, NULL},
};
