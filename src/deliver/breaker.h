/*
 * breaker: saves a receiver that fails from being asked for everything that waits, and keeps some work orders
 * that always fail from holding back the others.
 *
 * After some failures in a row it doubts: what comes next is chosen at random among all that is due, a few
 * probes at a time. One success ends the doubt, wherever it lay. When all probes fail, too, or the failures
 * have lasted too long, it is open: the handler is left alone for the rest of the run.
 */
#ifndef WOSYNC_DELIVER_BREAKER_H
#define WOSYNC_DELIVER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* Failures in a row that are cause for doubt; probes; and how long failing may last, in milliseconds. */
enum { BREAKER_DOUBT = 5, BREAKER_PROBES = 10, BREAKER_LONGEST_MS = 60000 };

/* Zeroed: all is well. */
struct breaker {
    int failures;  /* in a row */
    int probes;    /* under way */
    int failed;    /* probes that have failed */
    int64_t since; /* the first failure, by the monotonic clock */
};

/* Must the next delivery be a probe? */
bool breaker_doubts(const struct breaker *breaker);

/* May something be started now? A probe waits for those that are under way when these may be the last. */
bool breaker_allows(const struct breaker *breaker);

/* A probe is started. */
void breaker_probe(struct breaker *breaker);

/* A job has ended: the receiver answered, or it failed. `probe`: it was one. */
void breaker_note(struct breaker *breaker, bool answered, bool probe);

/* Is the handler to be left alone? */
bool breaker_is_open(const struct breaker *breaker);

#endif
