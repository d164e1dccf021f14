/*
 * outbox: the webhooks that go out by themselves: a queue, and a thread that sends what is due in it, one
 * after the other, and those that are held back until a test releases them. Thread safe by a lock of its own,
 * which is taken under the mock's and never the other way round.
 */
#ifndef MOCK_OUTBOX_H
#define MOCK_OUTBOX_H

#include <json-c/json.h>
#include <stdint.h>

#include "config.h"
#include "delivery.h"

enum { OUTBOX_LOG_MOST = 10000 }; /* sent deliveries that are remembered; the counters know all */

struct outbox;

struct outbox *outbox_new(void);

/* Ends the thread, after clock_end_pauses(), and forgets what was not sent. */
void outbox_free(struct outbox *o);

/* Takes D, which passes to the outbox, to be sent when it is due and all that are due before it are sent; as
 * long as RULE holds them back, to be released. CLOCK_SKEW as for sender_send(). */
void outbox_put(struct outbox *o, struct delivery *d, const struct deliver *rule, int64_t clock_skew);

/* How many are held back. */
size_t outbox_held(struct outbox *o);

/* Sends those that are held back in ORDER: N places in the order of the changes, from 0. What is named twice
 * is sent twice; what is not named is lost. */
void outbox_release(struct outbox *o, const size_t *order, size_t n);

/* Notes that a delivery was lost, or doubled, on purpose. */
void outbox_note_lost(struct outbox *o);
void outbox_note_doubled(struct outbox *o);

/* What became of all, for GET /mock/state. The caller puts the object. */
json_object *outbox_json(struct outbox *o);

/* Forgets what was sent, not what is queued. */
void outbox_reset(struct outbox *o);

#endif
