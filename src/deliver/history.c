#include "deliver/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timestamp.h"
#include "store/events.h"

struct reading {
    struct handler_step *list;
    size_t count, capacity;
};

static void add_step(const struct event_status *row, void *context)
{
    struct reading *r = context;
    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? 16 : 2 * r->capacity;
        r->list = realloc(r->list, r->capacity * sizeof *r->list);
    }
    struct handler_step *step = &r->list[r->count++];
    *step = (struct handler_step){.type = event_type_named(row->type),
        .timestamp = row->timestamp,
        .observed = row->observed,
        .completed_at = TIMESTAMP_NONE};
    timestamp_parse(row->completed_at, &step->completed_at);
    snprintf(step->status, sizeof step->status, "%s", row->status);
    snprintf(step->previous_status, sizeof step->previous_status, "%s", row->previous_status);
}

int history_read(struct store *store, struct handler_event *event, struct error *e)
{
    struct reading r = {.count = 0};
    int rc = events_history(store, event->work_order, event->seq, add_step, &r, e);
    event->history = r.list;
    event->steps = r.count;
    return rc;
}

void history_free(struct handler_event *event)
{
    free((void *)event->history);
    event->history = NULL;
    event->steps = 0;
}
