#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/config_key.h"
#include "base/secret.h"
#include "base/timestamp.h"

/* The tests run from the top of the source tree. */
static char example[4096];
#define EXAMPLE example

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
    assert_int_equal(l.config.ini.file_count, 0);
    check_text(l.config.base_url, "https://api.getmaintainx.com/v1");
    check_text(l.config.token, NULL);
    check_text(l.config.organization, "");
    check_text(l.config.filter, "auto");
    check(l.config.page_size == 200 && l.config.timeout == 30 * SECOND && l.config.give_up == MINUTE &&
              l.config.reserve == 0 && l.config.names,
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
             "filter = updatedAt[gte]\npage_size = 50\ntimeout = 10s\ngive_up = 0\nreserve = 20\nnames = no\n"
             "[sync]\nstart = 2026-01-31\nlookback = 1h\ncompleted = CLOSED   VERIFIED\tDONE\n"
             "ignore = estimate syncedAt\nwebhook_silence = 1m\nsafety_poll = 1d\n"
             "[webhooks]\nsecret_file = secrets\ntolerance = 1h\n"
             "[store]\n; a comment\npath = here.db\nkeep = 7d\n"
             "[handler one]\ntype = log\n[handler  two]\ntype = log\n");
    check_text(l.problems.data, "");
    check_text(l.warnings.data, "");
    assert_int_equal(l.rc, 0);
    check_text(l.config.ini.files[0].path, "wosync.conf");
    check_text(l.config.base_url, "http://127.0.0.1:8080/v1");
    check_text(l.config.token, "the-token");
    check_text(l.config.organization, "42");
    check_text(l.config.filter, "updatedAt[gte]");
    check(l.config.page_size == 50 && l.config.timeout == 10 * SECOND && l.config.give_up == 0 &&
              l.config.reserve == 20 && !l.config.names,
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
    check(secret_is_value("new-secret") && secret_is_value("of-the-file"), "they are masked");
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
    static const struct {
        const char *text;
        const char *at, *why; /* `wosync.conf:AT: ...WHY` */
    } table[] = {
        {"[api]\npage_size = 0\n", "2", "page_size = 0: expected a number, 1 to 200"},
        {"[api]\npage_size = 201\n", "2", "page_size = 201: expected a number, 1 to 200"},
        {"[api]\npage_size = -1\n", "2", "page_size = -1: expected a number, 1 to 200"},
        {"[api]\npage_size = 99999999999999999999\n", "2", "expected a number, 1 to 200"},
        {"[api]\npage_size = ten\n", "2", "page_size = ten: expected a number, 1 to 200"},
        {"[api]\npage_size = 10x\n", "2", "expected a number, 1 to 200"},
        {"[api]\npage_size = 1.5\n", "2", "expected a number, 1 to 200"},
        {"[api]\npage_size =\n", "2", "expected a number, 1 to 200"},
        {"[api]\n\n\ntimeout = 999ms\n", "4", "expected a duration such as 30s, from 1s to 1h"},
        {"[api]\ntimeout = 3601s\n", "2", "expected a duration such as 30s, from 1s to 1h"},
        {"[api]\ntimeout = 30\n", "2", "expected a duration such as 30s, from 1s to 1h"},
        {"[api]\ntimeout = -5s\n", "2", "expected a duration such as 30s, from 1s to 1h"},
        {"[api]\ngive_up = 2h\n", "2", "expected a duration such as 1m, from 0 to 1h"},
        {"[api]\nreserve = 100001\n", "2", "expected a number, 0 to 100000"},
        {"[api]\nnames = perhaps\n", "2", "names = perhaps: expected yes or no"},
        {"[api]\nnames =\n", "2", "expected yes or no"},
        {"[sync]\nlookback = 367d\n", "2", "expected a duration such as 10m, from 0 to 366d"},
        {"[sync]\nlookback = soon\n", "2", "expected a duration such as 10m, from 0 to 366d"},
        {"[store]\nkeep = 59m\n", "2", "expected a duration such as 90d, from 1h to 36600d"},
        {"[store]\nkeep = 0\n", "2", "expected a duration such as 90d, from 1h to 36600d"},
        {"[sync]\nstart = yesterday\n", "2", "expected now, beginning, or a date such as 2026-01-31"},
        {"[sync]\nstart = 2026-02-30\n", "2", "expected now, beginning, or a date such as 2026-01-31"},
        {"[sync]\nmax_deletes =\n", "2", "max_deletes = : expected a share, 0% to 100%, or a number"},
        {"[sync]\nmax_deletes = some\n", "2", "expected a share, 0% to 100%, or a number"},
        {"[sync]\nmax_deletes = 5 %\n", "2", "expected a share, 0% to 100%, or a number"},
        {"[sync]\nmax_deletes = 5%%\n", "2", "expected a share, 0% to 100%, or a number"},
        {"[sync]\nmax_deletes = -1\n", "2", "expected a share, 0% to 100%, or a number"},
        {"[sync]\nmax_deletes = 101%\n", "2", "expected a share, 0% to 100%, or a number"},
        {"[sync]\nmax_deletes = 99999999999999999999\n", "2", "expected a share, 0% to 100%, or a number"},
        {"[api]\nfilter = updatedAt\n", "2", "expected auto, updatedAt[gte], updatedAtGte or sort"},
        {"[api]\nbase_url = api.getmaintainx.com\n", "2", "expected a URL such as https://HOST/v1"},
        {"[api]\nbase_url = ftp://x/v1\n", "2", "expected a URL such as https://HOST/v1"},
        {"[api]\nbase_url =\n", "2", "expected a URL such as https://HOST/v1"},
        {"[api]\nkey_file = none\n", "2",
            "key_file = none: none: it cannot be read: No such file or directory"},
        {"[api]\nbase-url = https://x\n", "2", "base-url: unknown key in [api]; did you mean base_url?"},
        {"[api]\ntoken = x\n", "2", "token: unknown key in [api]; known are base_url, key_file,"},
        {"[api]\nPage_Size = 5\n", "2", "Page_Size: unknown key in [api]; did you mean page_size?"},
        {"[api]\npage_sice = 5\n", "2", "page_sice: unknown key in [api]; did you mean page_size?"},
        {"[store]\npaht = x\n", "2", "paht: unknown key in [store]; did you mean path?"},
        {"[store]\npath = ~/wosync.db\n", "2",
            "path = ~/wosync.db: the ~ is not expanded; write the whole path"},
        {"[store]\npath = $HOME/wosync.db\n", "2", "variables are not expanded; write the whole path"},
        {"[store]\npath =\n", "2", "path = : it is empty; write the whole path"},
        {"[api]\nkey_file = ~/key\n", "2", "the ~ is not expanded; write the whole path"},
        {"[api]\nca_file = ~/ca.pem\n", "2", "the ~ is not expanded; write the whole path"},
        {"[webhooks]\nsecret_file = ~/secret\n", "2", "the ~ is not expanded; write the whole path"},
        {"[store]\npath = env:NOT_SET\n", "2", "path = env:NOT_SET: NOT_SET is not set in the environment"},
        {"[store]\npath = file:none\n", "2", "path = file:none: none: it cannot be read: No such file"},
        {"[store]\npath = file:~/none\n", "2", "~/none: the ~ is not expanded; write the whole path"},
        {"[sync]\nlate_windows = 6h\n", "2", "expected pairs of durations such as 6h/1h"},
        {"[sync]\npage_size = 5\n", "2", "page_size: unknown key in [sync]; it belongs into [api]"},
        {"[apl]\npage_size = 5\n", "1", "[apl]: unknown section; did you mean [api]?"},
        {"[nowhere]\n", "1",
            "[nowhere]: unknown section; known are [api], [sync], [webhooks], [metrics], [store] and [handler NAME]"},
        {"[Handler x]\ntype = log\n", "1", "[Handler x]: unknown section; did you mean [handler x]?"},
        {"[handlr]\ntype = log\n", "1", "[handlr]: unknown section; did you mean [handler NAME]?"},
        {"\n[empty]\n", "2", "[empty]: unknown section"},
        {"[handlers x]\n", "1", "[handlers x]: unknown section; did you mean [handler x]?"},
        {"[API]\n", "1", "[API]: unknown section; did you mean [api]?"},
        {"page_size = 5\n[api]\n", "1", "a setting before the first section"},
        {"[api]\npage_size = 5\npage_size = 5\n", "3", "page_size: set twice in [api]"},
        {"[api]\npage_size = 5\n[sync]\n[api]\npage_size = 6\n", "5", "page_size: set twice in [api]"},
        {"[api]\npage_size\n", "2", "expected KEY = VALUE"},
        {"[api]\npage_size = 5\n  timeout = 5s\n", "3", "remove the blank"},
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
    check(l.rc == -1 &&
              strstr(l.problems.data, "wosync.conf:2: completed = : expected a status such as DONE") != NULL,
        "%s", l.problems.data);
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
        "wosync.conf:4: expected KEY = VALUE\n"
        "wosync.conf:3: colour: unknown key in [api]\n"
        "wosync.conf:7: [nowhere]: unknown section\n"
        "MAINTAINX_BASE_URL=gopher://x in the environment: expected a URL such as https://HOST/v1\n"
        "wosync.conf:2: page_size = 0: expected a number, 1 to 200\n"
        "wosync.conf:6: lookback = 5 minutes: expected a duration such as 10m, from 0 to 366d\n"
        "wosync.conf:10: keep = never: expected a duration such as 90d, from 1h to 36600d\n");
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
        check(strncmp(l.warnings.data, "key: others can read it; run: chmod 600 key", 43) == 0, "%s",
            l.warnings.data);
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
        const char *const options[] = {table[i].option, NULL};
        check(config_load(options, &config, &problems, &warnings) == 0, "%s", problems.data);
        check_text(config.ini.files[0].path, table[i].file);
        config_free(&config);
    }
    check(config_load((const char *const[]){"missing.conf", NULL}, &config, &problems, &warnings) == -1 &&
              strstr(problems.data, "missing.conf: it cannot be read") != NULL,
        "a file of -c that is missing");
    config_free(&config);
    /* an empty variable is none, and neither is one that is not there */
    unlink("wosync.conf");
    unsetenv("WOSYNC_CONFIG");
    setenv("XDG_CONFIG_HOME", "", 1);
    buffer_clear(&problems);
    check(config_load(NULL, &config, &problems, &warnings) == 0, "%s", problems.data);
    check_text(config.ini.files[0].path, table[0].file);
    config_free(&config);
    unsetenv("HOME");
    check(config_load(NULL, &config, &problems, &warnings) == 0, "%s", problems.data);
    check(config.ini.file_count == 0 || strcmp(config.ini.files[0].path, "/etc/wosync.conf") == 0, "%s",
        config.ini.files[0].path);
    config_free(&config);
    buffer_free(&problems);
    buffer_free(&warnings);
}

/* What surrounds a token that was copied by hand is taken off; the rest is refused with its reason, which
 * shows nothing of it. */
static void test_tokens_as_they_are_copied(void **state)
{
    static const struct {
        const char *text;
        const char *wrong; /* NULL: it is the token `tok-0815` */
    } table[] = {
        {"tok-0815\r\n", NULL},
        {"\xef\xbb\xbftok-0815\n", NULL},
        {"\t tok-0815  \n\n", NULL},
        {"Bearer tok-0815\n", NULL},
        {"bearer  tok-0815", NULL},
        {"Authorization: Bearer tok-0815\n", NULL},
        {"\"tok-0815\"\n", NULL},
        {"'tok-0815'", NULL},
        {"\"Bearer tok-0815\"", NULL},
        {"Bearer \"tok-0815\"", NULL},
        {"\" tok-0815 \"", NULL},
        {"tok-0815\ntok-0816", "it holds a line break; write the token alone, in one line"},
        {"tok 0815", "it holds a blank; write the token alone"},
        {"\"tok-0815", "it holds a quote; write the token alone"},
        {"tok-0815'", "it holds a quote; write the token alone"},
        {"\"\"", "it is empty"},
        {"Bearer", "it is empty"},
        {"tok\x1b-0815", "it holds a control character; write the token alone"},
        {"tok\xe2\x80\x93"
         "0815",
            "it holds a character that is not ASCII; copy the token once more"},
        {"\xe2\x80\x9ctok-0815\xe2\x80\x9d",
            "it holds a character that is not ASCII; copy the token once more"},
    };
    (void)state;
    for (int from_file = 0; from_file < 2; from_file++)
        for (size_t i = 0; i < COUNT(table); i++) {
            char *place = NULL;
            unlink("key");
            write_text("key", table[i].text);
            setenv("MAINTAINX_API_KEY", from_file ? "" : table[i].text, 1);
            struct loaded l = load("[api]\nkey_file = key\n");
            if (table[i].wrong == NULL) {
                check(l.rc == 0, "%s: %s", table[i].text, l.problems.data);
                check_text(l.config.token, "tok-0815");
                check(secret_is_value(l.config.token), "%s", table[i].text);
            } else {
                place = strstr(l.problems.data, table[i].wrong);
                check(l.rc == -1 && place != NULL && l.config.token == NULL, "%s: %s", table[i].text,
                    l.problems.data);
                check(strstr(l.problems.data, "0815") == NULL, "%s", l.problems.data);
                check(strstr(l.problems.data, from_file ? "wosync.conf:2: key_file = key: "
                                                        : "MAINTAINX_API_KEY in the environment: ") != NULL,
                    "%s", l.problems.data);
            }
            unload(&l);
        }
}

/* The same for the secrets of webhooks, of which there may be several. */
static void test_webhook_secrets_as_they_are_copied(void **state)
{
    static const struct {
        const char *text, *secrets;
    } table[] = {
        {"\xef\xbb\xbfone-secret\r\ntwo-secret\r\n", "one-secret,two-secret"},
        {"\"one-secret\"\n'two-secret'\n", "one-secret,two-secret"},
        {"\"one-secret two-secret\"", "one-secret,two-secret"},
    };
    (void)state;
    for (int from_file = 0; from_file < 2; from_file++)
        for (size_t i = 0; i < COUNT(table); i++) {
            write_text("secrets", table[i].text);
            setenv("MAINTAINX_WEBHOOK_SECRET", from_file ? "" : table[i].text, 1);
            struct loaded l = load(from_file ? "[webhooks]\nsecret_file = secrets\n" : "");
            check_text(l.problems.data, "");
            check_words(l.config.webhook_secrets, table[i].secrets);
            unload(&l);
        }
    setenv("MAINTAINX_WEBHOOK_SECRET", "secr\xc3\xa9t-4711", 1);
    struct loaded l = load("");
    check(l.rc == -1 && strstr(l.problems.data, "MAINTAINX_WEBHOOK_SECRET in the environment: it holds a "
                                                "character that is not ASCII") != NULL,
        "%s", l.problems.data);
    unload(&l);
}

/* Any value may come from the environment or from a file. */
static void test_references(void **state)
{
    (void)state;
    write_text("number", "50\n");
    setenv("PLACE", " elsewhere.db\r", 1);
    struct loaded l = load("[api]\npage_size = file:number\n[store]\npath = env:PLACE\n");
    check_text(l.problems.data, "");
    check_text(l.config.store, "elsewhere.db");
    assert_int_equal(l.config.page_size, 50);
    unload(&l);
}

/* A variable from a file with other line ends. */
static void test_variables_with_white_space(void **state)
{
    (void)state;
    setenv("MAINTAINX_BASE_URL", "https://environment/v1\r", 1);
    setenv("WOSYNC_DB", "environment.db \r\n", 1);
    struct loaded l = load("");
    check_text(l.problems.data, "");
    check_text(l.config.base_url, "https://environment/v1");
    check_text(l.config.store, "environment.db");
    unload(&l);
    setenv("WOSYNC_DB", "~/wosync.db", 1);
    l = load("");
    check_text(l.problems.data,
        "WOSYNC_DB=~/wosync.db in the environment: the ~ is not expanded; write the whole path\n");
    unload(&l);
}

/* A message shows the beginning of a long value, and of a secret nothing. */
static void test_long_values_in_messages(void **state)
{
    struct buffer text = {0};
    (void)state;
    buffer_append_format(&text, "[api]\nbase_url = ftp://%080d:p4ssw0rd-p4ssw0rd-p4ssw0rd@x/\n", 7);
    struct loaded l = load(text.data);
    check(
        l.rc == -1 && strstr(l.problems.data, "p4ss") == NULL && l.problems.len < 200, "%s", l.problems.data);
    unload(&l);
    buffer_clear(&text);
    buffer_append_format(&text, "[api]\npage_size = %05000dx\n", 7);
    l = load(text.data);
    check(l.rc == -1 && l.problems.len < 250 && strstr(l.problems.data, "...: expected a number") != NULL,
        "%s", l.problems.data);
    unload(&l);
    buffer_free(&text);
}

/* Several files: what a later one sets counts, messages name the file, and twice is twice within one. */
static void test_several_files(void **state)
{
    static const char *const files[] = {"base.conf", "plant.conf", NULL};
    struct buffer problems = {0}, warnings = {0};
    struct config config;
    (void)state;
    write_text("base.conf", "[api]\npage_size = 50\ntimeout = 5s\n[handler a]\ntype = log\non = *\n");
    write_text("plant.conf", "[handler a]\non = workorder.created\n[handler b]\ntype = log\n[api]\n"
                             "page_size = 60\n");
    check(config_load(files, &config, &problems, &warnings) == 0, "%s", problems.data);
    check(config.page_size == 60 && config.timeout == 5 * SECOND, "values");
    const struct ini_section *a = ini_section(&config.ini, "handler a");
    check_text(ini_setting(a, "type")->value, "log");
    check_text(ini_setting(a, "on")->value, "workorder.created");
    assert_non_null(ini_section(&config.ini, "handler b"));
    config_free(&config);
    write_text("base.conf", "[api]\npage_size = 0\nx = 1\n");
    write_text("plant.conf", "\n[api]\ntimeout = 0\ntimeout = 1s\n");
    assert_int_equal(config_load(files, &config, &problems, &warnings), -1);
    check_text(problems.data, "base.conf:3: x: unknown key in [api]; known are base_url, key_file, ca_file, "
                              "organization_id, filter, "
                              "page_size, timeout, give_up, reserve, names\n"
                              "plant.conf:4: timeout: set twice in [api]\n"
                              "base.conf:2: page_size = 0: expected a number, 1 to 200\n"
                              "plant.conf:3: timeout = 0: expected a duration such as 30s, from 1s to 1h\n");
    config_free(&config);
    buffer_free(&problems);
    buffer_free(&warnings);
}

/* Where each value comes from. */
static void test_descriptions(void **state)
{
    (void)state;
    write_text("key", "tok-0815");
    setenv("WOSYNC_DB", "here.db", 1);
    setenv("MAINTAINX_WEBHOOK_SECRET", "wh-4711", 1);
    struct loaded l = load("[api]\n\npage_size = 50\nkey_file = key\n[store]\npath = there.db\n");
    struct buffer text = {0};
    for (size_t i = 0; i < config_key_count; i++) {
        struct config_description d;
        config_describe(&l.config, i, &d);
        if (strcmp(d.origin, "default") != 0)
            buffer_append_format(&text, "%s.%s=%s (%s)\n", d.section, d.name, d.value, d.origin);
        config_description_free(&d);
    }
    check_text(text.data, "api.key_file=key (wosync.conf:4)\napi.ca_file= (not set)\n"
                          "api.page_size=50 (wosync.conf:3)\n"
                          "webhooks.secret_file=******** (MAINTAINX_WEBHOOK_SECRET in the environment)\n"
                          "metrics.textfile= (not set)\nmetrics.ping_url= (not set)\n"
                          "store.path=here.db (WOSYNC_DB in the environment)\n");
    buffer_free(&text);
    unload(&l);
}

/* One line of the example: `KEY = VALUE`, disabled by a `;` in front. Returns false for a comment in words.
 */
static bool parse_example(char *line, bool *live, char **key, char **value)
{
    char *equals = strstr(line, " = ");
    *live = *line != ';';
    *key = line + !*live;
    if (equals == NULL && strlen(line) > 2 && strcmp(line + strlen(line) - 2, " =") == 0)
        equals = line + strlen(line) - 2;
    if (equals == NULL || (!*live && line[1] == ' '))
        return false;
    *value = equals + 2 + strspn(equals + 2, " ");
    *equals = '\0';
    (*key)[strcspn(*key, " ")] = '\0';
    return true;
}

/* The example shows every key, each in its section; what is in force in it is the default. */
static void test_example(void **state)
{
    char *text = read_text(EXAMPLE, NULL), *place = NULL, *key, *value, section[64] = "";
    bool shown[CONFIG_MOST_KEYS] = {false}, live;
    (void)state;
    check(text != NULL, "%s is missing", EXAMPLE);
    for (char *line = strtok_r(text, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
        char *header = *line == ';' ? line + 1 : line;
        if (*header == '[')
            snprintf(section, sizeof section, "%.*s", (int)strcspn(header + 1, "]"), header + 1);
        if (*header == '[' || strncmp(section, "handler", 7) == 0 ||
            !parse_example(line, &live, &key, &value))
            continue;
        size_t i = 0;
        while (i < config_key_count &&
               (strcmp(config_keys[i].section, section) != 0 || strcmp(config_keys[i].name, key) != 0))
            i++;
        check(i < config_key_count, "[%s] %s is no key", section, key);
        check(!shown[i], "%s is shown twice", key);
        shown[i] = true;
        if (config_keys[i].fallback != NULL)
            check(live && strcmp(value, config_keys[i].fallback) == 0, "%s = %s, the default is %s", key,
                value, config_keys[i].fallback);
    }
    for (size_t i = 0; i < config_key_count; i++)
        check(shown[i], "[%s] %s is not shown", config_keys[i].section, config_keys[i].name);
    free(text);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    if (getcwd(example, sizeof example - 32) == NULL)
        return 1;
    strcat(example, "/wosync.conf.example");
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
        in_directory(test_tokens_as_they_are_copied),
        in_directory(test_webhook_secrets_as_they_are_copied),
        in_directory(test_references),
        in_directory(test_variables_with_white_space),
        in_directory(test_long_values_in_messages),
        in_directory(test_several_files),
        in_directory(test_descriptions),
        in_directory(test_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
