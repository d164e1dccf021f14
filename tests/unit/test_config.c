#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/secret.h"
#include "base/timestamp.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* Every test has a directory of its own, to which it goes, and an empty environment. */
static int setup(void **state)
{
    clear_environment();
    return directory_setup(state) == 0 ? chdir(*state) : -1;
}

static int teardown(void **state)
{
    secret_forget();
    clear_environment();
    return chdir("/") == 0 ? directory_teardown(state) : -1;
}

struct loaded {
    struct config config;
    struct buffer problems, warnings;
    int rc;
};

/* Loads wosync.conf of these bytes; NULL: there is none. */
static struct loaded load(const char *text)
{
    struct loaded l = {0};
    unlink("wosync.conf");
    if (text != NULL)
        write_text("wosync.conf", text);
    buffer_append_text(&l.problems, "");
    buffer_append_text(&l.warnings, "");
    l.rc = config_load(NULL, &l.config, &l.problems, &l.warnings);
    return l;
}

static void unload(struct loaded *l)
{
    config_free(&l->config);
    config_free(&l->config);
    buffer_free(&l->problems);
    buffer_free(&l->warnings);
}

static void check_words(char *const *words, const char *expected)
{
    struct buffer joined = {0};
    buffer_append_text(&joined, "");
    for (; *words != NULL; words++)
        buffer_append_format(&joined, "%s%s", joined.len > 0 ? "," : "", *words);
    check_text(joined.data, expected);
    buffer_free(&joined);
}

static void test_defaults(void **state)
{
    (void)state;
    if (access("/etc/wosync.conf", F_OK) == 0)
        skip();
    struct loaded l = load(NULL);
    assert_int_equal(l.rc, 0);
    check_text(l.problems.data, "");
    check_text(l.warnings.data, "");
    check_text(l.config.file, NULL);
    check_text(l.config.base_url, "https://api.getmaintainx.com/v1");
    check_text(l.config.token, NULL);
    check_text(l.config.organization, "");
    check_text(l.config.filter, "auto");
    check(l.config.page_size == 200 && l.config.timeout == 30 * SECOND && l.config.give_up == MINUTE &&
              l.config.reserve == 0,
        "[api]");
    check(l.config.start == CONFIG_START_NOW && l.config.lookback == 10 * MINUTE, "[sync]");
    check(l.config.webhook_silence == 15 * MINUTE && l.config.safety_poll == 6 * HOUR, "[sync]");
    check(l.config.webhook_secrets == NULL && l.config.tolerance == 5 * MINUTE, "[webhooks]");
    check_words(l.config.completed, "DONE,COMPLETED");
    check_words(l.config.ignored, "");
    check_text(l.config.store, "/var/lib/wosync/wosync.db");
    check(l.config.keep == INT64_C(90) * DAY, "[store]");
    assert_int_equal(l.config.ini.count, 0);
    unload(&l);
}

static void test_file(void **state)
{
    (void)state;
    write_text("key", " the-token\n");
    write_text("secrets", "one-secret\r\nanother-secret\n");
    struct loaded l =
        load("[api]\nbase_url = http://127.0.0.1:8080/v1//\nkey_file = key\norganization_id = 42\n"
             "filter = updatedAt[gte]\npage_size = 50\ntimeout = 10s\ngive_up = 0\nreserve = 20\n"
             "[sync]\nstart = 2026-01-31\nlookback = 1h\ncompleted = CLOSED   VERIFIED\tDONE\n"
             "ignore = estimate syncedAt\nwebhook_silence = 1m\nsafety_poll = 1d\n"
             "[webhooks]\nsecret_file = secrets\ntolerance = 1h\n"
             "[store]\npath = here.db ; a comment\nkeep = 7d\n"
             "[handler one]\ntype = log\n[handler  two]\ntype = log\n");
    check_text(l.problems.data, "");
    check_text(l.warnings.data, "");
    assert_int_equal(l.rc, 0);
    check_text(l.config.file, "wosync.conf");
    check_text(l.config.base_url, "http://127.0.0.1:8080/v1");
    check_text(l.config.token, "the-token");
    check_text(l.config.organization, "42");
    check_text(l.config.filter, "updatedAt[gte]");
    check(l.config.page_size == 50 && l.config.timeout == 10 * SECOND && l.config.give_up == 0 &&
              l.config.reserve == 20,
        "[api]");
    check(l.config.start == instant("2026-01-31T00:00:00Z") && l.config.lookback == HOUR, "[sync]");
    check_words(l.config.completed, "CLOSED,VERIFIED,DONE");
    check_words(l.config.ignored, "estimate,syncedAt");
    check(l.config.webhook_silence == MINUTE && l.config.safety_poll == DAY, "[sync]");
    check_words(l.config.webhook_secrets, "one-secret,another-secret");
    check(l.config.tolerance == HOUR, "[webhooks]");
    check_text(l.config.store, "here.db");
    check(l.config.keep == INT64_C(7) * DAY, "[store]");
    check_text(config_handler_name(ini_section(&l.config.ini, "handler one")), "one");
    check_text(config_handler_name(ini_section(&l.config.ini, "handler  two")), "two");
    check_text(config_handler_name(ini_section(&l.config.ini, "api")), NULL);
    unload(&l);
}

static void test_webhook_secrets_of_file_and_environment(void **state)
{
    (void)state;
    write_text("secrets", "of-the-file");
    setenv("MAINTAINX_WEBHOOK_SECRET", " old-secret\tnew-secret", 1);
    struct loaded l = load("[webhooks]\nsecret_file = secrets\n");
    check_text(l.problems.data, "");
    check_words(l.config.webhook_secrets, "of-the-file,old-secret,new-secret");
    check(secret_is_in("a line with new-secret in it") && secret_is_in("of-the-file"), "they are masked");
    unload(&l);
    l = load("");
    check_words(l.config.webhook_secrets, "old-secret,new-secret");
    unload(&l);
    setenv("MAINTAINX_WEBHOOK_SECRET", "", 1);
    l = load("");
    assert_null(l.config.webhook_secrets);
    unload(&l);
    l = load("[webhooks]\nsecret_file = missing\n");
    check(l.rc == -1 && strstr(l.problems.data, "wosync.conf:2: secret_file = missing:") != NULL, "%s",
        l.problems.data);
    unload(&l);
}

/* Bounds: the first and the last value that are taken; what lies outside is in test_problems. */
static void test_bounds(void **state)
{
    static const char *const table[] = {"[api]\npage_size = 1\n", "[api]\npage_size = 200\n",
        "[api]\ntimeout = 1s\n", "[api]\ntimeout = 1h\n", "[api]\ngive_up = 0\n", "[api]\ngive_up = 60m\n",
        "[api]\nreserve = 100000\n", "[sync]\nlookback = 0\n", "[sync]\nlookback = 366d\n",
        "[store]\nkeep = 1h\n", "[sync]\nstart = now\n", "[sync]\nstart = beginning\n",
        "[sync]\nstart = 90d\n", "[api]\nfilter = updatedAtGte\n", "[api]\nfilter = sort\n",
        "[sync]\nignore =\n", "[api]\n[sync]\n[store]\n", ""};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct loaded l = load(table[i]);
        check(l.rc == 0 && l.problems.len == 0, "%s: %s", table[i], l.problems.data);
        unload(&l);
    }
}

static void test_problems(void **state)
{
    static const char no_duration[] = "it is no duration; write 30s, 5m, 2h or 90d";
    static const struct {
        const char *text;
        const char *at, *why; /* `wosync.conf:AT: ...WHY` */
    } table[] = {
        {"[api]\npage_size = 0\n", "2", "page_size = 0: it is out of range"},
        {"[api]\npage_size = 201\n", "2", "page_size = 201: it is out of range"},
        {"[api]\npage_size = -1\n", "2", "page_size = -1: it is out of range"},
        {"[api]\npage_size = 99999999999999999999\n", "2", "it is no number"},
        {"[api]\npage_size = ten\n", "2", "page_size = ten: it is no number"},
        {"[api]\npage_size = 10x\n", "2", "it is no number"},
        {"[api]\npage_size = 1.5\n", "2", "it is no number"},
        {"[api]\npage_size =\n", "2", "it is no number"},
        {"[api]\n\n\ntimeout = 999ms\n", "4", "it is out of range"},
        {"[api]\ntimeout = 3601s\n", "2", "it is out of range"},
        {"[api]\ntimeout = 30\n", "2", no_duration},
        {"[api]\ntimeout = -5s\n", "2", no_duration},
        {"[api]\ngive_up = 2h\n", "2", "it is out of range"},
        {"[api]\nreserve = 100001\n", "2", "it is out of range"},
        {"[sync]\nlookback = 367d\n", "2", "it is out of range"},
        {"[sync]\nlookback = soon\n", "2", no_duration},
        {"[store]\nkeep = 59m\n", "2", "it is out of range"},
        {"[store]\nkeep = 0\n", "2", "it is out of range"},
        {"[sync]\nstart = yesterday\n", "2", "write now, beginning, or a date such as 2026-01-31"},
        {"[sync]\nstart = 2026-02-30\n", "2", "write now, beginning, or a date such as 2026-01-31"},
        {"[sync]\nmax_deletes =\n", "2", "max_deletes = : write a share such as 5%, or a number"},
        {"[sync]\nmax_deletes = some\n", "2", "write a share such as 5%, or a number"},
        {"[sync]\nmax_deletes = 5 %\n", "2", "write a share such as 5%, or a number"},
        {"[sync]\nmax_deletes = 5%%\n", "2", "write a share such as 5%, or a number"},
        {"[sync]\nmax_deletes = -1\n", "2", "write a share such as 5%, or a number"},
        {"[sync]\nmax_deletes = 101%\n", "2", "write a share such as 5%, or a number"},
        {"[sync]\nmax_deletes = 99999999999999999999\n", "2", "write a share such as 5%, or a number"},
        {"[api]\nfilter = updatedAt\n", "2", "write auto, updatedAtGte, updatedAt[gte] or sort"},
        {"[api]\nbase_url = api.getmaintainx.com\n", "2", "it is no URL; write https://HOST/v1"},
        {"[api]\nbase_url = ftp://x/v1\n", "2", "it is no URL; write https://HOST/v1"},
        {"[api]\nbase_url =\n", "2", "it is no URL; write https://HOST/v1"},
        {"[api]\nkey_file = none\n", "2",
            "key_file = none: none: it cannot be read: No such file or directory"},
        {"[api]\nbase-url = https://x\n", "2", "base-url: unknown key in [api]; known are base_url"},
        {"[api]\ntoken = x\n", "2", "token: unknown key in [api]"},
        {"[sync]\npage_size = 5\n", "2",
            "page_size: unknown key in [sync]; known are start, lookback, late_windows, sweep, completed"},
        {"[apl]\npage_size = 5\n", "1",
            "[apl]: unknown section; known are [api], [sync], [webhooks], [store]"},
        {"\n[empty]\n", "2", "[empty]: unknown section"},
        {"[handlers x]\n", "1", "[handlers x]: unknown section"},
        {"[API]\n", "1", "[API]: unknown section"},
        {"page_size = 5\n[api]\n", "1", "a setting before the first section"},
        {"[api]\npage_size = 5\npage_size = 5\n", "3", "page_size: it stands twice in [api]"},
        {"[api]\npage_size = 5\n[sync]\n[api]\npage_size = 6\n", "5", "page_size: it stands twice in [api]"},
        {"[api]\npage_size\n", "2", "it is no setting; write KEY = VALUE"},
        {"[api]\npage_size = 5\n  timeout = 5s\n", "3", "remove the space"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct loaded l = load(table[i].text);
        struct buffer begin = {0};
        buffer_append_format(&begin, "wosync.conf:%s: ", table[i].at);
        check(l.rc == -1 && strncmp(l.problems.data, begin.data, begin.len) == 0 &&
                  strstr(l.problems.data, table[i].why) != NULL &&
                  strchr(l.problems.data, '\n') == l.problems.data + l.problems.len - 1,
            "%s: %s", table[i].text, l.problems.data);
        buffer_free(&begin);
        unload(&l);
    }
}

static void test_share(void **state)
{
    static const struct {
        const char *text;
        int64_t share;
        bool percent;
    } table[] = {{"0", 0, false}, {"200", 200, false}, {"0%", 0, true}, {"7%", 7, true}, {"100%", 100, true}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer text = {0};
        buffer_append_format(&text, "[sync]\nmax_deletes = %s\n", table[i].text);
        struct loaded l = load(text.data);
        check(l.rc == 0 && l.config.max_deletes == table[i].share &&
                  l.config.max_deletes_percent == table[i].percent,
            "%s: %s", table[i].text, l.problems.data);
        unload(&l);
        buffer_free(&text);
    }
}

/* Who signs in by the address shows a password that must not come into what is said of it. */
static void test_password_in_the_address(void **state)
{
    (void)state;
    struct loaded l = load("[api]\nbase_url = ftp://someone:p4ssw0rd@x@127.0.0.1/v1?to=a@b\n");
    secret_mask(l.problems.data);
    check(l.rc == -1 && strstr(l.problems.data, "p4ssw0rd") == NULL &&
              strstr(l.problems.data, "@127.0.0.1/v1?to=a@b") != NULL,
        "%s", l.problems.data);
    unload(&l);
    l = load("[api]\nbase_url = someone:p4ssw1rd@127.0.0.1/v1\n");
    secret_mask(l.problems.data);
    check(l.rc == -1 && strstr(l.problems.data, "p4ssw1rd") == NULL, "%s", l.problems.data);
    unload(&l);
}

static void test_no_complete_status(void **state)
{
    (void)state;
    struct loaded l = load("[sync]\ncompleted =\n");
    check(l.rc == -1 && strstr(l.problems.data, "completed in [sync] names no status") != NULL, "%s",
        l.problems.data);
    unload(&l);
}

/* Leaves out `; known are ...`: what is known grows. */
static void drop_known(char *text)
{
    char *from;
    while ((from = strstr(text, "; known are ")) != NULL)
        memmove(from, from + strcspn(from, "\n"), strlen(from + strcspn(from, "\n")) + 1);
}

/* All mistakes at once: those of the file's form, unknown names, values, the environment. */
static void test_everything_at_once(void **state)
{
    (void)state;
    setenv("MAINTAINX_BASE_URL", "gopher://x", 1);
    struct loaded l =
        load("[api]\npage_size = 0\ncolour = red\nnonsense\n[sync]\nlookback = 5 minutes\n[nowhere]\n"
             "x = 1\n[store]\nkeep = never\n");
    assert_int_equal(l.rc, -1);
    drop_known(l.problems.data);
    check_text(l.problems.data,
        "wosync.conf:4: it is no setting; write KEY = VALUE\n"
        "wosync.conf:3: colour: unknown key in [api]\n"
        "wosync.conf:7: [nowhere]: unknown section\n"
        "MAINTAINX_BASE_URL=gopher://x in the environment: it is no URL; write https://HOST/v1\n"
        "wosync.conf:2: page_size = 0: it is out of range\n"
        "wosync.conf:6: lookback = 5 minutes: it is no duration; write 30s, 5m, 2h or 90d\n"
        "wosync.conf:10: keep = never: it is no duration; write 30s, 5m, 2h or 90d\n");
    unload(&l);
}

static void test_environment_wins(void **state)
{
    (void)state;
    write_text("key", "of-the-file");
    setenv("MAINTAINX_API_KEY", "of-the-environment", 1);
    setenv("MAINTAINX_BASE_URL", "https://environment/v1/", 1);
    setenv("WOSYNC_DB", "environment.db", 1);
    struct loaded l = load("[api]\nbase_url = https://file/v1\nkey_file = key\n[store]\npath = file.db\n");
    check_text(l.problems.data, "");
    check_text(l.config.base_url, "https://environment/v1");
    check_text(l.config.token, "of-the-environment");
    check_text(l.config.store, "environment.db");
    unload(&l);
}

/* A bad value in the file does no harm where the environment has a good one. */
static void test_environment_covers_the_file(void **state)
{
    (void)state;
    setenv("MAINTAINX_BASE_URL", "https://environment/v1", 1);
    setenv("MAINTAINX_API_KEY", "of-the-environment", 1);
    struct loaded l = load("[api]\nbase_url = nonsense\nkey_file = missing\n");
    check_text(l.problems.data, "");
    check_text(l.config.token, "of-the-environment");
    unload(&l);
}

static void test_empty_environment_is_none(void **state)
{
    (void)state;
    setenv("MAINTAINX_BASE_URL", "", 1);
    setenv("WOSYNC_DB", "", 1);
    setenv("WOSYNC_CONFIG", "", 1);
    struct loaded l = load("[api]\nbase_url = https://file/v1\n[store]\npath = file.db\n");
    check_text(l.problems.data, "");
    check_text(l.config.base_url, "https://file/v1");
    check_text(l.config.store, "file.db");
    check_text(l.config.token, NULL);
    unload(&l);
}

static void test_empty_key_in_the_environment_is_none(void **state)
{
    (void)state;
    write_text("key", "of-the-file");
    setenv("MAINTAINX_API_KEY", "", 1);
    struct loaded l = load("[api]\nkey_file = key\n");
    check_text(l.problems.data, "");
    check_text(l.config.token, "of-the-file");
    unload(&l);
}

static void test_key_file_that_others_can_read(void **state)
{
    static const unsigned modes[] = {0640, 0604, 0644, 0444};
    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        unlink("key");
        write_file("key", "the-token\n", 10, modes[i]);
        struct loaded l = load("[api]\nkey_file = key\n");
        assert_int_equal(l.rc, 0);
        check_text(l.warnings.data, "key: others can read it; run: chmod 600 key\n");
        check_text(l.config.token, "the-token");
        unload(&l);
    }
}

/* The token, from wherever it came, is masked in what is printed from then on. */
static void test_token_is_a_secret(void **state)
{
    struct error e = {0};
    (void)state;
    write_text("key", "token-of-the-file");
    struct loaded l = load("[api]\nkey_file = key\n");
    unload(&l);
    setenv("MAINTAINX_API_KEY", "token-of-the-environment", 1);
    l = load("");
    unload(&l);
    fail(&e, EX_NOPERM, "token-of-the-file, token-of-the-environment");
    check_text(e.text, "*****************, ************************");
}

/* -c, then $WOSYNC_CONFIG, ./wosync.conf, $XDG_CONFIG_HOME/wosync/wosync.conf, ~/.config: the first that
 * exists. */
static void test_which_file(void **state)
{
    struct buffer problems = {0}, warnings = {0};
    struct config config;
    const char *const home = path_in(*state, ".config/wosync"), *const xdg = path_in(*state, "xdg/wosync");
    (void)state;
    check(mkdir(".config", 0700) == 0 && mkdir(home, 0700) == 0 && mkdir("xdg", 0700) == 0 &&
              mkdir(xdg, 0700) == 0,
        "directories");
    const struct {
        const char *file, *option, *environment;
    } table[] = {
        {path_in(home, "wosync.conf"), NULL, NULL},
        {path_in(xdg, "wosync.conf"), NULL, NULL},
        {"wosync.conf", NULL, NULL},
        {"environment.conf", NULL, "environment.conf"},
        {"option.conf", "option.conf", "environment.conf"},
    };
    setenv("HOME", *state, 1);
    for (size_t i = 0; i < COUNT(table); i++) {
        if (i == 1)
            setenv("XDG_CONFIG_HOME", path_in(*state, "xdg"), 1);
        if (table[i].environment != NULL)
            setenv("WOSYNC_CONFIG", table[i].environment, 1);
        write_text(table[i].file, "");
        check(config_load(table[i].option, &config, &problems, &warnings) == 0, "%s", problems.data);
        check_text(config.file, table[i].file);
        config_free(&config);
    }
    check(config_load("missing.conf", &config, &problems, &warnings) == -1 &&
              strstr(problems.data, "missing.conf: it cannot be read") != NULL,
        "a file of -c that is missing");
    config_free(&config);
    /* an empty variable is none, and neither is one that is not there */
    unlink("wosync.conf");
    unsetenv("WOSYNC_CONFIG");
    setenv("XDG_CONFIG_HOME", "", 1);
    buffer_clear(&problems);
    check(config_load(NULL, &config, &problems, &warnings) == 0, "%s", problems.data);
    check_text(config.file, table[0].file);
    config_free(&config);
    unsetenv("HOME");
    check(config_load(NULL, &config, &problems, &warnings) == 0, "%s", problems.data);
    check(config.file == NULL || strcmp(config.file, "/etc/wosync.conf") == 0, "%s", config.file);
    config_free(&config);
    buffer_free(&problems);
    buffer_free(&warnings);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_defaults),
        in_directory(test_file),
        in_directory(test_webhook_secrets_of_file_and_environment),
        in_directory(test_bounds),
        in_directory(test_problems),
        in_directory(test_share),
        in_directory(test_password_in_the_address),
        in_directory(test_no_complete_status),
        in_directory(test_everything_at_once),
        in_directory(test_environment_wins),
        in_directory(test_environment_covers_the_file),
        in_directory(test_empty_environment_is_none),
        in_directory(test_empty_key_in_the_environment_is_none),
        in_directory(test_key_file_that_others_can_read),
        in_directory(test_token_is_a_secret),
        in_directory(test_which_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
