/*
 * oracle: looks at the store after every run, through its views and with SQLite alone, holds it against the
 * truth of the plant and the receivers' own books, and says which rule is broken. It shares no code with the
 * program.
 */
#ifndef WOSYNC_SIM_ORACLE_H
#define WOSYNC_SIM_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "history.h"
#include "receivers.h"

/* What the player knows of a run that has ended. */
struct run_report {
    int number;
    enum step_kind kind; /* STEP_SYNC, STEP_DISPATCH, STEP_RECONCILE, STEP_BACKFILL */
    int status;
    bool hurt;           /* killed, or its disk failed */
    bool dead;           /* killed */
    bool stopped;        /* by a signal */
    bool whole;          /* it read to the end, as far as its options go: no --max-time */
    bool undisturbed;    /* nothing ran beside it */
    bool calm;           /* nothing went wrong with the API while it ran */
    int64_t began, ended; /* true times */
    int64_t clock_began, clock_ended;
    int64_t from, until; /* of a backfill, */
    bool silent;         /* which tells nothing */
    int64_t hook_order;  /* of a webhook: what it is about, */
    int hook_version;    /* and the version that it tells whole, -1 for none */
};

void oracle_reset(const struct history *history);
void oracle_free(void);

/* A run has ended, of whatever kind: what its tries are worth. */
void oracle_note(const struct run_report *run);

/* Holds everything that must hold at any time against the store as it is. */
void oracle_look(const struct run_report *run);

/* Holds what must hold at the end: everything seen, everything told, nothing left to do. */
void oracle_finish(void);

/* Is there one that is gone, and not told deleted yet? */
bool oracle_owes_deletion(void);

/* How many deliveries wait, as the last look saw it. */
int oracle_pending(void);

/* --- between its parts --- */

/* An event of the log, as it was when it was stored. */
struct told {
    int64_t seq;
    char *id;
    char *type;
    int64_t work_order;
    char *body;
    int version;      /* of the work order, that it tells of, */
    int description;  /* with that description */
    uint64_t hash;    /* of the id */
    uint64_t digest;  /* of the body */
};

struct log {
    struct told *list;
    int count, capacity;
};

/* The event of that id, NULL when there is none. */
const struct told *log_find(const struct log *log, const char *id);

/* oracle_told.c: the deliveries. */
void deliveries_reset(const struct history *history);
void deliveries_look(const struct log *log);
void deliveries_finish(const struct log *log);
int deliveries_pending(void);
void deliveries_free(void);

/* What the store is asked. */
enum oracle_query {
    ORACLE_HAS_TABLES,
    ORACLE_HORIZON,
    ORACLE_EVENTS, /* behind ?1 */
    ORACLE_SNAPSHOTS,
    ORACLE_DELIVERIES, /* that are not done */
    ORACLE_QUERIES
};
struct sqlite3_stmt;
struct sqlite3_stmt *oracle_query(enum oracle_query which);

#endif
