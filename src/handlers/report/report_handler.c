/*
 * report: for every completed work order a page of HTML and a line in completed.csv.
 *
 * The page is written first and whole, then the line; a try that is killed between the two is made again, and
 * both are as they would have been.
 */
#include "handlers/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "handlers/report/report.h"
#include "handlers/report/csv_file.h"
#include "handlers/report/page_html.h"
#include "base/atomic_file.h"

/* Room for the name of a page: an id, a date, `.html`. */
enum { NAME_SIZE = 64 };

struct report_state {
    char *path;
    struct csv_file list;
    bool cleaned; /* what crashes left behind was removed, once per run */
};

static const struct handler_key keys[] = {{.name = "path", .required = true}, {.name = NULL}};

static void release(void *context)
{
    struct report_state *state = context;
    csv_file_free(&state->list);
    free(state->path);
    free(state);
}

/* An `on` that names other events alone would make no report, ever. */
static bool can_complete(const char *on)
{
    return on == NULL || strchr(on, '*') != NULL || strstr(on, event_type_name(EVENT_COMPLETED)) != NULL;
}

static void *make(const struct handler_setup *setup)
{
    const struct ini_setting *path = ini_setting(setup->section, "path"),
                             *on = ini_setting(setup->section, "on");
    if (*path->value == '\0') {
        setup_problem(setup, path->line, "path: it is empty; write the directory for the reports");
        return NULL;
    }
    if (!can_complete(on != NULL ? on->value : NULL)) {
        setup_problem(setup, on->line, "on: type = report writes of completed work orders; write on = %s",
            event_type_name(EVENT_COMPLETED));
        return NULL;
    }
    struct report_state *state = calloc(1, sizeof *state);
    state->path = strdup(path->value);
    return state;
}

/* Is there a page of that name, of another event? */
static int is_taken(int directory, const char *name, const struct report *report, struct error *e)
{
    char head[PAGE_HTML_HEAD + 1];
    struct buffer mark = {0};
    int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail(e, EX_IOERR, "%s: it cannot be read: %s", name, strerror(errno));
    ssize_t n = read(fd, head, PAGE_HTML_HEAD);
    int rc = n < 0 ? fail(e, EX_IOERR, "%s: it cannot be read: %s", name, strerror(errno)) : 0;
    close(fd);
    page_html_mark(report->id, &mark);
    if (rc == 0)
        rc = memmem(head, (size_t)n, mark.data, mark.len) == NULL;
    buffer_free(&mark);
    return rc;
}

/* ID.html; for one that is completed again, ID-TIME.html with the time of that completion. Digits and letters
 * only, made from numbers: nothing that anyone wrote gets into a file's name. */
static int choose_name(int directory, const struct report *report, char name[NAME_SIZE], struct error *e)
{
    char date[TIMESTAMP_SIZE];
    snprintf(name, NAME_SIZE, "%lld.html", (long long)report->work_order);
    int taken = is_taken(directory, name, report, e);
    if (taken <= 0)
        return taken;
    timestamp_format(report->completed, date);
    for (char *from = date, *to = date;; from++)
        if (strchr(":-.", *from) == NULL || *from == '\0') {
            *to++ = *from;
            if (*from == '\0')
                break;
        }
    snprintf(name, NAME_SIZE, "%lld-%s.html", (long long)report->work_order, date);
    return 0;
}

static int write_page(int directory, const char *name, const struct report *report, struct error *e)
{
    struct buffer page = {0};
    page_html(report, &page);
    int rc = atomic_file_write(directory, name, page.data, page.len, e);
    buffer_free(&page);
    return rc;
}

/* The page first: a line in the list names a page that is there. */
static int write_report(
    struct report_state *state, int directory, struct handler_event *event, int64_t timeout, struct error *e)
{
    char name[NAME_SIZE];
    struct report report;
    report_read(event, &report);
    if (!state->cleaned)
        atomic_file_clean(directory);
    state->cleaned = true;
    int rc = choose_name(directory, &report, name, e);
    if (rc == 0)
        rc = write_page(directory, name, &report, e);
    if (rc == 0)
        rc = csv_file_add(&state->list, directory, &report, name, timeout, e);
    report_free(&report);
    return rc;
}

/* The directory is made with the first report. */
static int deliver(struct report_state *state, struct handler_event *event, int64_t timeout, struct error *e)
{
    int directory = atomic_file_directory(state->path, e);
    if (directory < 0)
        return -1;
    int rc = write_report(state, directory, event, timeout, e);
    close(directory);
    return rc;
}

/* Other events have no report. */
static bool sends(enum event_type type)
{
    return type == EVENT_COMPLETED;
}

/* It waits for disks, and for the lock of the list: it blocks. */
static void work(void *context, struct handler_batch *batch, struct delivery_result *results)
{
    struct report_state *state = context;
    struct error e = {0};
    handler_done(results);
    if (sends(batch->events->type) && deliver(state, batch->events, batch->timeout, &e) != 0)
        handler_later(results, -1, "%.60s: %.180s", state->path, e.text);
}

/* The same files as in a directory that was empty before. */
static int render(void *context, struct handler_batch *batch, struct handler_render *out, struct error *e)
{
    return sends(batch->events->type)
               ? write_report(context, out->directory, batch->events, batch->timeout, e)
               : 0;
}

static void limits(const void *state, struct handler_limits *limits)
{
    (void)state;
    limits->jobs = 1;
}

/* The directory, or, where it is to be made, the one above it. */
static int probe(void *context, struct handler_probe *out, struct error *e)
{
    const struct report_state *state = context;
    char *path = strdup(state->path), *slash = strrchr(path, '/');
    int rc = 0;
    snprintf(out->found, sizeof out->found, "%s can be written", state->path);
    if (access(path, F_OK) != 0) {
        snprintf(out->found, sizeof out->found, "%s will be made with the first report", state->path);
        if (slash == NULL)
            strcpy(path, ".");
        else
            slash[slash == path ? 1 : 0] = '\0';
    }
    if (access(path, W_OK | X_OK) != 0)
        rc = fail(e, EX_IOERR, "%s: %s; make the directory writable for the user that wosync runs as", path,
            strerror(errno));
    free(path);
    return rc;
}

const struct handler_type handler_report = {
    .name = "report",
    .keys = keys,
    .make = make,
    .free = release,
    .limits = limits,
    .wants_history = true,
    .keeps = true,
    .work = work,
    .probe = probe,
    .sends = sends,
    .render = render,
};
