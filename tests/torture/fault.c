/*
 * fault: makes the n-th of something fail, or ends the process there. It stands between a program and the C
 * library, preloaded or linked into it.
 *
 *   WOSYNC_FAULT      KIND:N, what happens to the N-th (from 1), or KIND+:N, to the N-th and all that follow
 *   WOSYNC_FAULT_LOG  a file that is given at the end a line for each call on a file, each write and each call on
 *                     a Unix socket, in their order: what it is and a number for the call stack; and for each
 *                     allocation that comes first after something that the world can see, its number
 *   WOSYNC_FAULT_NOW  what the wall clock says all the time, in milliseconds; random numbers are 0 then
 *
 *   memory  an allocation fails, whoever asks for it; linked into the program only, whose malloc it then is
 *   eio     a call on a file fails with EIO: open, read, write, sync, truncate, map, lock, remove, rename
 *   enospc, erofs  a call that writes to a file fails so
 *   econnreset  sending to or receiving from a Unix socket (PostgreSQL) fails so, and the connection is gone
 *   kill    the process dies before a call that writes (to a file, or a request or a delivery to a socket)
 *   tear    the process dies in the middle of such a call, half of it written
 *
 * Children of the program are left in peace.
 */
#define _GNU_SOURCE
#ifdef FAULT_IS_LINKED
#include <sanitizer/lsan_interface.h>
#endif
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum kind { NOTHING, MEMORY, EIO_, ENOSPC_, EROFS_, ECONNRESET_, KILL, TEAR };

enum point { CALLS, WRITES, EXCHANGES, POINTS };
enum { MOST_POINTS = 8192, DEPTH = 64 };

static const struct {
    const char *name;
    enum kind kind;
} kinds[] = {{"memory", MEMORY}, {"eio", EIO_}, {"enospc", ENOSPC_}, {"erofs", EROFS_},
    {"econnreset", ECONNRESET_}, {"kill", KILL}, {"tear", TEAR}};

static struct {
    bool at_work;
    bool traced;
    enum kind kind;
    bool on; /* and all that follow */
    long number;
    long allocations;
    bool seen; /* something was done since the last allocation that the world can see */
    long points[POINTS];
    struct {
        char what;
        unsigned long number;
    } lines[MOST_POINTS]; /* of the log */
    int line_count;
    int log;
    long now; /* 0: the true time */
} fault = {.log = -1, .seen = true};

/* The next definition of a function behind this one. */
#define NEXT(name) ((__typeof__(&name))next(#name))

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL)
        abort();
    return function;
}

/* A number that is the same, in one process, for the same call stack. */
static unsigned long stack(void)
{
    void *frames[DEPTH];
    unsigned long number = 0;
    bool at_work = fault.at_work;
    fault.at_work = false;
    for (int i = backtrace(frames, DEPTH) - 1; i >= 0; i--)
        number = (number ^ (unsigned long)frames[i]) * 1099511628211UL;
    fault.at_work = at_work;
    return number;
}

/* What `stack` needs is loaded by its first call, and LeakSanitizer does not see who keeps it. */
static void load_unwinder(void)
{
#ifdef FAULT_IS_LINKED
    __lsan_disable();
    (void)stack();
    __lsan_enable();
#endif
}

static void write_down(char what, unsigned long number)
{
    if (fault.log < 0 || fault.kind != NOTHING)
        return;
    if (fault.line_count == MOST_POINTS)
        abort();
    fault.lines[fault.line_count].what = what;
    fault.lines[fault.line_count++].number = number;
}

__attribute__((constructor(65535))) static void begin(void)
{
    const char *what = getenv("WOSYNC_FAULT"), *log = getenv("WOSYNC_FAULT_LOG"),
               *now = getenv("WOSYNC_FAULT_NOW");
    if (what == NULL)
        return;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].name);
        if (strncmp(what, kinds[i].name, len) == 0 && strchr(":+", what[len]) != NULL) {
            fault.kind = kinds[i].kind;
            fault.on = what[len] == '+';
            fault.number = atol(strchr(what, ':') + 1);
        }
    }
    if (log != NULL)
        fault.log = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    load_unwinder();
    fault.now = now != NULL ? atol(now) : 0;
    fault.traced = getenv("WOSYNC_FAULT_TRACE") != NULL;
    unsetenv("LD_PRELOAD");
    unsetenv("WOSYNC_FAULT");
    unsetenv("WOSYNC_FAULT_LOG");
    fault.at_work = true;
}

__attribute__((destructor)) static void end(void)
{
    if (fault.log < 0)
        return;
    fault.at_work = false;
    for (int i = 0; i < fault.line_count; i++)
        dprintf(fault.log, "%c %lu\n", fault.lines[i].what, fault.lines[i].number);
    close(fault.log);
}

static bool is_it(long count)
{
    return count == fault.number || (fault.on && count > fault.number);
}

/* Where it hits, for whoever looks into a failure. */
static void trace(void)
{
    void *frames[32];
    if (!fault.traced)
        return;
    fault.at_work = false;
    backtrace_symbols_fd(frames, backtrace(frames, 32), 2);
    fault.at_work = true;
}

/* Counts. Returns true when it is the one. */
static bool count(enum point point)
{
    if (fault.log >= 0 && fault.kind == NOTHING)
        write_down("cwx"[point], stack());
    return is_it(++fault.points[point]);
}

/* A call on a file. Returns true, with errno set, when it is to fail. */
static bool call_fails(void)
{
    if (!fault.at_work)
        return false;
    if (!count(CALLS) || fault.kind != EIO_)
        return false;
    trace();
    errno = EIO;
    return true;
}

/* A call that writes; it may not return. */
static bool write_fails(void)
{
    if (!fault.at_work)
        return false;
    fault.seen = true;
    if (!count(WRITES))
        return false;
    if (fault.kind == ENOSPC_ || fault.kind == EROFS_) {
        trace();
        errno = fault.kind == ENOSPC_ ? ENOSPC : EROFS;
        return true;
    }
    if (fault.kind == KILL)
        raise(SIGKILL);
    return false;
}

static bool is_torn(void)
{
    return fault.at_work && fault.kind == TEAR && is_it(fault.points[WRITES]);
}

static bool is_file(int fd)
{
    struct stat st;
    return fault.at_work && NEXT(fstat)(fd, &st) == 0 && S_ISREG(st.st_mode) && fd != fault.log;
}

/* --- memory --- */

#ifdef FAULT_IS_LINKED
#include "base/memory.h"

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *old, size_t size);

/* What src/base/malloc.c does when an allocation fails. */
static void allocate(void)
{
    if (!fault.at_work)
        return;
    fault.allocations++;
    if (fault.seen)
        write_down('m', (unsigned long)fault.allocations);
    fault.seen = false;
    if (fault.kind == MEMORY && is_it(fault.allocations)) {
        trace();
        memory_ran_out();
    }
}

void *malloc(size_t size)
{
    allocate();
    return __interceptor_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocate();
    return __interceptor_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocate();
    return __interceptor_realloc(old, size);
}
#endif

/* --- files --- */

static int open_at(int directory, const char *path, int flags, mode_t mode)
{
    if (call_fails() || ((flags & (O_CREAT | O_TRUNC)) != 0 && write_fails()))
        return -1;
    return NEXT(openat)(directory, path, flags, mode);
}

/* The mode is there only when a file may be made. */
#define MODE_OF(flags)                                                                                       \
    mode_t mode = 0;                                                                                         \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                            \
        va_list ap;                                                                                          \
        va_start(ap, flags);                                                                                 \
        mode = va_arg(ap, mode_t);                                                                           \
        va_end(ap);                                                                                          \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_at(directory, path, flags, mode);
}

ssize_t read(int fd, void *bytes, size_t n)
{
    return is_file(fd) && call_fails() ? -1 : NEXT(read)(fd, bytes, n);
}

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    return is_file(fd) && call_fails() ? -1 : NEXT(pread)(fd, bytes, n, at);
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t at)
{
    return is_file(fd) && call_fails() ? -1 : NEXT(pread64)(fd, bytes, n, at);
}

static ssize_t put(int fd, const void *bytes, size_t n, off_t at)
{
    if (is_file(fd) && (call_fails() || write_fails()))
        return -1;
    if (is_torn() && is_file(fd)) {
        ssize_t half = NEXT(pwrite)(fd, bytes, n / 2, at);
        (void)half;
        raise(SIGKILL);
    }
    return NEXT(pwrite)(fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return put(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return put(fd, bytes, n, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    if (is_file(fd) && (call_fails() || write_fails()))
        return -1;
    fault.seen = true; /* stdout, a pipe to a program */
    return NEXT(write)(fd, bytes, n);
}

/* A sync is counted and may fail, and does not wait for the disk: no power is lost here. */
int fsync(int fd)
{
    if (call_fails() || write_fails())
        return -1;
    return fault.at_work ? 0 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    if (call_fails() || write_fails())
        return -1;
    return fault.at_work ? 0 : NEXT(fdatasync)(fd);
}

int ftruncate(int fd, off_t size)
{
    return call_fails() || write_fails() ? -1 : NEXT(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return call_fails() || write_fails() ? -1 : NEXT(ftruncate64)(fd, size);
}

int mkdir(const char *path, mode_t mode)
{
    return call_fails() || write_fails() ? -1 : NEXT(mkdir)(path, mode);
}

int unlink(const char *path)
{
    return call_fails() || write_fails() ? -1 : NEXT(unlink)(path);
}

int unlinkat(int directory, const char *path, int flags)
{
    return call_fails() || write_fails() ? -1 : NEXT(unlinkat)(directory, path, flags);
}

int rename(const char *from, const char *to)
{
    return call_fails() || write_fails() ? -1 : NEXT(rename)(from, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    return call_fails() || write_fails() ? -1 : NEXT(renameat)(from_directory, from, to_directory, to);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
    if (fd >= 0 && is_file(fd) && call_fails())
        return MAP_FAILED;
    return NEXT(mmap64)(at, size, protection, flags, fd, offset);
}

/* SQLite's locks, and those of the kinds of work. */
int fcntl64(int fd, int command, ...)
{
    va_list ap;
    va_start(ap, command);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    if ((command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK) && is_file(fd) && call_fails())
        return -1;
    return NEXT(fcntl64)(fd, command, argument);
}

/* --- the network: a request is written --- */

/* A call on a connection to PostgreSQL; what is no Unix socket goes to MaintainX and to receivers, and they
 * have faults of their own. */
static bool exchange_fails(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (!fault.at_work || getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        address.ss_family != AF_UNIX)
        return false;
    if (!count(EXCHANGES) || fault.kind != ECONNRESET_)
        return false;
    trace();
    shutdown(fd, SHUT_RDWR);
    errno = ECONNRESET;
    return true;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    return exchange_fails(fd) ? -1 : NEXT(recv)(fd, bytes, n, flags);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    if (exchange_fails(fd))
        return -1;
    fault.seen = true;
    if (fault.kind == KILL || fault.kind == NOTHING || fault.kind == TEAR)
        (void)write_fails();
    return NEXT(send)(fd, bytes, n, flags);
}

/* A program is started. */
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const words[], char *const environment[])
{
    fault.seen = true;
    return NEXT(posix_spawn)(pid, path, actions, attributes, words, environment);
}

/* SQLite's naps while it tries to get a lock that it cannot get: ten seconds at such a point. */
int usleep(useconds_t microseconds)
{
    return fault.at_work ? 0 : NEXT(usleep)(microseconds);
}

/* --- what would differ from run to run --- */

int clock_gettime(clockid_t which, struct timespec *t)
{
    if (!fault.at_work || fault.now == 0 || which != CLOCK_REALTIME)
        return NEXT(clock_gettime)(which, t);
    t->tv_sec = fault.now / 1000;
    t->tv_nsec = fault.now % 1000 * 1000000;
    return 0;
}

int gettimeofday(struct timeval *t, void *zone)
{
    if (!fault.at_work || fault.now == 0)
        return NEXT(gettimeofday)(t, zone);
    t->tv_sec = fault.now / 1000;
    t->tv_usec = fault.now % 1000 * 1000;
    return 0;
}

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
    if (!fault.at_work || fault.now == 0)
        return NEXT(getrandom)(bytes, n, flags);
    memset(bytes, 0, n);
    return (ssize_t)n;
}
