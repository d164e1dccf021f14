/*
 * subscriptions: registering webhooks at MaintainX, in either of its two spellings: /subscriptions, one for
 * each event type and with a secret, or /webhooks with a list of events.
 */
#ifndef WOSYNC_API_SUBSCRIPTIONS_H
#define WOSYNC_API_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/client.h"
#include "base/error.h"

/* Longest URL that is taken (MaintainX's own limit), in bytes. */
enum { SUBSCRIPTION_MAX_URL = 512 };

enum subscription_api { API_SUBSCRIPTIONS, API_WEBHOOKS, SUBSCRIPTION_APIS };

/* `subscriptions`, `webhooks`: as the store remembers it. */
const char *subscription_api_name(enum subscription_api api);

/* The API of that name, SUBSCRIPTION_APIS when there is none. */
enum subscription_api subscription_api_named(const char *name);

/* One registration. Owns its texts; free with api_subscription_free. */
struct api_subscription {
    char *id;
    char *events; /* as the server names them, separated by spaces */
    char *url;
    char *status; /* VALID, PENDING_APPROVAL */
    char *secret; /* NULL where the server gave none */
};

/* Frees what the hook owns and zeroes it. */
void api_subscription_free(struct api_subscription *hook);

/* May this URL be registered? https (or http to loopback, to try it), at most SUBSCRIPTION_MAX_URL bytes.
 * Returns NULL, or a static text that says what is wrong. */
const char *api_subscription_check_url(const char *url);

/* Is this the form of an id? It becomes part of a path. */
bool api_subscription_is_id(const char *id);

/* Registers a URL for events (one for API_SUBSCRIPTIONS). API_OK fills *out. API_GONE: the server does not
 * have this API. Not tried again when it may have been done. */
enum api_status api_subscription_register(struct client *client, enum subscription_api api,
    const char *const *events, size_t count, const char *url, struct api_subscription *out, struct error *e);

/* Asks for a registration. API_OK fills *out, without the secret; API_GONE: there is none of that id. */
enum api_status api_subscription_get(struct client *client, enum subscription_api api, const char *id,
    struct api_subscription *out, struct error *e);

/* Removes one. API_GONE: there was none. */
enum api_status api_subscription_delete(
    struct client *client, enum subscription_api api, const char *id, struct error *e);

/* Asks for the secret of a subscription; *out is to be freed by the caller. API_WEBHOOKS has none to give.
 */
enum api_status api_subscription_secret(struct client *client, const char *id, char **out, struct error *e);

#endif
