/*
 * lock: one run at a time. The kernel holds the lock and drops it with the process, however it ends.
 */
#ifndef WOSYNC_BASE_LOCK_H
#define WOSYNC_BASE_LOCK_H

#include "base/error.h"

/*
 * Takes the lock on `path` (made with mode 0600 where it is missing, never removed: removing it would let two
 * runs lock two files of one name) and writes our process id into it, for people. Returns a descriptor to be
 * closed to give the lock back, or -1: EX_TEMPFAIL when another run holds it, EX_CANTCREAT when the file
 * cannot be made.
 */
int lock_take(const char *path, struct error *e);

/* Gives the lock back; -1 is allowed. */
void lock_release(int lock);

#endif
