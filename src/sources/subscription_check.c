#include "sources/subscription_check.h"

#include <stdlib.h>
#include <string.h>

#include "api/subscriptions.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

/* A registration that is to be asked for. */
struct watched {
    char *id, *events, *status;
};

struct watching {
    struct watched *list;
    size_t count;
    int64_t since;
};

static int add(const struct subscription *subscription, void *context, struct error *e)
{
    struct watching *w = context;
    (void)e;
    if (subscription->checked >= w->since)
        return 0;
    w->list = realloc(w->list, (w->count + 1) * sizeof *w->list);
    w->list[w->count++] = (struct watched){
        strdup(subscription->id), strdup(subscription->events), strdup(subscription->status)};
    return 0;
}

static void warn(const struct watched *one, const char *status)
{
    if (strcmp(one->status, SUBSCRIPTION_VALID) != 0 || strcmp(status, SUBSCRIPTION_VALID) == 0)
        return;
    if (strcmp(status, SUBSCRIPTION_GONE) == 0)
        log_warning("webhooks: %s (%s) is gone: MaintainX removes a webhook that it cannot reach for long; "
                    "polling goes on; fix the web server, then run: wosync webhooks register --url URL",
            one->id, one->events);
    else
        log_warning("webhooks: %s (%s) is %s now; polling goes on", one->id, one->events, status);
}

static int check_one(struct client *client, struct store *store, enum subscription_api api,
    const struct watched *one, struct error *e)
{
    struct api_subscription hook;
    enum api_status said = api_subscription_get(client, api, one->id, &hook, e);
    const char *status = said == API_OK ? hook.status : SUBSCRIPTION_GONE;
    int rc = -1;
    if (said == API_OK || said == API_GONE) {
        *e = (struct error){0};
        warn(one, status);
        rc = subscriptions_set_status(store, one->id, status, clock_now(), e);
    }
    api_subscription_free(&hook);
    return rc;
}

int subscription_check_all(struct client *client, struct store *store, int64_t since, struct error *e)
{
    struct watching w = {.since = since};
    struct webhook_stats channel = {0};
    int rc = webhook_stats_load(store, 0, &channel, e);
    if (rc == 0)
        rc = subscriptions_list(store, add, &w, e);
    enum subscription_api api = subscription_api_named(channel.api);
    for (size_t i = 0; i < w.count && rc == 0; i++)
        rc = check_one(client, store, api != SUBSCRIPTION_APIS ? api : API_SUBSCRIPTIONS, &w.list[i], e);
    for (size_t i = 0; i < w.count; i++) {
        free(w.list[i].id);
        free(w.list[i].events);
        free(w.list[i].status);
    }
    free(w.list);
    return rc;
}
