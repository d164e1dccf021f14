/*
 * lasting: what does not heal by itself: a receiver that never takes some work orders, a handler that gets
 * another name, a receiver that is slow, a warehouse that stays locked. A part of the histories ends with one
 * of them, in good weather: it must delay itself and nothing else (rule R9).
 */
#ifndef WOSYNC_SIM_LASTING_H
#define WOSYNC_SIM_LASTING_H

#include <stdbool.h>
#include <stdint.h>

struct history;

enum lasting { LASTING_NOTHING, LASTING_POISON, LASTING_RENAMED, LASTING_SLOW, LASTING_LOCKED };

/* By the history's seed alone, so that the rest of a history does not depend on it. */
enum lasting lasting_of(uint64_t seed);

/* Whether what a child process does takes its time, beside the others (child.c). */
extern bool lasting_children_take_time;

/* Plays it, between the last step of a history and its end: all goes well but for what lasts. `configure`
 * writes the configuration anew, with another name for erp. */
void lasting_play(const struct history *history, void (*configure)(bool renamed));

#endif
