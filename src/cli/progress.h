/*
 * progress: how far long work has come: a bar on a terminal, redrawn in place and gone at the end; nothing in
 * a pipe; and the state on SIGUSR1 in either case.
 */
#ifndef WOSYNC_CLI_PROGRESS_H
#define WOSYNC_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct run;

struct progress {
    const char *what;      /* backfill, reconcile */
    const struct run *run; /* its counters, borrowed */
    int64_t before;        /* records that earlier runs of the same pass have read */
    int64_t expected;      /* records in all, as far as is known; 0: not known */
    bool on_terminal;
    int64_t began; /* monotonic */
    int64_t drawn; /* monotonic; 0: nothing is on the terminal */
};

/* Begins; looks whether stderr is a terminal, and makes SIGUSR1 print the state. */
void progress_begin(struct progress *progress);

/* Draws the bar anew, ten times a second at the most, sized to the window; not in the first half second. Does
 * nothing without a terminal. */
void progress_draw(struct progress *progress);

/* Wipes the bar away and ends the meaning of SIGUSR1. */
void progress_end(struct progress *progress);

#endif
