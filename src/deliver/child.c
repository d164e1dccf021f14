/*
 * child: work that blocks, in a process of its own.
 *
 *   engine                                          child (forked, no exec)
 *   start:   batch --------- socket pair ---------> work(state, batch, results)
 *   poll:    the socket, the time limit
 *   collect: results <------------------------------ as they lie in memory
 *
 * IDLE -start-> WORKING -all results read-> IDLE; at the time limit, at a signal, or when it ends by itself:
 * the process group is killed and reaped, GONE; the next start forks another one. The process is kept from
 * batch to batch, with the connection that it has open.
 *
 * The child has no descriptor of ours but its end of the socket, stdin, stdout and stderr; it never touches
 * the store's SQLite handle, and leaves by _exit. It dies with us (PR_SET_PDEATHSIG). What a child had done
 * when it was killed is not known: its deliveries are made again with the same ids.
 */
#include "deliver/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/reap.h"
#include "base/shutdown.h"
#include "deliver/child_batch.h"

/* Beyond its time limit a type may say by itself that it took too long; at a signal what it is at may end; in
 * the end it closes what it has open. */
enum { PAST_LIMIT_MS = 2000, STOP_MS = 400, CLOSE_MS = 5000 };

/* A process that is killed has ended within this, or is left behind (base/reap.h). */
enum { REAP_MS = 500 };

struct child {
    const char *name;
    const struct handler_type *type;
    void *state;
    pid_t pid; /* 0: there is none */
    int fd;    /* our end of the socket; -1: closed */
    const struct handler_batch *batch;
    struct buffer out; /* the batch on its way */
    size_t sent;
    struct buffer in; /* results, as far as they came */
    int64_t until;    /* the batch must have ended, by the monotonic clock */
    bool stopping;
};

/* --- in the child --- */

static bool write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t len)
{
    char *p = bytes;
    while (len > 0) {
        ssize_t n = recv(fd, p, len, 0);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* Does one batch. Returns false when there is none any more. */
static bool serve(const struct child *child, int fd)
{
    size_t len;
    if (!read_all(fd, &len, sizeof len))
        return false;
    char *bytes = malloc(len);
    if (!read_all(fd, bytes, len)) {
        free(bytes);
        return false;
    }
    struct handler_batch batch;
    child_batch_read(bytes, &batch);
    size_t count = handler_batch_results(&batch);
    struct delivery_result *results = calloc(count, sizeof *results);
    child->type->work(child->state, &batch, results);
    bool written = write_all(fd, results, count * sizeof *results);
    free(results);
    child_batch_free(&batch);
    free(bytes);
    return written;
}

/* A signal to the terminal's group is for the parent, which ends us. */
static void settle_in(int fd, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    shutdown_detach();
    if (fd > STDERR_FILENO + 1)
        close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    close_range((unsigned)fd + 1, ~0U, 0);
}

__attribute__((noreturn)) static void live(const struct child *child, int fd, pid_t parent)
{
    settle_in(fd, parent);
    while (serve(child, fd))
        ;
    child->type->free(child->state);
    _exit(0);
}

/* --- the process --- */

/* A socket pair that is no stdin, stdout or stderr, which we may have been started without. */
static int make_pair(int ends[2])
{
    int raw[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw) != 0)
        return errno;
    for (int i = 0; i < 2; i++)
        ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int rc = ends[0] < 0 || ends[1] < 0 ? errno : 0;
    for (int i = 0; i < 2; i++) {
        close(raw[i]);
        if (rc != 0 && ends[i] >= 0)
            close(ends[i]);
    }
    return rc;
}

/* Returns 0, or why there is no process. */
static int begin(struct child *child)
{
    int ends[2] = {-1, -1};
    pid_t parent = getpid();
    if (child->pid > 0)
        return 0;
    int rc = make_pair(ends);
    if (rc != 0)
        return rc;
    child->pid = fork();
    if (child->pid == 0)
        live(child, ends[1], parent);
    rc = child->pid < 0 ? errno : 0;
    close(ends[1]);
    if (rc != 0) {
        close(ends[0]);
        child->pid = 0;
        return rc;
    }
    setpgid(child->pid, child->pid); /* whoever comes first */
    child->fd = ends[0];
    fcntl(child->fd, F_SETFL, O_NONBLOCK);
    return 0;
}

static void close_socket(struct child *child)
{
    if (child->fd >= 0)
        close(child->fd);
    child->fd = -1;
}

/* Kills the group and returns how the process ended. */
static int end(struct child *child)
{
    int status = 0;
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    reap_killed(child->pid, REAP_MS, &status);
    child->pid = 0;
    close_socket(child);
    return status;
}

/* --- the driver --- */

static void *start(
    void *context, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    struct child *child = context;
    (void)host;
    int rc = begin(child);
    if (rc != 0) {
        handler_later(&results[0], -1, "no process can be started: %s", strerror(rc));
        results[0].away = true;
        for (size_t i = 1; i < handler_batch_results(batch); i++)
            handler_untried(&results[i]);
        return NULL;
    }
    child->batch = batch;
    child->out.len = child->in.len = child->sent = 0;
    child->stopping = false;
    child->until = clock_monotonic() + batch->timeout + PAST_LIMIT_MS;
    child_batch_write(batch, &child->out);
    return child;
}

static void wait_for(void *job, struct handler_wait *wait)
{
    const struct child *child = job;
    bool sending = child->sent < child->out.len;
    handler_wait_fd(wait, child->fd, sending ? POLLIN | POLLOUT : POLLIN);
    handler_wait_until(wait, child->until);
}

/* Sends and reads what can be. Returns false when the child has closed its end. */
static bool talk(struct child *child)
{
    char bytes[16 << 10];
    ssize_t n;
    while (child->sent < child->out.len) {
        n = send(child->fd, child->out.data + child->sent, child->out.len - child->sent, MSG_NOSIGNAL);
        if (n < 0)
            break; /* it is full; or, what the reading shows, closed */
        child->sent += (size_t)n;
    }
    while ((n = recv(child->fd, bytes, sizeof bytes, 0)) > 0)
        buffer_append(&child->in, bytes, (size_t)n);
    return n < 0 && errno == EAGAIN;
}

/* What became of the batch of a child that is no more is not known. One that was alone failed; of several,
 * which one it was is found by trying them one by one. */
static void give_up(struct child *child, bool in_time, int status, struct delivery_result *results)
{
    size_t count = handler_batch_results(child->batch);
    for (size_t i = 0; i < count; i++)
        handler_untried(&results[i]);
    if (count > 1 || child->stopping)
        return;
    if (!in_time)
        handler_later(results, -1, "it did not end within its time limit of %lld ms and was killed",
            (long long)child->batch->timeout);
    else if (WIFSIGNALED(status))
        handler_later(results, -1, "its process was killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    else
        handler_later(results, -1, "its process ended with status %d", WEXITSTATUS(status));
    results->away = !in_time;
}

static bool collect(void *job, struct delivery_result *results)
{
    struct child *child = job;
    const size_t wanted = handler_batch_results(child->batch) * sizeof *results;
    bool open = talk(child);
    if (child->in.len >= wanted) {
        memcpy(results, child->in.data, wanted);
        return true;
    }
    if (shutdown_signalled() && !child->stopping) {
        int64_t stop = clock_monotonic() + STOP_MS;
        child->until = stop < child->until ? stop : child->until;
        child->stopping = true;
    }
    bool in_time = clock_monotonic() < child->until;
    if (open && in_time)
        return false;
    give_up(child, in_time, end(child), results);
    return true;
}

static void cancel(void *job)
{
    end(job);
}

const struct handler_driver child_driver = {
    .start = start,
    .poll = wait_for,
    .collect = collect,
    .cancel = cancel,
};

/* --- from its beginning to its end --- */

struct child *child_new(const char *name, const struct handler_type *type, void *state)
{
    struct child *child = calloc(1, sizeof *child);
    *child = (struct child){.name = name, .type = type, .state = state, .fd = -1};
    return child;
}

void child_free(struct child *child)
{
    if (child == NULL)
        return;
    if (child->pid > 0) {
        /* the other end becomes readable when the process has gone */
        const bool stopping = shutdown_signalled();
        struct pollfd fds[] = {
            {.fd = child->fd, .events = POLLIN}, {.fd = stopping ? -1 : shutdown_fd(), .events = POLLIN}};
        shutdown(child->fd, SHUT_WR);
        (void)poll(fds, 2, stopping ? STOP_MS : CLOSE_MS);
        end(child);
    }
    buffer_free(&child->out);
    buffer_free(&child->in);
    free(child);
}
