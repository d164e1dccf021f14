/*
 * splay: runs of many accounts that one schedule starts at the same moment are spread over a time. Each waits
 * as long as the path of its store says, which is the same in every run.
 */
#ifndef WOSYNC_CLI_SPLAY_H
#define WOSYNC_CLI_SPLAY_H

#include <stdint.h>

#include "cli/cli.h"

/* How long the run on this store waits, in milliseconds: 0 to `splay` - 1. */
int64_t splay_of(const char *store, int64_t splay);

/* Waits that long, before anything else is done. Does not wait where the configuration is wrong, so that the
 * command reports it at once. Returns EX_OK, or EX_TEMPFAIL when a signal ended the wait. */
int splay_wait(const struct cli *cli);

#endif
