/*
 * mentions: the users and teams that an event mentions by their ids, and who did what it says. Pure.
 *
 * The API gives ids alone. Whoever stores an event collects the ids here, looks up the names, and hands both
 * to event_body, which freezes them with the event.
 */
#ifndef WOSYNC_CORE_MENTIONS_H
#define WOSYNC_CORE_MENTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

/* One user or team. */
struct mention {
    int64_t id;
    bool team;
    char *name; /* owned; NULL: not known */
};

/* Users before teams, each by their ids, nobody twice: the order does not depend on the work order's. */
struct mentions {
    struct mention *list; /* owned */
    size_t count, capacity;
    int64_t actor; /* the user who did it, in the list, too; 0: not known */
};

/* More users and teams than this in one event keep their ids alone: a lookup for each costs time. */
enum { MENTIONS_MAX = 200 };

/*
 * Collects whom an event of this type mentions: in assignees, assigneeIds, teamIds, creatorId, requesterId
 * and completerId of the work order and of its changes, and the actor: context->actor, else the completer of
 * a completed work order, the creator of a created one. What was in *out before is freed. The names are all
 * NULL.
 */
void mentions_collect(enum event_type type, const struct event_context *context, struct mentions *out);

/* The entry of a user or team, NULL when it is not mentioned. */
const struct mention *mentions_find(const struct mentions *mentions, bool team, int64_t id);

/* Frees what the struct owns and zeroes it; may be called on a zeroed one. */
void mentions_free(struct mentions *mentions);

#endif
