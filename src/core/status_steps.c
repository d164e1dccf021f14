#include "core/status_steps.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void status_chain_find(const struct status_step *steps, size_t count, const char *from, const char *to,
    int64_t after, struct status_chain *out)
{
    bool gap = false;
    *out = (struct status_chain){.used = calloc(count + 1, sizeof *out->used)};
    for (size_t i = 0; i < count; i++) {
        if (steps[i].occurred <= after)
            continue;
        out->relevant++;
        if (strcmp(steps[i].from, from) != 0)
            gap = gap || out->count > 0; /* what lies behind a gap proves nothing of what lies before it */
        if (gap || strcmp(steps[i].from, from) != 0)
            continue;
        out->used[out->count++] = i;
        from = steps[i].to;
        if (strcmp(from, to) == 0)
            out->arriving = out->count;
    }
}

void status_chain_free(struct status_chain *chain)
{
    free(chain->used);
    *chain = (struct status_chain){0};
}
