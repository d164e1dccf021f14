/*
 * fallback: for `sync --fallback`: whether a poll is called for beside webhooks.
 */
#ifndef WOSYNC_CLI_FALLBACK_H
#define WOSYNC_CLI_FALLBACK_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/run_context.h"

/* Is a poll called for now? `many`: more work orders are to be asked for by their ids than a list takes
 * requests. Says with -v why, or why not. False with the error filled when the store failed. */
bool fallback_calls_for_poll(struct run_context *context, bool many, struct error *e);

#endif
