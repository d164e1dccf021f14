#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic_file.h"

static int open_directory(const char *path)
{
    struct error e = {0};
    int directory = atomic_file_directory(path, &e);
    check(directory >= 0, "%s", e.text);
    return directory;
}

static int count_files(const char *path)
{
    int count = 0;
    DIR *entries = opendir(path);
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count - 2;
}

static void test_directory(void **state)
{
    struct error e = {0};
    struct stat st;
    const char *made = path_in(*state, "made"), *file = path_in(*state, "file");
    close(open_directory(made));
    close(open_directory(made));
    check(stat(made, &st) == 0 && (st.st_mode & 07777) == (0750 & ~umask(umask(0))), "mode %o",
        (unsigned)st.st_mode);
    check(atomic_file_directory(path_in(*state, "none/below"), &e) == -1 && e.status == EX_CANTCREAT, "%s",
        e.text);
    write_text(file, "");
    e = (struct error){0};
    check(atomic_file_directory(file, &e) == -1 && e.status == EX_CANTCREAT &&
              strstr(e.text, "it cannot be opened as a directory") != NULL,
        "%s", e.text);
}

/* A file is replaced as a whole. */
static void test_replace(void **state)
{
    struct error e = {0};
    int directory = open_directory(*state);
    for (int i = 0; i < 2; i++) {
        check(atomic_file_write(directory, "page", i == 0 ? "one" : "zwei", i == 0 ? 3 : 4, &e) == 0, "%s",
            e.text);
        char *text = read_text(path_in(*state, "page"), NULL);
        check_text(text, i == 0 ? "one" : "zwei");
        free(text);
    }
    assert_int_equal(count_files(*state), 1);
    close(directory);
}

struct writer {
    const char *path;
    char letter;
};

/* Writes a page over and over, each time of one letter. */
static void write_pages(void *data)
{
    const struct writer *writer = data;
    struct error e = {0};
    char page[5000];
    int directory = open(writer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    memset(page, writer->letter, sizeof page);
    for (int i = 0; i < 50; i++)
        if (atomic_file_write(directory, "page", page, sizeof page, &e) != 0)
            _exit(1);
    _exit(0);
}

/* Two processes of one number, each in a container of its own, share the directory: each page is whole, and
 * no write fails. A process number is the same in a new namespace for every first process. */
static void test_two_containers(void **state)
{
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        struct writer writer = {*state, i == 0 ? 'a' : 'b'};
        children[i] = fork();
        if (children[i] == 0) {
            if (unshare(CLONE_NEWPID) != 0)
                _exit(77);
            pid_t inner = fork();
            if (inner == 0)
                write_pages(&writer);
            int status = 1;
            waitpid(inner, &status, 0);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
        }
    }
    for (int i = 0; i < 2; i++) {
        int status;
        check(waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status), "child %d", i);
        if (WEXITSTATUS(status) == 77)
            skip(); /* it takes a privilege */
        check(WEXITSTATUS(status) == 0, "writer %d failed", i);
    }
    size_t len;
    char *page = read_text(path_in(*state, "page"), &len);
    check(len == 5000 && strspn(page, page[0] == 'a' ? "a" : "b") == 5000, "the page is mixed");
    free(page);
    assert_int_equal(count_files(*state), 1);
}

/* The disk is full: the old file stays, and nothing else is left. */
static void test_full(void **state)
{
    char large[65536] = "";
    struct error e = {0};
    struct rlimit old, small = {100, 100};
    int directory = open_directory(*state);
    assert_int_equal(atomic_file_write(directory, "page", "old", 3, &e), 0);
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = atomic_file_write(directory, "page", large, sizeof large, &e);
    setrlimit(RLIMIT_FSIZE, &old);
    check(rc == -1 && e.status == EX_IOERR && strncmp(e.text, "page: it cannot be written: ", 28) == 0, "%s",
        e.text);
    char *text = read_text(path_in(*state, "page"), NULL);
    check_text(text, "old");
    free(text);
    assert_int_equal(count_files(*state), 1);
    close(directory);
}

/* What lies in the way of the name, or the directory gone. */
static void test_refused(void **state)
{
    struct error e = {0};
    const char *path = path_in(*state, "out");
    int directory = open_directory(path);
    assert_int_equal(mkdirat(directory, "page", 0700), 0);
    check(atomic_file_write(directory, "page", "x", 1, &e) == -1 && e.status == EX_IOERR, "%s", e.text);
    assert_int_equal(count_files(path), 1);
    assert_int_equal(unlinkat(directory, "page", AT_REMOVEDIR), 0);
    assert_int_equal(rmdir(path), 0);
    e = (struct error){0};
    check(atomic_file_write(directory, "page", "x", 1, &e) == -1 && e.status == EX_IOERR &&
              strncmp(e.text, "page: it cannot be made: ", 25) == 0,
        "%s", e.text);
    close(directory);
}

/* Leftovers go; what another process is writing, and what is none of ours, stays. */
static void test_clean(void **state)
{
    int directory = open_directory(*state);
    static const char *const names[] = {
        ".wosync-1.tmp", ".wosync-2.tmp", ".wosync-3.txt", "wosync-4.tmp", ".wosync-.tmpx"};
    for (size_t i = 0; i < COUNT(names); i++)
        write_text(path_in(*state, names[i]), "x");
    assert_int_equal(symlink("wosync-4.tmp", path_in(*state, ".wosync-5.tmp")), 0);
    int at_work = open(path_in(*state, ".wosync-2.tmp"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(at_work, LOCK_EX), 0);
    atomic_file_clean(directory);
    check(access(path_in(*state, ".wosync-1.tmp"), F_OK) != 0, "a leftover stays");
    for (size_t i = 1; i < COUNT(names); i++)
        check(access(path_in(*state, names[i]), F_OK) == 0, "%s was removed", names[i]);
    close(at_work);
    atomic_file_clean(directory);
    check(access(path_in(*state, ".wosync-2.tmp"), F_OK) != 0, "a leftover stays");
    close(directory);
}

/* Without a descriptor to spare it removes nothing, and that is no fault. */
static void test_no_descriptors(void **state)
{
    struct rlimit old, none;
    int directory = open_directory(*state);
    write_text(path_in(*state, ".wosync-1.tmp"), "x");
    getrlimit(RLIMIT_NOFILE, &old);
    none = (struct rlimit){0, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    atomic_file_clean(directory);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_int_equal(count_files(*state), 1);
    close(directory);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_directory),
        in_directory(test_replace),
        in_directory(test_two_containers),
        in_directory(test_full),
        in_directory(test_refused),
        in_directory(test_clean),
        in_directory(test_no_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
