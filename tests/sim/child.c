/* In place of deliver/child.c: there is one process. What blocks is done when it is started, and is over at
 * once; or, where children take their time, when that has passed; or it is never done, and killed when its
 * time limit has passed. */
#include "deliver/child.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/shutdown.h"
#include "lasting.h"
#include "machine.h"

struct child {
    const struct handler_type *type;
    void *state;
    struct delivery_result *results; /* of the job under way, */
    size_t count;
    int64_t until; /* which is over then, by the monotonic clock */
};

struct child *child_new(const char *name, const struct handler_type *type, void *state)
{
    struct child *child = malloc(sizeof *child);
    (void)name;
    if (child == NULL)
        abort();
    *child = (struct child){.type = type, .state = state};
    return child;
}

/* As the engine does it: of several it is not known which one it was. */
static void be_killed(struct child *child, const struct handler_batch *batch)
{
    for (size_t i = 0; i < child->count; i++)
        handler_untried(&child->results[i]);
    if (child->count == 1) {
        handler_later(&child->results[0], -1, "it was killed");
        child->results[0].away = true;
    }
    child->until = clock_monotonic() + batch->timeout;
}

static void *start(
    void *context, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    struct child *child = context;
    (void)host;
    if (lasting_children == CHILDREN_WORK_AT_ONCE) {
        child->type->work(child->state, batch, results);
        return NULL;
    }
    child->count = handler_batch_results(batch);
    child->results = calloc(child->count, sizeof *child->results);
    if (child->results == NULL)
        abort();
    if (lasting_children == CHILDREN_ARE_SILENT) {
        be_killed(child, batch);
        return child;
    }
    const int64_t began = machine_now();
    machine_alone = true;
    child->type->work(child->state, batch, child->results);
    machine_alone = false;
    child->until = clock_monotonic();
    machine_pass(began - machine_now());
    return child;
}

static void wait_for(void *job, struct handler_wait *wait)
{
    const struct child *child = job;
    handler_wait_until(wait, child->until);
}

static void cancel(void *job)
{
    struct child *child = job;
    free(child->results);
    child->results = NULL;
}

static bool collect(void *job, struct delivery_result *results)
{
    struct child *child = job;
    if (clock_monotonic() < child->until && !shutdown_signalled())
        return false;
    memcpy(results, child->results, child->count * sizeof *results);
    cancel(child);
    return true;
}

const struct handler_driver child_driver = {
    .start = start,
    .poll = wait_for,
    .collect = collect,
    .cancel = cancel,
};

void child_free(struct child *child)
{
    free(child);
}
