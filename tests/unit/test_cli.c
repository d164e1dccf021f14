#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/splay.h"

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

static char refused[1024];

static int refuse(const char *text)
{
    snprintf(refused, sizeof refused, "%s", text);
    return 3;
}

/* A word that was typed may be long: the reason stands behind it. */
static void test_a_long_word_leaves_room_for_the_reason(void **state)
{
    static const struct command command = {.name = "simple", .refuse = refuse};
    char word[6000], wide[6001];
    (void)state;
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    for (size_t i = 0; i + 3 <= sizeof wide; i += 2)
        memcpy(wide + i, "\xc3\xa4", 3);
    for (size_t begin = 0; begin < 4; begin++) {
        const struct {
            const char *word, *piece;
        } rows[] = {{word + begin, "x"}, {wide + 2 * begin, "\xc3\xa4"}};
        for (size_t i = 0; i < COUNT(rows); i++) {
            assert_int_equal(
                cli_usage(&command, "%.*s--time %s: write a duration", (int)begin, "   ", rows[i].word), 3);
            check(strlen(refused) <= 500, "%zu bytes", strlen(refused));
            check(strstr(refused, "--time ") == refused + (begin < 3 ? begin : 3), "%s", refused);
            check(strstr(refused, rows[i].piece) != NULL && strstr(refused, "...") != NULL, "%s", refused);
            check(strcmp(refused + strlen(refused) - 18, ": write a duration") == 0, "%s", refused);
            check(utf8_is_valid(refused, strlen(refused)), "%s", refused);
        }
    }
    cli_usage(&command, "%.480s", word); /* what fits is whole */
    check(strlen(refused) == 480 && strchr(refused, '.') == NULL, "%s", refused);
}

/* Accounts under one schedule: each waits as long every time, and they share the time out. */
static void test_splay_spreads_stores(void **state)
{
    enum { STORES = 600, PARTS = 6, SPLAY = 45000 };
    int in_part[PARTS] = {0};
    (void)state;
    for (int i = 0; i < STORES; i++) {
        char path[64];
        snprintf(path, sizeof path, "/var/lib/wosync-%d/wosync.db", i);
        int64_t wait = splay_of(path, SPLAY);
        check(wait >= 0 && wait < SPLAY, "%s waits %lld ms", path, (long long)wait);
        assert_int_equal(splay_of(path, SPLAY), wait);
        in_part[wait * PARTS / SPLAY]++;
    }
    for (int i = 0; i < PARTS; i++)
        check(in_part[i] > 60 && in_part[i] < 140, "%d of %d stores are in part %d", in_part[i], STORES, i);
    assert_int_equal(splay_of("/var/lib/wosync/wosync.db", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stdout_that_takes_nothing_is_an_error),
        cmocka_unit_test(test_what_was_refused_before_the_end_is_not_forgotten),
        cmocka_unit_test(test_stdout_that_takes_everything),
        cmocka_unit_test(test_a_long_word_leaves_room_for_the_reason),
        cmocka_unit_test(test_splay_spreads_stores),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
