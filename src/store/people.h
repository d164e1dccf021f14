/*
 * people: the users and teams of the account by their ids, as the API listed them, and how reading the lists
 * went.
 */
#ifndef WOSYNC_STORE_PEOPLE_H
#define WOSYNC_STORE_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct store;

enum people_kind { PEOPLE_USERS, PEOPLE_TEAMS, PEOPLE_KINDS };

/* `users`, `teams`: in the store, in JSON, in messages. */
const char *people_kind_name(enum people_kind kind);

/* How reading a list went. Dates are milliseconds, TIMESTAMP_NONE where there is none. */
struct people_list {
    int64_t read;    /* when it was last read to its end */
    int64_t tried;   /* when it was last asked for */
    int64_t failing; /* since when every try fails; TIMESTAMP_NONE: the last one went well */
    bool refused;    /* the token may not read it */
    bool reported;   /* a warning was printed since it fails */
    char error[256]; /* why the last try failed, "" when it did not */
};

/* Reads it into *out; a list that was never asked for has no dates. Returns 0, or -1 when the store failed.
 */
int people_list_load(struct store *store, enum people_kind kind, struct people_list *out, struct error *e);

/* Writes it. */
int people_list_save(
    struct store *store, enum people_kind kind, const struct people_list *list, struct error *e);

/* Stores someone whom the reading at the instant `seen` has listed; a new name replaces the old one. `email`
 * may be NULL; a team has none. */
int people_put(struct store *store, enum people_kind kind, int64_t id, const char *name, const char *email,
    int64_t seen, struct error *e);

/* Marks those whom the reading at the instant `seen`, which came to its end, has not listed. Their names
 * stay. */
int people_mark_removed(struct store *store, enum people_kind kind, int64_t seen, struct error *e);

/* Looks a name up, listed or not. Returns 1 with a copy in *name, to be freed by the caller; 0 when nobody of
 * that id is known (*name is NULL); -1 when the store failed. */
int people_find(struct store *store, enum people_kind kind, int64_t id, char **name, struct error *e);

/* How many are known, and how many of them are no longer listed. Returns 0, or -1 when the store failed. */
int people_count(
    struct store *store, enum people_kind kind, int64_t *known, int64_t *removed, struct error *e);

#endif
