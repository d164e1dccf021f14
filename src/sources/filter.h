/*
 * filter: which spelling of the filter by updatedAt the server honours (the API has two). Found out once,
 * remembered in the store, doubted when a page shows otherwise.
 */
#ifndef WOSYNC_SOURCES_FILTER_H
#define WOSYNC_SOURCES_FILTER_H

#include <stdbool.h>

#include "api/maintainx.h"
#include "base/error.h"

struct filter {
    struct client *api;
    const char *configured; /* auto, or a spelling that is not to be doubted */
    enum page_filter chosen;
    bool given_up[PAGE_FILTERS]; /* refused or ignored in this run */
    bool found;                  /* chosen by probes in this run: to be remembered */
};

/* Chooses what is configured, else what is remembered (`known`, NULL: nothing), else what probes show: a
 * filter of the far future must give an empty page. API_OK, or API_STOPPED or API_FAILED with the error
 * filled. */
enum api_verdict filter_choose(struct filter *filter, const char *known, struct error *e);

/* A page showed that the chosen filter is refused or ignored (`verdict`: "refuses" or "ignores"). Returns 0:
 * choose again, or -1 with EX_PROTOCOL when it was configured. */
int filter_give_up(struct filter *filter, const char *verdict, struct error *e);

#endif
