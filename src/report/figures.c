#include "report/figures.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/timestamp.h"

#define HOUR_MS INT64_C(3600000)

const int64_t figures_late_steps[FIGURES_LATE_STEPS - 1] = {
    5000, 60000, 5 * 60000, 10 * 60000, HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS};
const char *const figures_late_names[FIGURES_LATE_STEPS] = {
    "5 seconds", "1 minute", "5 minutes", "10 minutes", "1 hour", "6 hours", "1 day", "more than 1 day"};

bool figures_is_success(int64_t exit_status)
{
    return exit_status == EX_OK || exit_status == EX_DATAERR || exit_status == EX_TEMPFAIL;
}

static enum figures_cell *cell_at(struct figures *report, int64_t ms)
{
    size_t day = spans_find(&report->run_days, ms);
    if (day >= report->run_days.count)
        return NULL;
    size_t hour = (size_t)((ms - report->run_days.starts[day]) / HOUR_MS);
    return hour < FIGURES_HOURS ? &report->cells[day][hour] : NULL;
}

void figures_note_run(struct figures *report, int64_t began, int64_t until, bool success)
{
    const int64_t first = report->run_days.starts[0];
    report->run_count++;
    report->failed_runs += !success;
    for (int64_t ms = began > first ? began : first; ms <= until;) {
        enum figures_cell *cell = cell_at(report, ms);
        if (cell == NULL)
            return;
        if (*cell != CELL_FAILURE)
            *cell = success ? CELL_SUCCESS : CELL_FAILURE;
        /* the beginning of the next hour: days begin with one */
        int64_t day = report->run_days.starts[spans_find(&report->run_days, ms)];
        ms += HOUR_MS - (ms - day) % HOUR_MS;
    }
}

void figures_note_gaps(struct figures *report, int64_t now)
{
    if (report->first_run == TIMESTAMP_NONE)
        return;
    for (size_t day = 0; day < report->run_days.count; day++)
        for (int64_t ms = report->run_days.starts[day]; ms < report->run_days.starts[day + 1] && ms <= now;
             ms += HOUR_MS) {
            enum figures_cell *cell = cell_at(report, ms);
            if (cell != NULL && *cell == CELL_NOTHING && ms > report->first_run)
                *cell = CELL_GAP;
        }
}

size_t figures_late_step(int64_t ms)
{
    size_t step = 0;
    while (step < FIGURES_LATE_STEPS - 1 && ms > figures_late_steps[step])
        step++;
    return step;
}

void figures_end(struct figures *report)
{
    for (size_t i = 0; i < report->handler_count; i++) {
        values_sort(&report->handlers[i].all_delays);
        for (size_t day = 0; day < report->days.count; day++)
            values_sort(&report->handlers[i].delays[day]);
    }
}

static void free_handler(struct figures_handler *handler, size_t days)
{
    for (size_t day = 0; day < days; day++)
        values_free(&handler->delays[day]);
    values_free(&handler->all_delays);
    free(handler->delays);
    free(handler->name);
    free(handler->type);
    free(handler->last_error);
}

void figures_free(struct figures *report)
{
    for (size_t i = 0; i < report->handler_count; i++)
        free_handler(&report->handlers[i], report->days.count);
    free(report->handlers);
    for (size_t i = 0; i < TALLY_URGENT; i++) {
        free(report->urgent[i].title);
        free(report->urgent[i].asset);
        free(report->urgent[i].assignees);
    }
    free(report->location);
    free(report->days.starts);
    free(report->run_days.starts);
    tally_free(&report->tally);
    *report = (struct figures){0};
}
