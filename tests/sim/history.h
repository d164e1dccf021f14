/*
 * history: what happens in one simulated life, from a seed: how the plant and the machine are, and the steps.
 * A step draws everything it does from its own seed, so that the others stay the same when one is left out.
 */
#ifndef WOSYNC_SIM_HISTORY_H
#define WOSYNC_SIM_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks.h"
#include "plant.h"

enum step_kind {
    STEP_CHANGE, /* work orders change, now or while the next runs are at work */
    STEP_WAIT,
    STEP_SYNC,
    STEP_DISPATCH,
    STEP_RECONCILE,
    STEP_BACKFILL,
    STEP_DRY_RUN,
    STEP_JUMP,      /* the wall clock jumps */
    STEP_BACK,      /* the server's clock is set back */
    STEP_API,       /* how the API is from here on */
    STEP_RECEIVERS, /* how the receivers are from here on */
    STEP_CURSORS,   /* all cursors expire */
    STEP_FILTER,    /* the server knows other filters from here on */
    STEP_HIDE,      /* the token sees nothing, or all again */
    STEP_POWER,     /* the machine loses power between two runs */
    STEP_HOOK,      /* a webhook comes in: no step of a history, they come when they come */
    STEPS
};

struct step {
    enum step_kind kind;
    uint64_t seed;
};

enum { MOST_STEPS = 48 };

struct history {
    uint64_t seed;
    struct plant_manner manner;
    struct hooks_manner hooks;
    int64_t begins;     /* the true time */
    int64_t offset;     /* of the wall clock, */
    int64_t most_ahead; /* and how far it may ever be ahead of the true time; INT64_MAX: any */
    bool jumps;         /* the wall clock jumps */
    int64_t back;       /* how far the server's clock may be set back in all */
    bool forgetful;     /* SQLite keeps nothing of the store in memory */
    int64_t latency;
    bool alone;        /* no one else uses the token */
    int first_orders;  /* that are there before the first run */
    bool from_nothing; /* the first run makes the store; else it lies there, empty */
    char start[32];    /* of the configuration */
    char filter[32];
    int page_size;
    int64_t keep_hours;
    int64_t max_deletes;
    bool line, high, chat, warehouse; /* the handlers besides erp */
    int line_joins;                   /* before this step, from 0; -1: it is there from the beginning */
    int count;
    struct step steps[MOST_STEPS];
};

void history_make(uint64_t seed, struct history *out);

/* Writes the configuration of the program, with all its handlers or without the one that joins later;
 * `renamed`: erp has another name. Returns 0 or -1. */
int history_write_config(const struct history *history, bool all, bool renamed, const char *path);

const char *step_name(enum step_kind kind);

#endif
