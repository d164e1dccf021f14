/*
 * vfs_file: an open file, and what all that have it open share; of sqlite3_io_methods, what concerns locks
 * and shared memory (vfs_locks.c).
 */
#ifndef WOSYNC_SIM_VFS_FILE_H
#define WOSYNC_SIM_VFS_FILE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "disk.h"
#include "machine.h"

enum { REGION = 32768, REGIONS = 8, NODES = 12 };

/* What all that have a file open share: locks, and the memory of the WAL index. */
struct node {
    struct disk_file *disk;
    int open;
    bool oracles;            /* opened by no process of the machine */
    int readers;             /* file locks: of SHARED and above */
    const void *reserved;    /* who holds RESERVED or more, */
    bool pending, exclusive; /* and which */
    int mapped;              /* files that use the shared memory */
    unsigned char *region[REGIONS];
    int shared[SQLITE_SHM_NLOCK];
    const void *exclusively[SQLITE_SHM_NLOCK];
};

struct file {
    sqlite3_file base;
    struct disk_file *disk;
    struct node *node;
    int level; /* of the file lock */
    bool mapped;
    unsigned shared, exclusive; /* locks on the shared memory, as bits */
    bool with_directory;        /* its next sync is of the directory, too */
    bool remove;                /* at the end */
};

/* machine_call, and the error number that goes with it. */
enum fate vfs_call(enum call kind);

/* The file that someone else has locked; NULL without one. */
extern const struct disk_file *vfs_held;

int vfs_lock(sqlite3_file *file, int level);
int vfs_unlock(sqlite3_file *file, int level);
int vfs_check_reserved(sqlite3_file *file, int *out);
int vfs_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out);
int vfs_shm_lock(sqlite3_file *file, int offset, int count, int flags);
void vfs_shm_barrier(sqlite3_file *file);
int vfs_shm_unmap(sqlite3_file *file, int remove);

#endif
