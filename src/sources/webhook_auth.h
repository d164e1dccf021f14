/*
 * webhook_auth: whether a webhook comes from MaintainX: its signature, by one of the secrets that we know.
 */
#ifndef WOSYNC_SOURCES_WEBHOOK_AUTH_H
#define WOSYNC_SOURCES_WEBHOOK_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct store;
struct webhook_auth_keys;

/* A delivery as it came. Everything is borrowed; header values are NULL where the header is absent. */
struct webhook_message {
    const char *timed_signature; /* x-maintainx-webhook-body-signature */
    const char *plain_signature; /* x-maintainx-signature */
    const char *event_id;        /* x-maintainx-event-id; no signature covers it */
    const char *body;
    size_t len;
};

enum webhook_auth_result {
    WEBHOOK_AUTH_GOOD,
    WEBHOOK_AUTH_BAD,      /* not signed, wrongly, or too long ago */
    WEBHOOK_AUTH_NO_SECRET /* there is none to check with */
};

/* Gathers the secrets: the configured ones (ends with NULL; may be NULL) and those of our subscriptions in
 * the store, which are registered to be masked. NULL with the error filled: the store failed, or
 * EX_CONFIG for a secret that is none. Free with webhook_auth_keys_free. */
struct webhook_auth_keys *webhook_auth_keys_load(
    struct store *store, char *const *configured, struct error *e);

/* Wipes and frees; NULL is allowed. */
void webhook_auth_keys_free(struct webhook_auth_keys *keys);

/* Checks a delivery over its raw bytes, in either of the two spellings, by each of the secrets. `now` is
 * milliseconds since 1970, `tolerance` how far its own time may be off. For WEBHOOK_AUTH_GOOD *subscribed is
 * the one event that the secret was registered for, borrowed from the keys, or NULL where that is not known.
 * For WEBHOOK_AUTH_BAD *why points to a static text, for our log alone: the sender must not learn which check
 * failed. */
enum webhook_auth_result webhook_auth_check(const struct webhook_auth_keys *keys,
    const struct webhook_message *message, int64_t now, int64_t tolerance, const char **subscribed,
    const char **why);

#endif
