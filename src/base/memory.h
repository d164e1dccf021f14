/*
 * memory: when it runs out, the program ends, with the message and the status of a run that is to be tried
 * again. The C library's malloc, calloc and realloc are replaced for the program and all its libraries
 * (malloc.c), because json-c does not check what it gets: a work order would lose a field, an event its end,
 * and the run would go on. Nothing is lost by ending anywhere: every run is made to be killed.
 */
#ifndef WOSYNC_BASE_MEMORY_H
#define WOSYNC_BASE_MEMORY_H

/* Says so and ends the process with EX_TEMPFAIL. Allocates nothing. */
__attribute__((noreturn)) void memory_ran_out(void);

#endif
