/*
 * diff_steps: the status changes between two looks at a work order, one by one, where notifications have
 * named them (R5, exact steps). Pure. For diff.c.
 */
#ifndef WOSYNC_CORE_DIFF_STEPS_H
#define WOSYNC_CORE_DIFF_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/diff.h"

/* What the rows of R5 go by. */
struct looking {
    const struct diff_rules *rules;
    const struct diff_snapshot *old; /* NULL: the work order is new to us */
    const struct diff_observation *now;
    const struct workorder *wo; /* what it is from now on */
    struct diff *out;
};

/* True when a step of the diff completes the work order. */
bool diff_has_completed(const struct diff *out);

/*
 * From the status `from`, which is known since `after`, to the one that is seen: step by step, as far as the
 * notified steps lead; the rest waits for more of them, or is one change, with the record's own date. Returns
 * whether all of it was emitted.
 */
bool diff_emit_steps(const struct looking *l, const char *from, int64_t after);

/* The steps since a work order that is new to us was created, where they lead to what is seen; there is one
 * at least. */
void diff_emit_first_steps(const struct looking *l);

#endif
