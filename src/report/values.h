/*
 * values: a list of numbers, and what lies in its middle. Pure.
 *
 * Start from `struct values v = {0}`.
 */
#ifndef WOSYNC_REPORT_VALUES_H
#define WOSYNC_REPORT_VALUES_H

#include <stddef.h>
#include <stdint.h>

struct values {
    int64_t *list; /* owned */
    size_t count, capacity;
};

/* Adds a number. */
void values_add(struct values *values, int64_t value);

/* Sorts the list, which values_percentile needs. */
void values_sort(struct values *values);

/* The smallest number of a sorted list that `percent` of the numbers do not exceed (the nearest rank); -1 of
 * an empty one. */
int64_t values_percentile(const struct values *values, int percent);

/* Frees the list and zeroes the struct. */
void values_free(struct values *values);

#endif
