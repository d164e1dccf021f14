/*
 * refetch: work orders asked for one by one, by their ids: those that a notification names, those of which an
 * older state was seen, and those that a sweep missed.
 */
#ifndef WOSYNC_SOURCES_REFETCH_H
#define WOSYNC_SOURCES_REFETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sources/pass.h"

enum refetch_status {
    REFETCH_THERE, /* it answered and was observed */
    REFETCH_GONE,  /* 404, 410 */
    REFETCH_FAILED /* neither: the error says why; it is asked for again, later */
};

/* What is to be asked for. */
struct refetch_queue {
    void *context;

    /* Finds the next work order and how its answer is to be taken (`believed` and `wait` of intake_record).
     * Returns 1, 0 when there is none left, -1 with the error filled. */
    int (*next)(
        struct store *store, void *context, int64_t *work_order, struct intake_record *how, struct error *e);

    /* Notes how the one that was found last went, in the transaction of its observation; `details` is what
     * became of that, for REFETCH_THERE; `why` is the reason for REFETCH_FAILED. Returns 0, or -1 with the
     * error filled. */
    int (*settle)(struct store *store, struct intake *intake, enum refetch_status answer,
        const struct intake_details *details, const char *why, void *context, struct error *e);
};

/*
 * Asks for the work orders of a queue, `max` of them, each once. What answers is observed (as of `source`),
 * each in a transaction of its own. One that fails is settled as failed and holds up no other; but an API
 * that cannot be reached, or fails for one after the other, ends it, and so do a refused token and a rate
 * limit. Sends no request when nothing was polled yet: without a horizon it is not known what is news. Ends
 * as pass_run.
 */
enum pass_result refetch_run(const struct pass_settings *settings, enum event_source source,
    const struct refetch_queue *queue, int max, struct error *e);

/* Works off what is due of store/refetches.h, `max` of them, as refetch_run. What fails for a day is given
 * up: it is left to polls and sweeps, counted, and reported. */
enum pass_result refetch_due(const struct pass_settings *settings, int max, struct error *e);

/* A list has shown a work order: what its notification calls for is done, unless something newer happened. In
 * a transaction of the caller. Returns 0 or -1. */
int refetch_shown(struct store *store, const struct intake_details *details, int64_t now, struct error *e);

#endif
