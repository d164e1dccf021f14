#include "deliver/queue_check.h"

#ifdef WOSYNC_CHECKS

#undef NDEBUG
#include <assert.h>

/* Of a work order only one job under way has deliveries. */
static void check_work_orders(const struct handler_queue *queue, int which)
{
    const struct job *job = &queue->jobs[which];
    if (job->batch.kind != HANDLER_EVENTS)
        return;
    for (size_t k = 0; k < job->batch.count; k++)
        for (int i = 0; i < which; i++)
            assert(!job_has(&queue->jobs[i], job->deliveries[k].work_order));
}

void queue_check(const struct handler_queue *queue)
{
    const bool delivers = queue->phase == QUEUE_DELIVERING || queue->phase == QUEUE_CLOSED;
    size_t bytes = 0;
    int busy = 0;
    for (int i = 0; i < HANDLER_QUEUE_JOBS; i++) {
        const struct job *job = &queue->jobs[i];
        if (!job->busy)
            continue;
        assert(job->work != NULL);                             /* else it was over as it was started */
        assert(delivers || job->batch.kind != HANDLER_EVENTS); /* events wait for the load, and the summary */
        check_work_orders(queue, i);
        bytes += job->bytes;
        busy++;
    }
    assert(busy == queue->busy && busy <= queue->limits.jobs);
    assert(bytes == queue->bytes);
    assert(delivers || busy <= 1);
    assert(!queue->blocked || (busy > 0 && queue->due.left == 0)); /* the end of a job unblocks it */
    assert(!queue->exhausted || queue->due.left == 0);
    assert(!queue->summary.sent || queue->phase != QUEUE_LOADING);
}

#endif
