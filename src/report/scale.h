/*
 * scale: from numbers to places in a chart. Pure.
 */
#ifndef WOSYNC_REPORT_SCALE_H
#define WOSYNC_REPORT_SCALE_H

#include <stdbool.h>
#include <stddef.h>

/* An axis from 0 to `top`, with a tick at each multiple of `step`; top is one of them. */
struct scale {
    double top;
    double step;
};

/* The axis for numbers up to `max` (negative and NaN count as 0) with at most `ticks` steps (at least 1): a
 * step is 1, 2 or 5 times a power of ten, and at least 1 where the numbers are `whole`. The top is never 0.
 */
struct scale scale_make(double max, int ticks, bool whole);

/* How many ticks it has above 0. */
int scale_ticks(const struct scale *scale);

/* Where a number lies between `zero` (0) and `end` (the top); what lies outside goes to the nearer end. */
double scale_at(const struct scale *scale, double value, double zero, double end);

/* Every how manieth of `count` labels can be drawn where each has `slot` of room and takes `label`: 1 or
 * more. */
size_t scale_stride(size_t count, double slot, double label);

#endif
