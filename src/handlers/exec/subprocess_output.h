/*
 * subprocess_output: what a program prints: its first lines for the log, its last ones for an error text, all
 * in little memory.
 */
#ifndef WOSYNC_HANDLERS_EXEC_SUBPROCESS_OUTPUT_H
#define WOSYNC_HANDLERS_EXEC_SUBPROCESS_OUTPUT_H

#include <stddef.h>

/* Start from {.name = ...}. */
struct subprocess_output {
    const char *name; /* stands before every line in the log; borrowed */
    char line[512];   /* the line that has begun */
    size_t line_len;  /* of it; what is longer is cut */
    int lines;        /* logged so far */
    char tail[4096];  /* the last bytes */
    size_t tail_len;
};

/* Takes the next bytes: full lines go to the log at -v, the first 100 of them. */
void subprocess_output_add(struct subprocess_output *output, const char *bytes, size_t n);

/* At the end: logs a last line without a newline. */
void subprocess_output_finish(struct subprocess_output *output);

/*
 * Writes the last lines that fit into `size` bytes (at least 32), or the end of the last one; white space and
 * control characters become single spaces, bytes that are no UTF-8 become '?', secrets are masked. Empty when
 * nothing was printed.
 */
void subprocess_output_tail(struct subprocess_output *output, char *out, size_t size);

#endif
