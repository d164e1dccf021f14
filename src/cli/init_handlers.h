/*
 * init_handlers: the handlers that init can set up, what it asks for each, and their sections in the
 * configuration.
 */
#ifndef WOSYNC_CLI_INIT_HANDLERS_H
#define WOSYNC_CLI_INIT_HANDLERS_H

#include "base/error.h"
#include "cli/init_ask.h"
#include "cli/init_files.h"

enum { INIT_HANDLERS_MOST = 6 };

/* A handler that was asked for. */
struct init_handler {
    const struct init_handler_type *type;
    char *target; /* URL, command, directory, database; NULL: not given yet */
};

struct init_handlers {
    struct init_handler rows[INIT_HANDLERS_MOST];
    size_t count;
};

/* The names of the types, separated by blanks: for prompts and messages. To be freed. */
char *init_handlers_names(void);

/* Adds `TYPE` or `TYPE=TARGET`. Returns NULL, or what is wrong with it. */
const char *init_handlers_add(struct init_handlers *handlers, const char *text);

/* Reads what is still missing: asked for on a terminal, where an empty answer takes the default; else a line
 * of stdin for each that has no default. Defaults lie in `directory`, that of the store. Returns 0, or -1:
 * EX_USAGE where stdin has no line for it, EX_TEMPFAIL after a signal. */
int init_handlers_complete(
    struct init_handlers *handlers, struct init_ask *ask, const char *directory, struct error *e);

/* Appends their sections to `conf`, and adds a file for what is a secret; its path begins with
 * `secrets`. */
void init_handlers_write(
    const struct init_handlers *handlers, const char *secrets, struct buffer *conf, struct init_files *files);

/* Frees what the struct owns and zeroes it. */
void init_handlers_free(struct init_handlers *handlers);

#endif
