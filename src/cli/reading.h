/*
 * reading: what a run reads from MaintainX in one turn: the list, the work orders that are to be asked for by
 * their ids, the proofs of deletions, and a slice of a sweep that is due.
 */
#ifndef WOSYNC_CLI_READING_H
#define WOSYNC_CLI_READING_H

#include <stdbool.h>

#include "cli/run_context.h"

/* A handful: so many work orders that are to be asked for by their ids are asked for one by one; where there
 * are more, the list is read first, for it may show them all in a few requests. */
enum { READING_HANDFUL = 5 };

/* What is too short for a turn of reading, in milliseconds. */
enum { READING_SHORTEST_TURN_MS = 1000 };

struct reading_options {
    bool dry_run;
    bool fallback; /* the list only when webhooks are silent */
};

/* A turn of reading, with LOCK_POLL held. The list comes first, whatever else waits, and what fails in one
 * part keeps no other part from its turn. Errors are reported. Returns true when there is more of the list to
 * read. */
bool reading_turn(struct run_context *context, const struct reading_options *options);

/* What a web server's process does at once, in a few seconds: the work orders that were notified, by the list
 * where there are many. Takes the locks that it needs. Returns true when nothing is due any more. */
bool reading_notified(struct run_context *context);

#endif
