#include "support.h"

#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/* Behind it in memory lies the system's own. */
struct file {
    sqlite3_file base;
    sqlite3_file *real;
};

static struct {
    sqlite3_vfs *real;
    sqlite3 *connection;
    enum disk_fault fault;
    int64_t at, calls;
    bool hit;
} disk;

int disk_error_number = EIO;
void (*disk_beside)(void);

void disk_fails_at(enum disk_fault fault, int64_t n)
{
    disk.fault = fault;
    disk.at = n;
    disk.calls = 0;
    disk.hit = false;
}

bool disk_failed(void)
{
    return disk.hit;
}

int64_t disk_calls(void)
{
    return disk.calls;
}

sqlite3 *disk_connection(void)
{
    return disk.connection;
}

enum kind { READ, WRITE, LOCK, WRITE_LOCK };

/* Counts a call, and says what becomes of it: SQLITE_OK to go on, or `code`. */
static int call(int code, enum kind kind)
{
    disk.calls++;
    if (disk.at == 0 || disk.calls < disk.at)
        return SQLITE_OK;
    bool now = disk.calls == disk.at;
    if (disk.fault == FAULT_BESIDE && now) {
        disk.at = 0;
        disk.hit = true;
        disk_beside();
    } else if (disk.fault == FAULT_IO && now) {
        disk.hit = true;
        return code;
    } else if (disk.fault == FAULT_FULL && kind == WRITE) {
        disk.hit = true;
        return SQLITE_FULL;
    } else if ((disk.fault == FAULT_LOCKED && kind == WRITE_LOCK) ||
               (disk.fault == FAULT_LOCKS && (kind == LOCK || kind == WRITE_LOCK))) {
        disk.hit = true;
        return SQLITE_BUSY;
    }
    return SQLITE_OK;
}

#define REAL(file) (((struct file *)(file))->real)
#define PASS_ON(code, kind, method, ...)                                                                     \
    int answer = call(code, kind);                                                                           \
    return answer != SQLITE_OK ? answer : REAL(file)->pMethods->method(REAL(file), __VA_ARGS__)

static int f_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int f_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 offset)
{
    PASS_ON(SQLITE_IOERR_READ, READ, xRead, out, amount, offset);
}

static int f_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
    PASS_ON(SQLITE_IOERR_WRITE, WRITE, xWrite, bytes, amount, offset);
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    PASS_ON(SQLITE_IOERR_TRUNCATE, READ, xTruncate, size);
}

static int f_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return call(SQLITE_IOERR_FSYNC, READ);
}

static int f_size(sqlite3_file *file, sqlite3_int64 *size)
{
    PASS_ON(SQLITE_IOERR_FSTAT, READ, xFileSize, size);
}

static int f_lock(sqlite3_file *file, int level)
{
    PASS_ON(SQLITE_IOERR_LOCK, level == SQLITE_LOCK_SHARED ? LOCK : WRITE_LOCK, xLock, level);
}

static int f_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int f_check_reserved(sqlite3_file *file, int *out)
{
    PASS_ON(SQLITE_IOERR_CHECKRESERVEDLOCK, READ, xCheckReservedLock, out);
}

static int f_control(sqlite3_file *file, int op, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), op, argument);
}

static int f_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int f_characteristics(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int f_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    PASS_ON(SQLITE_IOERR_SHMMAP, READ, xShmMap, region, size, extend, out);
}

static int f_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    if ((flags & SQLITE_SHM_UNLOCK) != 0)
        return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
    /* the first of them is for who writes */
    PASS_ON(SQLITE_IOERR_SHMLOCK, offset == 0 && (flags & SQLITE_SHM_EXCLUSIVE) != 0 ? WRITE_LOCK : LOCK,
        xShmLock, offset, count, flags);
}

static void f_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int f_shm_unmap(sqlite3_file *file, int remove)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    /* version 2: nothing is mapped into memory, so that every read is a call */
    static const sqlite3_io_methods methods = {2, f_close, f_read, f_write, f_truncate, f_sync, f_size,
        f_lock, f_unlock, f_check_reserved, f_control, f_sector, f_characteristics, f_shm_map, f_shm_lock,
        f_shm_barrier, f_shm_unmap, NULL, NULL};
    static const sqlite3_io_methods alone = {1, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock,
        f_unlock, f_check_reserved, f_control, f_sector, f_characteristics, NULL, NULL, NULL, NULL, NULL,
        NULL};
    struct file *f = (struct file *)file;
    (void)vfs;
    *f = (struct file){.real = (sqlite3_file *)(f + 1)};
    int code = call(SQLITE_CANTOPEN, READ);
    if (disk.fault == FAULT_ROFS && disk.at > 0 && (flags & SQLITE_OPEN_MAIN_DB) != 0)
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    if (code == SQLITE_OK)
        code = disk.real->xOpen(disk.real, name, f->real, flags, out_flags);
    if (code == SQLITE_OK)
        f->base.pMethods = disk.fault == FAULT_ALONE && disk.at > 0 ? &alone : &methods;
    return code;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int durable)
{
    (void)vfs;
    (void)durable;
    int code = call(SQLITE_IOERR_DELETE, READ);
    return code != SQLITE_OK ? code : disk.real->xDelete(disk.real, name, 0);
}

static int v_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    int code = call(SQLITE_IOERR_ACCESS, READ);
    return code != SQLITE_OK ? code : disk.real->xAccess(disk.real, name, flags, out);
}

/* No one waits. */
static int v_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int v_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    (void)size;
    (void)out;
    return disk.fault == FAULT_FULL ? ENOSPC : disk_error_number;
}

static int forget_pages(unsigned kind, void *db, void *statement, void *text)
{
    (void)kind;
    (void)statement;
    (void)text;
    sqlite3_db_release_memory(db);
    return 0;
}

static int watch_connection(sqlite3 *db, char **wrong, const void *api)
{
    (void)wrong;
    (void)api;
    disk.connection = db;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, forget_pages, db);
}

void disk_install(void)
{
    static sqlite3_vfs vfs;
    disk.real = sqlite3_vfs_find(NULL);
    vfs = *disk.real;
    vfs.iVersion = 2;
    vfs.zName = "failing";
    vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
    vfs.xOpen = v_open;
    vfs.xDelete = v_delete;
    vfs.xAccess = v_access;
    vfs.xSleep = v_sleep;
    vfs.xGetLastError = v_last_error;
    check(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK &&
              sqlite3_auto_extension((void (*)(void))watch_connection) == SQLITE_OK,
        "the VFS");
}

void disk_forget_schema(void)
{
    check(sqlite3_exec(disk.connection, "PRAGMA writable_schema = RESET", NULL, NULL, NULL) == SQLITE_OK,
        "%s", sqlite3_errmsg(disk.connection));
}

/* A blob may hold a NUL, which would end the dump for those who compare it as a text. */
static void dump_value(struct buffer *out, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buffer_append(out, bytes[i] != '\0' ? &bytes[i] : "@", 1);
}

static void dump_table(sqlite3 *db, const char *table, const char *but, struct buffer *out)
{
    sqlite3_stmt *rows = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1, 2", table);
    if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK) { /* of one column */
        sqlite3_free(sql);
        sql = sqlite3_mprintf("SELECT * FROM \"%w\" ORDER BY 1", table);
        check(sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    }
    while (sqlite3_step(rows) == SQLITE_ROW) {
        buffer_append_text(out, table);
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            char name[64];
            snprintf(name, sizeof name, " %s ", sqlite3_column_name(rows, i));
            const void *bytes = sqlite3_column_blob(rows, i);
            buffer_append_text(out, " | ");
            if (strstr(but, name) == NULL)
                dump_value(out, bytes != NULL ? bytes : "-",
                    bytes != NULL ? (size_t)sqlite3_column_bytes(rows, i) : 1);
        }
        buffer_append_text(out, "\n");
    }
    check(sqlite3_finalize(rows) == SQLITE_OK, "%s: %s", table, sqlite3_errmsg(db));
    sqlite3_free(sql);
}

char *disk_dump(sqlite3 *db, const char *but)
{
    struct buffer out = {0};
    sqlite3_stmt *tables = NULL;
    check(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1,
              &tables, NULL) == SQLITE_OK,
        "%s", sqlite3_errmsg(db));
    buffer_append_text(&out, "");
    while (sqlite3_step(tables) == SQLITE_ROW) {
        char name[64];
        snprintf(name, sizeof name, " %s ", sqlite3_column_text(tables, 0));
        if (strstr(but, name) == NULL)
            dump_table(db, (const char *)sqlite3_column_text(tables, 0), but, &out);
    }
    sqlite3_finalize(tables);
    return out.data;
}
