/*
 * report_gather: fills the report out of the store, without a request.
 */
#ifndef WOSYNC_CLI_REPORT_GATHER_H
#define WOSYNC_CLI_REPORT_GATHER_H

#include "base/config.h"
#include "base/error.h"
#include "report/figures.h"

struct store;

/* What was asked for. */
struct report_request {
    int64_t since, now;
    int64_t location;                     /* 0: all */
    double target_preventive, target_all; /* percent; 0: none */
};

/* Fills *out, to be freed with report_gather_free in either case; `config` must outlive it. Returns 0, or -1
 * when the store failed, or EX_DATAERR when no work order names the location. */
int report_gather(struct store *store, const struct config *config, const struct report_request *request,
    struct figures *out, struct error *e);

/* Frees everything. */
void report_gather_free(struct figures *report);

#endif
