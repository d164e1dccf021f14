/*
 * run_context: what a run needs: configuration, handler table, store, lock, and the run's own record.
 */
#ifndef WOSYNC_CLI_RUN_CONTEXT_H
#define WOSYNC_CLI_RUN_CONTEXT_H

#include "base/config.h"
#include "base/error.h"
#include "cli/cli.h"
#include "core/rate_limit.h"
#include "deliver/handler_table.h"
#include "sources/pass.h"
#include "store/runs.h"
#include "store/store.h"

struct run_context {
    struct config config;
    struct handler_table table;
    struct store *store;
    int64_t last_event_seq; /* the last event in the log as the context was opened */
    bool has_routes;        /* the handler table is made */
    bool dry_run;           /* nothing is written */
    bool more_follows;      /* it dispatches again after the next time */
    int lock;               /* -1 without one */
    struct run run;
    int status;                   /* the gravest so far */
    char message[1024];           /* the text that goes with it */
    struct rate_limit rate_limit; /* the rate limit after the last request; zeroed: none was sent */
};

/* How a context is opened. */
enum run_context_mode {
    RUN_CONTEXT_RUN, /* to work: the store is made and migrated, the lock taken, the handler table stored */
    RUN_CONTEXT_DRY_RUN, /* to try: nothing is made or locked; a missing store is an empty one in memory */
    RUN_CONTEXT_ANSWER   /* to take one delivery: the store is made and migrated, no lock is taken, and no
                        handler   made */
};

/* Opens a context of a kind (for the run's record). Returns 0, or -1 after printing why, with the status set.
 * To be closed with run_context_close in either case. */
int run_context_open(
    struct run_context *context, const struct cli *cli, const char *kind, enum run_context_mode mode);

/* Of a context opened to answer: becomes a run, if no other is at work. Takes the lock, makes the handler
 * table and stores it (a new handler begins with what came since the context was opened). Returns 0, or -1:
 * another run is at work (nothing is printed), or it failed (printed, the status set). */
int run_context_take_over(struct run_context *context);

/* Ends that run: stores its record if it met trouble, and gives the lock back. */
void run_context_hand_back(struct run_context *context);

/* Prints the error, if there is one and it was not the last, and remembers the graver status. */
void run_context_report(struct run_context *context, const struct error *e);

/* Makes a client for the API, to be given back with run_context_disconnect, and settings for a pass with it.
 * NULL with the error filled when that fails. */
struct client *run_context_connect(
    struct run_context *context, struct pass_settings *settings, struct error *e);

/* Frees the client, and keeps in mind how far the rate limit is used up: the next run must know. NULL is
 * allowed. */
void run_context_disconnect(struct run_context *context, struct client *api);

/* Reads one pass of a kind, with a progress bar on a terminal; `expected` is how many records there will be,
 * 0 when that is not known. */
enum pass_end run_context_read(struct run_context *context, const struct pass_kind *kind,
    struct pass_settings *settings, int64_t expected, struct error *e);

/* Takes new events and delivers what is due. With `quiet`, what a handler prints on stdout waits for another
 * run. */
void run_context_dispatch(struct run_context *context, bool quiet);

/* Stores the run's record (not after a dry run), closes everything, and returns the exit status. */
int run_context_close(struct run_context *context);

#endif
