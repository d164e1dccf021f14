/*
 * rehearse_out: the directory into which a rehearsal writes what would be sent: a file for each message,
 * NUMBER.SUFFIX, readable by its owner alone, and index.tsv, which says of each when and for what it is.
 * Nothing that is there is written over.
 */
#ifndef WOSYNC_DELIVER_REHEARSE_OUT_H
#define WOSYNC_DELIVER_REHEARSE_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "handlers/handler.h"

/* Zeroed, and the directory -1: none. */
struct rehearse_out {
    const char *path; /* borrowed */
    int directory;    /* -1: nothing is written */
    FILE *index;      /* NULL before the first file */
    bool begun;       /* something was put into it */
    int64_t files;
};

/* Makes the directory (mode 0700, the last part of the path only), or takes one that is empty and ours.
 * Returns 0, or -1 with EX_CANTCREAT. */
int rehearse_out_open(struct rehearse_out *out, const char *path, struct error *e);

/* Renders a batch and writes the file. `moment` is when it would be sent; `what` names it in the index.
 * Returns 0, or -1 with EX_IOERR or EX_CANTCREAT. */
int rehearse_out_write(struct rehearse_out *out, const struct handler_type *type, void *state,
    struct handler_batch *batch, int64_t moment, const char *what, struct error *e);

/* Adds to the error that ended a rehearsal what is left in the directory. */
void rehearse_out_explain(const struct rehearse_out *out, struct error *e);

/* Ends the index and closes the directory; one that was not opened is allowed. Returns 0, or -1 with
 * EX_IOERR. */
int rehearse_out_close(struct rehearse_out *out, struct error *e);

#endif
