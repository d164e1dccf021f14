#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "store/store.h"

/* What an open file description lock is answered in place of the kernel's word; 0: the kernel decides. */
static int refusal;

/* Takes the place of the C library's. */
int fcntl(int fd, int command, ...)
{
    va_list ap;
    va_start(ap, command);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    if (refusal != 0 && command == F_OFD_SETLK) {
        errno = refusal;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* A process that holds a lock from when this returns until it is killed. */
static pid_t hold(const char *path, enum lock_kind kind)
{
    int ready[2];
    char byte = 0;
    check(pipe(ready) == 0, "pipe");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        byte = lock_take(lock_open(path, NULL), kind, NULL) == 0 ? 'y' : 'n';
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

/* Can another process take it? It answers by a pipe: its exit status is valgrind's, too. */
static bool is_free(const char *path, enum lock_kind kind)
{
    int answer[2], status;
    char byte = 0;
    check(pipe(answer) == 0, "pipe");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        byte = lock_take(lock_open(path, NULL), kind, NULL) == 0 ? 'y' : 'n';
        _exit(write(answer[1], &byte, 1) == 1 ? 0 : 1);
    }
    close(answer[1]);
    check(read(answer[0], &byte, 1) == 1, "the other process says nothing");
    close(answer[0]);
    check(waitpid(child, &status, 0) == child && WIFEXITED(status), "the other process");
    return byte == 'y';
}

static void test_takes_and_releases(void **state)
{
    const char *path = path_in(*state, "store");
    struct error e = {0};
    struct stat st;
    int lock = lock_open(path, &e);
    check(lock >= 0, "%s", e.text);
    for (int i = 0; i < 3; i++) {
        check(lock_take(lock, LOCK_POLL, &e) == 0, "round %d: %s", i, e.text);
        check(!is_free(path, LOCK_POLL), "round %d: it is free", i);
        lock_release(lock, LOCK_POLL);
        check(is_free(path, LOCK_POLL), "round %d: it is not free", i);
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 0);
    lock_close(lock);
    lock_close(-1);
}

static void test_each_kind_is_its_own(void **state)
{
    const char *path = path_in(*state, "store");
    int lock = lock_open(path, NULL);
    for (enum lock_kind kind = 0; kind < LOCK_KINDS; kind++) {
        check(lock_take(lock, kind, NULL) == 0, "kind %d", (int)kind);
        for (enum lock_kind other = 0; other < LOCK_KINDS; other++)
            check(is_free(path, other) == (other > kind), "kind %d with %d", (int)other, (int)kind);
    }
    lock_close(lock);
    for (enum lock_kind kind = 0; kind < LOCK_KINDS; kind++)
        check(is_free(path, kind), "kind %d", (int)kind);
}

static void test_two_processes(void **state)
{
    static const char *const said[] = {"another run reads the list",
        "another run asks for single work orders", "another backfill is at work", "another sweep is at work",
        "another run delivers", "another run makes the store"};
    const char *path = path_in(*state, "store");
    int lock = lock_open(path, NULL);
    for (enum lock_kind kind = 0; kind < LOCK_KINDS; kind++) {
        struct error e = {0};
        char expected[100];
        pid_t child = hold(path, kind);
        snprintf(expected, sizeof expected, "%s (process %ld)", said[kind], (long)child);
        int rc = lock_take(lock, kind, &e);
        end(child);
        assert_int_equal(rc, -1);
        assert_int_equal(e.status, EX_TEMPFAIL);
        check_text(e.text, expected);
    }
    lock_close(lock);
}

static void test_count_of_readers(void **state)
{
    const char *path = path_in(*state, "store");
    int lock = lock_open(path, NULL);
    check(lock_take(lock, LOCK_POLL, NULL) == 0, "poll");
    pid_t first = hold(path, LOCK_SWEEP), second = hold(path, LOCK_DELIVER), third = hold(path, LOCK_REFETCH);
    int count = lock_count_readers(lock);
    end(first);
    int later = lock_count_readers(lock);
    end(second);
    end(third);
    check(count == 2 && later == 1 && lock_count_readers(lock) == 0, "%d %d", count, later);
    lock_close(lock);
}

/* Killed by SIGKILL, it has no chance to release it itself. */
static void test_released_on_death(void **state)
{
    const char *path = path_in(*state, "store");
    struct error e = {0};
    end(hold(path, LOCK_DELIVER));
    int lock = lock_open(path, NULL);
    check(lock_take(lock, LOCK_DELIVER, &e) == 0, "%s", e.text);
    lock_close(lock);
}

/* The lock belongs to the file: by a symbolic link, by another hard link, it is the same one. */
static void test_another_name(void **state)
{
    const char *path = path_in(*state, "store");
    char soft[600], hard[600];
    snprintf(soft, sizeof soft, "%s/soft", (const char *)*state);
    snprintf(hard, sizeof hard, "%s/hard", (const char *)*state);
    pid_t child = hold(path, LOCK_POLL);
    check(symlink(path, soft) == 0 && link(path, hard) == 0, "links");
    bool free_by_soft = is_free(soft, LOCK_POLL), free_by_hard = is_free(hard, LOCK_POLL);
    end(child);
    check(!free_by_soft && !free_by_hard, "%d %d", free_by_soft, free_by_hard);
    check(is_free(soft, LOCK_POLL), "not free");
}

/* A program that it starts does not keep the lock, nor does a child that runs none. */
static void test_not_inherited(void **state)
{
    const char *path = path_in(*state, "store");
    int ready[2], lock = lock_open(path, NULL);
    char byte;
    check(lock_take(lock, LOCK_DELIVER, NULL) == 0 && pipe(ready) == 0, "set-up");
    int flags = fcntl(lock, F_GETFD);
    pid_t child = fork();
    if (child == 0) {
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    check(read(ready[0], &byte, 1) == 1, "the child");
    close(ready[0]);
    close(ready[1]);
    lock_close(lock);
    bool now_free = is_free(path, LOCK_DELIVER);
    end(child);
    check(flags >= 0 && (flags & FD_CLOEXEC) != 0, "%d", flags);
    check(now_free, "the child keeps it");
}

/* SQLite works with the file in between: opens, makes, writes and closes it, in WAL mode; neither takes the
 * other's locks away, and the file may have been empty. */
static void test_beside_sqlite(void **state)
{
    const char *path = path_in(*state, "store");
    struct error e = {0};
    sqlite3 *other = NULL;
    int lock = lock_open(path, NULL);
    check(lock_is_new(lock), "new");
    check(lock_take(lock, LOCK_POLL, NULL) == 0, "poll");
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    check(store != NULL, "%s", e.text);
    check(!is_free(path, LOCK_POLL) && is_free(path, LOCK_SWEEP), "after opening");
    check(store_begin(store, &e) == 0, "%s", e.text);
    check(lock_take(lock, LOCK_DELIVER, NULL) == 0, "deliver");
    lock_release(lock, LOCK_DELIVER);
    /* a child opens and closes the file, too: SQLite's lock on it is still there */
    check(is_free(path, LOCK_DELIVER), "while writing");
    check(sqlite3_open(path, &other) == SQLITE_OK, "another connection");
    int code = sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    sqlite3_close(other);
    assert_int_equal(code, SQLITE_BUSY);
    check(store_commit(store, &e) == 0, "%s", e.text);
    check(!is_free(path, LOCK_POLL), "after writing");
    store_close(store);
    check(!is_free(path, LOCK_POLL), "after closing");
    check(!lock_is_new(lock), "still new");
    lock_close(lock);
    check(is_free(path, LOCK_POLL), "after the end");
}

/* As over a network file system where nobody is there to keep them. */
static void test_no_locks(void **state)
{
    struct error e = {0};
    int lock = lock_open(path_in(*state, "store"), NULL);
    refusal = ENOLCK;
    int rc = lock_take(lock, LOCK_POLL, &e);
    refusal = 0;
    lock_close(lock);
    check(rc == -1 && e.status == EX_IOERR &&
              strstr(e.text, "its file system refuses locks: No locks available") != NULL,
        "%s", e.text);
}

static void test_cannot_be_made(void **state)
{
    struct error e = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/none/store", (const char *)*state);
    assert_int_equal(lock_open(path, &e), -1);
    assert_int_equal(e.status, EX_CANTCREAT);
    check(strstr(e.text, path) != NULL, "%s", e.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes_and_releases, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_each_kind_is_its_own, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_two_processes, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_count_of_readers, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_released_on_death, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_another_name, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_not_inherited, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_beside_sqlite, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_no_locks, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_cannot_be_made, directory_setup, directory_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
