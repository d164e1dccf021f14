/*
 * queue_results: how the attempts of a handler's queue ended. Part of handler_queue.
 */
#ifndef WOSYNC_DELIVER_QUEUE_RESULTS_H
#define WOSYNC_DELIVER_QUEUE_RESULTS_H

#include "deliver/handler_queue.h"

/* Starts nothing more for the handler in this run; `why` goes to the log. */
void queue_leave_alone(struct handler_queue *queue, const char *why);

/* Writes the results that were gathered. Returns 0, or -1 when the store failed: then the handler is left
 * alone for as long as the program runs. */
int queue_write(struct handler_queue *queue, struct error *e);

/* Adds the result of an attempt (DONE, LATER or DEAD); `id` names it in the log. */
void queue_note(struct handler_queue *queue, const char *id, const struct delivery *delivery,
    const struct delivery_result *result);

/* Something of the handler failed. */
void queue_note_failure(struct handler_queue *queue, const struct delivery_result *result);

/* Retry-After of a receiver with a rate (a chat) holds for whatever would be sent next, not only for what it
 * refused. */
void queue_obey_retry_after(struct handler_queue *queue, const struct delivery_result *result);

/* Has the breaker count a job with so many results: any answer of the receiver ends a row of failures. */
void queue_count(struct handler_queue *queue, const struct job *job, size_t results);

/* Says what became dead: one line, however many they are. */
void queue_say_deaths(const struct handler_queue *queue);

#endif
