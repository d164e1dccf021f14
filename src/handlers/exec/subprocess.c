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
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "handlers/exec/subprocess_output.h"

/* How often we look whether the program has ended, when its output alone does not tell. */
enum { LOOK_MS = 10 };

enum { IN, OUT, ERR, PIPES };

/* A program at work. */
struct running {
    const struct program *program;
    pid_t pid;        /* of its process group, too */
    int pipes[PIPES]; /* our ends; -1: closed */
    size_t written;   /* of the input; input_len is the newline */
    struct subprocess_output outputs[PIPES];
    bool ended; /* but not reaped: its number stays ours */
};

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- the start --- */

/* The first of $PATH that has an executable file of that name; execvp would give a text file to a shell. */
static int find_program(const char *name, char path[PATH_MAX])
{
    const char *dirs = getenv("PATH");
    if (strchr(name, '/') != NULL)
        return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX ? 0 : ENAMETOOLONG;
    if (dirs == NULL || *dirs == '\0')
        dirs = "/usr/local/bin:/usr/bin:/bin";
    while (*dirs != '\0') {
        int len = (int)strcspn(dirs, ":");
        if (len > 0 && snprintf(path, PATH_MAX, "%.*s/%s", len, dirs, name) < PATH_MAX &&
            access(path, X_OK) == 0)
            return 0;
        dirs += len + (dirs[len] == ':');
    }
    return ENOENT;
}

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
static int spawn(struct running *r, const char *path, const int theirs[PIPES])
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
static int start(struct running *r)
{
    char path[PATH_MAX];
    int theirs[PIPES] = {-1, -1, -1};
    int rc = find_program(r->program->words[0], path);
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
static void feed(struct running *r)
{
    const size_t len = r->program->input_len;
    while (r->pipes[IN] >= 0) {
        bool last = r->written >= len;
        ssize_t n = last ? write(r->pipes[IN], "\n", 1)
                         : write(r->pipes[IN], r->program->input + r->written, len - r->written);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 || last)
            close_one(&r->pipes[IN]);
        else
            r->written += (size_t)n;
    }
}

/* Reads what is there, up to one pipe full, so that one that never pauses cannot hold us here. */
static void drain(struct running *r, int which)
{
    static char bytes[64 << 10];
    ssize_t n = read(r->pipes[which], bytes, sizeof bytes);
    if (n > 0)
        subprocess_output_add(&r->outputs[which], bytes, (size_t)n);
    else if (n == 0)
        close_one(&r->pipes[which]);
}

/* Feeds and drains for at most `ms`, and sees whether the program has ended. */
static void work(struct running *r, int64_t ms)
{
    struct pollfd fds[PIPES];
    siginfo_t info = {0};
    bool silent = r->pipes[OUT] < 0 && r->pipes[ERR] < 0;
    for (int i = 0; i < PIPES; i++)
        fds[i] = (struct pollfd){.fd = r->pipes[i], .events = i == IN ? POLLOUT : POLLIN};
    if (ms > LOOK_MS)
        ms = silent ? 1 : LOOK_MS;
    (void)poll(fds, PIPES, (int)ms);
    if (fds[IN].revents != 0)
        feed(r);
    for (int i = OUT; i < PIPES; i++)
        if (fds[i].revents != 0)
            drain(r, i);
    waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    r->ended = info.si_pid == r->pid;
}

/* What still lies in the pipes once the program has ended; more than a pipe holds comes from someone else. */
static void drain_rest(struct running *r)
{
    for (int i = OUT; i < PIPES; i++) {
        for (int times = 0; r->pipes[i] >= 0 && times < 16; times++)
            drain(r, i);
        subprocess_output_finish(&r->outputs[i]);
    }
}

/* The whole group: first politely. Its pipes tell whether anyone is left of it. */
static void end_group(struct running *r)
{
    int64_t until = clock_monotonic() + SUBPROCESS_GRACE_MS, left;
    kill(-r->pid, SIGTERM);
    while ((left = until - clock_monotonic()) > 0 && (!r->ended || r->pipes[OUT] >= 0 || r->pipes[ERR] >= 0))
        work(r, left);
    kill(-r->pid, SIGKILL);
    while (!r->ended)
        work(r, LOOK_MS);
}

static enum subprocess_outcome attend(struct running *r)
{
    enum subprocess_outcome why = SUBPROCESS_TIMED_OUT;
    int64_t until = clock_monotonic() + r->program->timeout, left;
    while (!r->ended) {
        if (why == SUBPROCESS_TIMED_OUT && shutdown_signalled()) {
            int64_t stop = clock_monotonic() + SUBPROCESS_STOP_MS;
            why = SUBPROCESS_STOPPED;
            until = stop < until ? stop : until;
        }
        left = until - clock_monotonic();
        if (left <= 0) {
            end_group(r);
            return why;
        }
        work(r, left);
    }
    return SUBPROCESS_EXITED;
}

void subprocess_run(const struct program *program, struct subprocess_end *end)
{
    struct running r = {.program = program, .pipes = {-1, -1, -1}};
    r.outputs[OUT] = r.outputs[ERR] = (struct subprocess_output){.name = program->name};
    *end = (struct subprocess_end){.outcome = SUBPROCESS_NOT_STARTED};
    end->status = start(&r);
    if (end->status == 0) {
        int status = 0;
        end->outcome = attend(&r);
        drain_rest(&r);
        waitpid(r.pid, &status, 0);
        if (end->outcome == SUBPROCESS_EXITED && WIFSIGNALED(status))
            end->outcome = SUBPROCESS_SIGNALLED;
        end->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        subprocess_output_tail(&r.outputs[ERR], end->error, sizeof end->error);
    }
    for (int i = 0; i < PIPES; i++)
        close_one(&r.pipes[i]);
}
