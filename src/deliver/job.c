#include "deliver/job.h"

#include <stdlib.h>

#include "deliver/history.h"

void job_reserve(struct job *job, size_t events)
{
    if (events <= job->room)
        return;
    job->events = realloc(job->events, events * sizeof *job->events);
    job->owned = realloc(job->owned, events * sizeof *job->owned);
    job->deliveries = realloc(job->deliveries, events * sizeof *job->deliveries);
    job->places = realloc(job->places, events * sizeof *job->places);
    job->results = realloc(job->results, events * sizeof *job->results);
    job->room = events;
}

void job_add(struct job *job, int place, const struct delivery *delivery, struct due_list_event *event)
{
    size_t i = job->batch.count++;
    job->owned[i] = *event;
    job->deliveries[i] = *delivery;
    job->places[i] = place;
    job->bytes += event->body_len;
    job->events[i] = (struct handler_event){.seq = delivery->seq,
        .work_order = delivery->work_order,
        .type = event->type,
        .attempts = delivery->attempts,
        .id = event->id,
        .body = event->body,
        .body_len = event->body_len};
    *event = (struct due_list_event){0};
}

bool job_has(const struct job *job, int64_t work_order)
{
    for (size_t i = 0; job->busy && job->batch.kind == HANDLER_EVENTS && i < job->batch.count; i++)
        if (job->deliveries[i].work_order == work_order)
            return true;
    return false;
}

void job_clear(struct job *job)
{
    for (size_t i = 0; job->batch.kind == HANDLER_EVENTS && i < job->batch.count; i++) {
        handler_event_forget(&job->events[i]);
        history_free(&job->events[i]);
        due_list_event_free(&job->owned[i]);
    }
    for (size_t i = 0; job->batch.snapshots != NULL && i < job->batch.count; i++)
        free((char *)job->batch.snapshots[i].json);
    free((void *)job->batch.snapshots);
    job->batch = (struct handler_batch){.count = 0};
    job->busy = job->probe = false;
    job->work = NULL;
    job->bytes = 0;
}

void job_free(struct job *job)
{
    job_clear(job);
    free(job->events);
    free(job->owned);
    free(job->deliveries);
    free(job->places);
    free(job->results);
    *job = (struct job){.busy = false};
}
