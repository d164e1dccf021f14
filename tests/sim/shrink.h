/*
 * shrink: makes a history that breaks a rule shorter, for people to read.
 */
#ifndef WOSYNC_SIM_SHRINK_H
#define WOSYNC_SIM_SHRINK_H

struct history;

/* Leaves out steps for as long as a rule is still broken. */
void shrink(struct history *history);

#endif
