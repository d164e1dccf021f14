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

/* Writes where a pass stands; `finished` is when it ended, TIMESTAMP_NONE while it goes on. */
int passes_save(
    struct store *store, const char *kind, int64_t finished, const struct pass_state *state, struct error *e);

/* Forgets an unfinished pass. */
int passes_drop(struct store *store, const char *kind, struct error *e);

/* When the last pass of a kind ended, by our clock; TIMESTAMP_NONE where none has. Returns 0, or -1 when the
 * store failed. */
int passes_last_finished(struct store *store, const char *kind, int64_t *finished, struct error *e);

/* Notes that what a pass of this kind is for was done by another; in a transaction of the caller. */
int passes_note_finished(struct store *store, const char *kind, int64_t finished, struct error *e);

/* When a poll that looked back `lookback` milliseconds or more last began, by our clock; TIMESTAMP_NONE where
 * none has. Returns 0, or -1 when the store failed. */
int late_windows_load(struct store *store, int64_t lookback, int64_t *polled, struct error *e);

/* Writes it, in a transaction of the caller. */
int late_windows_save(struct store *store, int64_t lookback, int64_t polled, struct error *e);

/* Frees what the struct owns and zeroes it. */
void pass_state_free(struct pass_state *state);

#endif
