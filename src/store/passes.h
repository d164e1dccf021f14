/*
 * passes: an unfinished reading of the list, so that the next run goes on where this one ended (rule R2).
 */
#ifndef WOSYNC_STORE_PASSES_H
#define WOSYNC_STORE_PASSES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "core/detour.h"
#include "core/diff.h"

struct store;

/* Dates are milliseconds, TIMESTAMP_NONE where there is none. The struct owns its texts. */
struct pass_state {
    int64_t since;       /* the bound; TIMESTAMP_NONE reads everything */
    char *filter;        /* the spelling the bound is sent in */
    char *cursor;        /* of the next page; NULL before the first */
    int64_t started;     /* S of this pass (rule R1); TIMESTAMP_NONE before its first answer */
    int64_t observed;    /* the same instant by our clock */
    int64_t newest;      /* largest updatedAt seen in it */
    int64_t oldest_seen; /* smallest so far */
    int64_t pages;
    int64_t records;
    struct diff_window window; /* of a backfill, zeroed otherwise */
    struct detour detour;      /* around a place of the list that cannot be read */
    char *typed; /* that window as it was typed: an age means another instant each time; NULL otherwise */
};

/* Reads the unfinished pass of a kind into *out, to be freed with pass_state_free. Returns 1, 0 when there is
 * none, -1 when the store failed. */
int passes_load(struct store *store, const char *kind, struct pass_state *out, struct error *e);

/* Writes where a pass stands; `active` is false for one that is finished. */
int passes_save(
    struct store *store, const char *kind, bool active, const struct pass_state *state, struct error *e);

/* Forgets an unfinished pass. */
int passes_drop(struct store *store, const char *kind, struct error *e);

/* Frees what the struct owns and zeroes it. */
void pass_state_free(struct pass_state *state);

#endif
