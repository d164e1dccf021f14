/*
 * runs: what each run did, for `status`.
 */
#ifndef WOSYNC_STORE_RUNS_H
#define WOSYNC_STORE_RUNS_H

#include <stdint.h>

#include "base/error.h"
#include "core/event.h"

struct store;

struct run {
    int64_t number;   /* 0 until it is stored for the first time */
    const char *kind; /* sync, ... */
    int64_t began;    /* milliseconds, our clock */
    int64_t ended;    /* TIMESTAMP_NONE while it is at work, or when it was killed */
    int64_t since;    /* the bound it asked for; TIMESTAMP_NONE: everything */
    int64_t until;    /* of a backfill: the end of its window; TIMESTAMP_NONE otherwise */
    int64_t requests;
    int64_t pages;
    int64_t bytes; /* of JSON received, after decompression */
    int64_t records;
    int64_t quarantined;
    int64_t healed; /* changes that polling should have emitted and a sweep found */
    int64_t events[EVENT_TYPES];
    int64_t delivered;
    int64_t dead;        /* deliveries that became dead in this run */
    int64_t exit_status; /* -1 while it is not known */
    const char *message; /* NULL when there was nothing to say */
};

/* How a run ended. The message is to be freed; "" when there was nothing to say. */
struct run_end {
    int64_t exit_status;
    char *message;
};

/* How the last run of a kind ended, of those that are over and were not killed. Returns 1, 0 when there is
 * none, -1 with the error filled. */
int runs_last_end(struct store *store, const char *kind, struct run_end *out, struct error *e);

/* When the last run of a kind that ended well did so: with exit status 0, or 65, for what is in quarantine
 * holds nothing else up. Fills *ended, TIMESTAMP_NONE when there is none. Returns 0 or -1. */
int runs_last_success(struct store *store, const char *kind, int64_t *ended, struct error *e);

/* Calls `each` for every kind of which a run ended with exit status 0, with when the last one did. */
int runs_successes(struct store *store,
    int (*each)(const char *kind, int64_t ended, void *context, struct error *e), void *context,
    struct error *e);

/* Stores the run as it stands: adds it the first time, in whatever transaction the caller has. */
int runs_save(struct store *store, struct run *run, struct error *e);

/* Calls `each` for the last `count` runs, the newest first; texts are borrowed during the call. */
int runs_list(struct store *store, int count,
    int (*each)(const struct run *run, void *context, struct error *e), void *context, struct error *e);

/* Calls `each` for every run that had not ended at `since`, in the order in which they began; `ended` is
 * TIMESTAMP_NONE for one that was killed or is at work. It returns 0 to go on, -1 with the error filled to
 * stop. Returns 0 or -1. */
int runs_spans(struct store *store, int64_t since,
    int (*each)(int64_t began, int64_t ended, void *context, struct error *e), void *context,
    struct error *e);

#endif
