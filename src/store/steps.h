/*
 * steps: the status changes that notifications name, until they are emitted.
 */
#ifndef WOSYNC_STORE_STEPS_H
#define WOSYNC_STORE_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/status_steps.h"

struct store;

/* The most steps of one work order that are looked at together: more than that in a row is no use of it. */
enum { STEPS_MAX = 256 };

/* Stores a step, once, in a transaction of the caller. Returns 0 or -1. */
int steps_add(struct store *store, int64_t work_order, const struct status_step *step, int64_t received,
    struct error *e);

/* Reads the steps of a work order, in the order in which they happened, into *out (an array to be freed by
 * the caller, NULL where there are none). Returns how many, or -1. */
int steps_load(struct store *store, int64_t work_order, struct status_step **out, struct error *e);

/* Is there a step of any work order? 1, 0 or -1. */
int steps_any(struct store *store, struct error *e);

/* Forgets the steps of a work order that happened at `until` or before. */
int steps_drop(struct store *store, int64_t work_order, int64_t until, struct error *e);

#endif
