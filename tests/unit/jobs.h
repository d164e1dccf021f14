/*
 * jobs: what a run does with a store and the plant.
 */
#ifndef WOSYNC_TESTS_JOBS_H
#define WOSYNC_TESTS_JOBS_H

#include "base/config.h"
#include "base/error.h"
#include "sources/pass.h"
#include "store/runs.h"

/* What differs from one run to the other. */
extern struct how {
    const char *filter, *base_url;
    const struct diff_window *window;
    int64_t start, max_deletes;
    bool dry_run, percent, names;
    bool impatient; /* what fails is not tried again */
    struct run run; /* as the last run left it */
} how;

/* A first run of `sync` with the usual configuration, at `now`. */
void usual(void);

struct job {
    struct client *api;
    struct config config;
    struct pass_settings settings;
};

/* Makes ready to do something else with the store, as `how` says; to be ended with end_job, or, without
 * names, by freeing the client. */
void begin_job(struct job *job, struct store *store);
void end_job(struct job *job);

/* One pass of each kind; the proofs of a sweep; hints; an audit; registrations. Each returns 0, or -1 when it
 * did not come to its end. */
int64_t do_poll(struct store *store, struct error *e);
int64_t do_sweep(struct store *store, struct error *e);
int64_t do_backfill(struct store *store, struct error *e);
int64_t do_prove(struct store *store, struct error *e);
int64_t do_refetches(struct store *store, struct error *e);
int64_t do_heal(struct store *store, struct error *e); /* an audit of everything, and what it finds */
int64_t do_watch(struct store *store, struct error *e);

#endif
