/*
 * counters: what the metrics count. It lies in tables of its own, so that retention never makes one fall.
 *
 * What is exact after a kill -9 or a power cut:
 *
 *   exact        events, deliveries and attempts, delays, received webhooks: triggers and statements count
 *                them in the transaction that does the work, so neither is there without the other
 *   nearly       records: in the transaction of the page, but that of a page with nothing new is written with
 *                the next page that has some, or at the run's end
 *   at the end   runs, requests by HTTP status, missed webhooks, work orders by status: a run that is killed
 *                is not counted as a run, nor are its requests
 *
 * Nothing is ever counted twice.
 */
#ifndef WOSYNC_STORE_COUNTERS_H
#define WOSYNC_STORE_COUNTERS_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* Adds to a counter; in a transaction of the caller. Returns 0, or -1 when the store failed. */
int counters_add(struct store *store, const char *name, const char *first, int64_t more, struct error *e);

/* The value of a counter, 0 where nothing was counted; -1 when the store failed. */
int64_t counters_get(struct store *store, const char *name, const char *first, struct error *e);

/* Calls `each` for every value of a counter, in the order of its labels; texts are borrowed during the call.
 * Returns 0, or -1 when the store failed. */
int counters_list(struct store *store, const char *name,
    void (*each)(const char *first, const char *second, int64_t value, void *context), void *context,
    struct error *e);

/* How a kind of run went last. Milliseconds, by our clock. */
struct last_run {
    int64_t began; /* 0: none has ended */
    int64_t ended;
    int64_t exit_status;
    int64_t success; /* when one last ended with exit status 0 or 65; 0: none has */
};

/* Reads it; zeroed when none has ended. Returns 0 or -1. */
int counters_last_run(struct store *store, const char *kind, struct last_run *out, struct error *e);

/* Delays are counted up to this many milliseconds, in steps; the last has no end (INT64_MAX). */
enum { DELAY_STEPS = 13 };
struct delays {
    int64_t up_to[DELAY_STEPS];
    int64_t count[DELAY_STEPS]; /* in this step alone */
    int64_t total;              /* the sum of all delays */
};

/* Reads a histogram: `what` visible with a channel, or delivered with a handler's number. Returns 0 or -1. */
int counters_delays(
    struct store *store, const char *what, const char *label, struct delays *out, struct error *e);

/* Counts changes that a poll found a minute and more ago and that no webhook had named by now, each once; in
 * a transaction of the caller. */
int counters_count_missed(struct store *store, int64_t now, struct error *e);

/* Counts the work orders by status anew. It reads every document, so it does so only where something has
 * changed, or an hour ago at the earliest, and never for more than a three-hundredth of the time; it locks
 * nobody out while it reads, and a signal ends it, with the old counts kept. Returns 0 or -1.
 */
int counters_count_statuses(struct store *store, int64_t now, struct error *e);

/* Calls `each` for every status that was counted. Returns 0 or -1. */
int counters_statuses(struct store *store, void (*each)(const char *status, int64_t count, void *context),
    void *context, struct error *e);

#endif
