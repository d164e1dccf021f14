/*
 * shutdown: when a run must end early: SIGTERM and SIGINT, and the soft deadline of --max-time.
 *
 * The program asks between two transactions and waits through this module, so that a signal that arrives
 * during a wait ends it at once. A second signal kills the process in the ordinary way.
 */
#ifndef WOSYNC_BASE_SHUTDOWN_H
#define WOSYNC_BASE_SHUTDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Installs the handlers for SIGTERM and SIGINT (once per process), and ignores SIGPIPE: a closed stdout is
 * then an error like others. Fails with EX_TEMPFAIL when the system gives no pipe. */
int shutdown_install(struct error *e);

/* In a process forked from ours: SIGTERM and SIGINT end it in the ordinary way, SIGUSR1 is ignored, the pipe
 * of the signals is closed, so that shutdown_fd is -1, and there is no deadline: what a child does has a time
 * limit of its own. */
void shutdown_detach(void);

/* Sets what SIGUSR1 does: `report` is called, in the ordinary flow of the program, at the next wait or
 * shutdown_attend. NULL: SIGUSR1 is ignored. */
void shutdown_on_report(void (*report)(void *data), void *data);

/* Calls the report if SIGUSR1 came since the last time. */
void shutdown_attend(void);

/* Sets the soft deadline `ms` milliseconds from now; 0 removes it. */
void shutdown_set_deadline(int64_t ms);

/* Sets, within that deadline, one for a part of the work, `ms` milliseconds from now; 0 removes it. While it
 * stands, the functions below go by whichever comes first. */
void shutdown_set_turn(int64_t ms);

/* True once a signal came. */
bool shutdown_signalled(void);

/* True once a signal came or the deadline (of the turn or of the run) has passed: start nothing new. */
bool shutdown_requested(void);

/* Milliseconds until the deadline of the run, whatever the turn's; INT64_MAX when there is none. */
int64_t shutdown_run_left(void);

/* A descriptor that becomes readable when a signal comes, for poll(2); -1 before shutdown_install and after
 * shutdown_detach. */
int shutdown_fd(void);

/* Milliseconds until the deadline, 0 when it has passed, INT64_MAX when there is none. */
int64_t shutdown_time_left(void);

/* Waits `ms` milliseconds, or until a signal comes or the deadline passes. Returns true when the whole time
 * went by, false when the run must end. */
bool shutdown_wait(int64_t ms);

/* Waits `ms` milliseconds, up to a second, whatever the deadline: for work that has begun and ends by its own
 * limits. A signal ends the wait; after one it lasts its whole time. */
void shutdown_pause(int64_t ms);

/* Waits until something can be read from `fd` (its end or an error, too), a signal comes or the deadline
 * passes. Returns true when there is something to read, false when the run must end. */
bool shutdown_wait_input(int fd);

#endif
