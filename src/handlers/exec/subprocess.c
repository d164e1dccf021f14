/*
 * subprocess: a program from its start to its end, without ever waiting for it here.
 *
 *   RUNNING --time limit, or a stop and 0.5 s--> ENDING (SIGTERM to the group) --2 s; a stop: 0.3 s-->
 *   KILLED (SIGKILL) --2 s; a stop: 0.15 s--> LEFT
 *
 * From each of them the program may end; one that SIGKILL does not end is left behind (base/reap.h says
 * which). While it is RUNNING its own end is enough; what it left in the background is not waited for. A
 * group that is ended is waited for as a whole: its pipes show whether anyone is left of it. The program is
 * reaped last, so that its number stays ours until then.
 */
#include "handlers/exec/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/reap.h"
#include "base/shutdown.h"
#include "handlers/exec/cannot_run.h"
#include "handlers/exec/subprocess_output.h"

/* How often we look whether the program has ended where the kernel has no pidfd (before Linux 5.3). */
enum { LOOK_MS = 5 };

enum { IN, OUT, ERR, PIPES };

struct subprocess {
    const struct program *program;
    enum { RUNNING, ENDING, KILLED, LEFT } phase;
    enum subprocess_result why; /* what ended it; set when the phase is no longer RUNNING */
    int64_t until;              /* of the phase, by the monotonic clock */
    pid_t pid;                  /* of its process group, too */
    int pidfd;                  /* readable when the program has ended; -1: there is none */
    int pipes[PIPES];           /* our ends; -1: closed */
    size_t written;             /* of the input; input_len is the newline */
    struct subprocess_output outputs[PIPES];
    bool ended;  /* but not reaped */
    bool heeded; /* a signal came, and has shortened its time */
};

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- the start --- */

/* Its own process group, ordinary signals (we ignore SIGPIPE, and that would be inherited), nothing blocked.
 */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
}

/* Only posix_spawn itself can fail. */
static int spawn(struct subprocess *r, const char *path, const int theirs[PIPES])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < PIPES; i++)
        posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
    posix_spawn_file_actions_addclosefrom_np(&actions, PIPES);
    set_attributes(&attributes);
    int rc = posix_spawn(&r->pid, path, &actions, &attributes, r->program->words, r->program->environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* A pipe whose ends are no stdin, stdout or stderr, which we may have been started without: dup2 would clash.
 */
static int make_pipe(int *read_end, int *write_end)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    *read_end = fcntl(ends[0], F_DUPFD_CLOEXEC, PIPES);
    *write_end = fcntl(ends[1], F_DUPFD_CLOEXEC, PIPES);
    int rc = *read_end < 0 || *write_end < 0 ? errno : 0;
    close(ends[0]);
    close(ends[1]);
    return rc;
}

/* Returns 0, or why the program could not be started. */
static int launch(struct subprocess *r)
{
    char path[PATH_MAX];
    int theirs[PIPES] = {-1, -1, -1};
    int rc = cannot_run_find(r->program->words[0], path, sizeof path);
    if (rc == 0)
        rc = make_pipe(&theirs[IN], &r->pipes[IN]);
    for (int i = OUT; i < PIPES && rc == 0; i++)
        rc = make_pipe(&r->pipes[i], &theirs[i]);
    for (int i = 0; i < PIPES && rc == 0; i++)
        fcntl(r->pipes[i], F_SETFL, O_NONBLOCK);
    if (rc == 0)
        rc = spawn(r, path, theirs);
    for (int i = 0; i < PIPES; i++)
        close_one(&theirs[i]);
    return rc;
}

/* --- while it runs --- */

/* Writes what the pipe takes. A program that closes its stdin early wants no more: that is no fault. */
static void feed(struct subprocess *r)
{
    const size_t len = r->program->input_len;
    while (r->pipes[IN] >= 0) {
        bool last = r->written >= len;
        ssize_t n = last ? write(r->pipes[IN], SUBPROCESS_INPUT_END, 1)
                         : write(r->pipes[IN], r->program->input + r->written, len - r->written);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 || last)
            close_one(&r->pipes[IN]);
        else
            r->written += (size_t)n;
    }
}

/* Reads what is there, up to one pipe full, so that one that never pauses cannot hold us here. Returns false
 * when there is nothing. */
static bool drain(struct subprocess *r, int which)
{
    static char bytes[64 << 10];
    if (r->pipes[which] < 0)
        return false;
    ssize_t n = read(r->pipes[which], bytes, sizeof bytes);
    if (n > 0)
        subprocess_output_add(&r->outputs[which], bytes, (size_t)n);
    else if (n == 0)
        close_one(&r->pipes[which]);
    return n > 0;
}

/* What still lies in the pipes once the program has ended; more than a pipe holds comes from someone else. */
static void drain_rest(struct subprocess *r)
{
    for (int i = OUT; i < PIPES; i++) {
        for (int times = 0; times < 16 && drain(r, i); times++)
            ;
        subprocess_output_finish(&r->outputs[i]);
    }
}

static void look(struct subprocess *r)
{
    siginfo_t info = {0};
    waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    r->ended = info.si_pid == r->pid;
}

/* A signal shortens its time: it ends every wait of ours within a second. */
_Static_assert(SUBPROCESS_STOP_MS + SUBPROCESS_STOP_GRACE_MS + SUBPROCESS_STOP_REAP_MS < 1000,
    "a signal ends it within a second");

static void heed_signal(struct subprocess *r)
{
    static const int left[] = {[RUNNING] = SUBPROCESS_STOP_MS,
        [ENDING] = SUBPROCESS_STOP_GRACE_MS,
        [KILLED] = SUBPROCESS_STOP_REAP_MS};
    if (r->heeded || r->phase == LEFT || !shutdown_signalled())
        return;
    const int64_t stop = clock_monotonic() + left[r->phase];
    r->heeded = true;
    if (r->phase == RUNNING)
        r->why = SUBPROCESS_STOPPED;
    r->until = stop < r->until ? stop : r->until;
}

/* The whole group: first politely. */
static void heed_time(struct subprocess *r)
{
    if (clock_monotonic() < r->until)
        return;
    if (r->phase == RUNNING) {
        const int grace = r->why == SUBPROCESS_STOPPED ? SUBPROCESS_STOP_GRACE_MS : SUBPROCESS_GRACE_MS;
        r->phase = ENDING;
        r->until = clock_monotonic() + grace;
        kill(-r->pid, SIGTERM);
    } else if (r->phase == ENDING) {
        r->phase = KILLED;
        r->until = clock_monotonic() + (r->heeded ? SUBPROCESS_STOP_REAP_MS : SUBPROCESS_REAP_MS);
        kill(-r->pid, SIGKILL);
    } else
        r->phase = LEFT;
}

/* In the end nothing of a group that had to be ended is left. */
static bool is_over(struct subprocess *r)
{
    if (!r->ended)
        return r->phase == LEFT;
    if (r->phase == ENDING && (r->pipes[OUT] >= 0 || r->pipes[ERR] >= 0))
        return false;
    if (r->phase == ENDING)
        kill(-r->pid, SIGKILL);
    return true;
}

/* --- for the caller --- */

struct subprocess *subprocess_start(const struct program *program, int *reason)
{
    struct subprocess *r = calloc(1, sizeof *r);
    r->program = program;
    r->why = SUBPROCESS_TIMED_OUT;
    r->pidfd = r->pipes[IN] = r->pipes[OUT] = r->pipes[ERR] = -1;
    r->outputs[OUT].name = r->outputs[ERR].name = program->name;
    *reason = launch(r);
    if (*reason != 0) {
        subprocess_free(r);
        return NULL;
    }
    r->until = clock_monotonic() + program->timeout;
    r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
    feed(r);
    return r;
}

void subprocess_poll(const struct subprocess *r, struct handler_wait *wait)
{
    for (int i = 0; i < PIPES; i++)
        if (r->pipes[i] >= 0)
            handler_wait_fd(wait, r->pipes[i], i == IN ? POLLOUT : POLLIN);
    if (r->pidfd >= 0 && !r->ended)
        handler_wait_fd(wait, r->pidfd, POLLIN);
    else
        handler_wait_until(wait, clock_monotonic() + LOOK_MS);
    handler_wait_until(wait, r->until);
}

bool subprocess_collect(struct subprocess *r, struct subprocess_end *end)
{
    int status = 0;
    heed_signal(r);
    feed(r);
    drain(r, OUT);
    drain(r, ERR);
    look(r);
    if (!r->ended || r->phase == ENDING)
        heed_time(r);
    if (!is_over(r))
        return false;
    drain_rest(r);
    if (r->ended)
        waitpid(r->pid, &status, 0);
    end->left = r->ended ? 0 : r->pid;
    r->pid = 0;
    end->result = r->phase != RUNNING   ? r->why
                  : WIFSIGNALED(status) ? SUBPROCESS_SIGNALLED
                                        : SUBPROCESS_EXITED;
    end->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    subprocess_output_tail(&r->outputs[ERR], end->error, sizeof end->error);
    return true;
}

void subprocess_free(struct subprocess *r)
{
    if (r->pid > 0) {
        int status;
        kill(-r->pid, SIGKILL);
        reap_killed(r->pid, SUBPROCESS_STOP_REAP_MS, &status);
    }
    for (int i = 0; i < PIPES; i++)
        close_one(&r->pipes[i]);
    close_one(&r->pidfd);
    free(r);
}
