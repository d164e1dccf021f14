#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* What is done while stdout is a file that takes nothing; what it says on stderr, in `said`. */
static int flush_full(bool early, int status, char *said, size_t size)
{
    FILE *out = stdout, *full = fopen("/dev/full", "we");
    int ends[2], err = dup(STDERR_FILENO);
    check(full != NULL && err >= 0 && pipe(ends) == 0, "setup");
    dup2(ends[1], STDERR_FILENO);
    stdout = full;
    fputs("something", stdout);
    if (early)
        check(fflush(stdout) != 0, "/dev/full takes bytes");
    status = cli_flush(status);
    stdout = out;
    dup2(err, STDERR_FILENO);
    ssize_t n = read(ends[0], said, size - 1);
    said[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    close(ends[1]);
    close(err);
    fclose(full);
    return status;
}

static void test_stdout_that_takes_nothing_is_an_error(void **state)
{
    char said[256];
    (void)state;
    assert_int_equal(flush_full(false, EX_OK, said, sizeof said), EX_IOERR);
    check_text(said, "wosync: stdout: No space left on device\n");
    assert_int_equal(flush_full(false, EX_CONFIG, said, sizeof said), EX_CONFIG);
    check_text(said, "wosync: stdout: No space left on device\n");
}

/* The bytes are gone by then, and nothing is left to be refused. */
static void test_what_was_refused_before_the_end_is_not_forgotten(void **state)
{
    char said[256];
    (void)state;
    assert_int_equal(flush_full(true, EX_OK, said, sizeof said), EX_IOERR);
    check(strstr(said, "wosync: stdout: ") == said, "it said: %s", said);
}

static void test_stdout_that_takes_everything(void **state)
{
    (void)state;
    assert_int_equal(cli_flush(EX_DATAERR), EX_DATAERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stdout_that_takes_nothing_is_an_error),
        cmocka_unit_test(test_what_was_refused_before_the_end_is_not_forgotten),
        cmocka_unit_test(test_stdout_that_takes_everything),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
