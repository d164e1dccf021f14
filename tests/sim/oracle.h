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
    bool hurt;                          /* killed, or its disk failed */
    bool dead;                          /* killed */
    bool stopped;                       /* by a signal */
    bool whole;                         /* it read to the end, as far as its options go: no --max-time */
    bool undisturbed;                   /* nothing ran beside it */
    bool calm;                          /* nothing went wrong with the API while it ran */
    int64_t lists, singles, deliveries; /* requests that it sent */
    int64_t began, ended;               /* true times */
    int64_t clock_began, clock_ended;
    int64_t beside_from, beside_until; /* of a backfill that ran beside it; the first is later without one */
    int64_t from, until;               /* of a backfill, */
    bool silent;                       /* which tells nothing */
    bool delivers;                     /* it was to deliver */
    int64_t hook_order;                /* of a webhook: what it is about, */
    int hook_version;                  /* the version that it tells whole, -1 for none, */
    int hook_notice;                   /* and what it names, -1 for nothing */
};

void oracle_reset(const struct history *history);
void oracle_free(void);

/* The handler that joins later does so now. */
void oracle_joins(void);

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

/* How many of them wait for one handler, but for those of work orders that erp never takes (receivers_poison)
 * or that are cursed. */
enum waiting { WAITING_ERP, WAITING_LINE, WAITING_HIGH, WAITING_CHAT, WAITING_WAREHOUSE, WAITINGS };
int oracle_waiting(enum waiting handler);

/* A work order that a poll which began at `began` must have seen and that is not known as it is; 0: none. One
 * that is cursed need not be. */
int64_t oracle_unseen(int64_t began);

#endif
