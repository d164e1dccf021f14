/*
 * pass: one reading of the list, page by page, resumable (rules R1, R2). What polling, a backfill and a sweep
 * have in common; each brings a `struct pass_kind`.
 */
#ifndef WOSYNC_SOURCES_PASS_H
#define WOSYNC_SOURCES_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sources/intake.h"
#include "store/account.h"
#include "store/passes.h"

struct client;
struct config;
struct names;
struct store;
struct pass_settings;

/* A pass as its kind sees it. Everything is borrowed. */
struct pass_view {
    const struct pass_settings *settings;
    const struct account *account; /* as it was when the pass was taken up; zeroed dates are TIMESTAMP_NONE */
    const struct pass_state *state;
    struct run *run; /* counts what the page at hand does */
};

struct pass_kind {
    const char *name; /* in the store: sync, backfill, reconcile */
    enum event_source source;
    bool everything; /* no bound, no filter */
    bool modest;     /* it lasts long: requests of each window are left to polls */

    /* The bound of a new pass, TIMESTAMP_NONE to read everything. NULL with `everything`. */
    int64_t (*since)(const struct pass_view *view);

    /* Called in the transaction of a pass's first page, before its records. Returns 0, or -1 with the error
     * filled. NULL: nothing to do. */
    int (*begin)(const struct pass_view *view, struct error *e);

    /* Called for every record with an id, in the page's transaction. Returns 0, or -1 with the error filled.
     * NULL: no interest. */
    int (*seen)(const struct pass_view *view, const struct intake_details *details, struct error *e);

    /* Called in the transaction that ends the pass. Returns 0, or -1 with the error filled: then the pass has
     * not ended. With 0 the error may be filled, too: the pass has ended, and the run reports it. NULL:
     * nothing to do. */
    int (*finish)(const struct pass_view *view, struct error *e);
};

/* Everything is borrowed. */
struct pass_settings {
    const struct config *config; /* [api]: whose work orders, and how they are asked for; [sync] */
    struct store *store;
    struct client *api;
    struct names *names; /* who events mention; NULL: they hold ids alone */
    bool notified;       /* of a poll: notifications wait, and what the list shows may settle them */
    const struct diff_window *window;      /* of a backfill, NULL otherwise */
    const char *typed;                     /* that window as it was typed */
    struct run *run;                       /* counts what was done; stored with every page */
    int64_t requests_before, bytes_before; /* what the run had counted when `api` was made */
    bool dry_run;                          /* every page is rolled back */
    intake_listener *listener;             /* hears of every event */
    void *listener_data;
    void (*progress)(const struct pass_view *view, void *data); /* called after every page; may be NULL */
    void *progress_data;
};

enum pass_result {
    PASS_FINISHED,
    PASS_STOPPED, /* the deadline passed or a signal came; the next run continues here. The error is empty for
                     the deadline, unless it came while the API failed (why), or while nothing was done but
                     waiting for the rate limit (EX_TEMPFAIL); and filled for a signal (EX_TEMPFAIL) */
    PASS_FAILED   /* the error is filled; what was committed stays, the next run continues here */
};

/*
 * Goes on with the unfinished pass of this kind, or begins one. Each page is one transaction: snapshots,
 * events, the cursor of the next page, the run's counters.
 */
enum pass_result pass_run(
    const struct pass_settings *settings, const struct pass_kind *kind, struct error *e);

/* Reads whose work orders the store holds into *out (free with account_free; dates are TIMESTAMP_NONE in a
 * new store). Returns 1, 0 for a new store, or -1: EX_CONFIG when they are another account's than the
 * settings say. */
int pass_load_account(const struct pass_settings *settings, struct account *out, struct error *e);

#endif
