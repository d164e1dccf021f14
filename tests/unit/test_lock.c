#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"

/* What flock answers in place of the kernel; 0: the kernel does. */
static int refusal;

/* Takes the place of the C library's. */
int flock(int fd, int operation)
{
    if (refusal == 0)
        return (int)syscall(SYS_flock, fd, operation);
    errno = refusal;
    return -1;
}

/* A process that holds the lock from when this returns until it is killed. */
static pid_t hold(const char *path)
{
    int ready[2];
    char byte = 0;
    check(pipe(ready) == 0, "pipe");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        byte = lock_take(path, NULL) >= 0 ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    check(read(ready[0], &byte, 1) == 1 && byte == 'y', "the other process has no lock");
    close(ready[0]);
    return child;
}

static void end(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    check(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "the other process");
}

static void test_takes_and_gives_back(void **state)
{
    const char *path = path_in(*state, "lock");
    struct error e = {0};
    struct stat st;
    char pid[32];
    for (int i = 0; i < 3; i++) {
        int lock = lock_take(path, &e);
        check(lock >= 0, "round %d: %s", i, e.text);
        lock_release(lock);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    char *text = read_text(path, NULL);
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    check_text(text, pid);
    free(text);
    lock_release(-1);
}

static void test_two_processes(void **state)
{
    const char *path = path_in(*state, "lock");
    struct error e = {0};
    char holder[64];
    pid_t child = hold(path);
    int lock = lock_take(path, &e);
    snprintf(holder, sizeof holder, "(process %ld)", (long)child);
    bool named = strstr(e.text, holder) != NULL;
    end(child);
    assert_int_equal(lock, -1);
    assert_int_equal(e.status, EX_TEMPFAIL);
    check(named, "%s", e.text);
}

/* Killed by SIGKILL, it has no chance to give it back itself. */
static void test_released_on_death(void **state)
{
    const char *path = path_in(*state, "lock");
    struct error e = {0};
    end(hold(path));
    int lock = lock_take(path, &e);
    check(lock >= 0, "%s", e.text);
    lock_release(lock);
}

/* Two descriptors of one process are two holders, too. */
static void test_twice_in_one_process(void **state)
{
    const char *path = path_in(*state, "lock");
    int first = lock_take(path, NULL), second = lock_take(path, NULL);
    lock_release(first);
    int third = lock_take(path, NULL);
    lock_release(third);
    check(first >= 0 && second == -1 && third >= 0, "%d %d %d", first, second, third);
}

/* A program that it starts does not keep the lock. */
static void test_not_inherited(void **state)
{
    int lock = lock_take(path_in(*state, "lock"), NULL);
    int flags = fcntl(lock, F_GETFD);
    lock_release(lock);
    check(flags >= 0 && (flags & FD_CLOEXEC) != 0, "%d", flags);
}

/* Who has just taken it may not have written down who it is. */
static void test_unknown_holder(void **state)
{
    const char *path = path_in(*state, "lock");
    struct error e = {0};
    int other = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    check(flock(other, LOCK_EX) == 0, "the other's lock");
    int lock = lock_take(path, &e);
    close(other);
    check(lock == -1 && e.status == EX_TEMPFAIL && strstr(e.text, "(process unknown)") != NULL, "%s", e.text);
}

/* The number of an earlier process that was longer leaves nothing behind the new one. */
static void test_shorter_number(void **state)
{
    const char *path = path_in(*state, "lock");
    write_text(path, "12345678901234567890\n");
    lock_release(lock_take(path, NULL));
    char pid[32], *text = read_text(path, NULL);
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    check_text(text, pid);
    free(text);
}

/* As over NFS, where nobody is there to keep them. */
static void test_no_locks(void **state)
{
    struct error e = {0};
    refusal = ENOLCK;
    int lock = lock_take(path_in(*state, "lock"), &e);
    refusal = 0;
    check(lock == -1 && e.status == EX_IOERR &&
              strstr(e.text, "the file system refuses locks: No locks available") != NULL,
        "%s", e.text);
}

/* On a full disk no number can be written, and the lock is one all the same. */
static void test_full_disk(void **state)
{
    struct error e = {0};
    struct rlimit usual, none;
    const char *path = path_in(*state, "lock");
    check(getrlimit(RLIMIT_FSIZE, &usual) == 0, "limit");
    none = (struct rlimit){0, usual.rlim_max};
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    int lock = lock_take(path, &e), second = lock_take(path, NULL);
    setrlimit(RLIMIT_FSIZE, &usual);
    signal(SIGXFSZ, before);
    char *text = read_text(path, NULL);
    lock_release(lock);
    check(lock >= 0 && second == -1, "%d %d %s", lock, second, e.text);
    check_text(text, "");
    free(text);
}

static void test_cannot_be_made(void **state)
{
    struct error e = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/none/lock", (const char *)*state);
    assert_int_equal(lock_take(path, &e), -1);
    assert_int_equal(e.status, EX_CANTCREAT);
    check(strstr(e.text, path) != NULL, "%s", e.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes_and_gives_back, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_two_processes, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_released_on_death, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_twice_in_one_process, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_not_inherited, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_holder, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_shorter_number, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_no_locks, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_cannot_be_made, directory_setup, directory_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
