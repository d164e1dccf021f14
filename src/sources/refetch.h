/*
 * refetch: work orders asked for one by one, by their ids: what a sweep missed, what a webhook only hinted
 * at.
 */
#ifndef WOSYNC_SOURCES_REFETCH_H
#define WOSYNC_SOURCES_REFETCH_H

#include <stdint.h>

#include "base/error.h"
#include "sources/pass.h"

enum refetch_answer {
    REFETCH_THERE,  /* it answered and was observed */
    REFETCH_GONE,   /* 404, 410 */
    REFETCH_UNCLEAR /* neither: forbidden, or an answer that is none */
};

/* What is to be asked for. */
struct refetch_queue {
    void *context;

    /* Finds the next work order. Returns 1, 0 when there is none left, -1 with the error filled. */
    int (*next)(struct store *store, void *context, int64_t *work_order, struct error *e);

    /* Takes the one that was found last out of the queue, in the transaction of its observation; `result` is
     * what became of that, for REFETCH_THERE. Returns 0, or -1 with the error filled: then it was not asked
     * for. */
    int (*settle)(struct store *store, struct intake *intake, enum refetch_answer answer,
        const struct intake_result *result, void *context, struct error *e);
};

/*
 * Asks for the work orders of a queue, `most` of them. What answers is observed (as of `source`), each in a
 * transaction of its own. One whose answer is unclear holds up no other: it is settled, and the error stays
 * filled when the answer broke the protocol. Sends no request when none waits, or when nothing was polled
 * yet: without a horizon nothing can be told. Ends as pass_run.
 */
enum pass_end refetch_run(const struct pass_settings *settings, enum event_source source,
    const struct refetch_queue *queue, int most, struct error *e);

#endif
