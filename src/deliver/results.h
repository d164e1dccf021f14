/*
 * results: how attempts ended, gathered and written together, so that a quick receiver does not wait for the
 * disk each time. What a crash loses of them is delivered again, with the same id.
 */
#ifndef WOSYNC_DELIVER_RESULTS_H
#define WOSYNC_DELIVER_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "handlers/handler.h"
#include "store/deliveries.h"
#include "store/runs.h"

struct store;

enum result_state { RESULT_DONE, RESULT_RETRY, RESULT_DEAD };

struct result {
    int64_t seq;
    enum result_state state;
    int64_t wait; /* of RESULT_RETRY: milliseconds until the next attempt */
    char error[sizeof((struct delivery_result *)0)->error];
};

/* Those of one handler. Zeroed: none. */
struct results {
    struct result *list;
    size_t count;
    size_t capacity;
    int64_t since; /* when the first was added, by the monotonic clock */
};

/* How many are written together at the most, and how long the first of them waits, in milliseconds. */
enum { RESULTS_AT_ONCE = 1024, RESULTS_WAIT_MS = 100 };

/* Adds how an attempt at a delivery ended (DONE, LATER or DEAD), and says what that means for it. */
enum result_state results_add(
    struct results *results, const struct delivery *delivery, const struct delivery_result *result);

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
