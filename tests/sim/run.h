/*
 * run: one run of the program: a command with its options, what befalls it, and everything that can be said
 * of it when it has ended.
 */
#ifndef WOSYNC_SIM_RUN_H
#define WOSYNC_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "history.h"
#include "hooks.h"
#include "machine.h"

/* Where the configuration and the store are, in the current directory. */
#define RUN_CONFIG "wosync.conf"
#define RUN_STORE  "wosync.db"
#define RUN_BODY   "body.json"

struct run_options {
    enum step_kind kind;
    struct trouble trouble;
    int64_t max_time; /* 0: none */
    bool no_dispatch, dry, fallback;
    int64_t from, until; /* of a backfill, by the wall clock */
    bool silent;
    const struct api_subscription *hook; /* of STEP_HOOK */
};

/* For a new machine. */
void run_reset(const struct history *history);

/* Whether anything goes wrong with the API from here on. */
void run_in_trouble(bool trouble);

/* How often the run that ended last asked for the list, and when it did so first and last (true times). */
int64_t run_last_lists(void);
int64_t run_first_poll(void);
int64_t run_last_poll(void);

/* How many processes have run since the program began. */
int64_t run_count(void);

/* Runs it, looks at what came of it, and returns its exit status; -1 when it was killed. */
int run(const struct run_options *options);

/* Runs it beside one that is at work. Returns as run. */
int run_beside(const struct run_options *options);

#endif
