/*
 * init_ask: lines from stdin: answers that are typed on a terminal, or what a pipe brings, line by line.
 */
#ifndef WOSYNC_CLI_INIT_ASK_H
#define WOSYNC_CLI_INIT_ASK_H

#include <stdbool.h>

#include "base/buffer.h"

/* Zeroed: nothing was read yet. Free `unread` with buffer_free. */
struct init_ask {
    bool terminal;        /* somebody types */
    struct buffer unread; /* came, and was not asked for yet */
};

/* The longest line, in bytes. */
enum { INIT_ASK_LONGEST = 65536 };

/*
 * Reads a line. On a terminal prints `prompt` on stdout before, with a blank behind it; with `hidden` what is
 * typed is not shown, and what the terminal was like is restored, whatever happens. Returns the line without
 * white space at its ends, to be freed, or NULL: stdin has ended, the line is too long, or a signal came
 * (shutdown_signalled).
 */
char *init_ask_line(struct init_ask *ask, const char *prompt, bool hidden);

#endif
