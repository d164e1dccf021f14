/* A process of its own for each test: that a signal came is never forgotten. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shutdown.h"

/* As long as nobody waits in earnest. */
enum { LONG = 1000 * 3600 };

/* May the process open another one? */
static bool has_descriptors = true;

/* Takes the place of the C library's. */
int pipe2(int fds[2], int flags)
{
    if (has_descriptors)
        return (int)syscall(SYS_pipe2, fds, flags);
    errno = EMFILE;
    return -1;
}

/* What a child says when it is not as it should be. */
#define expect(condition) ((condition) ? (void)0 : exit(10 + (int)(__LINE__ % 200)))

static void check_child(void (*body)(void *data))
{
    int status = run_in_child(body, NULL);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: line %d, or 200, 400 behind it",
        (unsigned)status, WEXITSTATUS(status) - 10);
}

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void not_yet(void *data)
{
    (void)data;
    struct error e = {0};
    expect(shutdown_fd() == -1);
    expect(shutdown_install(&e) == 0 && shutdown_install(&e) == 0);
    expect(shutdown_fd() >= 0 && !is_readable(shutdown_fd()));
    expect(!shutdown_signalled() && !shutdown_requested() && shutdown_time_left() == INT64_MAX);
    int64_t began = clock_monotonic();
    expect(shutdown_wait(0) && shutdown_wait(-5) && shutdown_wait(20));
    expect(clock_monotonic() - began >= 20);
}

static void by_signal(int number)
{
    struct error e = {0};
    expect(shutdown_install(&e) == 0);
    raise(number);
    expect(shutdown_signalled() && shutdown_requested() && is_readable(shutdown_fd()));
    expect(!shutdown_wait(LONG));
}

static void by_sigterm(void *data)
{
    (void)data;
    by_signal(SIGTERM);
}

static void by_sigint(void *data)
{
    (void)data;
    by_signal(SIGINT);
}

static void twice(void *data)
{
    (void)data;
    by_signal(SIGTERM);
    raise(SIGTERM);
}

/* The process sleeps in a wait when the signal comes. */
static void during_a_wait(void *data)
{
    (void)data;
    struct error e = {0};
    char path[64], stat[512] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)getpid());
    expect(shutdown_install(&e) == 0);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        const char *end = NULL;
        while (end == NULL || strncmp(end, ") S", 3) != 0) {
            int fd = open(path, O_RDONLY | O_CLOEXEC);
            ssize_t n = read(fd, stat, sizeof stat - 1);
            close(fd);
            stat[n > 0 ? n : 0] = '\0';
            end = strrchr(stat, ')');
        }
        kill(parent, SIGTERM);
        _exit(0);
    }
    expect(!shutdown_wait(INT64_C(1) << 40)); /* more milliseconds than an int has */
    expect(shutdown_signalled());
    expect(waitpid(child, NULL, 0) == child);
}

/* A closed stdout is an error like others. */
static void ignored(void *data)
{
    (void)data;
    struct error e = {0};
    expect(shutdown_install(&e) == 0);
    raise(SIGPIPE);
    expect(!shutdown_signalled());
}

static void deadline(void *data)
{
    (void)data;
    struct error e = {0};
    expect(shutdown_install(&e) == 0);
    shutdown_set_deadline(LONG);
    expect(!shutdown_requested() && shutdown_time_left() > LONG / 2 && shutdown_time_left() <= LONG);
    expect(shutdown_wait(1));
    shutdown_set_deadline(1);
    expect(!shutdown_wait(LONG)); /* only that long */
    expect(shutdown_requested() && !shutdown_signalled() && shutdown_time_left() == 0);
    shutdown_set_deadline(0);
    expect(!shutdown_requested() && shutdown_time_left() == INT64_MAX);
}

static void count(void *data)
{
    ++*(int *)data;
}

static void report(void *data)
{
    (void)data;
    struct error e = {0};
    int reports = 0;
    expect(shutdown_install(&e) == 0);
    raise(SIGUSR1); /* ignored as long as nobody reports */
    shutdown_attend();
    shutdown_on_report(count, &reports);
    shutdown_attend();
    expect(reports == 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    expect(reports == 0 && is_readable(shutdown_fd())); /* only in the ordinary flow */
    shutdown_attend();
    expect(reports == 1 && !is_readable(shutdown_fd()));
    raise(SIGUSR1);
    expect(shutdown_wait(0) && reports == 2);
    raise(SIGUSR1);
    shutdown_on_report(NULL, NULL); /* nobody wants to know any more */
    shutdown_attend();
    expect(reports == 2);
}

/* A report takes nothing from the signal that ends the run: who polls the descriptor sees it. */
static void report_and_stop(void *data)
{
    (void)data;
    struct error e = {0};
    int reports = 0;
    expect(shutdown_install(&e) == 0);
    shutdown_on_report(count, &reports);
    raise(SIGUSR1);
    raise(SIGTERM);
    shutdown_attend();
    expect(reports == 1 && is_readable(shutdown_fd()) && !shutdown_wait(LONG));
}

/* What has begun is waited for beyond the deadline, and after a signal, too. */
static void pauses(void *data)
{
    (void)data;
    struct error e = {0};
    expect(shutdown_install(&e) == 0);
    shutdown_set_deadline(1);
    expect(!shutdown_wait(LONG));
    int64_t began = clock_monotonic();
    shutdown_pause(20);
    expect(clock_monotonic() - began >= 20);
    raise(SIGTERM);
    began = clock_monotonic();
    shutdown_pause(20);
    expect(clock_monotonic() - began >= 20);
}

/* Bytes, and the end of them, are input; a signal that came before the wait ends it. */
static void input(void *data)
{
    (void)data;
    struct error e = {0};
    int ends[2], silent[2];
    char byte;
    expect(shutdown_install(&e) == 0 && pipe(ends) == 0 && pipe(silent) == 0);
    expect(write(ends[1], "x", 1) == 1);
    expect(shutdown_wait_input(ends[0]) && read(ends[0], &byte, 1) == 1);
    close(ends[1]);
    expect(shutdown_wait_input(ends[0]) && read(ends[0], &byte, 1) == 0);
    shutdown_set_deadline(1);
    expect(!shutdown_wait_input(silent[0]));
    shutdown_set_deadline(0);
    raise(SIGTERM);
    expect(!shutdown_wait_input(silent[0]));
}

static void no_descriptor(void *data)
{
    (void)data;
    struct error e = {0};
    has_descriptors = false;
    expect(shutdown_install(&e) == -1 && e.status == EX_TEMPFAIL && shutdown_fd() == -1);
    expect(strstr(e.text, "Too many open files") != NULL);
}

#define in_child(body)                                                                                       \
    static void test_##body(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        check_child(body);                                                                                   \
    }
in_child(not_yet) in_child(by_sigterm) in_child(by_sigint) in_child(during_a_wait) in_child(ignored)
    in_child(deadline) in_child(report) in_child(report_and_stop) in_child(pauses) in_child(input)
        in_child(no_descriptor)

    /* Who is in a hurry sends a second one. */
    static void test_a_second_signal_kills(void **state)
{
    (void)state;
    int status = run_in_child(twice, NULL);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status %x", (unsigned)status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_yet),
        cmocka_unit_test(test_by_sigterm),
        cmocka_unit_test(test_by_sigint),
        cmocka_unit_test(test_a_second_signal_kills),
        cmocka_unit_test(test_during_a_wait),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_report_and_stop),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
