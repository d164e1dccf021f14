/*
 * long_read: what backfill and reconcile share. Each reads a list for long, under the lock of its kind, and
 * then delivers.
 */
#ifndef WOSYNC_CLI_LONG_READ_H
#define WOSYNC_CLI_LONG_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/run_context.h"

struct long_read_options {
    bool no_dispatch;
    int64_t max_time; /* milliseconds; 0: no limit */
    int64_t wait;     /* milliseconds to wait for another run of the kind */
};

/*
 * A whole run of the command `kind`: opens the context, takes the lock, has `read` read with `context` (what
 * fails is reported into the run), and then delivers, unless another run does or the options say not to. With
 * a time limit delivering has a share of it that reading cannot take. Returns the exit status.
 */
int long_read_run(const struct cli *cli, const char *kind, enum lock_kind lock,
    const struct long_read_options *options, void (*read)(struct run_context *run, const void *context),
    const void *context);

/* Prints in a line on stdout what the run has read and emitted so far, and whether it is finished. */
void long_read_print(const struct run_context *context, const char *kind, enum pass_result end);

/* The same line for -v, where stdout has nothing to say. */
void long_read_log(const struct run_context *context, const char *kind, enum pass_result end);

#endif
