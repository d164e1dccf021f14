/*
 * options: the one reader of command lines. A command declares its options as a table, with a row for each,
 * and its sub-commands as another; what is read, what is refused and with which words, and what --help shows
 * of the options comes out of these tables.
 *
 *     struct options { bool json; int64_t max_time; };
 *     static const struct option_spec known[] = {
 *         {"json", FLAG_TO(struct options, json), .help = "for machines"},
 *         {"max-time", DURATION_TO(struct options, max_time), .value = "D", .help = "end after this time"},
 *         {.name = NULL},
 *     };
 *     struct options options = {0};
 *     struct command_line line;
 *     if (!options_read(self, argc, argv, &options, &line))
 *         return line.status;
 */
#ifndef WOSYNC_CLI_OPTIONS_H
#define WOSYNC_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct command;

enum option_kind {
    OPTION_FLAG,     /* without a value */
    OPTION_TEXT,     /* any text, also the empty one; borrowed from argv */
    OPTION_NUMBER,   /* a whole number, `min` to `max` */
    OPTION_DURATION, /* 50s, 5m, 2h, in milliseconds; more than 0 */
    OPTION_DATE,     /* a date, a date and time, or an age such as 7d, in milliseconds since 1970 */
    OPTION_CHOICE    /* a text, one of `choices` */
};

/* A row of the table of options, which ends with a row that has neither name nor letter. What is not set does
 * not hold. An option that is given twice holds as the last one says, unless its reader adds up. */
struct option_spec {
    const char *name;  /* without its dashes; NULL: it has its letter alone */
    const char *value; /* what --help calls the value */
    const char *help;  /* what it does, for --help; lines are divided by \n; NULL: not listed */
    enum option_kind kind;
    unsigned subs;     /* the sub-commands that take it, bits of SUB(); 0: all */
    unsigned required; /* the sub-commands that cannot do without it; a command without any is SUB(0) */
    char letter;       /* 0: it has its name alone */
    bool hide_value;   /* its value may hold a secret: messages do not show it */
    size_t offset;     /* where its value goes, in the command's own struct */
    int64_t min, max;  /* of a number; INT64_MAX: without an upper end */
    const char *const *choices; /* ending with NULL */
    /* Reads the value in place of the kind (a flag's is NULL). Returns 0, or -1 with `why` filled: what was
     * expected, or what to write. */
    int (*read)(const char *text, void *values, struct buffer *why);
    /* Prints something and ends the command, as --help does. Returns the exit status. */
    int (*answer)(const struct command *command);
    const char *missing;          /* what to write where it is required: "write --url https://HOST/PATH" */
    const char *excludes, *needs; /* the name of another option */
};

/* Where a value goes: the place of a member, which must have the type of the kind. */
#define OPTION_BOOL(type, member)                                                                            \
    (offsetof(type, member) + 0 * sizeof(_Generic(((type *)NULL)->member, bool : 0)))
#define OPTION_INT64(type, member)                                                                           \
    (offsetof(type, member) + 0 * sizeof(_Generic(((type *)NULL)->member, int64_t : 0)))
#define OPTION_CHARS(type, member)                                                                           \
    (offsetof(type, member) + 0 * sizeof(_Generic(((type *)NULL)->member, const char * : 0)))

/* The kind of a row, and where its value goes. */
#define FLAG_TO(type, member) .kind = OPTION_FLAG, .offset = OPTION_BOOL(type, member)
#define TEXT_TO(type, member) .kind = OPTION_TEXT, .offset = OPTION_CHARS(type, member)
#define NUMBER_TO(type, member, low, up)                                                                     \
    .kind = OPTION_NUMBER, .offset = OPTION_INT64(type, member), .min = (low), .max = (up)
#define DURATION_TO(type, member) .kind = OPTION_DURATION, .offset = OPTION_INT64(type, member)
#define DATE_TO(type, member)     .kind = OPTION_DATE, .offset = OPTION_INT64(type, member)
#define CHOICE_TO(type, member, list)                                                                        \
    .kind = OPTION_CHOICE, .offset = OPTION_CHARS(type, member), .choices = (list)
#define READ_BY(function)      .kind = OPTION_TEXT, .read = (function)
#define FLAG_READ_BY(function) .kind = OPTION_FLAG, .read = (function)

/* The bit of a sub-command: its index in the table of them. */
#define SUB(index) (1U << (index))

/* A row of the table of sub-commands, which ends with a row without a name. */
struct option_sub {
    const char *name;
    int min_arguments, max_arguments; /* behind the name */
    const char *missing; /* with fewer: "the id is missing; wosync webhooks list shows the ids" */
};

/* What options_read found. */
struct command_line {
    int status;     /* where it returns false: the command's exit status */
    size_t sub;     /* the index of the sub-command */
    int count;      /* of arguments, without options and sub-command */
    char **words;   /* the arguments; borrowed from argv */
    uint64_t given; /* bit i: row i of the table was given */
};

/* Reads the command line into `values`, the struct that the command's table is about. Options may stand
 * before and behind arguments, whatever POSIXLY_CORRECT says, `--` ends them, and a name may be shortened as
 * long as it stays clear. The arguments are moved to the front of argv. Returns false when the command is
 * done, with line->status: help was printed, or a usage error (cli_usage). */
bool options_read(
    const struct command *command, int argc, char **argv, void *values, struct command_line *line);

/* Prints a line of help for each row that has one. */
void options_print(const struct option_spec *options);

/* Appends `; did you mean WORD?` where a known word is near to what was typed. Returns whether one is. */
bool options_suggest(struct buffer *out, const char *typed, const char *const *known, size_t count);

#endif
