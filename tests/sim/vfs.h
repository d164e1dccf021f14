/*
 * vfs: the disk as SQLite sees it: a VFS with locks and shared memory, every call of which may fail or find
 * its process dead (sqlite3_vfs, sqlite3_io_methods of version 2).
 */
#ifndef WOSYNC_SIM_VFS_H
#define WOSYNC_SIM_VFS_H

#include <stdbool.h>

/* Registers it as SQLite's default. */
void vfs_register(void);

/* For a new machine: nothing of the program may be open. Forgets SQLite's own random numbers. On a
 * `forgetful` one each statement reads what it needs from the disk, so that any of them may fail. */
void vfs_reset(bool forgetful);

/* What the shared memory of an open file holds is forgotten: someone has changed the file behind its back. */
void vfs_forget_shared(const char *name);

/* Someone else has locked the file of this name, so that it cannot even be read, until NULL is held. */
void vfs_hold(const char *name);

/* A process has ended: what a dead one has done to shared memory since its death did not happen. */
struct process;
void vfs_end_process(struct process *process);

#endif
