/*
 * summary: one message for everything that is due, for handlers that must not flood anyone: the deliveries
 * are pushed to the type some at a time, and so is what became of them written. However many they are, it
 * takes the memory of a few: of each one its number is kept, in a byte or two.
 */
#ifndef WOSYNC_DELIVER_SUMMARY_H
#define WOSYNC_DELIVER_SUMMARY_H

#include <stdint.h>

#include "base/error.h"
#include "deliver/results.h"
#include "deliver/seq_list.h"
#include "handlers/handler.h"

struct store;

/* Zeroed: there is none. */
struct summary {
    struct seq_list members;
    int64_t after; /* how far it was read */
    struct seq_list_place noted;
    bool sent; /* and what became of it is to be written: */
    struct delivery_result result;
};

/* What to read: as in deliveries_due. */
struct summary_query {
    struct store *store;
    int64_t handler;
    int64_t now, latest;
};

/* Is so much due in a run that one message must do? `due`: deliveries; `sent`: those that the run has sent
 * one by one; `above`: as in handler_limits. */
bool summary_is_due(int64_t due, int64_t sent, size_t above);

/* Pushes events of these numbers, in the order of the log, to the type, behind those that were pushed before:
 * the first begins a new summary. Returns 0, or -1 when the store failed. */
int summary_push_some(struct summary *summary, struct store *store, const int64_t *seqs, size_t count,
    const struct handler_driver *driver, void *state, struct error *e);

/* Pushes the next deliveries to the type. Returns 1 while there are more, 0 when there are none, -1 when the
 * store failed. */
int summary_push(struct summary *summary, const struct summary_query *query,
    const struct handler_driver *driver, void *state, struct error *e);

/* Adds what became of the next members to the results. Returns 1 while there are more, 0 when there are none,
 * -1 when the store failed. *dead counts those that are given up. */
int summary_note(struct summary *summary, const struct summary_query *query, struct results *results,
    int64_t *dead, struct error *e);

/* Frees what the struct owns and zeroes it. */
void summary_free(struct summary *summary);

#endif
