/*
 * webhook_body: what the body of a webhook says, in either of MaintainX's two spellings. Pure.
 *
 *   {"type": "WORK_ORDER_STATUS_CHANGE", "workOrderId", "orgId", "occurredAt", "newStatus", "newSubStatus",
 *    "newWorkOrder": {...}}
 *   {"event": "workorder.status_changed", "data": {work order, "previousStatus"}, "timestamp"}
 */
#ifndef WOSYNC_CORE_WEBHOOK_BODY_H
#define WOSYNC_CORE_WEBHOOK_BODY_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/* What a body is good for. */
enum webhook_kind {
    WEBHOOK_WHOLE,   /* it holds the whole work order: an observation */
    WEBHOOK_HINT,    /* something happened to a work order; what, is to be asked */
    WEBHOOK_DELETED, /* a work order is gone */
    WEBHOOK_UNKNOWN  /* an event that is none of ours */
};

/* Bytes of the longest event type that is taken, with the NUL. */
enum { WEBHOOK_TYPE_SIZE = 64 };

struct webhook_body {
    enum webhook_kind kind;
    char type[WEBHOOK_TYPE_SIZE]; /* as it was sent */
    int64_t work_order;           /* 0 for WEBHOOK_UNKNOWN that names none */
    int64_t organization;         /* 0 where it says none */
    int64_t occurred;             /* milliseconds, TIMESTAMP_NONE where it does not say */
    struct json_object *doc;      /* of WEBHOOK_WHOLE, owned: the work order in the list's spelling */
};

/*
 * Reads a body. A work order is whole with at least `id`, `title`, `status`, `updatedAt`, and `completedAt`
 * when its status is one of `completed` (ends with NULL); anything less is a hint. A canceled or skipped one,
 * which webhooks spell as DONE with a sub status, gets the list's status; a sub status that we do not know,
 * or a DONE of which the vendor does not say whether it has one, makes it a hint.
 *
 * Returns 0 with *out filled, to be freed with webhook_body_free; or -1 with *reason pointing to a static
 * text that says why it is of no use: no JSON, no event, or no work order in an event about one.
 */
int webhook_body_read(const char *bytes, size_t len, const char *const *completed, struct webhook_body *out,
    const char **reason);

/* Frees what the body owns and zeroes it. */
void webhook_body_free(struct webhook_body *body);

#endif
