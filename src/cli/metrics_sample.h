/*
 * metrics_sample: the state of gathering metrics, and samples with the label that all of them have: the
 * account.
 */
#ifndef WOSYNC_CLI_METRICS_SAMPLE_H
#define WOSYNC_CLI_METRICS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "core/exposition.h"

struct store;

struct metrics {
    struct store *store; /* NULL: it cannot be read */
    const struct config *config;
    struct buffer *out;
    const char *name; /* of the metric at hand */
    int64_t now;
    bool ok_seen; /* a request that was answered with 200 */
};

/* The account, at most two more labels, and the end. */
enum { METRICS_MOST_LABELS = 4 };
#define METRICS_LABELS(g, ...)                                                                               \
    ((const struct exposition_label[METRICS_MOST_LABELS]){{"account", (g)->config->account}, __VA_ARGS__})

/* Begins a metric, whose samples follow. */
void metrics_begin(struct metrics *g, const char *name, const char *type, const char *help);

/* A metric of one sample: a number, or milliseconds as seconds (TIMESTAMP_NONE: 0). */
void metrics_gauge(struct metrics *g, const char *name, const char *help, int64_t value);
void metrics_gauge_seconds(struct metrics *g, const char *name, const char *help, int64_t ms);

/* A sample of the metric at hand with one more label. */
void metrics_sample(struct metrics *g, const char *label, const char *value, int64_t number);
void metrics_sample_seconds(struct metrics *g, const char *label, const char *value, int64_t ms);

/* All series of handlers and their deliveries. Returns 0, or -1 when the store failed. */
int metrics_deliveries(struct metrics *g, struct error *e);

#endif
