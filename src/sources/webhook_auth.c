#include "sources/webhook_auth.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "core/signature.h"
#include "store/subscriptions.h"

struct webhook_auth_keys {
    struct auth_key {
        struct signature_key *key;
        char *event; /* the one that it was registered for; NULL: several, or not known */
    } * list;
    size_t count;
};

/* Returns NULL, or what is wrong with the secret. */
static const char *add_key(struct webhook_auth_keys *keys, const char *text, const char *events)
{
    const char *wrong;
    struct signature_key *key = signature_key_from_text(text, &wrong);
    if (key == NULL)
        return wrong;
    keys->list = realloc(keys->list, (keys->count + 1) * sizeof *keys->list);
    bool one = events != NULL && *events != '\0' && strchr(events, ' ') == NULL;
    keys->list[keys->count++] = (struct auth_key){key, one ? strdup(events) : NULL};
    return NULL;
}

static int add_subscription(const struct subscription *subscription, void *context, struct error *e)
{
    if (subscription->secret == NULL)
        return 0;
    secret_register(subscription->secret);
    const char *wrong = add_key(context, subscription->secret, subscription->events);
    if (wrong != NULL)
        return fail(e, EX_CONFIG, "webhook: the secret of subscription %s: %s", subscription->id, wrong);
    return 0;
}

struct webhook_auth_keys *webhook_auth_keys_load(
    struct store *store, char *const *configured, struct error *e)
{
    struct webhook_auth_keys *keys = calloc(1, sizeof *keys);
    for (; configured != NULL && *configured != NULL; configured++) {
        const char *wrong = add_key(keys, *configured, NULL);
        if (wrong != NULL) {
            fail(e, EX_CONFIG,
                "webhook: a secret of secret_file in [webhooks] or MAINTAINX_WEBHOOK_SECRET: %s", wrong);
            goto failed;
        }
    }
    if (subscriptions_list(store, add_subscription, keys, e) == 0)
        return keys;
failed:
    webhook_auth_keys_free(keys);
    return NULL;
}

void webhook_auth_keys_free(struct webhook_auth_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        signature_key_free(keys->list[i].key);
        free(keys->list[i].event);
    }
    free(keys->list);
    free(keys);
}

static enum signature_result check(
    struct signature_key *key, const struct webhook_message *message, int64_t now, int64_t tolerance)
{
    if (message->timed_signature != NULL)
        return signature_check_timed(
            key, message->timed_signature, message->body, message->len, now, tolerance);
    return signature_check_plain(key, message->plain_signature, message->body, message->len);
}

static const char *words_for(enum signature_result result)
{
    switch (result) {
    case SIGNATURE_STALE:
        return "its time is too far from ours: an old delivery, or one of the clocks is wrong (tolerance in "
               "[webhooks])";
    case SIGNATURE_WRONG:
        return "it is signed with another secret, or was changed on the way";
    case SIGNATURE_MALFORMED:
    default:
        return "its signature is malformed";
    }
}

enum webhook_auth_result webhook_auth_check(const struct webhook_auth_keys *keys,
    const struct webhook_message *message, int64_t now, int64_t tolerance, const char **subscribed,
    const char **why)
{
    enum signature_result worst = SIGNATURE_MALFORMED;
    *subscribed = NULL;
    if (keys->count == 0)
        return WEBHOOK_AUTH_NO_SECRET;
    *why = "it is not signed";
    if (message->timed_signature == NULL && message->plain_signature == NULL)
        return WEBHOOK_AUTH_BAD;
    for (size_t i = 0; i < keys->count; i++) {
        enum signature_result result = check(keys->list[i].key, message, now, tolerance);
        if (result == SIGNATURE_GOOD) {
            *subscribed = keys->list[i].event;
            return WEBHOOK_AUTH_GOOD;
        }
        /* of several secrets the one that comes nearest says most */
        if (result < worst)
            worst = result;
    }
    *why = words_for(worst);
    return WEBHOOK_AUTH_BAD;
}
