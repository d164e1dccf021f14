/*
 * subprocess: runs a program to its end: something on its stdin, what it prints taken away, a time limit that
 * holds for all that it starts.
 */
#ifndef WOSYNC_HANDLERS_EXEC_SUBPROCESS_H
#define WOSYNC_HANDLERS_EXEC_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "handlers/handler.h"

/* What ends the input of a program. */
#define SUBPROCESS_INPUT_END "\n"

/* What to run. Everything is borrowed. */
struct program {
    const char *name; /* for the log */
    char *const
        *words; /* the program and its arguments, ends with NULL; without a slash it is looked for in PATH */
    char *const *environment; /* `NAME=value`, ends with NULL */
    const char *input;        /* for its stdin, and SUBPROCESS_INPUT_END; it need not read it */
    size_t input_len;
    int64_t timeout; /* milliseconds */
};

enum subprocess_result {
    SUBPROCESS_EXITED,    /* status: its exit status */
    SUBPROCESS_SIGNALLED, /* status: the signal that ended it */
    SUBPROCESS_TIMED_OUT, /* it was ended at the time limit */
    SUBPROCESS_STOPPED    /* it was ended because our run ends */
};

/* Bytes of what is kept of stderr, with the NUL. */
enum { SUBPROCESS_ERROR_SIZE = 176 };

struct subprocess_end {
    enum subprocess_result result;
    int status;
    pid_t left;                        /* it could not be killed, and runs on; 0: it has ended */
    char error[SUBPROCESS_ERROR_SIZE]; /* the last lines of its stderr, joined by spaces; printable UTF-8 */
};

struct subprocess;

/*
 * Starts the program in a process group of its own, with ordinary signals and no descriptor of ours but the
 * three pipes. What it prints is read to the end; the first lines go to the log (-v). `program` must live as
 * long. Returns it, or NULL with an errno in *reason.
 *
 * At the time limit the whole group gets SIGTERM and, SUBPROCESS_GRACE_MS later at the most, SIGKILL. A
 * program that has ended while something it left in the background holds its output open is not waited for;
 * nor is one that SIGKILL does not end, for longer than SUBPROCESS_REAP_MS.
 *
 * When a signal ends our run, the program may go on for SUBPROCESS_STOP_MS within its limit, and is then
 * ended in the same way, with SUBPROCESS_STOP_GRACE_MS between the two signals: all within a second. Not at
 * once: a short one would all be done again.
 */
struct subprocess *subprocess_start(const struct program *program, int *reason);

/* Adds what it waits for. */
void subprocess_poll(const struct subprocess *subprocess, struct handler_wait *wait);

/* Feeds it and reads what it prints, without waiting. True: it has ended, and *end says how. */
bool subprocess_collect(struct subprocess *subprocess, struct subprocess_end *end);

/* Frees it; one that has not ended is killed with its group. */
void subprocess_free(struct subprocess *subprocess);

enum {
    SUBPROCESS_GRACE_MS = 2000,
    SUBPROCESS_REAP_MS = 2000,
    SUBPROCESS_STOP_MS = 500,
    SUBPROCESS_STOP_GRACE_MS = 300,
    SUBPROCESS_STOP_REAP_MS = 150
};

#endif
