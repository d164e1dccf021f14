/*
 * vfs: the disk as SQLite sees it: a VFS with locks and shared memory, every call of which may fail or find
 * its process dead (sqlite3_vfs, sqlite3_io_methods of version 2).
 */
#ifndef WOSYNC_SIM_VFS_H
#define WOSYNC_SIM_VFS_H

/* Registers it as SQLite's default. */
void vfs_register(void);

/* For a new machine: forgets shared memory and SQLite's own random numbers. Nothing may be open. */
void vfs_reset(void);

/* A process has ended: what a dead one has done to shared memory since its death did not happen. */
struct process;
void vfs_end_process(struct process *process);

#endif
