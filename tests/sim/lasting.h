/*
 * lasting: what does not heal by itself. More than half of the histories end with one such fault, in good
 * weather: it must delay itself and nothing else (rule R9). In a tenth of all it is never mended, and the
 * history goes on with it until what it had kept is removed.
 */
#ifndef WOSYNC_SIM_LASTING_H
#define WOSYNC_SIM_LASTING_H

#include <stdbool.h>
#include <stdint.h>

struct history;

enum lasting {
    LASTING_NOTHING,
    LASTING_CURSED,  /* a work order that cannot be shown, by its id or on any page */
    LASTING_LATE,    /* a list that shows a change an hour late */
    LASTING_CURSORS, /* cursors that are not taken by the next run */
    LASTING_POISON,  /* a receiver that never takes some work orders */
    LASTING_SILENT,  /* a database that never answers */
    LASTING_RENAMED, /* a handler that gets another name */
    LASTING_LONG,    /* a list that takes long to read */
    LASTING_SLOW,    /* a slow receiver */
    LASTING_CLOCK,   /* a wall clock that goes back by hours */
    LASTING_LOCKED,  /* a database that stays locked */
    LASTINGS
};

/* By the history's seed alone, so that the rest of a history does not depend on it. */
enum lasting lasting_of(uint64_t seed);

/* Whether it is never mended. */
bool lasting_is_forever(uint64_t seed);

/* Gives the history what its fault needs: a warehouse, a chat, webhooks. */
void lasting_arrange(struct history *history);

/* What child processes do (child.c): all at once; what they do, in the time that it takes; nothing. */
extern enum lasting_children {
    CHILDREN_WORK_AT_ONCE,
    CHILDREN_TAKE_TIME,
    CHILDREN_ARE_SILENT
} lasting_children;

/* Plays it, between the last step of a history and its end: all goes well but for what lasts. `configure`
 * writes the configuration anew, with another name for erp. Returns true when the fault was mended: then
 * everything must come right. */
bool lasting_play(const struct history *history, void (*configure)(bool renamed));

#endif
