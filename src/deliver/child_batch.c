#include "deliver/child_batch.h"

#include <stdlib.h>
#include <string.h>

/* The structs go as they lie in memory; their pointers mean nothing to the reader, who sets its own. */

static void append_event(struct buffer *out, const struct handler_event *event)
{
    size_t id_len = strlen(event->id);
    buffer_append(out, event, sizeof *event);
    buffer_append(out, &id_len, sizeof id_len);
    buffer_append(out, event->id, id_len + 1);
    buffer_append(out, event->body, event->body_len);
    buffer_append(out, "", 1);
    if (event->steps > 0)
        buffer_append(out, event->history, event->steps * sizeof *event->history);
}

static void append_snapshot(struct buffer *out, const struct handler_snapshot *snapshot)
{
    buffer_append(out, snapshot, sizeof *snapshot);
    buffer_append(out, snapshot->json, snapshot->len);
    buffer_append(out, "", 1);
}

void child_batch_write(const struct handler_batch *batch, struct buffer *out)
{
    size_t begin = out->len, len = 0;
    buffer_append(out, &len, sizeof len);
    buffer_append(out, batch, sizeof *batch);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->kind == HANDLER_SNAPSHOTS)
            append_snapshot(out, &batch->snapshots[i]);
        else
            append_event(out, &batch->events[i]);
    }
    len = out->len - begin - sizeof len;
    memcpy(out->data + begin, &len, sizeof len);
}

static const char *copy(void *out, const char *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return bytes + len;
}

static const char *read_event(const char *bytes, struct handler_event *event)
{
    size_t id_len;
    bytes = copy(event, bytes, sizeof *event);
    bytes = copy(&id_len, bytes, sizeof id_len);
    event->id = bytes;
    event->body = event->id + id_len + 1;
    event->json = NULL;
    event->history = NULL;
    bytes = event->body + event->body_len + 1;
    if (event->steps > 0) {
        struct handler_step *history = malloc(event->steps * sizeof *history);
        bytes = copy(history, bytes, event->steps * sizeof *history);
        event->history = history;
    }
    return bytes;
}

void child_batch_read(const char *bytes, struct handler_batch *batch)
{
    bytes = copy(batch, bytes, sizeof *batch);
    batch->events = NULL;
    batch->snapshots = NULL;
    if (batch->kind == HANDLER_SNAPSHOTS) {
        struct handler_snapshot *snapshots = calloc(batch->count, sizeof *snapshots);
        for (size_t i = 0; i < batch->count; i++) {
            bytes = copy(&snapshots[i], bytes, sizeof snapshots[i]);
            snapshots[i].json = bytes;
            bytes += snapshots[i].len + 1;
        }
        batch->snapshots = snapshots;
    } else {
        batch->events = calloc(batch->count, sizeof *batch->events);
        for (size_t i = 0; i < batch->count; i++)
            bytes = read_event(bytes, &batch->events[i]);
    }
}

void child_batch_free(struct handler_batch *batch)
{
    for (size_t i = 0; batch->events != NULL && i < batch->count; i++) {
        handler_event_forget(&batch->events[i]);
        free((void *)batch->events[i].history);
    }
    free(batch->events);
    free((void *)batch->snapshots);
    *batch = (struct handler_batch){.count = 0};
}
