/*
 * init_handlers: the types are a table: a new one is a line in it.
 *
 * A target comes from the option (TYPE=TARGET), else from a line of stdin or an answer on the terminal. One
 * that is a secret is never taken from the option, where others could read it, and never written into the
 * configuration: it gets a file of its own, and the configuration names that.
 */
#include "cli/init_handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/shutdown.h"

struct init_handler_type {
    const char *name;
    const char *on;  /* NULL: everything */
    const char *key; /* of its target; NULL: it has none */
    const char *prompt;
    const char *fallback; /* the default target, in the store's directory; NULL: none */
    bool secret;          /* the target: it gets a file of its own */
    const char *comment;  /* what else may be set; NULL: nothing */
};

static const struct init_handler_type types[INIT_HANDLERS_MOST] = {
    {"log", NULL, NULL, NULL, NULL, false, NULL},
    {"slack", "workorder.created workorder.completed", "url",
        "slack: URL of the incoming webhook (not shown):", NULL, true,
        "a condition in SQL, for instance\n;when = priority = 'HIGH'"},
    {"http", "workorder.*", "url", "http: URL that takes the events (not shown):", NULL, true,
        "signs each request; make the file with: echo \"whsec_$(openssl rand -base64 32)\"\n"
        ";secret_file = /etc/wosync/http.secret"},
    {"exec", "workorder.*", "command", "exec: the program, and its arguments:", NULL, false, NULL},
    {"report", "workorder.completed", "path", "report: directory", "completed", false, NULL},
    {"warehouse", "workorder.*", "database", "warehouse: file for SQLite, or postgresql://user@host/database",
        "warehouse.db", false, NULL},
};

char *init_handlers_names(void)
{
    struct buffer names = {0};
    for (int i = 0; i < INIT_HANDLERS_MOST; i++)
        buffer_append_format(&names, "%s%s", i > 0 ? " " : "", types[i].name);
    return names.data;
}

static const struct init_handler_type *find_type(const char *name, size_t len)
{
    for (int i = 0; i < INIT_HANDLERS_MOST; i++)
        if (strlen(types[i].name) == len && strncmp(types[i].name, name, len) == 0)
            return &types[i];
    return NULL;
}

/* A secret is given on stdin; on the command line, only where it is kept. */
static bool names_a_place(const char *target)
{
    return strncmp(target, "file:", 5) == 0 || strncmp(target, "env:", 4) == 0;
}

/* A URL with a password: postgresql://USER:PASSWORD@... */
static bool has_password(const char *target)
{
    const char *user = strstr(target, "://");
    const char *at = user != NULL ? strchr(user, '@') : NULL;
    return at != NULL && memchr(user + 3, ':', (size_t)(at - user - 3)) != NULL;
}

const char *init_handlers_add(struct init_handlers *handlers, const char *text)
{
    size_t len = strcspn(text, "=");
    const struct init_handler_type *type = find_type(text, len);
    const char *target = text[len] == '=' ? text + len + 1 : NULL;
    if (type == NULL)
        return "there is no such handler; known are log, slack, http, exec, report and warehouse";
    if (target != NULL && type->key == NULL)
        return "it takes no value; write the name alone";
    if (target != NULL && (*target == '\0' || strchr(target, '\n') != NULL))
        return "its value is empty or has a line break; write TYPE=TARGET, or the name alone";
    if (target != NULL && type->secret && !names_a_place(target))
        return "the URL is a secret, and others can read a command line; write the name alone, and the URL "
               "on "
               "stdin, in a line after the token";
    if (target != NULL && !names_a_place(target) && has_password(target))
        return "it holds a password, and others can read a command line; write env:NAME or file:PATH in its "
               "place";
    for (size_t i = 0; i < handlers->count; i++)
        if (handlers->rows[i].type == type)
            return "it was named before";
    handlers->rows[handlers->count++] = (struct init_handler){type, target != NULL ? strdup(target) : NULL};
    return NULL;
}

/* Asks for one target. Returns NULL where there is no answer. */
static char *ask_target(const struct init_handler_type *type, struct init_ask *ask, const char *directory)
{
    struct buffer fallback = {0}, prompt = {0};
    if (type->fallback != NULL)
        buffer_append_format(&fallback, "%s/%s", directory, type->fallback);
    buffer_append_text(&prompt, type->prompt);
    if (type->fallback != NULL)
        buffer_append_format(&prompt, " [%s]:", fallback.data);
    char *answer =
        type->fallback != NULL && !ask->terminal ? strdup("") : init_ask_line(ask, prompt.data, type->secret);
    if (answer != NULL && *answer == '\0' && type->fallback != NULL) {
        free(answer);
        answer = strdup(fallback.data);
    }
    buffer_free(&fallback);
    buffer_free(&prompt);
    return answer;
}

int init_handlers_complete(
    struct init_handlers *handlers, struct init_ask *ask, const char *directory, struct error *e)
{
    for (size_t i = 0; i < handlers->count; i++) {
        struct init_handler *row = &handlers->rows[i];
        while (row->type->key != NULL && (row->target == NULL || *row->target == '\0')) {
            free(row->target);
            row->target = ask_target(row->type, ask, directory);
            if (row->target == NULL && shutdown_signalled())
                return fail(e, EX_TEMPFAIL, "init: stopped by a signal; nothing was written");
            if (row->target == NULL || (*row->target == '\0' && !ask->terminal))
                return fail(e, EX_USAGE, "init: %s: stdin has no line with its %s; nothing was written",
                    row->type->name, row->type->key);
        }
        if (row->type->secret && !names_a_place(row->target))
            secret_register(row->target);
    }
    return 0;
}

void init_handlers_write(
    const struct init_handlers *handlers, const char *secrets, struct buffer *conf, struct init_files *files)
{
    for (size_t i = 0; i < handlers->count; i++) {
        const struct init_handler_type *type = handlers->rows[i].type;
        const char *target = handlers->rows[i].target;
        buffer_append_format(conf, "\n[handler %s]\n", type->name);
        if (type->on != NULL)
            buffer_append_format(conf, "on = %s\n", type->on);
        buffer_append_format(conf, "type = %s\n", type->name);
        if (type->key != NULL && type->secret && !names_a_place(target)) {
            struct buffer path = {0};
            buffer_append_format(&path, "%s%s.%s", secrets, type->name, type->key);
            buffer_append_format(init_files_add(files, path.data), "%s\n", target);
            buffer_append_format(conf, "%s = file:%s\n", type->key, path.data);
            buffer_free(&path);
        } else if (type->key != NULL) {
            buffer_append_format(conf, "%s = %s\n", type->key, target);
        }
        if (type->comment != NULL)
            buffer_append_format(conf, "; %s\n", type->comment);
    }
}

void init_handlers_free(struct init_handlers *handlers)
{
    for (size_t i = 0; i < handlers->count; i++)
        free(handlers->rows[i].target);
    *handlers = (struct init_handlers){0};
}
