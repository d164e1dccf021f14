/*
 * copy: a copy of the store, in a file beside it. For store/ alone.
 */
#ifndef WOSYNC_STORE_COPY_H
#define WOSYNC_STORE_COPY_H

#include "store/connection.h"

/* Copies what is committed into `path` (mode 0600), whole or not at all; an older copy is
 * replaced, and one of the store as it is now stays. The store may be in a transaction that has changed nothing
 * yet. Returns 0, or -1: EX_IOERR (the disk is full, an I/O error), EX_CANTCREAT, EX_TEMPFAIL after a signal. */
int copy_make(struct store *store, const char *path, struct error *e);

#endif
