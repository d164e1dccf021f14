/*
 * shutdown: a flag and a pipe that signals set, and two deadlines by the monotonic clock.
 *
 * A handler for a signal only sets a flag and writes one byte. The flag alone would be missed by a wait that
 * begins just after it was looked at; the pipe stays readable, so that wait ends at once. After SIGTERM or
 * SIGINT it stays readable for good. SIGUSR1 asks for a report: shutdown_attend empties the pipe and makes it
 * in the ordinary flow. The run's deadline is --max-time; the turn's is that of a part of the work.
 */
#include "base/shutdown.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t signalled;
static volatile sig_atomic_t report_wanted;
static void (*report_function)(void *data);
static void *report_data;
static int64_t deadline = INT64_MAX; /* by the monotonic clock */
static int64_t turn = INT64_MAX;     /* the same, of a part of the work */
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    signalled = 1;
    ssize_t n = write(wake[1], "", 1);
    (void)n; /* a full pipe is readable already */
    signal(number, SIG_DFL);
    errno = saved;
}

static void on_report(int number)
{
    int saved = errno;
    (void)number;
    report_wanted = 1;
    ssize_t n = write(wake[1], "", 1);
    (void)n;
    errno = saved;
}

void shutdown_on_report(void (*report)(void *data), void *data)
{
    struct sigaction action = {.sa_handler = report != NULL ? on_report : SIG_IGN};
    report_function = report;
    report_data = data;
    sigaction(SIGUSR1, &action, NULL);
}

void shutdown_attend(void)
{
    char bytes[16];
    if (report_wanted == 0)
        return;
    report_wanted = 0;
    /* the pipe stays readable after a stop signal only */
    while (signalled == 0 && read(wake[0], bytes, sizeof bytes) > 0)
        ;
    if (report_function != NULL)
        report_function(report_data);
}

int shutdown_install(struct error *e)
{
    if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(e, EX_TEMPFAIL, "signals: no pipe: %s", strerror(errno));
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    shutdown_on_report(NULL, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    return 0;
}

void shutdown_detach(void)
{
    shutdown_on_report(NULL, NULL);
    deadline = turn = INT64_MAX;
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    for (int i = 0; i < 2; i++) {
        if (wake[i] >= 0)
            close(wake[i]);
        wake[i] = -1;
    }
}

void shutdown_set_deadline(int64_t ms)
{
    deadline = ms > 0 ? clock_monotonic() + ms : INT64_MAX;
}

void shutdown_set_turn(int64_t ms)
{
    turn = ms > 0 ? clock_monotonic() + ms : INT64_MAX;
}

bool shutdown_signalled(void)
{
    return signalled != 0;
}

bool shutdown_requested(void)
{
    return shutdown_signalled() || shutdown_time_left() == 0;
}

int64_t shutdown_run_left(void)
{
    if (deadline == INT64_MAX)
        return INT64_MAX;
    int64_t left = deadline - clock_monotonic();
    return left > 0 ? left : 0;
}

int shutdown_fd(void)
{
    return wake[0];
}

int64_t shutdown_time_left(void)
{
    const int64_t end = turn < deadline ? turn : deadline;
    if (end == INT64_MAX)
        return INT64_MAX;
    int64_t left = end - clock_monotonic();
    return left > 0 ? left : 0;
}

bool shutdown_wait(int64_t ms)
{
    int64_t end = clock_monotonic() + ms;
    for (;;) {
        shutdown_attend();
        if (shutdown_requested())
            return false;
        int64_t left = end - clock_monotonic();
        if (left <= 0)
            return true;
        int64_t limit = shutdown_time_left();
        if (left > limit)
            left = limit;
        struct pollfd p = {.fd = wake[0], .events = POLLIN};
        const struct timespec t = {left / 1000, (long)(left % 1000 * 1000000)};
        (void)ppoll(&p, 1, &t, NULL);
    }
}

void shutdown_pause(int64_t ms)
{
    struct pollfd p = {.fd = wake[0], .events = POLLIN};
    (void)poll(&p, shutdown_signalled() ? 0 : 1, ms > 0 ? (int)ms : 0);
    shutdown_attend();
}

bool shutdown_wait_input(int fd)
{
    for (;;) {
        shutdown_attend();
        if (shutdown_requested())
            return false;
        int64_t left = shutdown_time_left();
        struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
        if (poll(p, 2, left < INT_MAX ? (int)left : -1) > 0 && p[0].revents != 0)
            return true;
    }
}
