/*
 * disk: a disk below SQLite that fails when it is told to (a VFS before the system's own), and does not sync:
 * the power stays on. What SQLite has in memory it forgets before each statement, so that each reads what it
 * needs and any of them can fail.
 */
#ifndef WOSYNC_TESTS_DISK_H
#define WOSYNC_TESTS_DISK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum disk_fault {
    FAULT_IO,     /* one call fails: an I/O error */
    FAULT_FULL,   /* from there on every write fails: ENOSPC */
    FAULT_LOCKED, /* from there on another process is writing */
    FAULT_LOCKS,  /* from there on no lock can be had */
    FAULT_ROFS,   /* a database that is opened is read-only */
    FAULT_ALONE,  /* processes share no memory over a file that is opened */
    FAULT_BESIDE  /* before the call, disk_beside is called, once */
};

/* Takes the place of SQLite's default VFS, for every connection that is opened from here on. */
void disk_install(void);

/* Lets the n-th call from here on fail, and starts to count. With n = 0 none does. */
void disk_fails_at(enum disk_fault fault, int64_t n);

/* The error number of a call that fails; EIO unless it is set. */
extern int disk_error_number;

/* Has it come to that? */
bool disk_failed(void);

/* The number of calls since disk_fails_at. */
int64_t disk_calls(void);

/* What happens at FAULT_BESIDE; there are no faults meanwhile. */
extern void (*disk_beside)(void);

/* The connection that was opened last. */
sqlite3 *disk_connection(void);

/* That connection forgets what it knows of the schema: the next statement that is prepared reads it again, as
 * after another process has changed it. */
void disk_forget_schema(void);

/* All rows of all tables, as text, without the tables and columns of `but` (a space before and behind each
 * name). To be freed. */
char *disk_dump(sqlite3 *db, const char *but);

#endif
