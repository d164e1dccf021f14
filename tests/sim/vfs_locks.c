/* Locks on a file, and the shared memory of the WAL index. */
#include "vfs_file.h"

#include <stdlib.h>

#include "vfs.h"

const struct disk_file *vfs_held;

void vfs_hold(const char *name)
{
    vfs_held = name != NULL ? disk_find(name, true) : NULL;
}

/* --- locks on the file --- */

int vfs_unlock(sqlite3_file *file, int level)
{
    struct file *f = (struct file *)file;
    struct node *n = f->node;
    if (f->level <= level)
        return SQLITE_OK;
    if (f->level >= SQLITE_LOCK_RESERVED && n->reserved == f) {
        n->reserved = NULL;
        n->pending = n->exclusive = false;
    }
    if (level == SQLITE_LOCK_NONE)
        n->readers--;
    f->level = level;
    return SQLITE_OK;
}

int vfs_lock(sqlite3_file *file, int level)
{
    struct file *f = (struct file *)file;
    struct node *n = f->node;
    if (f->level >= level)
        return SQLITE_OK;
    if (vfs_call(CALL_LOCK) != FATE_GO_ON)
        return SQLITE_IOERR_LOCK;
    if (vfs_held != NULL && n->disk == vfs_held)
        return SQLITE_BUSY;
    if (n->reserved != NULL && n->reserved != f && (level > SQLITE_LOCK_SHARED || n->pending || n->exclusive))
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
        n->readers++;
        f->level = level;
        return SQLITE_OK;
    }
    n->reserved = f;
    if (level == SQLITE_LOCK_EXCLUSIVE) {
        if (n->readers > 1) {
            n->pending = true;
            f->level = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
        n->exclusive = true;
    }
    f->level = level;
    return SQLITE_OK;
}

int vfs_check_reserved(sqlite3_file *file, int *out)
{
    struct file *f = (struct file *)file;
    if (vfs_call(CALL_LOCK) != FATE_GO_ON)
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *out = f->node->reserved != NULL;
    return SQLITE_OK;
}

/* --- the shared memory of the WAL index --- */

int vfs_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct file *f = (struct file *)file;
    struct node *n = f->node;
    *out = NULL;
    if (vfs_call(CALL_OPEN) != FATE_GO_ON || region >= REGIONS || size != REGION)
        return SQLITE_IOERR_SHMMAP;
    if (!f->mapped) {
        f->mapped = true;
        n->mapped++;
    }
    if (n->region[region] == NULL && extend) {
        n->region[region] = calloc(1, REGION);
        if (n->region[region] == NULL)
            return SQLITE_NOMEM;
    }
    *out = n->region[region];
    return SQLITE_OK;
}

static int shm_take(struct file *f, int offset, int count, int flags)
{
    struct node *n = f->node;
    for (int i = offset; i < offset + count; i++) {
        if (n->exclusively[i] != NULL && n->exclusively[i] != f)
            return SQLITE_BUSY;
        if ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && n->shared[i] > ((f->shared >> i) & 1U ? 1 : 0))
            return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + count; i++) {
        if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
            n->exclusively[i] = f;
            f->exclusive |= 1U << i;
        } else if (((f->shared >> i) & 1U) == 0) {
            n->shared[i]++;
            f->shared |= 1U << i;
        }
    }
    return SQLITE_OK;
}

int vfs_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    struct file *f = (struct file *)file;
    struct node *n = f->node;
    if ((flags & SQLITE_SHM_LOCK) != 0)
        return vfs_call(CALL_LOCK) == FATE_GO_ON ? shm_take(f, offset, count, flags) : SQLITE_IOERR_SHMLOCK;
    for (int i = offset; i < offset + count; i++) {
        if ((f->exclusive >> i) & 1U)
            n->exclusively[i] = NULL;
        if ((f->shared >> i) & 1U)
            n->shared[i]--;
        f->exclusive &= ~(1U << i);
        f->shared &= ~(1U << i);
    }
    return SQLITE_OK;
}

void vfs_shm_barrier(sqlite3_file *file)
{
    (void)file;
}

int vfs_shm_unmap(sqlite3_file *file, int remove)
{
    struct file *f = (struct file *)file;
    struct node *n = f->node;
    (void)remove;
    if (!f->mapped)
        return SQLITE_OK;
    vfs_shm_lock(file, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
    f->mapped = false;
    /* the first that opens it anew finds nothing in it, removed or not */
    if (--n->mapped == 0)
        for (int i = 0; i < REGIONS; i++) {
            free(n->region[i]);
            n->region[i] = NULL;
        }
    return SQLITE_OK;
}
