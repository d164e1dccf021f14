/*
 * status_steps: which of the notified status changes lead from what is known of a work order to what it is
 * now (rule R5, exact steps). Pure.
 */
#ifndef WOSYNC_CORE_STATUS_STEPS_H
#define WOSYNC_CORE_STATUS_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "core/workorder.h"

/* A status change as a notification names it. */
struct status_step {
    int64_t occurred; /* milliseconds */
    int64_t actor;    /* the id of the user who did it; 0: not known, or the system */
    char from[WORKORDER_MAX_STATUS + 1];
    char to[WORKORDER_MAX_STATUS + 1];
};

/* How far the steps lead. Indices count the steps that are used, from the first one on. */
struct status_chain {
    size_t *used;    /* the indices of the steps that follow each other without a gap; owned */
    size_t count;    /* how many of `used` */
    size_t arriving; /* how many of them, at most, end at the status that is seen now; 0 where none does */
    size_t relevant; /* how many steps happened after `after` at all */
};

/*
 * Finds the steps that lead on from the status `from`. `steps` is in the order in which they happened; those
 * that happened at `after` or before are part of what is known already and are passed over, and so are those
 * in front of the first that begins at `from`. `to` is the status seen now. Fills *out, to be freed with
 * status_chain_free.
 */
void status_chain_find(const struct status_step *steps, size_t count, const char *from, const char *to,
    int64_t after, struct status_chain *out);

/* Frees what the chain owns and zeroes it. */
void status_chain_free(struct status_chain *chain);

#endif
