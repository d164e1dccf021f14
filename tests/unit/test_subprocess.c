#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "handlers/exec/subprocess.h"

/* In place of an outcome: it could not be started; `status` is the errno. */
enum { NOT_STARTED = -1 };

static struct subprocess_end run_words(char *const *words, int64_t timeout)
{
    static char path[] = "PATH=/usr/bin:/bin";
    char *const environment[] = {path, NULL};
    const struct program program = {.name = "x",
        .words = words,
        .environment = environment,
        .input = "in",
        .input_len = 2,
        .timeout = timeout};
    struct subprocess_end end = {.result = (enum subprocess_result)NOT_STARTED};
    struct subprocess *subprocess = subprocess_start(&program, &end.status);
    while (subprocess != NULL && !subprocess_collect(subprocess, &end)) {
        struct handler_wait wait = {.until = INT64_MAX};
        subprocess_poll(subprocess, &wait);
        int64_t left = wait.until - clock_monotonic();
        poll(wait.fds, wait.count, left < 0 ? 0 : (int)left);
        free(wait.fds);
    }
    if (subprocess != NULL)
        subprocess_free(subprocess);
    return end;
}

static struct subprocess_end run(const char *name, const char *script, int64_t timeout)
{
    char *program = strdup(name), option[] = "-c", *text = strdup(script);
    char *const words[] = {program, option, text, NULL};
    struct subprocess_end end = run_words(words, timeout);
    free(program);
    free(text);
    return end;
}

/* A program without a slash is looked for in PATH, or where programs are when there is none. */
static void test_path(void **state)
{
    char *old = strdup(getenv("PATH")), longest[2 * PATH_MAX];
    memset(longest, 'd', sizeof longest);
    memcpy(longest + sizeof longest - 6, ":/bin", 6);
    const char *const paths[] = {NULL, "", "/nonexistent:/bin", "::/bin:", longest};
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        if (paths[i] != NULL)
            setenv("PATH", paths[i], 1);
        else
            unsetenv("PATH");
        struct subprocess_end end = run("sh", "exit 3", 60000);
        check(
            end.result == SUBPROCESS_EXITED && end.status == 3, "row %zu: %d, %d", i, end.result, end.status);
    }
    setenv("PATH", "/nonexistent::", 1);
    struct subprocess_end end = run("sh", "", 60000);
    check((int)end.result == NOT_STARTED && end.status == ENOENT, "%d, %d", end.result, end.status);
    setenv("PATH", old, 1);
    free(old);
}

static void test_name_too_long(void **state)
{
    char name[PATH_MAX + 2];
    (void)state;
    memset(name, 'x', sizeof name);
    name[0] = '/';
    name[sizeof name - 1] = '\0';
    struct subprocess_end end = run(name, "", 60000);
    check((int)end.result == NOT_STARTED && end.status == ENAMETOOLONG, "%d, %d", end.result, end.status);
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

/* With too few descriptors to spare it says so, and loses none. */
static void test_no_descriptors(void **state)
{
    struct rlimit old, few;
    bool started = false;
    (void)state;
    getrlimit(RLIMIT_NOFILE, &old);
    for (rlim_t most = 3; !started; most++) {
        int before = count_descriptors();
        few = (struct rlimit){most, old.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        struct subprocess_end end = run("/bin/sh", "exit 0", 60000);
        setrlimit(RLIMIT_NOFILE, &old);
        started = end.result == SUBPROCESS_EXITED;
        check(started || ((int)end.result == NOT_STARTED && (end.status == EMFILE || end.status == EINVAL)),
            "%d descriptors: %d, %s", (int)most, end.result, strerror(end.status));
        check(count_descriptors() == before, "%d descriptors: some are lost", (int)most);
        check(most < 64, "it needs more than 64");
    }
}

/* One that closes its stdout is heard on its stderr until it ends, and what it reads is all there. */
static void test_without_stdout(void **state)
{
    (void)state;
    struct subprocess_end end =
        run("/bin/sh", "exec >&-; read line; sleep 0.1; echo \"got $line\" >&2; exit 4", 60000);
    check(end.result == SUBPROCESS_EXITED && end.status == 4, "%d, %d", end.result, end.status);
    check_text(end.error, "got in");
}

/* What a program that was ended leaves behind, with its stderr alone, is ended too. */
static void test_left_behind(void **state)
{
    (void)state;
    int64_t began = clock_monotonic();
    struct subprocess_end end =
        run("/bin/sh", "exec >&-; (trap '' TERM; echo here >&2; while :; do sleep 0.1; done) & wait", 300);
    check(end.result == SUBPROCESS_TIMED_OUT && end.status == SIGTERM, "%d, %d", end.result, end.status);
    check(clock_monotonic() - began >= 300 + SUBPROCESS_GRACE_MS, "it got no time to end");
    check_text(end.error, "here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_name_too_long),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_without_stdout),
        cmocka_unit_test(test_left_behind),
    };
    signal(SIGPIPE, SIG_IGN); /* as shutdown_install does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
