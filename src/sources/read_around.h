/*
 * read_around: what a pass does about a place of the list that cannot be read, because every page with one
 * work order fails: it reads the list in windows of time around that instant (core/detour), skips the
 * instant, and asks for it again in later runs (store/skipped).
 */
#ifndef WOSYNC_SOURCES_READ_AROUND_H
#define WOSYNC_SOURCES_READ_AROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "api/maintainx.h"
#include "base/error.h"
#include "core/detour.h"

struct store;

/* What the server does with the bounds of a filter by updatedAt. */
enum bounds_status {
    BOUNDS_HONOURED,
    BOUNDS_LOWER,   /* honours the lower one alone: the list cannot be read in windows */
    BOUNDS_IGNORED, /* ignores the lower one */
    BOUNDS_REFUSED,
    BOUNDS_NONE /* the filter has none */
};

/* What is asked about them. A request more may be one too many: a rate limit may leave a run two or three. */
enum bounds_question {
    ASK_UPPER, /* the upper one; where that is not honoured the answer is BOUNDS_LOWER, or BOUNDS_REFUSED */
    ASK_LOWER,
    ASK_BOTH /* the upper one, and where that is not honoured the lower one */
};

/*
 * Sends a request that must give an empty page: it shows whether the list answers at all, and what the server
 * does with the bounds of this spelling (*bounds; BOUNDS_NONE without a request for a spelling without). *date
 * is the server's time, TIMESTAMP_NONE without. API_OK, or API_STOPPED or API_FAILED with the error filled:
 * the list itself fails.
 */
enum api_status read_around_probe(struct client *api, enum page_filter spelling,
    enum bounds_question question, enum bounds_status *bounds, int64_t *date, struct error *e);

/* Sets the next window, which leaves out what is skipped, or with `again` asks for it alone. Returns 0, or -1
 * when the store failed. */
int read_around_set_window(struct store *store, struct detour *detour, bool again, struct error *e);

/*
 * Notes that the window failed, which `why` says: makes it smaller, or skips the instant and says so if that
 * is new
 * (*news). Returns 0, or -1 with the error filled: so much of the list fails that it is not skipped any more
 * (EX_UNAVAILABLE), or the store failed.
 */
int read_around_failed(
    struct store *store, struct detour *detour, const struct error *why, bool *news, struct error *e);

/* When an instant that failed so many times, the skipping included, is asked for again. */
int64_t read_around_due(int failures);

#endif
