/*
 * exec: runs a program: the event on its stdin, its main fields in the environment; no shell.
 *
 * One program at a time, in the order of the log. What a web server gave us when it ran us as a CGI program
 * is not handed on: a `Proxy:` header of a stranger would become HTTP_PROXY.
 */
#include "handlers/registry.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "core/event.h"
#include "handlers/exec/argv.h"
#include "handlers/exec/cannot_run.h"
#include "handlers/exec/subprocess.h"

/* sysexits(3): the program asks to be run again later. What env(1) and shells say of a program that they
 * cannot run. */
enum { TRY_LATER = 75, CANNOT_RUN = 126, NOT_FOUND = 127 };

/* A value in the environment is cut here: the kernel takes 128 KiB for one string; the whole of it is on
 * stdin. */
enum { LONGEST_VALUE = 64 << 10 };

struct exec_state {
    char *name;
    char **words;
};

static const struct handler_key keys[] = {{.name = "command", .required = true}, {.name = NULL}};

/* The event's fields in the environment. They are always there, empty where the event has none, for `sh -u`'s
 * sake. */
static const struct {
    const char *name;
    const char *path[3]; /* keys from the event down */
} variables[] = {
    {"WOSYNC_EVENT", {"event"}},
    {"WOSYNC_EVENT_ID", {"id"}},
    {"WOSYNC_TIMESTAMP", {"timestamp"}},
    {"WOSYNC_OBSERVED_AT", {"observedAt"}},
    {"WOSYNC_SOURCE", {"source"}},
    {"WOSYNC_ACTOR", {"actor", "name"}},
    {"WOSYNC_ID", {"data", "id"}},
    {"WOSYNC_SEQUENTIAL_ID", {"data", "sequentialId"}},
    {"WOSYNC_TITLE", {"data", "title"}},
    {"WOSYNC_STATUS", {"data", "status"}},
    {"WOSYNC_PREVIOUS_STATUS", {"data", "previousStatus"}},
    {"WOSYNC_PRIORITY", {"data", "priority"}},
    {"WOSYNC_TYPE", {"data", "type"}},
    {"WOSYNC_CREATED_AT", {"data", "createdAt"}},
    {"WOSYNC_UPDATED_AT", {"data", "updatedAt"}},
    {"WOSYNC_COMPLETED_AT", {"data", "completedAt"}},
    {"WOSYNC_DUE_DATE", {"data", "dueDate"}},
    {"WOSYNC_ASSET", {"data", "asset", "name"}},
    {"WOSYNC_LOCATION", {"data", "location", "name"}},
};
enum { VARIABLES = sizeof variables / sizeof variables[0] };

/* Where our own secrets come from. */
static const char *const secret_names[] = {
    "MAINTAINX_API_KEY", "MAINTAINX_WEBHOOK_SECRET", "SLACK_WEBHOOK_URL"};
enum { SECRET_NAMES = sizeof secret_names / sizeof secret_names[0] };

static void release(void *context)
{
    struct exec_state *state = context;
    argv_free(state->words);
    free(state->name);
    free(state);
}

static void *make(const struct handler_setup *setup)
{
    const struct ini_setting *command = ini_setting(setup->section, "command");
    const char *reason;
    char **words = argv_split(command->value, &reason);
    if (words == NULL) {
        setup_problem(
            setup, command->line, "command: %s; write the program's path and its arguments", reason);
        return NULL;
    }
    struct exec_state *state = calloc(1, sizeof *state);
    state->name = strdup(setup->name);
    state->words = words;
    return state;
}

/* --- the environment --- */

static bool has_name(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* The variables of a CGI program (RFC 3875), and what web servers add; a name, or, with `*`, how it begins.
 */
static const char *const cgi_names[] = {"AUTH_TYPE", "CONTENT_*", "CONTEXT_*", "DOCUMENT_*", "FCGI_*",
    "GATEWAY_INTERFACE", "HTTPS", "HTTP_*", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING", "REDIRECT_*",
    "REMOTE_*", "REQUEST_*", "SCRIPT_*", "SERVER_*", "SSL_*", "UNIQUE_ID"};

static bool is_of_cgi(const char *entry)
{
    for (size_t i = 0; i < sizeof cgi_names / sizeof cgi_names[0]; i++) {
        size_t len = strcspn(cgi_names[i], "*");
        if (cgi_names[i][len] == '*' ? strncmp(entry, cgi_names[i], len) == 0 : has_name(entry, cgi_names[i]))
            return true;
    }
    return false;
}

/* Not handed on: our secrets, by name and by value, what a web server set, and what we set ourselves. A
 * variable that holds a secret among other things is the user's own affair: PATH must not go because
 * something in it equals a short one. */
static bool is_left_out(const char *entry, bool cgi)
{
    for (int i = 0; i < SECRET_NAMES; i++)
        if (has_name(entry, secret_names[i]))
            return true;
    for (int i = 0; i < VARIABLES; i++)
        if (has_name(entry, variables[i].name))
            return true;
    const char *value = strchr(entry, '=');
    return (cgi && is_of_cgi(entry)) || (value != NULL && secret_is_value(value + 1));
}

/* `NAME=value` of a field; NUL, which no variable can hold, becomes a space. */
static char *make_variable(int i, struct json_object *value)
{
    char *entry;
    for (int depth = 0; depth < 3 && variables[i].path[depth] != NULL; depth++)
        value = json_object_object_get(value, variables[i].path[depth]);
    const char *text = value != NULL ? json_object_get_string(value) : "";
    size_t len = json_object_is_type(value, json_type_string) ? (size_t)json_object_get_string_len(value)
                                                              : strlen(text);
    if (len > LONGEST_VALUE)
        for (len = LONGEST_VALUE; ((unsigned char)text[len] & 0xc0) == 0x80; len--)
            ; /* not through a character */
    int prefix = asprintf(&entry, "%s=%*s", variables[i].name, (int)len, "");
    for (size_t k = 0; k < len; k++)
        if (text[k] != '\0')
            entry[(size_t)prefix - len + k] = text[k];
    return entry;
}

/* Ours without what is left out (borrowed), then the event's (owned, from *own on). */
static char **make_environment(struct handler_event *event, size_t *own)
{
    const bool cgi = getenv("GATEWAY_INTERFACE") != NULL || getenv("REQUEST_METHOD") != NULL;
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    char **list = calloc(count + VARIABLES + 1, sizeof *list);
    struct json_object *json = handler_event_json(event);
    *own = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_left_out(environ[i], cgi))
            list[(*own)++] = environ[i];
    for (int i = 0; i < VARIABLES; i++)
        list[*own + (size_t)i] = make_variable(i, json);
    handler_event_forget(event);
    return list;
}

static void free_environment(char **list, size_t own)
{
    for (size_t i = own; list[i] != NULL; i++)
        free(list[i]);
    free(list);
}

/* --- one delivery --- */

struct exec_job {
    struct program program;
    struct subprocess *subprocess;
    char **environment;
    size_t own;
};

static void judge_exit(
    const struct program *program, const struct subprocess_end *end, struct delivery_result *result)
{
    const char *error = end->error, *colon = *error != '\0' ? ": " : "";
    if (end->status == 0)
        handler_done(result);
    else if (end->status == TRY_LATER)
        handler_later(
            result, -1, "the program asks to be tried again later (exit status 75)%s%s", colon, error);
    else if (cannot_run_for_crlf(program->words[0], result))
        ; /* whatever it ended with */
    else if (end->status == NOT_FOUND || end->status == CANNOT_RUN)
        handler_broken(
            result, "exit status %d (a program in it cannot be run)%s%s", end->status, colon, error);
    else
        handler_later(result, -1, "exit status %d%s%s", end->status, colon, error);
}

static void judge(
    const struct program *program, const struct subprocess_end *end, struct delivery_result *result)
{
    const char *error = end->error, *colon = *error != '\0' ? ": " : "";
    switch (end->result) {
    case SUBPROCESS_TIMED_OUT:
        if (end->left != 0)
            handler_later(result, -1, "it did not end within %lld ms, and process %lld cannot be killed%s%s",
                (long long)program->timeout, (long long)end->left, colon, error);
        else
            handler_later(
                result, -1, "it was ended after %lld ms%s%s", (long long)program->timeout, colon, error);
        break;
    case SUBPROCESS_STOPPED:
        handler_later(result, -1, "it was ended because the run was stopped%s%s", colon, error);
        break;
    case SUBPROCESS_SIGNALLED:
        handler_later(
            result, -1, "killed by signal %d (%s)%s%s", end->status, strsignal(end->status), colon, error);
        break;
    case SUBPROCESS_EXITED:
    default:
        judge_exit(program, end, result);
        break;
    }
}

static void cancel(void *context)
{
    struct exec_job *job = context;
    if (job->subprocess != NULL)
        subprocess_free(job->subprocess);
    free_environment(job->environment, job->own);
    free(job);
}

/* What is run for an event. */
static void prepare(
    const struct exec_state *state, struct handler_event *event, int64_t timeout, struct exec_job *job)
{
    job->environment = make_environment(event, &job->own);
    job->program = (struct program){.name = state->name,
        .words = state->words,
        .environment = job->environment,
        .input = event->body,
        .input_len = event->body_len,
        .timeout = timeout};
}

static void *start(
    void *context, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    const struct exec_state *state = context;
    struct exec_job *job = calloc(1, sizeof *job);
    int reason;
    (void)host;
    prepare(state, batch->events, batch->timeout, job);
    job->subprocess = subprocess_start(&job->program, &reason);
    if (job->subprocess != NULL)
        return job;
    cannot_run(state->words[0], reason, results);
    cancel(job);
    return NULL;
}

static void wait_for(void *context, struct handler_wait *wait)
{
    const struct exec_job *job = context;
    subprocess_poll(job->subprocess, wait);
}

static bool collect(void *context, struct delivery_result *results)
{
    struct exec_job *job = context;
    struct subprocess_end end;
    if (!subprocess_collect(job->subprocess, &end))
        return false;
    judge(&job->program, &end, results);
    cancel(job);
    return true;
}

/* `LABEL: TEXT` in one line: control characters and the backslash are written as \n, \t, \xNN and \\. */
static void append_line(struct buffer *out, const char *label, const char *text, size_t len)
{
    buffer_append_format(out, "%s: ", label);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\')
            buffer_append_text(out, "\\\\");
        else if (c == '\n')
            buffer_append_text(out, "\\n");
        else if (c == '\t')
            buffer_append_text(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            buffer_append_format(out, "\\x%02x", c);
        else
            buffer_append(out, &text[i], 1);
    }
    buffer_append_text(out, "\n");
}

/* What comes from our own environment is named only: what it holds is none of an event's, and may be a secret
 * that is not known to be one. */
static int render(void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    struct exec_job job = {.subprocess = NULL};
    (void)e; /* this cannot fail */
    prepare(state, batch->events, batch->timeout, &job);
    for (char *const *word = job.program.words; *word != NULL; word++) {
        char *shown = strdup(*word);
        secret_mask(shown);
        append_line(&out->bytes, "argument", shown, strlen(shown));
        free(shown);
    }
    for (size_t i = job.own; job.environment[i] != NULL; i++)
        append_line(&out->bytes, "variable", job.environment[i], strlen(job.environment[i]));
    for (size_t i = 0; i < job.own; i++)
        append_line(&out->bytes, "inherited", job.environment[i], strcspn(job.environment[i], "="));
    buffer_append_text(&out->bytes, "\n");
    buffer_append(&out->bytes, job.program.input, job.program.input_len);
    buffer_append_text(&out->bytes, SUBPROCESS_INPUT_END);
    out->suffix = ".exec";
    free_environment(job.environment, job.own);
    return 0;
}

static void limits(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->jobs = 1;
}

static int probe(void *context, struct handler_probe *out, struct error *e)
{
    const struct exec_state *state = context;
    struct delivery_result result;
    if (cannot_run_by_its_file(state->words[0], out->found, sizeof out->found, &result))
        return fail(e, EX_CONFIG, "%s", result.error);
    return 0;
}

const struct handler_type handler_exec = {
    .name = "exec",
    .keys = keys,
    .make = make,
    .free = release,
    .limits = limits,
    .driver = {.start = start, .poll = wait_for, .collect = collect, .cancel = cancel},
    .probe = probe,
    .render = render,
};
