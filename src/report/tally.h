/*
 * tally: the numbers of the report about work orders, counted in one pass over the records. Pure.
 *
 *     tally_begin(&tally, &period);
 *     tally_add(&tally, ...) for every work order of the store
 *     tally_end(&tally);
 *
 * What the numbers mean stands on the page itself (page_words.c).
 */
#ifndef WOSYNC_REPORT_TALLY_H
#define WOSYNC_REPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/places.h"
#include "report/record.h"
#include "report/values.h"

/* Neighbouring spans of time: the i-th one is from starts[i] to before starts[i + 1]. */
struct spans {
    int64_t *starts; /* owned; count + 1 of them */
    size_t count;
};

/* Which one an instant lies in, or spans->count when it lies in none. */
size_t spans_find(const struct spans *spans, int64_t ms);

/* What is counted. */
struct period {
    int64_t since, now;     /* milliseconds; the period before is as long */
    struct spans weeks;     /* the first holds `since`, the last `now` */
    struct spans months;    /* likewise */
    char *const *completed; /* statuses, as for record_read */
    int64_t location;       /* only work orders there; 0: all */
};

/* So many that were done by their due date, of so many. */
struct share {
    int64_t met, of;
};

/* One of two periods of the same length. */
struct tally_period {
    struct share preventive, all;               /* on time */
    struct values durations;                    /* of what was completed in it; milliseconds */
    struct values by_priority[WORK_PRIORITIES]; /* the same; only of the period of the report */
};

struct tally_week {
    int64_t created, completed;
    int64_t open[WORK_PRIORITIES]; /* at its end, or now */
};

struct tally_month {
    struct share preventive, all;
    int64_t completed[WORK_TYPES];
};

/* Ages of what is open: less than 1, 2, 4, 13, 26, 52 weeks, and more. */
enum { TALLY_AGES = 7 };
extern const int tally_age_weeks[TALLY_AGES - 1];

enum { TALLY_STATUSES = 16, TALLY_TOP = 10, TALLY_URGENT = 20, TALLY_RATE_WEEKS = 12 };

/* A status, and how it is counted; the last one stands for all that found no room. */
struct tally_status {
    char name[RECORD_STATUS_SIZE];
    enum work_state state;
    int64_t count;
};

/* Open, and its due date is over. */
struct tally_urgent {
    int64_t id;
    enum work_priority priority;
    int64_t due;
};

struct tally {
    struct period period; /* borrowed */
    int64_t counted;      /* work orders in the numbers */
    int64_t deleted, elsewhere,
        unreadable;    /* left out: deleted; at another location; without a creation date that can be read */
    int64_t bad_dates; /* with a date that cannot be read, which counts as absent */
    int64_t backwards; /* completed in the period, and before it was created: without a duration */
    int64_t undated; /* done without a date of completion: when it was closed is taken from its last update */
    int64_t first_created; /* TIMESTAMP_NONE: there is none */
    struct tally_status statuses[TALLY_STATUSES];
    size_t status_count;

    int64_t open, open_before; /* now; at the beginning of the period */
    int64_t open_by[WORK_PRIORITIES];
    int64_t overdue, overdue_before;
    int64_t completed_lately; /* in the last TALLY_RATE_WEEKS weeks */
    int64_t open_without_due;
    int64_t ages[TALLY_AGES];

    struct tally_period this, before;
    struct tally_week *weeks;   /* owned; period.weeks.count */
    struct tally_month *months; /* owned */
    struct places assets, locations;
    size_t top_assets, top_locations; /* how many of them are in front */
    struct tally_urgent urgent[TALLY_URGENT];
    size_t urgent_count;
};

/* A work order as the store has it. */
struct tally_row {
    int64_t id;
    int64_t closed; /* when it got its status, at the latest */
    bool deleted;
    const char *json;
    size_t len;
};

/* Begins; `period` must outlive the tally. */
void tally_begin(struct tally *tally, const struct period *period);

/* Counts a work order. */
void tally_add(struct tally *tally, const struct tally_row *row);

/* Sums up, sorts, ranks. */
void tally_end(struct tally *tally);

/* Open work by the mean completed per week of the last TALLY_RATE_WEEKS; negative where that cannot be said:
 * nothing was completed, or the first work order is younger than that. */
double tally_weeks_of_work(const struct tally *tally);

/* In percent; negative without any. */
double share_percent(const struct share *share);

/* Frees everything and zeroes the struct. */
void tally_free(struct tally *tally);

#endif
