/*
 * subscriptions: what we registered for at MaintainX, and the secrets that its deliveries are signed with.
 */
#ifndef WOSYNC_STORE_SUBSCRIPTIONS_H
#define WOSYNC_STORE_SUBSCRIPTIONS_H

#include <stdint.h>

#include "base/error.h"

struct store;

/* The status of one that sends events, and of one that the server no longer has. */
#define SUBSCRIPTION_VALID "VALID"
#define SUBSCRIPTION_GONE  "GONE"

/* Texts are borrowed. */
struct subscription {
    const char *id;     /* as the server gave it */
    const char *events; /* as the server names them, separated by spaces */
    const char *url;
    const char *secret; /* NULL where there is none */
    const char *status; /* as the server says, or SUBSCRIPTION_GONE */
    int64_t registered; /* milliseconds */
    int64_t checked;    /* when the server was last asked */
};

/* Stores one, or what is new of one that is known; a secret that is NULL leaves the one that is there.
 * `checked` is taken for both dates of a new one. Each of these is a transaction of its own unless the caller
 * has one. */
int subscriptions_save(struct store *store, const struct subscription *subscription, struct error *e);

/* Calls `each` for all, the oldest first; texts are borrowed during the call, which must not write to the
 * store. It returns 0 to go on, -1 with the error filled to stop. */
int subscriptions_list(struct store *store,
    int (*each)(const struct subscription *subscription, void *context, struct error *e), void *context,
    struct error *e);

/* Sets the status of one, and when the server was asked. */
int subscriptions_set_status(
    struct store *store, const char *id, const char *status, int64_t checked, struct error *e);

/* MaintainX says that it has archived one (`id`), or does not say which (NULL: all of them): they are gone.
 */
int subscriptions_archive(struct store *store, const char *id, int64_t now, struct error *e);

/* Sets the secret of one; one that is not known is left alone. */
int subscriptions_set_secret(struct store *store, const char *id, const char *secret, struct error *e);

/* Forgets one, with its secret. */
int subscriptions_drop(struct store *store, const char *id, struct error *e);

/* How many are not valid, as far as is known; -1 when the store failed. */
int64_t subscriptions_count_broken(struct store *store, struct error *e);

#endif
