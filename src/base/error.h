/*
 * error: the one failure convention of the program.
 *
 * A function that can fail takes a `struct error *` as its last parameter, returns 0 or -1 (or a graded enum
 * where the caller must choose), and fills the error where the fault is first seen. Callers add nothing; the
 * command prints the text once and leaves with the status. Memory that runs out is no error here: the program
 * ends (base/memory.h).
 */
#ifndef WOSYNC_BASE_ERROR_H
#define WOSYNC_BASE_ERROR_H

#include <stddef.h>
#include <sysexits.h>

/*
 * Exit statuses are those of <sysexits.h>; wosync(1) says when a user sees which:
 * EX_OK 0, EX_USAGE 64 (wrong usage), EX_DATAERR 65 (records went to quarantine, a webhook delivery was
 * refused, an audit found what was missed), EX_UNAVAILABLE 69 (the API could not be reached or failed, a
 * delivery became dead), EX_SOFTWARE 70 (a bug), EX_CANTCREAT 73 (a file cannot be made), EX_IOERR 74 (a read
 * or a write failed, a corrupt store), EX_TEMPFAIL 75 (try again later: a lock, a signal, out of memory, a
 * safety stop), EX_PROTOCOL 76 (the API broke its protocol), EX_NOPERM 77 (the token was refused), EX_CONFIG
 * 78 (the configuration is wrong).
 */

/* Why something failed: the exit status it calls for and a message that starts with its subject and says
 * what to do. A zeroed struct means "no error". */
struct error {
    int status;
    char text[1024];
};

/*
 * Fills `e` with `status` and the printf-formatted text (cut at the size of the buffer, control characters
 * replaced by '?', so that text from outside cannot forge log lines). `e` may be NULL.
 * Always returns -1, so that a function can end with `return fail(...)`.
 */
int fail(struct error *e, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds a second error to `e`, for work that goes on after the first: the graver status, and both texts where
 * they differ (the second is cut where there is no more room). Adding no error changes nothing. */
void error_add(struct error *e, const struct error *more);

/*
 * The graver of two exit statuses, by what the user must do about it: a bug, then configuration, files,
 * token, protocol, unavailable, try later, data, done. A status that is none of ours counts as a bug.
 */
int exit_graver(int a, int b);

#endif
