#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

static void register_all(const char *const *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        secret_register(secrets[i]);
}

static void test_masks(void **state)
{
    static const char *const secrets[] = {"s3cr3t", "hunter22", "s3cr3t", "abc", ""};
    static const struct {
        const char *text, *masked;
    } table[] = {
        {"", ""},
        {"nothing to hide", "nothing to hide"},
        {"s3cr3t", "******"},
        {"s3cr3ts3cr3t", "************"},
        {"xs3cr3ty", "x******y"},
        {"s3cr3 s3cr3t S3CR3T", "s3cr3 ****** S3CR3T"},
        {"s3cr3s3cr3t", "s3cr3******"},
        {"hunter22 and s3cr3t", "******** and ******"},
        {"abc is too short to be one", "abc is too short to be one"},
        {"key=hunter22&x=1", "key=********&x=1"},
    };
    (void)state;
    register_all(secrets, COUNT(secrets));
    for (size_t i = 0; i < COUNT(table); i++) {
        char *text = strdup(table[i].text);
        secret_mask(text);
        check_text(text, table[i].masked);
        free(text);
    }
    secret_forget();
}

static void test_forgets(void **state)
{
    char text[] = "s3cr3t";
    (void)state;
    secret_register(text);
    secret_forget();
    secret_forget();
    secret_mask(text);
    check_text(text, "s3cr3t");
}

/* One secret within another: the whole of the longer one is masked, in whatever order they were registered.
 */
static void test_masks_the_longer_of_two(void **state)
{
    static const char *const orders[][2] = {{"abcdefgh", "abcd"}, {"abcd", "abcdefgh"}, {"defg", "abcdefgh"}};
    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        char text[] = "<abcdefgh>";
        register_all(orders[i], 2);
        secret_mask(text);
        secret_forget();
        check(strcmp(text, "<********>") == 0, "%s, then %s: %s", orders[i][0], orders[i][1], text);
    }
}

static void test_reads_files(void **state)
{
    static const struct {
        const char *bytes;
        const char *secret; /* NULL: refused */
    } table[] = {
        {"token-1234", "token-1234"},
        {"token-1234\n", "token-1234"},
        {"token-1234\r\n", "token-1234"},
        {"\xef\xbb\xbftoken-1234\n", "token-1234"},
        {"\xef\xbb\xbf  token-1234\n", "token-1234"},
        {"\n \ttoken-1234 \n\n", "token-1234"},
        {"two words\n", "two words"},
        {"x", "x"},
        {"", NULL},
        {"\n", NULL},
        {" \t\r\n ", NULL},
    };
    const char *path = path_in(*state, "key");
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        bool exposed = true;
        write_text(path, table[i].bytes);
        char *secret = secret_read_file(path, &exposed, &e);
        check_text(secret, table[i].secret);
        check(!exposed, "row %zu", i);
        check(secret != NULL || (e.status == EX_CONFIG && strstr(e.text, "it is empty") != NULL),
            "row %zu: %s", i, e.text);
        free(secret);
    }
    secret_forget();
}

static void test_registers_what_it_read(void **state)
{
    const char *path = path_in(*state, "key");
    char text[] = "the key is token-1234";
    bool exposed;
    write_text(path, "token-1234\n");
    free(secret_read_file(path, &exposed, NULL));
    secret_mask(text);
    secret_forget();
    check_text(text, "the key is **********");
}

static void test_sees_who_may_read(void **state)
{
    static const struct {
        unsigned mode;
        bool exposed;
    } table[] = {
        {0600, false}, {0400, false}, {0700, false}, {0640, true}, {0604, true}, {0644, true}, {0622, false}};
    const char *path = path_in(*state, "key");
    for (size_t i = 0; i < COUNT(table); i++) {
        bool exposed = !table[i].exposed;
        unlink(path);
        write_file(path, "token-1234", 10, table[i].mode);
        free(secret_read_file(path, &exposed, NULL));
        check(exposed == table[i].exposed, "mode %o", table[i].mode);
    }
    secret_forget();
}

/* A file of root's that the group of our user may read is as it should be. */
static void test_files_of_others(void **state)
{
    static const struct {
        unsigned mode;
        bool exposed;
    } table[] = {{0640, false}, {0600, false}, {0644, true}, {0604, true}};
    const char *path = path_in(*state, "key");
    if (geteuid() != 0)
        skip(); /* nobody else may give files away */
    for (size_t i = 0; i < COUNT(table); i++) {
        bool exposed = !table[i].exposed;
        unlink(path);
        write_file(path, "token-1234", 10, table[i].mode);
        check(chown(path, 1234, (gid_t)-1) == 0, "chown");
        free(secret_read_file(path, &exposed, NULL));
        check(exposed == table[i].exposed, "mode %o", table[i].mode);
    }
    secret_forget();
}

static void test_finds(void **state)
{
    static const char *const secrets[] = {"s3cr3t", "hunter22"};
    (void)state;
    check(!secret_is_value("s3cr3t"), "nothing is registered");
    register_all(secrets, COUNT(secrets));
    check(secret_is_value("s3cr3t") && secret_is_value("Bearer hunter22"), "they are there");
    /* a value that holds one among other things is another value */
    check(!secret_is_value("") && !secret_is_value("s3cr3") && !secret_is_value("S3CR3T hunter2") &&
              !secret_is_value("hunter22s3cr3t") && !secret_is_value("/bin:/s3cr3t/bin") &&
              !secret_is_value("s3cr3t and more"),
        "they are not there");
    secret_forget();
}

/* What may be one is masked when it is no ordinary word, and kept from nobody, until it is registered as one.
 */
static void test_possible_secrets(void **state)
{
    char text[] = "prod production";
    (void)state;
    secret_register_possible("prod");
    secret_register_possible("production");
    check(!secret_is_value("prod") && !secret_is_value("production"), "they are certain");
    secret_mask(text);
    check_text(text, "prod **********");
    secret_register("production");
    secret_register_possible("production");
    check(secret_is_value("production"), "it is certain now");
    secret_forget();
}

/* The command that is right for the owner: it must not take a file from the user who runs wosync. */
static void test_warnings(void **state)
{
    static const struct {
        uid_t owner, user;
        gid_t group;
        unsigned mode;
        const char *command; /* NULL: no warning */
    } table[] = {
        {1234, 1234, 1234, 0644, "run: chmod 600 key"},
        {1234, 1234, 1234, 0640, "run: chmod 600 key"},
        {0, 1234, 0, 0644, "run as root: chgrp 1234 key && chmod 640 key"},
        {0, 1234, 1234, 0644, "run as root: chmod 640 key"},
        {0, 1234, 1234, 0640, NULL},
        {4321, 1234, 4321, 0644, "run as root: chgrp 1234 key && chmod 640 key"},
        {0, 0, 0, 0644,
            "run: chmod 600 key (where another user runs wosync, first give it to them: chown USER key)"},
        {0, 0, 1234, 0640, NULL},
        {1234, 0, 1234, 0600, NULL},
    };
    if (geteuid() != 0)
        skip(); /* nobody else may give files away */
    check(chmod(*state, 0755) == 0 && chdir(*state) == 0, "directory");
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer warnings = {0}, expected = {0};
        struct error e = {0};
        bool exposed = false;
        unlink("key");
        write_file("key", "token-1234", 10, table[i].mode);
        check(chown("key", table[i].owner, table[i].group) == 0, "chown");
        check(setegid(table[i].user) == 0 && seteuid(table[i].user) == 0, "user");
        free(secret_read_file("key", &exposed, &e));
        if (exposed)
            secret_warn("key", &warnings);
        check(seteuid(0) == 0 && setegid(0) == 0, "user");
        check(e.status == EX_OK && exposed == (table[i].command != NULL), "row %zu: %s", i, e.text);
        if (exposed)
            buffer_append_format(&expected, "key: others can read it; %s\n", table[i].command);
        check_text(warnings.data, expected.data);
        buffer_free(&warnings);
        buffer_free(&expected);
    }
    secret_forget();
    check(chdir("/") == 0, "directory");
}

/* A file of root's that our user may not read: the message has the command. */
static void test_files_that_may_not_be_read(void **state)
{
    struct error e = {0};
    bool exposed;
    if (geteuid() != 0)
        skip();
    check(chmod(*state, 0755) == 0 && chdir(*state) == 0, "directory");
    write_file("key", "token-1234", 10, 0600);
    check(setegid(1234) == 0 && seteuid(1234) == 0, "user");
    char *secret = secret_read_file("key", &exposed, &e);
    check(seteuid(0) == 0 && setegid(0) == 0, "user");
    assert_null(secret);
    check_text(
        e.text, "key: it cannot be read: Permission denied; run as root: chgrp 1234 key && chmod 640 key");
    check(chdir("/") == 0, "directory");
}

/* What is no text is refused with its reason. */
static void test_files_that_are_no_text(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *wrong;
    } table[] = {
        {"\xff\xfet\0o\0k\0", 8, "it is UTF-16; save it as UTF-8"},
        {"\xfe\xff\0t\0o\0k", 8, "it is UTF-16; save it as UTF-8"},
        {"t\0o\0k\0", 6, "it holds a NUL byte"},
        {"tok\0\n", 5, "it holds a NUL byte"},
        {"\xef\xbb\xbf\r\n", 5, "it is empty"},
    };
    const char *path = path_in(*state, "key");
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        bool exposed;
        write_file(path, table[i].bytes, table[i].len, 0600);
        assert_null(secret_read_file(path, &exposed, &e));
        check(e.status == EX_CONFIG && strstr(e.text, table[i].wrong) != NULL, "row %zu: %s", i, e.text);
    }
    struct error e = {0};
    bool exposed;
    assert_null(secret_read_file("~/key", &exposed, &e));
    check_text(e.text, "~/key: the ~ is not expanded; write the whole path");
}

static void test_refuses_files(void **state)
{
    struct error e = {0};
    bool exposed = false;
    const char *path = path_in(*state, "key");
    assert_null(secret_read_file(path, &exposed, &e));
    assert_int_equal(e.status, EX_CONFIG);
    check(strncmp(e.text, path, strlen(path)) == 0 && strstr(e.text, "No such file") != NULL, "%s", e.text);
    e = (struct error){0};
    assert_null(secret_read_file(*state, &exposed, &e));
    check(e.status == EX_CONFIG && strstr(e.text, "directory") != NULL, "%s", e.text);
}

static void test_size_limit(void **state)
{
    const size_t most = 64 * 1024;
    const char *path = path_in(*state, "key");
    char *bytes = malloc(most + 1);
    bool exposed;
    memset(bytes, 'k', most + 1);
    write_file(path, bytes, most, 0600);
    char *secret = secret_read_file(path, &exposed, NULL);
    check(secret != NULL && strlen(secret) == most, "64 KiB");
    free(secret);
    struct error e = {0};
    write_file(path, bytes, most + 1, 0600);
    check(secret_read_file(path, &exposed, &e) == NULL && e.status == EX_CONFIG, "64 KiB and a byte");
    free(bytes);
    secret_forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_possible_secrets),
        cmocka_unit_test_setup_teardown(test_warnings, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_may_not_be_read, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_are_no_text, directory_setup, directory_teardown),
        cmocka_unit_test(test_masks_the_longer_of_two),
        cmocka_unit_test_setup_teardown(test_reads_files, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_registers_what_it_read, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_sees_who_may_read, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_files_of_others, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_refuses_files, directory_setup, directory_teardown),
        cmocka_unit_test_setup_teardown(test_size_limit, directory_setup, directory_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
