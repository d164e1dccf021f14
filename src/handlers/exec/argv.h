/*
 * argv: a command line taken apart, without a shell.
 *
 * Words are separated by spaces and tabs. Inside '...' everything stands for itself. Inside "..." too, but
 * for \" and
 * \\, which are a quote and a backslash. Quoted and plain parts that touch make one word; '' is an empty one.
 * Nothing else has a meaning: no variables, no wildcards, no pipes; outside quotes, a backslash is a
 * backslash.
 */
#ifndef WOSYNC_HANDLERS_EXEC_ARGV_H
#define WOSYNC_HANDLERS_EXEC_ARGV_H

/* Takes `line` apart. Returns the words, ending with NULL, to be freed with argv_free; or NULL, and then
 * *reason says what is wrong: no word, an open quote. */
char **argv_split(const char *line, const char **reason);

/* NULL is allowed. */
void argv_free(char **words);

#endif
