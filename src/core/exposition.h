/*
 * exposition: the text format in which Prometheus reads metrics:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
#ifndef WOSYNC_CORE_EXPOSITION_H
#define WOSYNC_CORE_EXPOSITION_H

#include <stdint.h>

#include "base/buffer.h"

/* A label. The last of a list has no name. */
struct exposition_label {
    const char *name;
    const char *value; /* any bytes; what the format reserves is escaped */
};

/* Begins a metric: its HELP and TYPE lines. `type` is counter, gauge or histogram. */
void exposition_begin(struct buffer *out, const char *name, const char *type, const char *help);

/* Appends a sample with a whole number. */
void exposition_sample(
    struct buffer *out, const char *name, const struct exposition_label *labels, int64_t value);

/* Appends a sample of `ms` milliseconds as seconds; TIMESTAMP_NONE is 0. */
void exposition_seconds(
    struct buffer *out, const char *name, const struct exposition_label *labels, int64_t ms);

/* Appends a histogram of delays: `count` steps with their upper ends in milliseconds (INT64_MAX: none) and
 * how many lie in each step alone; `total` is the sum in milliseconds. At most three labels. */
void exposition_histogram(struct buffer *out, const char *name, const struct exposition_label *labels,
    const int64_t *up_to, const int64_t *in_step, int count, int64_t total);

#endif
