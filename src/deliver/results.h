/*
 * results: how tries ended, gathered and written together, so that a quick receiver does not wait for the
 * disk each time. What a crash loses of them is delivered again, with the same id.
 */
#ifndef WOSYNC_DELIVER_RESULTS_H
#define WOSYNC_DELIVER_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "handlers/handler.h"
#include "store/runs.h"

struct store;

struct result {
    int64_t seq;
    int attempts; /* that had failed before */
    struct delivery_result result;
};

/* Those of one handler. Zeroed: none. */
struct results {
    struct result *list;
    size_t count;
    size_t capacity;
    int64_t since; /* when the first was added, by the monotonic clock */
};

/* Adds one. */
void results_add(struct results *results, int64_t seq, int attempts, const struct delivery_result *result);

/* True when it is time to write them: there are many, or the first waits too long. */
bool results_are_due(const struct results *results);

/*
 * Writes them in one transaction and forgets them; what was done and what became dead is counted in `run`.
 * `latest`: the latest that the clock has shown in this run; it is brought up to date. What is written is
 * never older, even when the clock goes back, so that nothing is tried twice in a run. Returns 0, or -1: then
 * nothing is written and all will be tried again.
 */
int results_write(struct results *results, struct store *store, int64_t handler, int64_t *latest,
    struct run *run, struct error *e);

/* Frees what the struct owns and zeroes it. */
void results_free(struct results *results);

#endif
