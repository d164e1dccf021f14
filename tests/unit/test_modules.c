#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers/modules.h"

/* Where the build put our modules. */
static const char *built(const char *name)
{
    static char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);
    check(len > 0, "/proc/self/exe");
    path[len] = '\0';
    sprintf(strrchr(path, '/'), "/modules/%s.so", name);
    return path;
}

/* Puts a file that was built as NAME.so into the directory. */
static const char *put(const char *directory, const char *name, const char *what)
{
    char file[64];
    size_t len;
    char *bytes = read_text(built(what), &len);
    check(bytes != NULL, "%s", built(what));
    snprintf(file, sizeof file, "%s.so", name);
    const char *path = path_in(directory, file);
    write_file(path, bytes, len, 0644);
    free(bytes);
    return path;
}

static const char *open_error(const char *name)
{
    static struct error e;
    e = (struct error){0};
    const void *interface = module_open(name, "wosync-x", &e);
    check(interface == NULL && e.status == EX_CONFIG, "%s: %d %s", name, e.status, e.text);
    return e.text;
}

#define check_error(name, ...)                                                                               \
    do {                                                                                                     \
        char expected[1024];                                                                                 \
        snprintf(expected, sizeof expected, __VA_ARGS__);                                                    \
        const char *text = open_error(name);                                                                 \
        check(strstr(text, expected) != NULL, "%s: %s", text, expected);                                     \
    } while (0)

static void test_right(void **state)
{
    struct error e = {0};
    put(*state, "right", "right");
    for (int i = 0; i < 2; i++) {
        const int *interface = module_open("right", "wosync-x", &e);
        check(interface != NULL, "%s", e.text);
        assert_int_equal(*interface, 42);
    }
}

static void test_wrong(void **state)
{
    const char *directory = *state;
    check_error("missing",
        "%s/missing.so: cannot be loaded: No such file or directory; install the package wosync-x",
        directory);
    put(directory, "foreign", "foreign");
    check_error("foreign", "%s/foreign.so: not a module of wosync; install the package wosync-x", directory);
    put(directory, "old", "old");
    check_error("old", "%s/old.so: built for another version of wosync (interface ", directory);
    put(directory, "other", "right");
    check_error("other", "%s/other.so: it is the module right; install the package wosync-x", directory);
    write_text(path_in(directory, "text.so"), "no shared object");
    check(chmod(path_in(directory, "text.so"), 0644) == 0, "chmod");
    check_error("text", "%s/text.so: cannot be loaded: ", directory);
}

static void test_others_may_write(void **state)
{
    const char *path = put(*state, "right", "right");
    assert_int_equal(chmod(path, 0646), 0);
    check_error("right", "%s: not loaded: other users can write it; run: chmod go-w %s", path, path);
    assert_int_equal(chmod(path, 0664), 0);
    struct error e = {0};
    check(module_open("right", "wosync-x", &e) != NULL, "%s", e.text);
    assert_int_equal(chmod(*state, 0707), 0);
    check_error("right", "%s: not loaded: other users can write it", (const char *)*state);
}

static void test_of_another_user(void **state)
{
    if (geteuid() != 0)
        skip();
    const char *path = put(*state, "right", "right");
    assert_int_equal(chown(path, 65534, 65534), 0);
    check_error("right", "%s: not loaded: it belongs to user 65534; run: chown root %s", path, path);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(chown(*state, 65534, 65534), 0);
    check_error("right", "%s: not loaded: it belongs to user 65534", (const char *)*state);
}

/* Without the variable it is the directory where wosync is installed, and that one alone. */
static void test_installed(void **state)
{
    put(*state, "right", "right");
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(unsetenv("WOSYNC_MODULES"), 0);
    check_error("right", "%s/wosync/handlers/right.so: cannot be loaded: ", WOSYNC_LIBDIR);
    assert_int_equal(setenv("WOSYNC_MODULES", "", 1), 0);
    check_error("right", "%s/wosync/handlers/right.so: cannot be loaded: ", WOSYNC_LIBDIR);
    assert_int_equal(chdir("/"), 0);
}

static int setup(void **state)
{
    return directory_setup(state) == 0 && chmod(*state, 0755) == 0 ? setenv("WOSYNC_MODULES", *state, 1) : -1;
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_right),
        in_directory(test_wrong),
        in_directory(test_others_may_write),
        in_directory(test_of_another_user),
        in_directory(test_installed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
