#include "cli/long_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/shutdown.h"
#include "cli/cli.h"

static void append_count(struct buffer *out, const char *before, int64_t count, const char *what)
{
    buffer_append_format(out, "%s%lld %s%s", before, (long long)count, what, count == 1 ? "" : "s");
}

/* What was done, in a line, to be freed: for the log of a cron job, and for someone at a terminal. */
static char *make_summary(const struct run_context *context, const char *kind, enum pass_result end)
{
    const struct run *run = &context->run;
    struct buffer out = {0};
    int64_t events = 0;
    for (int type = 0; type < EVENT_TYPES; type++)
        events += run->events[type];
    buffer_append_format(&out, "%s: ", kind);
    append_count(&out, "", run->records, "record");
    append_count(&out, " on ", run->pages, "page");
    append_count(&out, ", ", events, "event");
    append_count(&out, ", ", run->requests, "request");
    if (run->healed > 0)
        buffer_append_format(&out, ", %lld healed", (long long)run->healed);
    if (end != PASS_FINISHED)
        buffer_append_text(&out, "; not finished, run it again to continue there");
    return out.data;
}

void long_read_print(const struct run_context *context, const char *kind, enum pass_result end)
{
    char *summary = make_summary(context, kind, end);
    printf("%s\n", summary);
    free(summary);
}

void long_read_log(const struct run_context *context, const char *kind, enum pass_result end)
{
    char *summary = make_summary(context, kind, end);
    log_info("%s", summary);
    free(summary);
}

int long_read_run(const struct cli *cli, const char *kind, enum lock_kind lock,
    const struct long_read_options *options, void (*read)(struct run_context *run, const void *context),
    const void *context)
{
    struct run_context run;
    shutdown_set_deadline(options->max_time);
    if (run_context_open(&run, cli, kind, RUN_CONTEXT_RUN) == 0) {
        int taken = run_context_lock(&run, lock, options->wait);
        if (taken == 0)
            run_context_leave(&run, lock, true);
        if (taken == 1) {
            if (options->max_time > 0 && !options->no_dispatch)
                run_context_begin_turn(0);
            read(&run, context);
            shutdown_set_turn(0);
            run_context_unlock(&run, lock);
            if (!options->no_dispatch && run.status != EX_USAGE)
                run_context_deliver(&run, 0, options->max_time, 0);
        }
    }
    return run_context_close(&run);
}
