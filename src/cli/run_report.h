/*
 * run_report: reports how a run went: the metrics' textfile, and the service that is pinged.
 */
#ifndef WOSYNC_CLI_RUN_REPORT_H
#define WOSYNC_CLI_RUN_REPORT_H

#include "base/error.h"
#include "cli/run_context.h"

struct client;

/* Begins to keep what the run prints. */
void run_report_begin(struct run_context *context);

/* Pings that the run starts, where that is configured; the configuration was read, right or wrong. */
void run_report_start(struct run_context *context);

/* Counts a client's requests. */
void run_report_count(struct run_context *context, const struct client *api);

/* Adds what was counted to the counters of the store; in a transaction of the caller. Returns 0 or -1. */
int run_report_save(struct run_context *context, struct error *e);

/* Writes the textfile, where one is configured; the run's record was stored, if it leaves one. */
void run_report_metrics(struct run_context *context);

/* Pings how the run ended, and forgets what it printed. The store is closed. */
void run_report_end(struct run_context *context, int status);

#endif
