/*
 * metrics: the textfile for Prometheus' node_exporter, written at the end of every run.
 */
#ifndef WOSYNC_CLI_METRICS_H
#define WOSYNC_CLI_METRICS_H

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "store/runs.h"

struct store;

/*
 * Appends all series in the text format. `run` is the run that ends: where its record could not be stored,
 * what it says of its kind comes from here all the same. `store` NULL: it could not be opened; then only what
 * the run itself knows is there, for a series that is missing is not known, and one that is 0 never happened.
 * Returns 0, or -1 with the error filled when the store could not be read.
 */
int metrics_gather(struct store *store, const struct config *config, const struct run *run,
    struct buffer *out, struct error *e);

/* Writes the file that `textfile` of [metrics] names, by rename, mode 0644; nothing where none is named. A
 * failure is a warning. */
void metrics_write(struct store *store, const struct config *config, const struct run *run);

#endif
