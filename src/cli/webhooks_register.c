/*
 * webhooks_register: has MaintainX send its webhooks.
 *
 *   which API     /subscriptions or /webhooks: found out by the first registration, and then remembered
 *   which events  as that API names them: one registration for each (/subscriptions), or one for all
 *   each of them  left alone when the store knows it, for the same URL; else registered, and stored at once
 *                 with its secret
 *
 * Invariants: a registration that MaintainX confirmed is in the store before the next one is sent, so that a
 * command that was stopped continues when it is run again; a secret is in no message.
 */
#include "cli/webhooks_register.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

/* What MaintainX calls our events. It has no event for a completion: that is a change of status; and a change
 * of status is one of the work order, which MaintainX distinguishes. */
static const struct {
    enum event_type event;
    const char *types[2];
} vendor_types[] = {
    {EVENT_CREATED, {"NEW_WORK_ORDER", NULL}},
    {EVENT_STATUS_CHANGED, {"WORK_ORDER_STATUS_CHANGE", NULL}},
    {EVENT_COMPLETED, {"WORK_ORDER_STATUS_CHANGE", NULL}},
    {EVENT_UPDATED, {"WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE"}},
    {EVENT_DELETED, {"WORK_ORDER_DELETE", NULL}},
};
enum { VENDOR_TYPES = sizeof vendor_types / sizeof vendor_types[0], MOST_TYPES = 8 };

/* The names of events as the server calls them, each once; borrowed. Returns how many. */
static size_t names_for(
    enum subscription_api api, const bool events[EVENT_TYPES], const char *out[MOST_TYPES])
{
    size_t count = 0;
    for (int i = 0; i < VENDOR_TYPES; i++) {
        if (!events[vendor_types[i].event])
            continue;
        for (int t = 0; t < 2 && (t == 0 || api == API_SUBSCRIPTIONS); t++) {
            const char *name =
                api == API_SUBSCRIPTIONS ? vendor_types[i].types[t] : event_type_name(vendor_types[i].event);
            size_t seen = 0;
            while (name != NULL && seen < count && strcmp(out[seen], name) != 0)
                seen++;
            if (name != NULL && seen == count)
                out[count++] = name;
        }
    }
    return count;
}

static int save(struct run_context *context, const struct api_subscription *hook, const char *events,
    const char *url, struct error *e)
{
    const struct subscription row = {.id = hook->id,
        .events = events,
        .url = url,
        .secret = hook->secret,
        .status = hook->status,
        .checked = clock_now()};
    if (hook->secret != NULL)
        secret_register(hook->secret);
    return subscriptions_save(context->store, &row, e);
}

/* Its secret is lost, but MaintainX would go on for ever: only who has the id can end that. */
static int fail_save(const struct api_subscription *hook, struct error *e)
{
    const struct error why = *e;
    return fail(e, why.status,
        "webhooks: %s: it is registered, and could not be stored: %s; delete it by: wosync webhooks delete "
        "%s, and register anew",
        hook->id, why.text, hook->id);
}

static void print_registered(const struct api_subscription *hook, const char *events, const char *url)
{
    printf("registered %s: %s to %s\n", hook->id, events, url);
    if (strcmp(hook->status, SUBSCRIPTION_VALID) != 0)
        log_warning(
            "webhooks: %s is %s: it delivers nothing until MaintainX has approved it; ask their support",
            hook->id, hook->status);
    if (hook->secret == NULL)
        log_warning(
            "webhooks: the server gave no secret; set the one it signs with as secret_file in [webhooks] or "
            "MAINTAINX_WEBHOOK_SECRET");
}

/* Is this registered already, as far as the store knows? */
struct looking {
    const char *events, *url;
    char id[80]; /* "" while not found */
};

static int look(const struct subscription *subscription, void *context, struct error *e)
{
    struct looking *l = context;
    (void)e;
    if (strcmp(subscription->events, l->events) == 0 && strcmp(subscription->url, l->url) == 0 &&
        strcmp(subscription->status, SUBSCRIPTION_GONE) != 0)
        snprintf(l->id, sizeof l->id, "%s", subscription->id);
    return 0;
}

/* Registers some events. Returns 1 when the server does not have this API, 0, or -1. */
static int register_some(struct run_context *context, struct client *client, enum subscription_api api,
    const char *const *names, size_t count, const char *url, struct error *e)
{
    char events[512] = "";
    struct api_subscription hook = {0};
    struct looking looking = {.events = events, .url = url};
    for (size_t i = 0, n = 0; i < count; i++)
        n += (size_t)snprintf(events + n, sizeof events - n, "%s%s", i > 0 ? " " : "", names[i]);
    if (subscriptions_list(context->store, look, &looking, e) != 0)
        return -1;
    if (*looking.id != '\0') {
        printf("%s: %s to %s is registered already\n", looking.id, events, url);
        return 0;
    }
    enum api_status status = api_subscription_register(client, api, names, count, url, &hook, e);
    int rc = status == API_GONE ? 1 : -1;
    if (status == API_OK)
        rc = save(context, &hook, events, url, e);
    if (status == API_OK && rc == 0)
        print_registered(&hook, events, url);
    else if (status == API_OK)
        fail_save(&hook, e);
    api_subscription_free(&hook);
    return rc;
}

static int register_at(struct run_context *context, struct client *client, enum subscription_api api,
    const struct webhooks_wanted *wanted, struct error *e)
{
    const char *names[MOST_TYPES] = {NULL};
    size_t count = names_for(api, wanted->events, names);
    if (api == API_WEBHOOKS)
        return register_some(context, client, api, names, count, wanted->url, e);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = register_some(context, client, api, &names[i], 1, wanted->url, e);
    return rc;
}

/* Which of the two APIs the server has is found out by the first registration. */
int webhooks_register(struct run_context *context, struct client *client, enum subscription_api known,
    const struct webhooks_wanted *wanted, struct error *e)
{
    for (enum subscription_api api = 0; api < SUBSCRIPTION_APIS; api++) {
        if (known != SUBSCRIPTION_APIS && known != api)
            continue;
        int rc = register_at(context, client, api, wanted, e);
        if (rc != 1)
            return rc == 0 && known == SUBSCRIPTION_APIS
                       ? webhook_stats_set_api(context->store, subscription_api_name(api), e)
                       : rc;
    }
    return fail(e, EX_UNAVAILABLE,
        "webhooks: the server takes no registration, neither at /subscriptions nor at /webhooks; check "
        "base_url in "
        "[api]");
}
