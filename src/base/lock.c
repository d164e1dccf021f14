#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the locks lie: no file is that long, and SQLite's own lock bytes end a little behind 1 GiB. */
#define LOCK_OFFSET ((off_t)1 << 62)
_Static_assert(sizeof(off_t) == 8, "build with -D_FILE_OFFSET_BITS=64");

/* The descriptor that a forked child must not keep: the lock would outlive us with the child. */
static int open_lock = -1;

static void close_in_child(void)
{
    if (open_lock >= 0)
        close(open_lock);
    open_lock = -1;
}

int lock_open(const char *path, struct error *e)
{
    static bool registered;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(e, errno == EACCES && access(path, F_OK) == 0 ? EX_IOERR : EX_CANTCREAT,
            "store %s: it cannot be opened: %s; check its permissions and the user that wosync runs as", path,
            strerror(errno));
    if (!registered)
        registered = pthread_atfork(NULL, NULL, close_in_child) == 0;
    open_lock = fd;
    return fd;
}

bool lock_is_new(int lock)
{
    struct stat st;
    return fstat(lock, &st) == 0 && st.st_size == 0;
}

static struct flock byte_of(enum lock_kind kind, short type)
{
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = LOCK_OFFSET + (off_t)kind, .l_len = 1};
}

/* The kernel names no holder of an open file description lock. A second byte has an ordinary lock, which
 * nobody waits for: it says who holds the first. */
static struct flock sign_of(enum lock_kind kind, short type)
{
    return byte_of(LOCK_KINDS + kind, type);
}

static int fail_busy(int lock, enum lock_kind kind, struct error *e)
{
    static const char *const at[] = {
        [LOCK_POLL] = "another run reads the list",
        [LOCK_REFETCH] = "another run asks for single work orders",
        [LOCK_BACKFILL] = "another backfill is at work",
        [LOCK_SWEEP] = "another sweep is at work",
        [LOCK_DELIVER] = "another run delivers",
        [LOCK_CREATE] = "another run makes the store",
    };
    char process[32] = "";
    struct flock sign = sign_of(kind, F_WRLCK);
    if (fcntl(lock, F_GETLK, &sign) == 0 && sign.l_type != F_UNLCK && sign.l_pid > 0)
        snprintf(process, sizeof process, " (process %ld)", (long)sign.l_pid);
    return fail(e, EX_TEMPFAIL, "%s%s", at[kind], process);
}

int lock_take(int lock, enum lock_kind kind, struct error *e)
{
    struct flock byte = byte_of(kind, F_WRLCK), sign = sign_of(kind, F_WRLCK);
    if (fcntl(lock, F_OFD_SETLK, &byte) != 0)
        return errno == EAGAIN || errno == EACCES
                   ? fail_busy(lock, kind, e)
                   : fail(e, EX_IOERR,
                         "store: its file system refuses locks: %s; keep it on a local file system",
                         strerror(errno));
    int rc = fcntl(lock, F_SETLK, &sign);
    (void)rc; /* for people only */
    return 0;
}

int lock_count_readers(int lock)
{
    static const enum lock_kind kinds[] = {LOCK_POLL, LOCK_REFETCH, LOCK_BACKFILL, LOCK_SWEEP};
    int count = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct flock byte = byte_of(kinds[i], F_WRLCK);
        count += fcntl(lock, F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
    }
    return count;
}

void lock_release(int lock, enum lock_kind kind)
{
    struct flock byte = byte_of(kind, F_UNLCK), sign = sign_of(kind, F_UNLCK);
    fcntl(lock, F_SETLK, &sign);
    fcntl(lock, F_OFD_SETLK, &byte);
}

void lock_close(int lock)
{
    if (lock < 0)
        return;
    open_lock = -1;
    close(lock);
}
