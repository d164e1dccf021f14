#include "deliver/rehearse_turns.h"

#include <stdlib.h>

#include "base/timestamp.h"
#include "store/runs.h"

static int add_run(int64_t began, int64_t ended, void *context, struct error *e)
{
    struct rehearse_turns *turns = context;
    (void)e; /* this cannot fail */
    if (turns->count == turns->capacity) {
        turns->capacity = turns->capacity == 0 ? 64 : 2 * turns->capacity;
        turns->runs = realloc(turns->runs, turns->capacity * sizeof *turns->runs);
    }
    turns->runs[turns->count++] = (struct rehearse_run){.began = began, .ended = ended};
    return 0;
}

/* The runs are in the order in which they began. The last one has no next: it is at work, or was killed just
 * now. */
static void end_killed(struct rehearse_turns *turns)
{
    int64_t next = INT64_MAX;
    for (size_t i = turns->count; i > 0; i--) {
        struct rehearse_run *run = &turns->runs[i - 1];
        if (run->ended == TIMESTAMP_NONE)
            run->ended = next;
        next = run->ended > run->began ? run->ended : run->began;
    }
}

static int by_end(const void *a, const void *b)
{
    const struct rehearse_run *one = a, *two = b;
    return one->ended < two->ended ? -1 : one->ended > two->ended;
}

int rehearse_turns_read(struct rehearse_turns *turns, struct store *store, int64_t since, struct error *e)
{
    int64_t first = INT64_MAX;
    *turns = (struct rehearse_turns){.until = INT64_MIN};
    if (runs_spans(store, since, add_run, turns, e) != 0)
        return -1;
    end_killed(turns);
    if (turns->count > 0)
        qsort(turns->runs, turns->count, sizeof *turns->runs, by_end);
    for (size_t i = turns->count; i > 0; i--) {
        if (turns->runs[i - 1].began < first)
            first = turns->runs[i - 1].began;
        turns->runs[i - 1].first_began = first;
    }
    return 0;
}

/* The first run that ended at `moment` or later. */
static size_t find_run(const struct rehearse_turns *turns, int64_t moment)
{
    size_t low = 0, high = turns->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (turns->runs[middle].ended < moment)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t rehearse_turns_find(struct rehearse_turns *turns, int64_t moment)
{
    size_t i = find_run(turns, moment);
    int64_t until = i < turns->count && turns->runs[i].first_began <= moment ? turns->runs[i].ended : moment;
    if (until > turns->until)
        turns->until = until;
    return turns->until;
}

void rehearse_turns_free(struct rehearse_turns *turns)
{
    free(turns->runs);
    *turns = (struct rehearse_turns){.count = 0};
}
