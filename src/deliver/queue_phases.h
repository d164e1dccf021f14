/*
 * queue_phases: the initial load and the summary of a handler's queue. Part of handler_queue.
 */
#ifndef WOSYNC_DELIVER_QUEUE_PHASES_H
#define WOSYNC_DELIVER_QUEUE_PHASES_H

#include "deliver/handler_queue.h"

/* Fill a job with the snapshots that the handler lacks next, or with a summary, of which each call pushes
 * some. Return 1 when there is a job, 0 when not (the phase says whether more will come), -1 when the store
 * failed. */
int queue_prepare_load(struct handler_queue *queue, struct job *job, struct error *e);
int queue_prepare_summary(struct handler_queue *queue, struct job *job, struct error *e);

/* What became of them. Return 0, or -1 when the store failed. */
int queue_finish_load(struct handler_queue *queue, struct job *job, struct error *e);
int queue_finish_summary(struct handler_queue *queue, struct job *job);

/* A summary was sent, and what became of its deliveries is not all written; writes some more. */
bool queue_has_summary(const struct handler_queue *queue);
int queue_note_summary(struct handler_queue *queue, struct error *e);

#endif
