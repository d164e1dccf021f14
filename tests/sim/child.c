/* In place of deliver/child.c: there is one process, and what blocks is done at once. */
#include "deliver/child.h"

#include <stdlib.h>

struct child {
    const struct handler_type *type;
    void *state;
};

struct child *child_new(const char *name, const struct handler_type *type, void *state)
{
    struct child *child = malloc(sizeof *child);
    (void)name;
    if (child == NULL)
        abort();
    *child = (struct child){type, state};
    return child;
}

static void *start(
    void *context, struct handler_host *host, struct handler_batch *batch, struct delivery_result *results)
{
    const struct child *child = context;
    (void)host;
    child->type->work(child->state, batch, results);
    return NULL;
}

/* No job lasts. */
static void wait_for(void *job, struct handler_wait *wait)
{
    (void)job;
    (void)wait;
}

static bool collect(void *job, struct delivery_result *results)
{
    (void)job;
    (void)results;
    return true;
}

static void cancel(void *job)
{
    (void)job;
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
