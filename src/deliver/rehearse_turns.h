/*
 * rehearse_turns: which events the engine would have had before it at once. A handler whose type makes
 * summaries is given what is due in a run, so it matters which events one run delivered. Deliveries tell it
 * of a handler that was there; for any other, the runs do:
 *
 *   sync       |--------|             |-----|            what is observed while a run is at work is delivered
 *   backfill        |------------------------------|     by the run that ends next; what is observed while
 *   events       a  b  c    d     e      f        g   h   none is, by the webhook that brought it, at once
 *   together    [a  b  c]  [d     e      f]      [g] [h]
 */
#ifndef WOSYNC_DELIVER_REHEARSE_TURNS_H
#define WOSYNC_DELIVER_REHEARSE_TURNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;

struct rehearse_run {
    int64_t began;
    int64_t ended;
    int64_t first_began; /* of this run and of those that ended after it */
};

/* Zeroed: there was no run. */
struct rehearse_turns {
    struct rehearse_run *runs; /* by when they ended */
    size_t count;
    size_t capacity;
    int64_t until; /* when the turn ended that was given last */
};

/* Reads the runs that had not ended at `since`. One that was killed delivered nothing more: the run that
 * began next ends its turn. Returns 0, or -1 when the store failed. Free with rehearse_turns_free. */
int rehearse_turns_read(struct rehearse_turns *turns, struct store *store, int64_t since, struct error *e);

/* The end of the turn in which an event is delivered that was observed at `moment`. Events are asked for in
 * the order of the log: none goes back to an earlier turn. */
int64_t rehearse_turns_find(struct rehearse_turns *turns, int64_t moment);

/* Frees what the struct owns and zeroes it. */
void rehearse_turns_free(struct rehearse_turns *turns);

#endif
