/*
 * verdict: what a history came to: the first rule that was broken, in words, and a trace for people.
 */
#ifndef WOSYNC_SIM_VERDICT_H
#define WOSYNC_SIM_VERDICT_H

#include <stdbool.h>

/* Forgets what was found; `trace` prints what happens from here on. */
void verdict_reset(bool trace);

/* A rule is broken: keeps the first text. */
void broken(const char *rule, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first that was broken, NULL when all hold. */
const char *verdict(void);

/* Prints a line of the trace, with the machine's time, when it is wanted. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is it wanted? */
bool tracing(void);

#endif
