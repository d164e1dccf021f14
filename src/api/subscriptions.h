/*
 * hooks: registering webhooks at MaintainX, in either of its two spellings: /subscriptions, one for each
 * event type and with a secret, or /webhooks with a list of events.
 */
#ifndef WOSYNC_API_SUBSCRIPTIONS_H
#define WOSYNC_API_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/client.h"
#include "base/error.h"

/* Longest URL that is taken (MaintainX's own limit), in bytes. */
enum { HOOKS_LONGEST_URL = 512 };

enum hooks_api { HOOKS_SUBSCRIPTIONS, HOOKS_WEBHOOKS, HOOKS_APIS };

/* `subscriptions`, `webhooks`: as the store remembers it. */
const char *hooks_api_name(enum hooks_api api);

/* The API of that name, HOOKS_APIS when there is none. */
enum hooks_api hooks_api_named(const char *name);

/* One registration. Owns its texts; free with hook_free. */
struct hook {
    char *id;
    char *events; /* as the server names them, separated by spaces */
    char *url;
    char *status; /* VALID, PENDING_APPROVAL */
    char *secret; /* NULL where the server gave none */
};

/* Frees what the hook owns and zeroes it. */
void hook_free(struct hook *hook);

/* May this URL be registered? https (or http to loopback, to try it), at most HOOKS_LONGEST_URL bytes.
 * Returns NULL, or a static text that says what is wrong. */
const char *hooks_check_url(const char *url);

/* Is this the form of an id? It becomes part of a path. */
bool hooks_is_id(const char *id);

/* Registers a URL for events (one for HOOKS_SUBSCRIPTIONS). API_OK fills *out. API_GONE: the server does not
 * have this API. Not tried again when it may have been done. */
enum api_verdict hooks_register(struct client *client, enum hooks_api api, const char *const *events,
    size_t count, const char *url, struct hook *out, struct error *e);

/* Asks for a registration. API_OK fills *out, without the secret; API_GONE: there is none of that id. */
enum api_verdict hooks_get(
    struct client *client, enum hooks_api api, const char *id, struct hook *out, struct error *e);

/* Removes one. API_GONE: there was none. */
enum api_verdict hooks_delete(struct client *client, enum hooks_api api, const char *id, struct error *e);

/* Asks for the secret of a subscription; *out is to be freed by the caller. HOOKS_WEBHOOKS has none to give.
 */
enum api_verdict hooks_secret(struct client *client, const char *id, char **out, struct error *e);

#endif
