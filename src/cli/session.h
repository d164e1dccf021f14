/*
 * session: what a run needs: configuration, handler table, store, lock, and the run's own record.
 */
#ifndef WOSYNC_CLI_SESSION_H
#define WOSYNC_CLI_SESSION_H

#include "base/config.h"
#include "base/error.h"
#include "cli/cli.h"
#include "sinks/routes.h"
#include "sources/pass.h"
#include "store/runs.h"
#include "store/store.h"

struct session {
    struct config config;
    struct routes routes;
    struct store *store;
    int lock; /* -1 without one */
    struct run run;
    enum exit_status status; /* the gravest so far */
    char message[1024];      /* the text that goes with it */
};

/* How a session is opened. */
enum session_mode {
    SESSION_RUN,    /* to work: the store is made and migrated, the lock taken, the handler table stored */
    SESSION_DRY_RUN /* to try: nothing is made or locked; a missing store is an empty one in memory */
};

/* Opens a session of a kind (for the run's record). Returns 0, or -1 after printing why, with the status set.
 * To be closed with session_close in either case. */
int session_open(struct session *session, const struct cli *cli, const char *kind, enum session_mode mode);

/* Prints the error, if there is one, and remembers the graver status. */
void session_report(struct session *session, const struct error *e);

/* Makes a client for the API, to be freed with client_free, and settings for a pass with it. NULL with the
 * error filled when that fails. */
struct client *session_connect(struct session *session, struct pass_settings *settings, struct error *e);

/* Reads one pass of a kind, with a progress bar on a terminal; `expected` is how many records there will be,
 * 0 when that is not known. */
enum pass_end session_read(struct session *session, const struct pass_kind *kind,
    struct pass_settings *settings, int64_t expected, struct error *e);

/* Takes new events and delivers what is due. */
void session_dispatch(struct session *session);

/* Stores the run's record (not after a dry run), closes everything, and returns the exit status. */
enum exit_status session_close(struct session *session);

#endif
