/*
 * queue_check: what always holds of a handler's queue between two steps. Part of handler_queue.
 */
#ifndef WOSYNC_DELIVER_QUEUE_CHECK_H
#define WOSYNC_DELIVER_QUEUE_CHECK_H

#include "deliver/handler_queue.h"

/* Ends the program where something does not hold that must. Builds with sanitizers do this; others have
 * WOSYNC_CHECKS not defined, and check nothing. */
#ifdef WOSYNC_CHECKS
void queue_check(const struct handler_queue *queue);
#else
static inline void queue_check(const struct handler_queue *queue)
{
    (void)queue;
}
#endif

#endif
