/*
 * lock: one run at a time for each kind of work. The kernel holds the locks and drops them with the process,
 * however it ends.
 *
 * The locks are byte ranges of the store's own file, far behind anything that SQLite uses: they belong to the
 * file and not to its name, so a symbolic link or a removed file beside it cannot split them. They are open
 * file description locks (F_OFD_SETLK): SQLite's own locks neither meet them nor drop them. The other way
 * round, closing any descriptor of the file drops SQLite's locks in the whole process (POSIX). So lock_open
 * comes before the store is opened, and lock_close after it was closed.
 */
#ifndef WOSYNC_BASE_LOCK_H
#define WOSYNC_BASE_LOCK_H

#include <stdbool.h>

#include "base/error.h"

enum lock_kind {
    LOCK_POLL,     /* reading what changed */
    LOCK_REFETCH,  /* asking for single work orders that notifications name */
    LOCK_BACKFILL, /* reading history */
    LOCK_SWEEP,    /* reading everything, and proving what is gone */
    LOCK_DELIVER,  /* fan-out and deliveries */
    LOCK_CREATE,   /* making a store: held while a new one is opened */
    LOCK_KINDS
};

/*
 * Opens the store's file for its locks; an empty one is made (mode 0600) where it is missing. Returns a
 * descriptor, to be closed with lock_close, or -1: EX_CANTCREAT when it cannot be made, EX_IOERR when it is
 * there and cannot be opened. A child process that forks from this one and executes nothing does not get it.
 */
int lock_open(const char *path, struct error *e);

/* True when nothing was written into the file yet: then it is to be opened by one process at a time. */
bool lock_is_new(int lock);

/* Takes the lock of a kind, without waiting. Returns 0, or -1: EX_TEMPFAIL when another process holds it (the
 * error says what it is at), EX_IOERR when the file system has no locks. */
int lock_take(int lock, enum lock_kind kind, struct error *e);

/* How many of the locks under which requests go to MaintainX are held by other processes. */
int lock_count_readers(int lock);

/* Releases the lock of a kind. */
void lock_release(int lock, enum lock_kind kind);

/* Releases all of them and closes the descriptor; -1 is allowed. */
void lock_close(int lock);

#endif
