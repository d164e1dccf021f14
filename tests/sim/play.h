/*
 * play: lives through a history: the real program between the models, troubles and all, and at the end, once
 * nothing goes wrong any more, the runs that must make everything good.
 */
#ifndef WOSYNC_SIM_PLAY_H
#define WOSYNC_SIM_PLAY_H

#include <stdbool.h>

#include "history.h"

/* Once per test process: makes a directory for the configuration, and goes there. Returns 0 or -1. */
int play_set_up(void);

/* Plays it. Returns the first rule that was broken, in words (until the next play), or NULL. `trace`: prints
 * what happens. */
const char *play(const struct history *history, bool trace);

/* Frees what the last play left, and removes the directory. */
void play_tear_down(void);

#endif
