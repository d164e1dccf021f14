/*
 * pass: one incremental reading of the list, page by page, resumable (rules R1 and R2).
 */
#ifndef WOSYNC_SOURCES_PASS_H
#define WOSYNC_SOURCES_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sources/intake.h"

struct maintainx;
struct store;

/* Everything is borrowed. */
struct pass_settings {
    struct store *store;
    struct maintainx *api;
    const char *base_url;          /* whose work orders these are */
    const char *organization;      /* "" without one */
    const char *filter;            /* auto, or a spelling that is not to be doubted */
    int page_size;
    int64_t lookback;              /* milliseconds */
    int64_t start;                 /* the horizon of a new store: CONFIG_START_*, or an instant */
    const char *const *completed;  /* as in diff_rules */
    const char *const *ignored;
    struct run *run;               /* counts what was done; stored with every page */
    bool dry_run;                  /* every page is rolled back */
    intake_listener *listener;     /* hears of every event */
    void *listener_data;
};

enum pass_end {
    PASS_FINISHED,
    PASS_STOPPED, /* the deadline passed or a signal came; the next run goes on here. The error is filled for a
                     signal (EXIT_TRY_LATER) and empty for the deadline */
    PASS_FAILED   /* the error is filled; what was committed stays, the next run goes on here */
};

/*
 * Reads what changed since the last finished pass, or goes on with an unfinished one. Each page is one transaction:
 * snapshots, events, the cursor of the next page, the run's counters; watermark and S move in the one that ends the pass.
 */
enum pass_end pass_sync(const struct pass_settings *settings, struct error *e);

#endif
