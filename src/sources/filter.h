/*
 * filter: which spelling of the filter by updatedAt the server honours. Found out by probes, each of which is
 * remembered in the store as soon as it is answered; doubted when a page shows otherwise; found out anew
 * after a day where it is not the best one.
 */
#ifndef WOSYNC_SOURCES_FILTER_H
#define WOSYNC_SOURCES_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "api/maintainx.h"
#include "base/error.h"

struct config;
struct store;

/* Nothing is updated from here on: 2200-01-01T00:00:00.000Z. A page from this bound on must be empty. */
#define FILTER_FAR_FUTURE INT64_C(7258118400000)

/* What a page showed of the filter it was asked with. */
enum filter_fault { FILTER_REFUSED, FILTER_IGNORED };

struct filter {
    struct client *api;
    struct store *store;
    const struct config *config; /* whose list it is; and a spelling that is not to be given up, or auto */
    bool dry_run;                /* nothing is remembered */
    enum page_filter chosen;
    bool doubted[PAGE_FILTERS];  /* a page of this run has shown that it is ignored; it was asked again */
    bool given_up[PAGE_FILTERS]; /* and again, or that it is refused */
    bool found;                  /* chosen by probes in this run: to be remembered */
};

/* Chooses what is configured, else what is remembered (`known`, NULL: nothing), else what probes show: a
 * filter of the far future must give an empty page. What is remembered and not the best is held against new
 * probes of better ones once a day. API_OK, or API_STOPPED or API_FAILED with the error filled. */
enum api_status filter_choose(struct filter *filter, const char *known, struct error *e);

/* A page showed that the chosen filter is refused or ignored. One record older than the bound may be stale:
 * the first time in a run the filter is only doubted, and filter_choose asks anew; the second time it is
 * given up. Returns 0: choose again, or -1: EX_PROTOCOL when it was configured, or the store failed. */
int filter_give_up(struct filter *filter, enum filter_fault fault, struct error *e);

/* Forgets what probes showed: the server refuses a page without any filter, too, so they show nothing.
 * Returns 0, or -1 when the store failed. */
int filter_forget(struct filter *filter, struct error *e);

/* To be called once a page was stored: says so, once, when every pass will read everything. */
void filter_settle(struct filter *filter);

#endif
