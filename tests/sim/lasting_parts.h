/*
 * lasting_parts: what the faults of lasting.c have in common: how time goes on, and what must hold.
 */
#ifndef WOSYNC_SIM_LASTING_PARTS_H
#define WOSYNC_SIM_LASTING_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lasting.h"

/* A list is made longer only where there are no more work orders than this. */
enum { LASTING_MOST_PLANT = 120 };

/* A sync; max_time 0: without a limit. */
void lasting_run_sync(bool deliver, int64_t max_time);

/* Time passes until everything can be seen that has happened. */
void lasting_settle(const struct history *h);

/* That many new work orders, which can be seen. */
void lasting_create(const struct history *h, int count);

/* Changes of one work order, each seen by a poll of its own, and none delivered. */
void lasting_make_chain(const struct history *h);

/* The last run has read the list, whatever else fails. */
void lasting_check_list(void);

/* As many runs as it may take where each of them waits for the rate limit. */
void lasting_run_slowly(void);

/* After two runs everything is done that is not behind the fault; `mended`: everything. */
void lasting_check_two_runs(const struct history *h, bool mended);

/* Some runs in a row, with a limit: between two polls lies no more than that and `request`, the longest that
 * one request takes (milliseconds). */
void lasting_check_polls(int64_t request);

/* No delivery from try `first` on went out later than `longest` after `began` (milliseconds). */
void lasting_check_tries(int first, int64_t began, int64_t longest);

#endif
