/*
 * run_context: what a run needs: configuration, handler table, store, locks, and the run's own record.
 *
 * A context is opened without a lock. Each part of the work takes the lock of its own kind and releases it
 * when it is done, so that runs of different kinds work side by side:
 *
 *     if (run_context_lock(&context, LOCK_DELIVER, 0) == 1) {
 *         run_context_dispatch(&context, false);
 *         run_context_unlock(&context, LOCK_DELIVER);
 *     }
 */
#ifndef WOSYNC_CLI_RUN_CONTEXT_H
#define WOSYNC_CLI_RUN_CONTEXT_H

#include "base/config.h"
#include "base/error.h"
#include "base/lock.h"
#include "cli/cli.h"
#include "cli/ping.h"
#include "core/rate_limit.h"
#include "deliver/handler_table.h"
#include "sources/pass.h"
#include "store/runs.h"
#include "store/store.h"

struct names;

/* How a context is opened. */
enum run_context_mode {
    RUN_CONTEXT_RUN,     /* to work: the store is made and migrated, the handler table stored */
    RUN_CONTEXT_DRY_RUN, /* to try: nothing is made; a missing store is an empty one in memory */
    RUN_CONTEXT_ANSWER   /* to accept one webhook: the store is made and migrated, and no handler is made */
};

/* HTTP statuses are smaller. */
enum { RUN_CONTEXT_STATUSES = 600 };

struct run_context {
    struct config config;
    struct handler_table table;
    struct store *store;
    enum run_context_mode mode;
    int64_t last_event_seq;       /* the last event in the log as the context was opened */
    bool has_handlers;            /* the handler table is made */
    int lock;                     /* the store's descriptor for locks; -1 without one */
    bool held[LOCK_KINDS];        /* by us */
    bool worked;                  /* some lock was held: the run leaves a record */
    char others[LOCK_KINDS][128]; /* who held a lock that we did not get */
    struct run run;
    int64_t requests_before, bytes_before; /* of the run's earlier clients */
    int status;                            /* the gravest so far */
    char message[1024];                    /* the text that goes with it */
    struct names *names; /* of the client at work; NULL without one, and where they are switched off */
    int64_t http_statuses[RUN_CONTEXT_STATUSES]; /* requests by the status of the answer, 0: none came */
    struct buffer lines;                         /* what the run has printed on stderr, for the ping */
    char ping_id[PING_ID_SIZE];
    struct rate_limit rate_limit; /* the rate limit after the last request; zeroed: none was sent */
};

/* Opens a context of a kind (for the run's record); no lock is held. Returns 0, or -1 after printing why,
 * with the status set. To be closed with run_context_close in either case. */
int run_context_open(
    struct run_context *context, const struct cli *cli, const char *kind, enum run_context_mode mode);

/* Takes the lock of a kind of work, and waits at most `wait` milliseconds for it (0: not at all); a signal or
 * the deadline ends the wait. Returns 1 when it is ours, 0 when another run has it, -1 when the locks failed
 * (reported, the status set). */
int run_context_lock(struct run_context *context, enum lock_kind kind, int64_t wait);

/* Releases it; nothing happens when it is not held. */
void run_context_unlock(struct run_context *context, enum lock_kind kind);

/* For a run that could do nothing of what it was asked, because another run holds the lock of this kind: sets
 * EX_TEMPFAIL and says why. At a terminal it is always said; from cron it is an error with `loud`, and
 * otherwise an ordinary thing that only -v shows. */
void run_context_leave(struct run_context *context, enum lock_kind kind, bool loud);

/* Makes the handler table, where it is not made yet, and stores it; a new handler begins with what came since
 * the context was opened. Positions are read anew. RUN_CONTEXT_RUN and run_context_dispatch do it by
 * themselves. Returns 0, or -1 (reported, the status set). */
int run_context_attach(struct run_context *context);

/* Prints the error, if there is one and it was not the last, and remembers the graver status. */
void run_context_report(struct run_context *context, const struct error *e);

/* Makes a client for the API, to be given back with run_context_disconnect, and settings for a pass with it.
 * NULL with the error filled when that fails. */
struct client *run_context_connect(
    struct run_context *context, struct pass_settings *settings, struct error *e);

/* Frees the client, counts its requests for the run, and keeps in mind how far the rate limit is used up: the
 * next run must know. NULL is allowed. */
void run_context_disconnect(struct run_context *context, struct client *api);

/* Reads one pass of a kind, with a progress bar on a terminal; `expected` is how many records there will be,
 * 0 when that is not known. */
enum pass_result run_context_read(struct run_context *context, const struct pass_kind *kind,
    struct pass_settings *settings, int64_t expected, struct error *e);

/* Begins a turn of reading: it ends after `most` milliseconds (0: no such bound), and with a quarter of what
 * is left of --max-time to go, for delivering. shutdown_set_turn(0) ends it. */
void run_context_begin_turn(int64_t most);

/* Delivers under LOCK_DELIVER, waiting at most `wait` milliseconds for it, for `turn` milliseconds (0: no
 * such bound). Where the run has a `max_time` (0: none), at least a quarter of it is for this, however late
 * it is. Returns what run_context_lock does. */
int run_context_deliver(struct run_context *context, int64_t wait, int64_t max_time, int64_t turn);

/* With LOCK_DELIVER held: takes new events and delivers what is due. With `quiet`, what a handler prints on
 * stdout waits for another run. */
void run_context_dispatch(struct run_context *context, bool quiet);

/* Stores the run's record (not after a dry run, nor after one that held no lock; of one that answered a
 * webhook only when it met trouble), writes the metrics, closes everything, pings (for `sync`, unless it is a
 * dry run or a signal has ended it), and returns the exit status. */
int run_context_close(struct run_context *context);

#endif
