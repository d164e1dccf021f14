/*
 * announce: who is told what of a change: from a work order before and after to deliveries for all that are
 * registered. Under the mock's lock.
 */
#ifndef MOCK_ANNOUNCE_H
#define MOCK_ANNOUNCE_H

#include "change.h"
#include "mock.h"

/* What changes are carried out with: what they tell is put into M's outbox by LISTENER, which is filled; as
 * long as `deliver` is off, nothing is. */
struct change_world announce_world(struct mock *m, struct change_listener *listener);

/* Puts NEWS into M's outbox for all that are registered for it, unless `deliver` is off. */
void announce_news(struct mock *m, const struct hook_news *news);

/* The same for the news that a subscription was deleted. */
void announce_archived(struct mock *m, int64_t subscription);

/*
 * Deliveries of NEWS, whose `serialize` each registration decides for itself (unless FORCED), to all that are
 * registered for its event and STATUS (NULL: not known), as a list. NULL: nobody is. The caller frees the
 * list with delivery_free_all().
 */
struct delivery *announce_make(struct mock *m, const struct hook_news *news, const char *status, bool forced);

/* An event id that was never given. The caller frees it. */
char *announce_event_id(struct mock *m);

#endif
