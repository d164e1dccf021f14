#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/timestamp.h"
#include "deliver/handler_table.h"
#include "store/deliveries.h"
#include "store/store.h"

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

struct table {
    struct config config;
    struct handler_table table;
    struct buffer problems, warnings;
    int rc;
};

/* The handler table of a wosync.conf of these bytes, whose other parts must be right. */
static struct table make(const char *text)
{
    struct table t = {0};
    buffer_append_text(&t.problems, "");
    buffer_append_text(&t.warnings, "");
    write_text("wosync.conf", text);
    const char *const files[] = {"wosync.conf", NULL};
    int rc = config_load(files, &t.config, &t.problems, &t.warnings);
    check(rc == 0, "%s", t.problems.data);
    t.rc = handler_table_make(&t.config, &t.table, &t.problems, &t.warnings);
    return t;
}

static void unmake(struct table *t)
{
    handler_table_free(&t->table);
    handler_table_free(&t->table);
    config_free(&t->config);
    buffer_free(&t->problems);
    buffer_free(&t->warnings);
}

/* Takes the modules from where the build put them. Returns whether the one for PostgreSQL is built. */
static bool use_modules(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);
    check(len > 0, "/proc/self/exe");
    path[len] = '\0';
    strcpy(strrchr(path, '/'), "/../../handlers");
    setenv("WOSYNC_MODULES", path, 1);
    strcat(path, "/warehouse-postgres.so");
    return access(path, F_OK) == 0;
}

static void test_without_handlers(void **state)
{
    struct table t = make("[api]\n");
    (void)state;
    check(t.rc == 0 && t.table.count == 1, "%s", t.problems.data);
    check_text(t.table.rows[0].name, "log");
    check_text(t.table.rows[0].type->name, "log");
    for (enum event_type type = 0; type < EVENT_TYPES; type++)
        check(handler_wants(&t.table.rows[0], type, "{}", 2, NULL) == 1, "%s", event_type_name(type));
    check(handler_wants(&t.table.rows[0], EVENT_TYPES, "{}", 2, NULL) == 0, "an unknown type");
    unmake(&t);
}

static void test_table(void **state)
{
    (void)state;
    setenv("HOOK", "https://hooks.example.com/secret-path", 1);
    struct table t = make("[handler high]\non = workorder.created\nwhen = priority = 'HIGH'\ntype = log\n"
                          "format = json\ntimeout = 5s\n"
                          "[handler erp]\non = workorder.status_changed workorder.completed\ntype = http\n"
                          "url = env:HOOK\n"
                          "[handler all]\non = workorder.*\ntype = log\n"
                          "[handler star]\non = *\ntype = log\nwhen = title LIKE 'a%'\n  ; a comment\n");
    check_text(t.problems.data, "");
    assert_int_equal(t.table.count, 4);
    const struct handler *rows = t.table.rows;
    static const char high[] = "{\"data\": {\"priority\": \"HIGH\"}}",
                      low[] = "{\"data\": {\"priority\": \"LOW\"}}";
    static const bool on[4][EVENT_TYPES] = {{true, false, false, false, false},
        {false, true, true, false, false}, {true, true, true, true, true}, {true, true, true, true, true}};
    for (int i = 0; i < 4; i++)
        assert_memory_equal(rows[i].on, on[i], sizeof on[i]);
    check_text(rows[0].name, "high");
    check_text(rows[1].type->name, "http");
    check(rows[0].timeout == 5000 && rows[1].timeout == 30000, "timeouts");
    assert_int_equal(handler_wants(&rows[0], EVENT_CREATED, high, sizeof high - 1, NULL), 1);
    assert_int_equal(handler_wants(&rows[0], EVENT_CREATED, low, sizeof low - 1, NULL), 0);
    assert_int_equal(handler_wants(&rows[0], EVENT_UPDATED, high, sizeof high - 1, NULL), 0);
    assert_int_equal(handler_wants(&rows[1], EVENT_COMPLETED, low, sizeof low - 1, NULL), 1);
    unmake(&t);
}

/* A condition that fails when it is evaluated says whose it is; its events wait. */
static void test_when_fails(void **state)
{
    struct error e = {0};
    struct table t = make("[handler x]\ntype = log\nwhen = json_extract(title, '$.x') = 1\n");
    static const char body[] = "{\"data\": {\"title\": \"{\"}}";
    (void)state;
    assert_int_equal(handler_wants(&t.table.rows[0], EVENT_CREATED, body, sizeof body - 1, &e), -1);
    check(e.status == EX_CONFIG && strncmp(e.text, "handler x: when: ", 17) == 0, "%s", e.text);
    unmake(&t);
}

#define HTTP     "[handler x]\ntype = http\nurl = https://x/\n"
#define SLACK    "[handler x]\ntype = slack\nurl = https://x/\n"
#define POSTGRES "[handler x]\ntype = warehouse\ndatabase = postgresql://x/y\n"

static void test_problems(void **state)
{
    static const struct {
        const char *text;
        const char *problem; /* the beginning of the only line */
    } table[] = {
        {"[handler x]\n", "wosync.conf:1: [handler x] has no type; write type = log, for instance"},
        {"[handler ]\ntype = log\n", "wosync.conf:1: [handler ] needs a name"},
        {"[handler x]\ntype = pigeon\n", "wosync.conf:2: [handler x] type = pigeon: unknown; known are log"},
        {"[handler x]\ntype = log\non = workorder.made\n",
            "wosync.conf:3: [handler x] on: workorder.made: unknown event; known are workorder.created"},
        {"[handler x]\ntype = log\non = workorder.created,workorder.updated\n",
            "wosync.conf:3: [handler x] on: workorder.created,workorder.updated: unknown event"},
        {"[handler x]\ntype = log\nwhen = priority =\n", "wosync.conf:3: [handler x] when: "},
        {"[handler x]\ntype = log\nwhen = colour = 'red'\n",
            "wosync.conf:3: [handler x] when: no such column: colour"},
        {"[handler x]\ntype = log\nwhen =\n", "wosync.conf:3: [handler x] when: "},
        {"[handler x]\ntype = log\ntimeout = 0\n",
            "wosync.conf:3: [handler x] timeout = 0: expected a duration such as 30s, from 1ms to 1h"},
        {"[handler x]\ntype = log\ntimeout = 61m\n",
            "wosync.conf:3: [handler x] timeout = 61m: expected a duration"},
        {"[handler x]\ntype = log\ntimeout = long\n",
            "wosync.conf:3: [handler x] timeout = long: expected a duration"},
        {"[handler x]\ntype = log\ncolour = red\n", "wosync.conf:3: [handler x] colour: unknown key for type "
                                                    "= log; known are on, when, type, timeout, was, "
                                                    "format"},
        {"[handler x]\ntype = log\nurl = https://x\n",
            "wosync.conf:3: [handler x] url: unknown key for type = log"},
        {"[handler x]\ntype = log\ntype = http\n", "wosync.conf:3: [handler x] type: set twice"},
        {"[handler x]\ntype = log\n[api]\n[handler x]\non = *\non = *\n",
            "wosync.conf:6: [handler x] on: set twice"},
        {"[handler x]\ntype = log\nformat = xml\n", "wosync.conf:"},
        {"[handler x]\ntype = http\n", "wosync.conf:1: [handler x] has no url, which type = http needs"},
        {"[handler x]\ntype = http\nurl = ftp://x\n", "wosync.conf:3: [handler x] url: "},
        {"[handler x]\ntype = http\nurl = https://user:word@x/\n", "wosync.conf:3: [handler x] url: "},
        {"[handler x]\ntype = http\nurl = env:NOT_SET\n",
            "wosync.conf:3: [handler x] url: NOT_SET is not set in the environment"},
        {"[handler x]\ntype = http\nurl =\n", "wosync.conf:3: [handler x] url: "},
        {"[handler x]\ntype = http\nurl = env:EMPTY\n",
            "wosync.conf:3: [handler x] url: EMPTY is not set in the environment"},
        {HTTP "format = xml\n", "wosync.conf:4: [handler x] format = xml: write event or cloudevents"},
        {HTTP "header = A\n", "wosync.conf:4: [handler x] header: write NAME: VALUE"},
        {HTTP "header = A B: c\n", "wosync.conf:4: [handler x] header: A B: write NAME: VALUE"},
        {HTTP "header = host: c\n",
            "wosync.conf:4: [handler x] header: host: this header is set by the program"},
        {HTTP "header = A:\n", "wosync.conf:4: [handler x] header: A: the header has no value"},
        {HTTP "header = A: b env:CONTROL\n",
            "wosync.conf:4: [handler x] header: A: a header's value is one line"},
        {HTTP "header = A: file:control\n",
            "wosync.conf:4: [handler x] header: A: a header's value is one line"},
        {HTTP "hedder = A: b\n",
            "wosync.conf:4: [handler x] hedder: unknown key for type = http; did you mean header?"},
        {"[handler x]\nTYPE = log\n", "wosync.conf:2: [handler x] TYPE: unknown key; did you mean type?"},
        {"[handler x]\ntpye = log\n", "wosync.conf:2: [handler x] tpye: unknown key; did you mean type?"},
        {"[handler x]\ntype = Log\n", "wosync.conf:2: [handler x] type = Log: unknown; did you mean log?"},
        {"[handler x]\ntype = htpp\n", "wosync.conf:2: [handler x] type = htpp: unknown; did you mean http?"},
        {"[handler x]\ntype = log\non = WorkOrder.Created\n",
            "wosync.conf:3: [handler x] on: WorkOrder.Created: unknown event; did you mean "
            "workorder.created?"},
        {"[handler x]\ntype = log\nWhen = 1\n",
            "wosync.conf:3: [handler x] When: unknown key for type = log; did you mean when?"},
        {"[handler x]\ntype = report\npath = ~/reports\n",
            "wosync.conf:3: [handler x] path = ~/reports: the ~ is not expanded; write the whole path"},
        {"[handler x]\ntype = warehouse\ndatabase = ~/w.db\n",
            "wosync.conf:3: [handler x] database = ~/w.db: the ~ is not expanded"},
        {"[handler x]\ntype = exec\ncommand = $HOME/bin/x\n",
            "wosync.conf:3: [handler x] command = $HOME/bin/x: variables are not expanded"},
        {"[handler x]\ntype = report\npath = env:REPORTS\n",
            "wosync.conf:3: [handler x] path = env:REPORTS: this key takes no env: or file:; write the value "
            "itself"},
        {"[handler x]\ntype = exec\ncommand = file:/etc/x\n",
            "wosync.conf:3: [handler x] command = file:/etc/x: this key takes no env: or file:"},
        {HTTP "secret_file = ~/secret\n", "wosync.conf:4: [handler x] secret_file = ~/secret: the ~"},
        {HTTP "header = A: file:~/secret\n",
            "wosync.conf:4: [handler x] header: ~/secret: the ~ is not expanded; write the whole path"},
        {HTTP "header = A: env:EMPTY\n",
            "wosync.conf:4: [handler x] header: EMPTY is not set in the environment"},
        {HTTP "header = A: file:none\n", "wosync.conf:4: [handler x] header: none: "},
        {HTTP "ca_file = none\n", "wosync.conf:4: [handler x] ca_file: none: it cannot be read: "},
        {HTTP "client_key = wosync.conf\n",
            "wosync.conf:4: [handler x] client_key: there is no client_certificate"},
        {HTTP "secret_file = none\n", "wosync.conf:4: [handler x] secret_file: none: "},
        {HTTP "secret_file = wosync.conf\n", "wosync.conf:4: [handler x] secret_file: wosync.conf: "},
        {SLACK "digest_above = -1\n",
            "wosync.conf:4: [handler x] digest_above = -1: expected a number, 0 to 1000000"},
        {SLACK "digest_above = 1000001\n",
            "wosync.conf:4: [handler x] digest_above = 1000001: expected a number"},
        {SLACK "digest_above = 99999999999999999999\n",
            "wosync.conf:4: [handler x] digest_above = 99999999999999999999: "},
        {SLACK "digest_above =\n", "wosync.conf:4: [handler x] digest_above = : expected a number"},
        {SLACK "digest_above = 5x\n", "wosync.conf:4: [handler x] digest_above = 5x: expected a number"},
        {SLACK "link = https://y/\n", "wosync.conf:4: [handler x] link = https://y/: write a URL with {id}"},
        {SLACK "link = https://y/{id}|\n", "wosync.conf:4: [handler x] link = https://y/{id}|: write a URL"},
        {SLACK "link = gopher://y/{id}\n", "wosync.conf:4: [handler x] link = gopher://y/{id}: write a URL"},
        {"[handler x]\ntype = exec\ncommand = 'a\n",
            "wosync.conf:3: [handler x] command: a quote is not closed; write"},
        {"[handler x]\ntype = report\npath =\n", "wosync.conf:3: [handler x] path: it is empty"},
        {"[handler x]\ntype = report\npath = x\non = workorder.created\n",
            "wosync.conf:4: [handler x] on: type = report writes of completed work orders"},
        {"[handler x]\ntype = warehouse\ndatabase =\n",
            "wosync.conf:3: [handler x] database: expected postgresql://"},
        {"[handler x]\ntype = warehouse\ndatabase = x.db\nschema = s\n",
            "wosync.conf:4: [handler x] schema: it is for"},
        {"[handler x]\ntype = warehouse\ndatabase = host=x password=y dbname=z\n",
            "wosync.conf:3: [handler x] database: KEY=VALUE pairs are not supported; expected postgresql://"},
        {"[handler x]\ntype = warehouse\ndatabase = file:/nowhere/at-all\n",
            "wosync.conf:3: [handler x] database: /nowhere/at-all: it cannot be read"},
        {"[handler x]\ntype = warehouse\ndatabase = postgres://x/y?z\n",
            "wosync.conf:3: [handler x] database: not a valid postgresql:// address"},
        {POSTGRES "schema =\n", "wosync.conf:4: [handler x] schema = : write a name of up to 63 bytes"},
        {POSTGRES "schema = 1234567890123456789012345678901234567890123456789012345678901234\n",
            "wosync.conf:4: [handler x] schema = "
            "1234567890123456789012345678901234567890123456789012345678901234: write"},
    };
    (void)state;
    setenv("EMPTY", "", 1);
    setenv("CONTROL", "a\rb", 1);
    write_text("control", "a\nb");
    bool has_postgres = use_modules();
    for (size_t i = 0; i < COUNT(table); i++) {
        if (!has_postgres && strstr(table[i].text, "= postgres") != NULL)
            continue;
        struct table t = make(table[i].text);
        check(t.rc == -1 && strncmp(t.problems.data, table[i].problem, strlen(table[i].problem)) == 0 &&
                  strchr(t.problems.data, '\n') == t.problems.data + t.problems.len - 1,
            "%s: %s", table[i].text, t.problems.data);
        unmake(&t);
    }
}

static void test_all_problems_at_once(void **state)
{
    static const char *const lines[] = {"wosync.conf:2: [handler a] type = pigeon",
        "wosync.conf:3: [handler a] on: x", "wosync.conf:3: [handler a] on: y",
        "wosync.conf:6: [handler b] when: ", "wosync.conf:7: [handler b] timeout = 9d",
        "wosync.conf:8: [handler c] has no type"};
    struct table t =
        make("[handler a]\ntype = pigeon\non = x y\n[handler b]\ntype = log\nwhen = (\ntimeout = 9d\n"
             "[handler c]\n");
    (void)state;
    assert_int_equal(t.rc, -1);
    for (size_t i = 0; i < COUNT(lines); i++)
        check(strstr(t.problems.data, lines[i]) != NULL, "%s is missing in %s", lines[i], t.problems.data);
    unmake(&t);
}

/* Two spellings of one name would share one position in the log. */
static void test_one_name_twice(void **state)
{
    struct table t = make("[handler x]\ntype = log\n[handler  x]\ntype = log\n");
    int rc = t.rc;
    (void)state;
    unmake(&t);
    assert_int_equal(rc, -1);
}

/* A handler that can never hear of anything is a mistake. */
static void test_empty_on(void **state)
{
    struct table t = make("[handler x]\ntype = log\non =\n");
    int rc = t.rc;
    (void)state;
    unmake(&t);
    assert_int_equal(rc, -1);
}

static void test_secrets_are_masked(void **state)
{
    (void)state;
    setenv("HOOK", "gopher://hooks.example.com/secret-path", 1);
    struct table t = make("[handler x]\ntype = http\nurl = env:HOOK\n");
    check(t.rc == -1 && strstr(t.problems.data, "secret-path") == NULL, "%s", t.problems.data);
    unmake(&t);
}

/* What is right in the sections of the types. */
static void test_right(void **state)
{
    static const char *const table[] = {
        HTTP "format = event\n",
        HTTP "format = cloudevents\nheader = A:\ta\tb\nheader = B: env:AUTH\nheader = C: d\n",
        HTTP "ca_file = wosync.conf\nclient_certificate = wosync.conf\nclient_key = wosync.conf\n",
        SLACK "digest_above = 0\nlink = http://x/{id}\n",
        "[handler x]\ntype = exec\ncommand = a 'b c'\n",
        "[handler x]\ntype = report\npath = x\n",
        "[handler x]\ntype = report\npath = x\non = *\n",
        "[handler x]\ntype = report\npath = x\non = workorder.created workorder.completed\n",
        "[handler x]\ntype = warehouse\ndatabase = x.db\n",
        POSTGRES "schema = 123456789012345678901234567890123456789012345678901234567890123\n",
        "[handler x]\ntype = warehouse\ndatabase = postgres://x:word@y/z\n",
    };
    (void)state;
    setenv("AUTH", "Bearer t0ken-of-mine", 1);
    bool has_postgres = use_modules();
    for (size_t i = 0; i < COUNT(table); i++) {
        if (!has_postgres && strstr(table[i], "= postgres") != NULL)
            continue;
        struct table t = make(table[i]);
        check(t.rc == 0 && t.problems.len == 0 && t.warnings.len == 0, "%s: %s%s", table[i], t.problems.data,
            t.warnings.data);
        unmake(&t);
    }
}

/* What counts as a secret: what is read where one is expected, however short; from the environment for
 * another header only what is no ordinary word, and that is masked but not kept from programs. */
static void test_what_is_a_secret(void **state)
{
    static const struct {
        const char *line; /* of a handler of type http */
        const char *value, *secret;
        bool masked, withheld;
    } table[] = {
        {"header = X-Stage: env:VALUE\n", "prod", "prod", false, false},
        {"header = X-Stage: env:VALUE\n", "production", "production", true, false},
        {"header = Authorization: Bearer env:VALUE\n", "t0ken", "t0ken", true, true},
        {"header = Authorization: env:VALUE\n", "Bearer t0ken-of-mine", "t0ken-of-mine", true, true},
        {"header = Authorization: Bearer env:VALUE\n", "Bearer t0ken-of-mine", "t0ken-of-mine", true, true},
        {"header = X-Api-Key: env:VALUE\n", "\"t0ken-of-mine\"\r\n", "t0ken-of-mine", true, true},
        {"header = X-Api-Key: t0ken-of-mine\n", "", "t0ken-of-mine", true, true},
        {"header = X-Stage: file:value\n", "t0ken", "t0ken", true, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buffer text = {0};
        char shown[64];
        buffer_append_format(&text, HTTP "%s", table[i].line);
        setenv("VALUE", table[i].value, 1);
        unlink("value");
        write_text("value", table[i].value);
        struct table t = make(text.data);
        check(t.rc == 0, "%s: %s", table[i].line, t.problems.data);
        snprintf(shown, sizeof shown, "see %s", table[i].secret);
        secret_mask(shown);
        check((strstr(shown, table[i].secret) == NULL) == table[i].masked, "%s: %s", table[i].line, shown);
        check(secret_is_value(table[i].secret) == table[i].withheld, "%s", table[i].line);
        unmake(&t);
        secret_forget();
        buffer_free(&text);
    }
}

/* An address that was copied with its quotes, or into a file with a byte order mark. */
static void test_addresses_as_they_are_copied(void **state)
{
    static const char *const table[] = {
        "https://x/y", "\"https://x/y\"\r\n", "'https://x/y'", "\xef\xbb\xbfhttps://x/y\n"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        write_text("url", table[i]);
        setenv("URL", table[i], 1);
        struct table t =
            make("[handler x]\ntype = http\nurl = file:url\n[handler y]\ntype = slack\nurl = env:URL\n");
        check(t.rc == 0, "%s: %s", table[i], t.problems.data);
        unmake(&t);
    }
}

/* Secrets that others can read, or that can be guessed, are told of. */
static void test_warnings(void **state)
{
    (void)state;
    write_file("secret", "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM=", 38, 0644);
    struct table t = make(HTTP "secret_file = secret\n");
    check_text(t.problems.data, "");
    check(strncmp(t.warnings.data, "secret: others can read it; run: chmod 600 secret", 49) == 0 &&
              strstr(t.warnings.data, "\nsecret: the secret is shorter than 24 bytes and may be guessed\n") !=
                  NULL,
        "%s", t.warnings.data);
    unmake(&t);
    t = make(HTTP "secret_file = secret\nsecret_file = secret\nsecret_file = secret\n");
    check(
        t.rc == -1 && strstr(t.problems.data, "secret_file: two at the most") != NULL, "%s", t.problems.data);
    unmake(&t);
}

static int name_of_removed(const struct handler_record *row, void *context, struct error *e)
{
    (void)e;
    if (row->removed != TIMESTAMP_NONE)
        buffer_append_format(context, "%s ", row->name);
    return 0;
}

/* The store follows the table: those that are missing are marked as removed, those that come back are there
 * again. */
static void test_attach(void **state)
{
    static const struct {
        const char *text;
        const char *removed;
    } table[] = {
        {"[handler a]\ntype = log\n[handler b]\ntype = log\n", ""},
        {"[handler b]\ntype = log\n", "a "},
        {"[handler c]\ntype = log\n", "a b "},
        {"[handler a]\ntype = log\n[handler c]\ntype = log\n", "b "},
    };
    struct store *store = store_open("scratch", STORE_SCRATCH, 0, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct error e = {0};
        struct buffer removed = {0};
        struct table t = make(table[i].text);
        buffer_append_text(&removed, "");
        check(handler_table_attach(&t.table, store, -1, 1000, &e) == 0, "%s", e.text);
        assert_int_equal(handlers_list(store, name_of_removed, &removed, &e), 0);
        check_text(removed.data, table[i].removed);
        buffer_free(&removed);
        unmake(&t);
    }
    store_close(store);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_without_handlers),
        in_directory(test_table),
        in_directory(test_when_fails),
        in_directory(test_problems),
        in_directory(test_all_problems_at_once),
        in_directory(test_one_name_twice),
        in_directory(test_empty_on),
        in_directory(test_secrets_are_masked),
        in_directory(test_right),
        in_directory(test_what_is_a_secret),
        in_directory(test_addresses_as_they_are_copied),
        in_directory(test_warnings),
        in_directory(test_attach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
