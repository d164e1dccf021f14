#include "vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "disk.h"
#include "machine.h"
#include "verdict.h"
#include "vfs_file.h"

/* A dead process's view of the shared memory as it was when it died. */
struct frozen {
    struct node *node;
    unsigned char region[REGIONS][REGION];
};

static struct node nodes[NODES];
static int last_error;
static bool forgetful;

/* --- what becomes of a call --- */

/* Only a process inside of another leaves shared memory behind that is of interest. */
static void freeze(struct process *process)
{
    for (int n = 0; n < NODES; n++) {
        struct node *node = &nodes[n];
        if (node->mapped < 2 || process->frozen != NULL)
            continue;
        struct frozen *frozen = malloc(sizeof *frozen);
        if (frozen == NULL)
            abort();
        frozen->node = node;
        for (int i = 0; i < REGIONS; i++)
            if (node->region[i] != NULL)
                memcpy(frozen->region[i], node->region[i], REGION);
        process->frozen = frozen;
    }
}

enum fate vfs_call(enum call kind)
{
    enum fate fate = machine_call(kind);
    last_error = fate == FATE_FULL ? ENOSPC : fate == FATE_GO_ON ? 0 : EIO;
    return fate;
}

void vfs_end_process(struct process *process)
{
    struct frozen *frozen = process->frozen;
    if (frozen == NULL)
        return;
    for (int i = 0; i < REGIONS; i++)
        if (frozen->node->region[i] != NULL)
            memcpy(frozen->node->region[i], frozen->region[i], REGION);
    free(frozen);
    process->frozen = NULL;
}

/* --- reading and writing --- */

static int f_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 offset)
{
    struct file *f = (struct file *)file;
    if (vfs_call(CALL_READ) != FATE_GO_ON)
        return SQLITE_IOERR_READ;
    size_t n = disk_read(f->disk, out, (size_t)amount, (size_t)offset);
    return n == (size_t)amount ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int f_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    struct file *f = (struct file *)file;
    enum fate fate = vfs_call(CALL_WRITE);
    if (fate != FATE_GO_ON) {
        /* what fails may have got some of it done */
        size_t part = (size_t)dice_below(machine_dice(), amount + 1) / DISK_SECTOR * DISK_SECTOR;
        if (part > 0 && fate != FATE_DEAD)
            disk_write(f->disk, bytes, part, (size_t)offset);
        return fate == FATE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    disk_write(f->disk, bytes, (size_t)amount, (size_t)offset);
    return SQLITE_OK;
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct file *f = (struct file *)file;
    if (vfs_call(CALL_WRITE) != FATE_GO_ON)
        return SQLITE_IOERR_TRUNCATE;
    disk_truncate(f->disk, (size_t)size);
    return SQLITE_OK;
}

static int f_sync(sqlite3_file *file, int flags)
{
    struct file *f = (struct file *)file;
    (void)flags;
    if (vfs_call(CALL_WRITE) != FATE_GO_ON)
        return SQLITE_IOERR_FSYNC;
    machine_pass(dice_below(machine_dice(), 3));
    disk_sync(f->disk);
    if (f->with_directory)
        disk_sync_directory();
    f->with_directory = false;
    return SQLITE_OK;
}

static int f_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct file *f = (struct file *)file;
    if (vfs_call(CALL_READ) != FATE_GO_ON)
        return SQLITE_IOERR_FSTAT;
    *size = (sqlite3_int64)disk_size(f->disk);
    return SQLITE_OK;
}

static int f_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int f_sector(sqlite3_file *file)
{
    (void)file;
    return DISK_SECTOR;
}

static int f_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- files --- */

static int f_close(sqlite3_file *file)
{
    struct file *f = (struct file *)file;
    vfs_shm_unmap(file, 0);
    vfs_unlock(file, SQLITE_LOCK_NONE);
    if (f->remove)
        disk_remove(f->disk, false);
    if (--f->node->open == 0)
        f->node->disk = NULL;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {2, f_close, f_read, f_write, f_truncate, f_sync, f_size, vfs_lock,
    vfs_unlock, vfs_check_reserved, f_control, f_sector, f_characteristics, vfs_shm_map, vfs_shm_lock,
    vfs_shm_barrier, vfs_shm_unmap, NULL, NULL};

static struct node *find_node(struct disk_file *disk)
{
    struct node *found = NULL;
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].open > 0 && nodes[i].disk == disk)
            return &nodes[i];
        if (nodes[i].open == 0 && found == NULL)
            found = &nodes[i];
    }
    if (found == NULL)
        abort();
    *found = (struct node){.disk = disk, .oracles = machine_process() == NULL};
    return found;
}

/* A name that no file has. */
static const char *temporary_name(void)
{
    static char name[32];
    for (int i = 0;; i++) {
        snprintf(name, sizeof name, "temporary-%d", i);
        if (disk_find(name, false) == NULL)
            return name;
    }
}

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct file *f = (struct file *)file;
    (void)vfs;
    *f = (struct file){.level = SQLITE_LOCK_NONE};
    if (vfs_call(CALL_OPEN) != FATE_GO_ON)
        return SQLITE_CANTOPEN;
    /* the program itself makes the store before SQLite opens it */
    bool make = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) != 0;
    f->disk = disk_find(name != NULL ? name : temporary_name(), make);
    if (f->disk == NULL)
        return SQLITE_CANTOPEN;
    /* as on Unix: for journals that may have been made just now */
    f->with_directory =
        (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    f->remove = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    f->node = find_node(f->disk);
    f->node->open++;
    f->base.pMethods = &methods;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int durable)
{
    (void)vfs;
    if (vfs_call(CALL_WRITE) != FATE_GO_ON)
        return SQLITE_IOERR_DELETE;
    struct disk_file *disk = disk_find(name, false);
    if (disk == NULL)
        return SQLITE_IOERR_DELETE_NOENT;
    disk_remove(disk, durable != 0);
    return SQLITE_OK;
}

static int v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    *out = 0;
    if (vfs_call(CALL_READ) != FATE_GO_ON)
        return SQLITE_IOERR_ACCESS;
    const struct disk_file *disk = disk_find(name, false);
    *out = disk != NULL && (flags != SQLITE_ACCESS_EXISTS || disk_size(disk) > 0);
    return SQLITE_OK;
}

static int v_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

static int v_random(sqlite3_vfs *vfs, int count, char *out)
{
    (void)vfs;
    for (int i = 0; i < count; i++)
        out[i] = (char)dice_below(machine_dice(), 256);
    return count;
}

static int v_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    machine_call(CALL_WAIT);
    machine_advance((microseconds + 999) / 1000);
    return microseconds;
}

static int v_time(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = clock_now() + INT64_C(210866760000000); /* of the Julian day */
    return SQLITE_OK;
}

static int v_time_as_days(sqlite3_vfs *vfs, double *out)
{
    sqlite3_int64 ms;
    v_time(vfs, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}

static int v_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    (void)size;
    (void)out;
    return last_error;
}

/* Before each statement: SQLite lets go of the pages that no one uses. */
static int forget_pages(unsigned kind, void *context, void *statement, void *text)
{
    (void)kind;
    (void)statement;
    (void)text;
    if (forgetful && machine_process() != NULL)
        sqlite3_db_release_memory(context);
    return 0;
}

static int watch_connection(sqlite3 *db, char **wrong, const void *api)
{
    (void)wrong;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, forget_pages, db);
}

void vfs_register(void)
{
    static sqlite3_vfs vfs = {.iVersion = 2,
        .szOsFile = sizeof(struct file),
        .mxPathname = 120,
        .zName = "simulated",
        .xOpen = v_open,
        .xDelete = v_delete,
        .xAccess = v_access,
        .xFullPathname = v_full_name,
        .xRandomness = v_random,
        .xSleep = v_sleep,
        .xCurrentTime = v_time_as_days,
        .xGetLastError = v_last_error,
        .xCurrentTimeInt64 = v_time};
    /* there is one thread, and no one asks how much memory is in use */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_vfs_register(&vfs, 1);
    sqlite3_auto_extension((void (*)(void))watch_connection);
    machine_death = freeze;
}

void vfs_reset(bool is_forgetful)
{
    forgetful = is_forgetful;
    for (int i = 0; i < NODES; i++)
        if (nodes[i].open > 0 && !nodes[i].oracles)
            broken("memory", "a file was left open");
    sqlite3_randomness(0, NULL);
}

void vfs_forget_shared(const char *name)
{
    const struct disk_file *disk = disk_find(name, false);
    for (int i = 0; i < NODES; i++)
        for (int r = 0; r < REGIONS; r++)
            if (nodes[i].disk == disk && nodes[i].region[r] != NULL)
                memset(nodes[i].region[r], 0, REGION);
}
