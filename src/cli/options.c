/*
 * options: reads a command line by the tables of its command.
 *
 *   each option in turn     unknown, without its value, a wrong value: refused at once, and --help answered
 *   then the whole          the sub-command, its number of arguments, and for each option that was given
 *                           whether the sub-command takes it and the others it needs or excludes
 *   last                    what is required and was not given
 *
 * The first mistake is reported, in one line, and ends the command. getopt_long(3) divides the words; it
 * gives a row's number for an option, FIRST_ROW upwards, for letters, too. --help is a row that every table
 * has unless it brings its own. A value that may be a secret is in no message.
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/option_value.h"

enum { FIRST_ROW = 256, MOST_ROWS = 32, NAME_SIZE = 48, MOST_SUBS = 16 };

/* What getopt_long gives for an argument when it is asked for each word in turn. */
enum { ARGUMENT = 1 };

/* The longest head of a line of help that has its text beside it. */
enum { WIDEST_HEAD = 22 };

static const struct option_spec help_row = {
    .name = "help", .letter = 'h', .kind = OPTION_FLAG, .answer = cli_help};
static const struct option_spec no_rows[] = {{.name = NULL}};

/* What is read, and by which tables. */
struct reading {
    const struct command *command;
    const struct option_spec *rows[MOST_ROWS]; /* the command's, and then --help */
    size_t count;
    void *values;
    struct command_line *line;
    const char *word; /* that getopt_long is at */
};

static bool is_row(const struct option_spec *row)
{
    return row->name != NULL || row->letter != 0;
}

static const struct option_spec *rows_of(const struct command *command)
{
    return command->options != NULL ? command->options : no_rows;
}

/* As it is typed: --max-time, or -c. */
static const char *typed_name(const struct option_spec *row, char out[NAME_SIZE])
{
    if (row->name != NULL)
        snprintf(out, NAME_SIZE, "--%s", row->name);
    else
        snprintf(out, NAME_SIZE, "-%c", row->letter);
    return out;
}

bool options_suggest(struct buffer *out, const char *typed, const char *const *known, size_t count)
{
    const char *near = nearest_word(typed, known, count);
    if (near != NULL)
        buffer_append_format(out, "; did you mean %s?", near);
    return near != NULL;
}

/* Reports a usage error, text that was gathered, and forgets it. Returns false. */
static bool refuse(struct reading *r, struct buffer *text)
{
    r->line->status = cli_usage(r->command, "%s", text->data);
    buffer_free(text);
    return false;
}

/* --- an option --- */

/* `word` is one that getopt_long did not know: alone, or up to its value, which may be a secret. */
static bool refuse_unknown(struct reading *r, const char *word)
{
    struct buffer text = {0};
    const char *names[MOST_ROWS];
    char typed[MOST_ROWS][NAME_SIZE], unknown[NAME_SIZE];
    const size_t len = strcspn(word, "=");
    size_t prefixed = 0;
    snprintf(unknown, sizeof unknown, "%.*s", (int)len, word);
    for (size_t i = 0; i < r->count; i++) {
        names[i] = typed_name(r->rows[i], typed[i]);
        prefixed += strncmp(names[i], unknown, strlen(unknown)) == 0;
    }
    buffer_append_format(&text, "%s: ", unknown);
    if (len > 2 && prefixed > 1)
        buffer_append_text(&text, "more than one option begins so; write it in full");
    else {
        buffer_append_text(&text, "unknown option");
        if (len > 2) /* a letter is near to every other */
            options_suggest(&text, unknown, names, r->count);
    }
    return refuse(r, &text);
}

/* The option whose long name stands behind one dash, which getopt_long takes for letters. NULL: none does. */
static const struct option_spec *find_single_dashed(const struct reading *r)
{
    const size_t len = strcspn(r->word, "=");
    for (size_t i = 0; r->word[0] == '-' && i < r->count; i++)
        if (r->rows[i]->name != NULL && strlen(r->rows[i]->name) + 1 == len &&
            strncmp(r->rows[i]->name, r->word + 1, len - 1) == 0)
            return r->rows[i];
    return NULL;
}

/* What getopt_long answers by `?` and `:`; `word` is the last one that it took. */
static bool refuse_option(struct reading *r, int answer, const char *word)
{
    struct buffer text = {0};
    const char letter[] = {'-', (char)optopt, '\0'};
    char name[NAME_SIZE];
    if (optopt >= FIRST_ROW) {
        typed_name(r->rows[optopt - FIRST_ROW], name);
        buffer_append_format(
            &text, answer == ':' ? "%s: its value is missing" : "%s: it takes no value", name);
        return refuse(r, &text);
    }
    if (answer == ':') {
        buffer_append_format(&text, "%s: its value is missing", letter);
        return refuse(r, &text);
    }
    const struct option_spec *meant = find_single_dashed(r);
    if (optopt == 0 || meant == NULL)
        return refuse_unknown(r, optopt != 0 ? letter : word);
    buffer_append_format(&text, "-%s: unknown option; did you mean --%s?", meant->name, meant->name);
    return refuse(r, &text);
}

static bool take_option(struct reading *r, size_t number, const char *text)
{
    const struct option_spec *row = r->rows[number];
    struct buffer why = {0}, message = {0};
    char name[NAME_SIZE];
    r->line->given |= UINT64_C(1) << number;
    if (row->answer != NULL) {
        r->line->status = row->answer(r->command);
        return false;
    }
    if (option_value_read(row, text, r->values, &why) == 0)
        return true;
    const bool shown = text != NULL && !row->hide_value;
    buffer_append_format(
        &message, "%s%s%s: %s", typed_name(row, name), shown ? " " : "", shown ? text : "", why.data);
    buffer_free(&why);
    const struct option_spec *meant = find_single_dashed(r);
    if (meant != NULL)
        buffer_append_format(&message, "; did you mean --%s?", meant->name);
    return refuse(r, &message);
}

/* The row of what getopt_long gave: a number of ours, or a letter. */
static size_t row_of(const struct reading *r, int option)
{
    size_t number = 0;
    if (option >= FIRST_ROW)
        return (size_t)(option - FIRST_ROW);
    while (number + 1 < r->count && r->rows[number]->letter != option)
        number++;
    return number;
}

/* The command's rows and --help, for getopt_long. */
static void list_rows(struct reading *r, struct option *known, char *letters)
{
    bool has_help = false;
    for (const struct option_spec *row = rows_of(r->command); is_row(row); row++) {
        has_help = has_help || (row->name != NULL && strcmp(row->name, help_row.name) == 0);
        r->rows[r->count++] = row;
    }
    if (!has_help)
        r->rows[r->count++] = &help_row;
    /* '-': each word in turn. Left to itself getopt_long moves arguments behind the options, but not where
     * POSIXLY_CORRECT is set */
    letters += sprintf(letters, r->command->ends_options ? "+:" : "-:");
    for (size_t i = 0; i < r->count; i++) {
        const struct option_spec *row = r->rows[i];
        const int takes = row->kind == OPTION_FLAG ? no_argument : required_argument;
        if (row->name != NULL)
            *known++ = (struct option){row->name, takes, NULL, FIRST_ROW + (int)i};
        if (row->letter != 0)
            letters += sprintf(letters, "%c%s", row->letter, takes == required_argument ? ":" : "");
    }
    *known = (struct option){NULL, 0, NULL, 0};
}

/* Arguments are moved to the front of argv, over words that were read already. */
static bool read_options(struct reading *r, int argc, char **argv)
{
    struct option known[MOST_ROWS + 1];
    char letters[2 * MOST_ROWS + 4];
    int option;
    r->line->words = argv + 1;
    list_rows(r, known, letters);
    optind = 0; /* getopt begins anew */
    opterr = 0;
    r->word = argv[argc > 1]; /* behind our own name */
    while ((option = getopt_long(argc, argv, letters, known, NULL)) != -1) {
        if (option == '?' || option == ':')
            return refuse_option(r, option, argv[optind - 1]);
        if (option == ARGUMENT)
            r->line->words[r->line->count++] = optarg;
        else if (!take_option(r, row_of(r, option), optarg))
            return false;
        r->word = argv[optind]; /* of letters it is the same one, up to the last */
    }
    while (optind < argc)
        r->line->words[r->line->count++] = argv[optind++];
    return true;
}

/* --- the whole --- */

/* The names of the sub-commands that `bits` has. Returns how many. */
static size_t list_subs(const struct command *command, unsigned bits, const char *names[MOST_SUBS])
{
    size_t count = 0;
    for (size_t i = 0; command->subs[i].name != NULL; i++)
        if ((bits & SUB(i)) != 0)
            names[count++] = command->subs[i].name;
    return count;
}

/* The first argument names the sub-command. */
static bool read_sub(struct reading *r)
{
    struct command_line *line = r->line;
    struct buffer text = {0};
    const char *names[MOST_SUBS];
    const size_t count = list_subs(r->command, ~0U, names);
    for (size_t i = 0; i < count && line->count > 0; i++)
        if (strcmp(names[i], line->words[0]) == 0) {
            line->sub = i;
            line->count--;
            line->words++;
            return true;
        }
    if (line->count > 0) {
        buffer_append_format(&text, "%s: unknown", line->words[0]);
        if (options_suggest(&text, line->words[0], names, count))
            return refuse(r, &text);
        buffer_append_text(&text, "; ");
    }
    buffer_append_text(&text, "write ");
    option_value_append_words(&text, names, count, " or ");
    return refuse(r, &text);
}

static bool check_arguments(struct reading *r)
{
    const struct command *command = r->command;
    const struct option_sub *sub = command->subs != NULL ? &command->subs[r->line->sub] : NULL;
    const int max = sub != NULL ? sub->max_arguments : command->max_arguments;
    struct buffer text = {0};
    if (sub != NULL && r->line->count < sub->min_arguments)
        buffer_append_format(&text, "%s: %s", sub->name, sub->missing);
    else if (r->line->count <= max)
        return true;
    else if (command->surplus != NULL)
        buffer_append_text(&text, command->surplus);
    else
        buffer_append_format(&text, "%s: unexpected argument", r->line->words[max]);
    return refuse(r, &text);
}

static bool was_given(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->rows[i]->name != NULL && strcmp(r->rows[i]->name, name) == 0)
            return (r->line->given & UINT64_C(1) << i) != 0;
    return false;
}

/* Does an option that was given fit the sub-command and the others? */
static bool check_option(struct reading *r, const struct option_spec *row)
{
    struct buffer text = {0};
    const char *names[MOST_SUBS];
    char name[NAME_SIZE];
    typed_name(row, name);
    if (row->subs != 0 && (row->subs & SUB(r->line->sub)) == 0) {
        buffer_append_format(&text, "%s is an option of ", name);
        option_value_append_words(&text, names, list_subs(r->command, row->subs, names), " and ");
    } else if (row->excludes != NULL && was_given(r, row->excludes))
        buffer_append_format(&text, "%s and --%s exclude each other; use one of them", name, row->excludes);
    else if (row->needs != NULL && !was_given(r, row->needs))
        buffer_append_format(&text, "%s needs --%s, too", name, row->needs);
    else
        return true;
    return refuse(r, &text);
}

static bool check_required(struct reading *r, const struct option_spec *row)
{
    struct buffer text = {0};
    char name[NAME_SIZE];
    if ((row->required & SUB(r->line->sub)) == 0)
        return true;
    if (r->command->subs != NULL)
        buffer_append_format(&text, "%s: ", r->command->subs[r->line->sub].name);
    buffer_append_format(&text, "%s is missing; %s", typed_name(row, name), row->missing);
    return refuse(r, &text);
}

static bool check_options(struct reading *r)
{
    for (size_t i = 0; i < r->count; i++)
        if ((r->line->given & UINT64_C(1) << i) != 0 && !check_option(r, r->rows[i]))
            return false;
    for (size_t i = 0; i < r->count; i++)
        if ((r->line->given & UINT64_C(1) << i) == 0 && !check_required(r, r->rows[i]))
            return false;
    return true;
}

bool options_read(
    const struct command *command, int argc, char **argv, void *values, struct command_line *line)
{
    struct reading r = {.command = command, .values = values, .line = line};
    *line = (struct command_line){.status = EX_USAGE};
    if (!read_options(&r, argc, argv))
        return false;
    if (command->ends_options)
        return true; /* what follows is the command's */
    return (command->subs == NULL || read_sub(&r)) && check_arguments(&r) && check_options(&r);
}

/* --- help --- */

static void head_of(const struct option_spec *row, char *out, size_t size)
{
    char letter[8] = "", name[NAME_SIZE];
    if (row->name != NULL && row->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(out, size, "%s%s%s%s", letter, typed_name(row, name), row->value != NULL ? " " : "",
        row->value != NULL ? row->value : "");
}

void options_print(const struct option_spec *options)
{
    char head[2 * NAME_SIZE];
    int width = 0;
    for (const struct option_spec *row = options; is_row(row); row++) {
        head_of(row, head, sizeof head);
        const int len = (int)strlen(head);
        width = len > width && len <= WIDEST_HEAD ? len : width;
    }
    for (const struct option_spec *row = options; is_row(row); row++) {
        head_of(row, head, sizeof head);
        if (row->help == NULL)
            continue;
        const bool beside = (int)strlen(head) <= width;
        printf("  %-*s%s", width, head, beside ? "" : "\n");
        for (const char *line = row->help; *line != '\0';) {
            const int len = (int)strcspn(line, "\n");
            printf("%*s%.*s\n", beside && line == row->help ? 2 : width + 4, "", len, line);
            line += len + (line[len] != '\0');
        }
    }
}
