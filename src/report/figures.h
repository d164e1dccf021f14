/*
 * figures: everything that the page and the JSON of `wosync report` say. Pure structs; cli/report_gather.c
 * fills them.
 */
#ifndef WOSYNC_REPORT_FIGURES_H
#define WOSYNC_REPORT_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/tally.h"

/* One of the most urgent overdue work orders, for people. Texts are owned; NULL: there is none. */
struct figures_urgent {
    char *title, *asset;
    char *assignees; /* names, or `User 7` where none is known */
};

/* A handler. Texts are owned, NULL where there is none. Dates are milliseconds, TIMESTAMP_NONE where there is
 * none. */
struct figures_handler {
    int64_t handler; /* its number in the store */
    char *name, *type;
    bool removed;
    int64_t delivered, pending, dead;
    int64_t oldest_pending, last_success;
    char *last_error;
    struct values *delays; /* owned: of each day; milliseconds */
    struct values all_delays;
};

/* An hour of the last days. */
enum figures_cell {
    CELL_NOTHING, /* before the first run, or not begun yet */
    CELL_GAP,
    CELL_SUCCESS,
    CELL_FAILURE
};

enum { FIGURES_RUN_DAYS = 14, FIGURES_HOURS = 25, FIGURES_LATE_STEPS = 8 };

/* Upper ends of the steps of lateness in milliseconds; the last step has none. */
extern const int64_t figures_late_steps[FIGURES_LATE_STEPS - 1];
extern const char *const figures_late_names[FIGURES_LATE_STEPS];

/* The webhooks, as store/webhook_stats.h has them. */
struct figures_webhooks {
    bool used;
    int64_t last; /* TIMESTAMP_NONE: none came */
    int64_t received, duplicate, refused, given_up;
    int64_t polled; /* changes that a poll found first */
    int64_t missed; /* of them, those that no webhook has named since */
};

struct figures {
    struct tally tally;
    const char *version;
    const char *organization; /* borrowed; "" without one */
    char *location;           /* owned; the name of the location that was asked for, NULL: all */
    int64_t last_pass;        /* when polling last read the list to its end; TIMESTAMP_NONE: never */
    int64_t first_run;        /* that is still known */
    double target_preventive, target_all; /* percent; 0: none */
    struct figures_urgent urgent[TALLY_URGENT];

    struct spans days;                /* of the period */
    struct figures_handler *handlers; /* owned */
    size_t handler_count;

    struct spans run_days;
    enum figures_cell cells[FIGURES_RUN_DAYS][FIGURES_HOURS];
    int64_t run_count, failed_runs; /* in those days */

    int64_t late[2][FIGURES_LATE_STEPS]; /* changes by how late they were seen: by polling, by webhook */
    int64_t late_needed;                 /* the lookback that would have seen all of them, milliseconds */
    int64_t lookback;                    /* as configured */
    struct figures_webhooks webhooks;
};

/* Did a run end well, by its exit status? So do those that end with "try again later". */
bool figures_is_success(int64_t exit_status);

/* Notes a run in the hours in which it was at work; `until`: now, where it has not ended. A failure outweighs
 * successes. */
void figures_note_run(struct figures *report, int64_t began, int64_t until, bool success);

/* Makes gaps of the hours between the first known run and now in which none was at work. */
void figures_note_gaps(struct figures *report, int64_t now);

/* Which step so much lateness falls in. */
size_t figures_late_step(int64_t ms);

/* Sorts the delays. */
void figures_end(struct figures *report);

/* Frees everything that the report owns, the tally too, and zeroes it. */
void figures_free(struct figures *report);

#endif
