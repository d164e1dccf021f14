#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"

/* A command of its own, with an option of every kind, and what it refuses kept. */

struct options {
    bool plain, loud;
    const char *text, *color;
    int64_t number, open, time, date;
    int count; /* of --add */
};

static char refused[512];

static int refuse(const char *text)
{
    snprintf(refused, sizeof refused, "%s", text);
    return 3;
}

static int read_add(const char *text, void *values, struct buffer *why)
{
    ((struct options *)values)->count++;
    if (strcmp(text, "bad") != 0)
        return 0;
    buffer_append_text(why, "write what is good");
    return -1;
}

static int read_loud(const char *text, void *values, struct buffer *why)
{
    (void)why;
    ((struct options *)values)->loud = text == NULL;
    return 0;
}

static int answer(const struct command *command)
{
    return command->max_arguments == 2 ? 7 : 8;
}

enum { MAKE, DROP, SHOW };

static const struct option_sub subs[] = {[MAKE] = {"make", 0, 0, NULL},
    [DROP] = {"drop", 1, 2, "the id is missing"},
    [SHOW] = {"show", 0, 1, NULL},
    {.name = NULL}};

static const char *const colors[] = {"red", "green", "blue", NULL};

static const struct option_spec known[] = {
    {"plain", FLAG_TO(struct options, plain), .letter = 'p', .help = "first line\nsecond line"},
    {"loud", FLAG_READ_BY(read_loud), .excludes = "plain"},
    {"text", TEXT_TO(struct options, text), .letter = 't', .value = "TEXT", .help = "some"},
    {"color", CHOICE_TO(struct options, color, colors), .needs = "text"},
    {"number", NUMBER_TO(struct options, number, -5, 200)},
    {"open", NUMBER_TO(struct options, open, 1, INT64_MAX)},
    {"time", DURATION_TO(struct options, time)},
    {"date", DATE_TO(struct options, date)},
    {"add", READ_BY(read_add), .value = "A-LONG-NAME-OF-A-VALUE", .help = "it stands below"},
    {"secret", READ_BY(read_add), .hide_value = true},
    {"version", .answer = answer},
    {.letter = 'x', TEXT_TO(struct options, text), .value = "X", .help = "a letter alone"},
    {.name = NULL},
};

static const struct option_spec of_subs[] = {
    {"url", TEXT_TO(struct options, text), .subs = SUB(MAKE), .required = SUB(MAKE),
        .missing = "write --url URL"},
    {"plain", FLAG_TO(struct options, plain), .subs = SUB(DROP) | SUB(SHOW)},
    {.name = NULL},
};

static const struct command simple = {
    .name = "simple", .help = "", .options = known, .max_arguments = 2, .refuse = refuse};
static const struct command divided = {
    .name = "divided", .help = "", .options = of_subs, .subs = subs, .refuse = refuse};

enum { MOST_WORDS = 32 };

/* Reads a line of words divided by spaces. Returns what options_read does. */
static bool read_line(
    const struct command *command, const char *text, struct options *options, struct command_line *line)
{
    static char copy[256];
    static char *words[MOST_WORDS];
    int count = 1;
    char *rest = NULL;
    words[0] = (char[]){"command"};
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    words[count] = NULL;
    refused[0] = '\0';
    *options = (struct options){0};
    return options_read(command, count, words, options, line);
}

static void test_values_go_where_they_belong(void **state)
{
    struct options o;
    struct command_line line;
    (void)state;
    check(read_line(&simple,
              "--plain one --text a --color=blue --number -5 --open 9223372036854775807 --time 5m --add a "
              "--add b "
              "two --date 1970-01-02",
              &o, &line),
        "%s", refused);
    assert_true(o.plain);
    assert_false(o.loud);
    check_text(o.text, "a");
    check_text(o.color, "blue");
    assert_int_equal(o.number, -5);
    assert_true(o.open == INT64_MAX);
    assert_int_equal(o.time, 300000);
    assert_int_equal(o.date, 86400000);
    assert_int_equal(o.count, 2);
    assert_int_equal(line.count, 2);
    check_text(line.words[0], "one");
    check_text(line.words[1], "two");
    assert_int_equal(
        line.given, 1U << 0 | 1U << 2 | 1U << 3 | 1U << 4 | 1U << 5 | 1U << 6 | 1U << 7 | 1U << 8);
}

static void test_letters_shortened_names_and_the_end_of_options(void **state)
{
    struct options o;
    struct command_line line;
    (void)state;
    check(read_line(&simple, "-pt a --lo", &o, &line) == false, "both");
    check(read_line(&simple, "-pxa --num 7 -- --text", &o, &line), "%s", refused);
    check_text(o.text, "a");
    assert_int_equal(o.number, 7);
    assert_int_equal(line.count, 1);
    check_text(line.words[0], "--text");
    check(read_line(&simple, "--loud", &o, &line), "%s", refused);
    assert_true(o.loud);
}

/* getopt(3) would end the options there at the first argument: no sub-command could have any. */
static void test_options_behind_arguments_whatever_the_environment_says(void **state)
{
    struct options o;
    struct command_line line;
    (void)state;
    setenv("POSIXLY_CORRECT", "1", 1);
    check(read_line(&divided, "drop --plain 17 -- --url", &o, &line), "%s", refused);
    assert_true(o.plain);
    assert_int_equal(line.sub, DROP);
    assert_int_equal(line.count, 2);
    check_text(line.words[0], "17");
    check_text(line.words[1], "--url");
    check(read_line(&simple, "one --text a - -p", &o, &line), "%s", refused);
    assert_true(o.plain);
    check_text(o.text, "a");
    assert_int_equal(line.count, 2);
    check_text(line.words[0], "one");
    check_text(line.words[1], "-");
    check(!read_line(&simple, "one two --plane=x", &o, &line), "taken");
    check_text(refused, "--plane: unknown option; did you mean --plain?");
    unsetenv("POSIXLY_CORRECT");
}

static void test_an_answer_ends_the_command(void **state)
{
    struct options o;
    struct command_line line;
    (void)state;
    check(!read_line(&simple, "--version --nonsense", &o, &line), "it went on");
    assert_int_equal(line.status, 7);
    check_text(refused, "");
}

static void test_mistakes(void **state)
{
    static const struct {
        const struct command *command;
        const char *text, *message;
    } rows[] = {
        {&simple, "--plane", "--plane: unknown option; did you mean --plain?"},
        {&simple, "--frobnicate=secret", "--frobnicate: unknown option"},
        {&simple, "-z", "-z: unknown option"},
        {&simple, "-pzsecret", "-z: unknown option"},
        {&simple, "-secret", "-secret: unknown option; did you mean --secret?"},
        {&simple, "-number=5", "-number: unknown option; did you mean --number?"},
        {&simple, "one -number 5", "-number: unknown option; did you mean --number?"},
        {&simple, "-plain", "-plain: unknown option; did you mean --plain?"},
        {&simple, "-p -numbe", "-n: unknown option"},
        {&simple, "-p -pz", "-z: unknown option"},
        {&simple, "--t", "--t: more than one option begins so; write it in full"},
        {&simple, "--text", "--text: its value is missing"},
        {&simple, "-x", "-x: its value is missing"},
        {&simple, "-t", "-t: its value is missing"},
        {&simple, "--plain=yes", "--plain: it takes no value"},
        {&simple, "--text a --color pink", "--color pink: write red, green or blue"},
        {&simple, "--color red", "--color needs --text, too"},
        {&simple, "--number 201", "--number 201: expected a number, -5 to 200"},
        {&simple, "--number -6", "--number -6: expected a number, -5 to 200"},
        {&simple, "--number 1x", "--number 1x: expected a number, -5 to 200"},
        {&simple, "--number +1", "--number +1: expected a number, -5 to 200"},
        {&simple, "--number=", "--number : expected a number, -5 to 200"},
        {&simple, "--open 0", "--open 0: expected a number, 1 or more"},
        {&simple, "--open 9223372036854775808", "--open 9223372036854775808: expected a number, 1 or more"},
        {&simple, "--time 0", "--time 0: write a duration such as 50s, 5m or 2h"},
        {&simple, "--time soon", "--time soon: write a duration such as 50s, 5m or 2h"},
        {&simple, "--date soon", "--date soon: write a date, a date and time, or an age such as 7d"},
        {&simple, "--add bad", "--add bad: write what is good"},
        {&simple, "--secret bad", "--secret: write what is good"},
        {&simple, "--plain --loud", "--loud and --plain exclude each other; use one of them"},
        {&simple, "one two three", "three: unexpected argument"},
        {&divided, "", "write make, drop or show"},
        {&divided, "mak", "mak: unknown; did you mean make?"},
        {&divided, "frobnicate", "frobnicate: unknown; write make, drop or show"},
        {&divided, "make", "make: --url is missing; write --url URL"},
        {&divided, "make --url x y", "y: unexpected argument"},
        {&divided, "make --url x --plain", "--plain is an option of drop and show"},
        {&divided, "drop", "drop: the id is missing"},
        {&divided, "drop 1 --url x", "--url is an option of make"},
        {&divided, "drop 1 2 3", "3: unexpected argument"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options o;
        struct command_line line;
        check(!read_line(rows[i].command, rows[i].text, &o, &line), "%s was taken", rows[i].text);
        check_text(refused, rows[i].message);
        assert_int_equal(line.status, 3);
    }
}

static void test_sub_commands(void **state)
{
    struct options o;
    struct command_line line;
    (void)state;
    check(read_line(&divided, "--url x make", &o, &line), "%s", refused);
    assert_int_equal(line.sub, MAKE);
    assert_int_equal(line.count, 0);
    check(read_line(&divided, "drop 1 --plain 2", &o, &line), "%s", refused);
    assert_int_equal(line.sub, DROP);
    assert_int_equal(line.count, 2);
    check_text(line.words[1], "2");
    check(read_line(&divided, "show", &o, &line), "%s", refused);
    assert_int_equal(line.sub, SHOW);
}

/* The options in front of a command end where it begins. */
static void test_the_first_argument_may_end_the_options(void **state)
{
    struct command front = simple;
    struct options o;
    struct command_line line;
    (void)state;
    front.ends_options = true;
    check(read_line(&front, "--plain make --what -x a b", &o, &line), "%s", refused);
    assert_true(o.plain);
    assert_int_equal(line.count, 5);
    check_text(line.words[1], "--what");
}

static void test_a_table_may_be_empty(void **state)
{
    const struct command bare = {.name = "bare", .help = "", .surplus = "it takes nothing", .refuse = refuse};
    struct options o;
    struct command_line line;
    (void)state;
    check(read_line(&bare, "", &o, &line), "%s", refused);
    check(!read_line(&bare, "secret", &o, &line), "an argument was taken");
    check_text(refused, "it takes nothing");
    check(!read_line(&bare, "--x", &o, &line), "an option was taken");
    check_text(refused, "--x: unknown option");
}

/* A head that is too long has its text below; the column is as wide as the widest that has its text beside
 * it. */
static void test_help(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = stdout, *copy = open_memstream(&text, &size);
    (void)state;
    stdout = copy;
    options_print(known);
    stdout = out;
    fclose(copy);
    check_text(text, "  -p, --plain      first line\n"
                     "                   second line\n"
                     "  -t, --text TEXT  some\n"
                     "  --add A-LONG-NAME-OF-A-VALUE\n"
                     "                   it stands below\n"
                     "  -x X             a letter alone\n");
    free(text);
}

/* Every table of the program's own is in order: what a row needs for its kind, and no name twice. */
static void test_tables_of_the_commands(void **state)
{
    static const struct command *const commands[] = {&command_sync, &command_backfill, &command_reconcile,
        &command_dispatch, &command_receive, &command_webhooks, &command_events, &command_status,
        &command_doctor, &command_check, &command_report, &command_config, &command_init};
    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        const struct option_spec *rows = commands[i]->options;
        for (size_t n = 0; rows != NULL && (rows[n].name != NULL || rows[n].letter != 0); n++) {
            const struct option_spec *row = &rows[n];
            const char *name = row->name != NULL ? row->name : "?";
            check(row->help != NULL, "%s --%s has no help", commands[i]->name, name);
            check((row->kind == OPTION_FLAG) == (row->value == NULL), "%s --%s: its value", commands[i]->name,
                name);
            check(row->required == 0 || row->missing != NULL, "%s --%s: what to write", commands[i]->name,
                name);
            check(row->subs == 0 || commands[i]->subs != NULL, "%s --%s: of what", commands[i]->name, name);
            check((row->required & ~row->subs) == 0 || row->subs == 0,
                "%s --%s is required where it is refused", commands[i]->name, name);
            for (size_t other = 0; other < n; other++)
                check(
                    row->name == NULL || rows[other].name == NULL || strcmp(row->name, rows[other].name) != 0,
                    "%s --%s is there twice", commands[i]->name, name);
        }
        for (const struct option_sub *sub = commands[i]->subs; sub != NULL && sub->name != NULL; sub++)
            check(sub->min_arguments == 0 || sub->missing != NULL, "%s %s: what is missing",
                commands[i]->name, sub->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_go_where_they_belong),
        cmocka_unit_test(test_letters_shortened_names_and_the_end_of_options),
        cmocka_unit_test(test_options_behind_arguments_whatever_the_environment_says),
        cmocka_unit_test(test_an_answer_ends_the_command),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_sub_commands),
        cmocka_unit_test(test_the_first_argument_may_end_the_options),
        cmocka_unit_test(test_a_table_may_be_empty),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_tables_of_the_commands),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
