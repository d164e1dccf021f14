/*
 * filter: which work orders a list request asks for.
 */
#ifndef MOCK_FILTER_H
#define MOCK_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "config.h"
#include "request.h"
#include "workorder.h"

/* A range of dates, both ends inclusive; INT64_MIN and INT64_MAX where it is open. */
struct range {
    int64_t from, to;
};

struct filter {
    struct range updated, created;
    unsigned statuses, priorities; /* one bit each; 0: all */
    int64_t starts_until;          /* later start dates are left out */
};

/* Reads the filters out of R's query, as the configuration says. NOW parts what is upcoming from what is not.
 * False with the reason in P: a bad date, an unknown word, or a spelling that is to be refused. */
bool filter_parse(
    struct filter *f, const struct request *r, const struct config *c, int64_t now, struct problem *p);

/* Whether WO is visible and asked for. */
bool filter_matches(const struct filter *f, const struct workorder *wo);

#endif
