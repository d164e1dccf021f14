/*
 * outbox: the webhooks that go out by themselves: a queue, and a thread that sends what is in it, one after
 * the other. Thread safe by a lock of its own, which is taken under the mock's and never the other way round.
 */
#ifndef MOCK_OUTBOX_H
#define MOCK_OUTBOX_H

#include <json-c/json.h>
#include <stdint.h>

#include "delivery.h"

enum { OUTBOX_LOG_MOST = 10000 }; /* sent deliveries that are remembered; the counters know all */

struct outbox;

struct outbox *outbox_new(void);

/* Ends the thread, after clock_end_pauses(), and forgets what was not sent. */
void outbox_free(struct outbox *o);

/* Appends D, which passes to the outbox, to be sent when it is due and all before it are sent. TIMEOUT and
 * CLOCK_SKEW as for sender_send(). */
void outbox_put(struct outbox *o, struct delivery *d, int64_t timeout, int64_t clock_skew);

/* Notes that a delivery was lost, or doubled, on purpose. */
void outbox_note_lost(struct outbox *o);
void outbox_note_doubled(struct outbox *o);

/* What became of all, for GET /mock/state. The caller puts the object. */
json_object *outbox_json(struct outbox *o);

/* Forgets what was sent, not what is queued. */
void outbox_reset(struct outbox *o);

#endif
