/* log: one line on stdout, for people; `format = json` for machines. */
#include "handlers/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event_line.h"

struct log_state {
    bool json;
};

static const struct handler_key keys[] = {{"format", false, false}, {NULL, false, false}};

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

static int print(const struct log_state *state, const struct delivery *delivery)
{
    if (state->json)
        return printf("%s\n", delivery->body);
    char *line = event_line(delivery->body);
    int rc = printf("%s\n", line);
    free(line);
    return rc;
}

static void deliver(void *context, const struct handler_work *work, struct delivery_result *result)
{
    if (print(context, work->deliveries) < 0 || fflush(stdout) != 0) {
        handler_later(result, -1, "stdout: %s", strerror(errno));
        clearerr(stdout);
    } else {
        handler_done(result);
    }
}

const struct handler_type handler_log = {
    .name = "log",
    .keys = keys,
    .make = make,
    .free = free,
    .deliver = deliver,
    .prints = true,
};
