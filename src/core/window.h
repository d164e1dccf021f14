/*
 * window: where the next pass starts, and which instants a pass goes by (rule R1). Pure.
 */
#ifndef WOSYNC_CORE_WINDOW_H
#define WOSYNC_CORE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The lower bound of the next pass: min(watermark, started - lookback).
 *
 * The watermark alone (the vendor's recipe) loses what changes on pages already read; `started` alone trusts
 * a clock. With the minimum every update that becomes visible within `lookback` of its updatedAt is read, in
 * any page order and with changes during the pass.
 *
 * watermark: the largest updatedAt observed, TIMESTAMP_NONE when nothing was; started: when the last finished
 * pass began (window_started), TIMESTAMP_NONE before the first one; lookback: milliseconds, not negative.
 * Returns TIMESTAMP_NONE when everything must be read.
 */
int64_t window_since(int64_t watermark, int64_t started, int64_t lookback);

/* Is it time again for what is to be done once in `every` milliseconds? `last` is when it was done last,
 * TIMESTAMP_NONE: never. A clock that went back proves nothing, so it is. */
bool window_is_due(int64_t every, int64_t last, int64_t now);

/* The instant a pass counts from: the earlier of the server's time (the first response's Date, TIMESTAMP_NONE
 * where there is none) and the local clock. */
int64_t window_started(int64_t server, int64_t local);

#endif
