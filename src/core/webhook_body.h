/*
 * webhook_body: what the body of a webhook says. Pure.
 *
 * MaintainX sends an envelope that names a work order and what happened to it, but not what it is now:
 *
 *   {"eventType": "WORK_ORDER_STATUS_CHANGE", "occurredAt", "orgId", "workOrderId", "oldStatus", "newStatus",
 *    "oldSubStatus", "newSubStatus", "userId", "customerId"}
 *
 * Another spelling that is in use holds the whole work order:
 *
 *   {"event": "workorder.status_changed", "data": {work order, "previousStatus"}, "timestamp"}
 */
#ifndef WOSYNC_CORE_WEBHOOK_BODY_H
#define WOSYNC_CORE_WEBHOOK_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status_steps.h"

struct json_object;

/* What a body is good for. */
enum webhook_kind {
    WEBHOOK_NOTIFICATION, /* something happened to a work order: it is to be asked for by its id */
    WEBHOOK_DELETION,     /* the same: it was deleted */
    WEBHOOK_OBSERVATION,  /* it holds the whole work order */
    WEBHOOK_ARCHIVED,     /* a webhook was removed on the server */
    WEBHOOK_UNSUPPORTED   /* an event that is not about a work order */
};

/* Bytes of the longest event name that is kept, with the NUL; a longer one is cut. */
enum { WEBHOOK_EVENT_SIZE = 64 };

struct webhook_body {
    enum webhook_kind kind;
    char event[WEBHOOK_EVENT_SIZE]; /* its name */
    int64_t work_order;             /* 0: it names none */
    int64_t organization;           /* 0 where it says none */
    int64_t occurred;               /* milliseconds, TIMESTAMP_NONE where it does not say */
    int64_t actor;                  /* the id of the user who did it; 0: not known, or the system */
    bool has_step;                  /* it names a status change: */
    struct status_step step;        /* in the list's spelling */
    char webhook[32];               /* of WEBHOOK_ARCHIVED: the id of the webhook, "" where it does not say */
    struct json_object *doc;        /* of WEBHOOK_OBSERVATION, owned: the work order */
};

/*
 * Reads a body. The event's name is taken from `eventType`, then `event`, then `type` where that is a name
 * which is known, then from `subscribed` (the event that the secret which fits was registered for; NULL: not
 * known), then from the shape. An object that names a work order is never refused: it is a notification,
 * whatever else it holds. It is an observation only with `id`, `title`, `status`, `updatedAt`, and
 * `completedAt` where its status is one of `completed` (ends with NULL).
 *
 * Returns 0 with *out filled, to be freed with webhook_body_free; or -1 with *reason pointing to a static
 * text that says why it is of no use: not JSON, or an event about a work order that names none.
 */
int webhook_body_read(const char *bytes, size_t len, const char *const *completed, const char *subscribed,
    struct webhook_body *out, const char **reason);

/* Frees what the body owns and zeroes it. */
void webhook_body_free(struct webhook_body *body);

#endif
