/*
 * names: who the users and teams are that events mention by their ids: the names in the store, read anew from
 * the API once a day, and at most once an hour when an unknown id appears.
 *
 * Names are optional: a list that cannot be read costs a few seconds an hour at most, is reported once, and
 * stops nothing. An event that mentions someone unknown holds the id alone.
 */
#ifndef WOSYNC_SOURCES_NAMES_H
#define WOSYNC_SOURCES_NAMES_H

#include <stdbool.h>

#include "base/error.h"
#include "core/mentions.h"

struct client;
struct names;
struct store;

/* Everything is borrowed for the life of the object. `api` NULL: nothing is requested, what the store holds
 * is used. Free with names_free. */
struct names *names_new(struct store *store, struct client *api);

/* Frees; NULL is allowed. */
void names_free(struct names *names);

/* Reads each list that is a day old; outside of a transaction, once the list of work orders has answered in
 * this run: then a list that is refused is refused for itself. `names` may be NULL: switched off. Returns 0,
 * whatever the API answered, or -1 when the store failed. */
int names_refresh(struct names *names, struct error *e);

/* Collects whom an event mentions, with the names that are known, into *out (mentions_free), and sets
 * context->mentions to it. `names` may be NULL: then there are ids alone. Returns 0, or -1 when the store
 * failed. */
int names_fill(struct names *names, enum event_type type, struct event_context *context, struct mentions *out,
    struct error *e);

/* True when names_fill met an unknown id since the lists were last read and they may be asked for it now:
 * whoever is about to commit rolls back, calls names_read_missing, and does it again. `names` may be NULL. */
bool names_are_missing(const struct names *names);

/* Reads the lists that an unknown id called for; outside of a transaction. Returns as names_refresh;
 * names_are_missing is false from then on, for an hour. */
int names_read_missing(struct names *names, struct error *e);

#endif
