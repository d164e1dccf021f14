/*
 * job: a batch under way: what a handler type was given, and which deliveries that is.
 */
#ifndef WOSYNC_DELIVER_JOB_H
#define WOSYNC_DELIVER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/due_list.h"
#include "handlers/handler.h"

/* Zeroed: free, without room. */
struct job {
    bool busy;
    bool probe;    /* it was chosen at random, to see whether anything can be delivered */
    void *work;    /* the type's own */
    int64_t until; /* when its time limit ends it, by the monotonic clock */
    struct handler_batch batch;
    size_t room; /* events that the lists below have room for */
    struct handler_event *events;
    struct due_list_event *owned; /* their texts */
    struct delivery *deliveries;
    int *places; /* in the list; -1: it was read anew since then */
    struct delivery_result *results;
    size_t bytes;        /* of bodies */
    int64_t last_loaded; /* of snapshots: the document of the last one */
};

/* Makes room for so many events. */
void job_reserve(struct job *job, size_t events);

/* Adds a delivery with its event, whose texts become the job's. */
void job_add(struct job *job, int place, const struct delivery *delivery, struct due_list_event *event);

/* True when a delivery of the work order is in it. */
bool job_has(const struct job *job, int64_t work_order);

/* Empties it; the room stays. */
void job_clear(struct job *job);

/* Frees what the struct owns. */
void job_free(struct job *job);

#endif
