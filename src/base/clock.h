/*
 * clock: the only place that asks what time it is, or lets it go by. Tests and the simulator link another
 * clock.c.
 */
#ifndef WOSYNC_BASE_CLOCK_H
#define WOSYNC_BASE_CLOCK_H

#include <stdint.h>

/* The wall clock, in milliseconds since 1970-01-01T00:00:00Z. It may jump. */
int64_t clock_now(void);

/* A clock that only goes forward, in milliseconds since some moment in the past: for time-outs, deadlines and
 * durations. */
int64_t clock_monotonic(void);

/* Sleeps for so many microseconds, or until a signal comes. For waits that no descriptor can end; all others
 * go through shutdown_wait. */
void clock_sleep(int64_t microseconds);

#endif
