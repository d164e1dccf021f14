/*
 * log: one line on stdout for each event, for people; `format = json` for machines.
 *
 * The lines of a batch are made first and then written as stdout takes them: who reads us through a pipe may
 * be slow, and no other handler waits for that. A write of up to PIPE_BUF bytes that poll(2) has promised
 * does not block. An event is delivered once its whole line was written.
 */
#include "handlers/registry.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "core/event_line.h"

/* Events in a batch. */
enum { LINES = 100 };

struct log_state {
    bool json;
};

/* Lines on their way. */
struct log_job {
    struct buffer text;
    size_t written;
    size_t ends[LINES]; /* behind each line */
    size_t count;
    int64_t until;
};

static const struct handler_key keys[] = {{.name = "format"}, {.name = NULL}};

static void *make(const struct handler_setup *setup)
{
    const char *format = setup_value(setup, "format");
    struct log_state *state = calloc(1, sizeof *state);
    state->json = format != NULL && strcmp(format, "json") == 0;
    if (format == NULL || state->json || strcmp(format, "text") == 0)
        return state;
    setup_problem(setup, 0, "format = %s: write text or json", format);
    free(state);
    return NULL;
}

static void append_line(const struct log_state *state, struct buffer *out, const struct handler_event *event)
{
    if (state->json) {
        buffer_append(out, event->body, event->body_len);
    } else {
        char *line = event_line(event->body);
        buffer_append_text(out, line);
        free(line);
    }
    buffer_append_text(out, "\n");
}

static void *start(
    void *state, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    if (host->quiet) {
        for (size_t i = 0; i < batch->count; i++)
            handler_untried(&results[i]);
        return NULL;
    }
    struct log_job *job = calloc(1, sizeof *job);
    job->until = clock_monotonic() + batch->timeout;
    job->count = batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        append_line(state, &job->text, &batch->events[i]);
        job->ends[i] = job->text.len;
    }
    fflush(stdout); /* what others have printed comes first */
    return job;
}

static void wait_for(void *context, struct handler_wait *wait)
{
    const struct log_job *job = context;
    handler_wait_fd(wait, STDOUT_FILENO, POLLOUT);
    handler_wait_until(wait, job->until);
}

/* Writes what stdout takes without waiting. Returns 0, or why it takes no more. */
static int write_some(struct log_job *job)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    while (job->written < job->text.len) {
        size_t len = job->text.len - job->written;
        int ready = poll(&fd, 1, 0);
        if (ready == 0)
            return 0;
        ssize_t n = write(STDOUT_FILENO, job->text.data + job->written, len < PIPE_BUF ? len : PIPE_BUF);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (n < 0)
            return 0;
        job->written += (size_t)n;
    }
    return 0;
}

static void cancel(void *context)
{
    struct log_job *job = context;
    buffer_free(&job->text);
    free(job);
}

/* Lines that were written are delivered; the others failed, or, where there is no reason, were not tried. */
static void finish(const struct log_job *job, const char *why, struct delivery_result *results)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->ends[i] <= job->written)
            handler_done(&results[i]);
        else if (why == NULL)
            handler_untried(&results[i]);
        else
            handler_later(&results[i], -1, "stdout: %s", why);
    }
}

static bool collect(void *context, struct delivery_result *results)
{
    struct log_job *job = context;
    int reason = write_some(job);
    bool over = reason != 0 || job->written == job->text.len;
    if (over)
        finish(job, reason != 0 ? strerror(reason) : NULL, results);
    else if (shutdown_signalled())
        finish(job, NULL, results);
    else if (clock_monotonic() >= job->until)
        finish(job, "nobody reads it", results);
    else
        return false;
    cancel(job);
    return true;
}

static int render(void *state, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    (void)e; /* this cannot fail */
    for (size_t i = 0; i < batch->count; i++)
        append_line(state, &out->bytes, &batch->events[i]);
    out->suffix = ".log";
    return 0;
}

static void limits(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->events = LINES;
    limits->jobs = 1;
}

const struct handler_type handler_log = {
    .name = "log",
    .keys = keys,
    .make = make,
    .free = free,
    .limits = limits,
    .driver = {.start = start, .poll = wait_for, .collect = collect, .cancel = cancel},
    .render = render,
};
