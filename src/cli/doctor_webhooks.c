/* doctor_webhooks: whether what was registered still sends, and whether it is believed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/subscriptions.h"
#include "base/clock.h"
#include "base/timestamp.h"
#include "cli/doctor.h"
#include "store/store.h"
#include "store/subscriptions.h"
#include "store/webhook_stats.h"

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

/* What was registered, copied: the API is asked while the store is not being read. */
struct registrations {
    struct registration {
        char *id, *events;
        bool secret;
    } * list;
    size_t count;
};

static int add(const struct subscription *subscription, void *context, struct error *e)
{
    struct registrations *r = context;
    (void)e; /* this cannot fail */
    r->list = realloc(r->list, (r->count + 1) * sizeof *r->list);
    r->list[r->count++] = (struct registration){
        strdup(subscription->id), strdup(subscription->events), subscription->secret != NULL};
    return 0;
}

static void release(struct registrations *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->list[i].id);
        free(r->list[i].events);
    }
    free(r->list);
}

static bool load(struct doctor *doctor, struct registrations *out)
{
    struct error e = {0};
    *out = (struct registrations){0};
    if (subscriptions_list(doctor->store, add, out, &e) == 0)
        return true;
    doctor_fail(doctor, e.status, "%s", e.text);
    return false;
}

static void ask(struct doctor *doctor, enum subscription_api api, const struct registration *one)
{
    struct api_subscription hook = {0};
    struct error e = {0};
    switch (api_subscription_get(doctor->client, api, one->id, &hook, &e)) {
    case API_OK:
        if (strcmp(hook.status, SUBSCRIPTION_VALID) == 0)
            doctor_ok(doctor, "%s (%s) is %s", one->id, one->events, hook.status);
        else
            doctor_warn(doctor, "%s (%s) is %s; see: wosync webhooks show %s", one->id, one->events,
                hook.status, one->id);
        break;
    case API_GONE:
        doctor_warn(doctor,
            "%s (%s) is gone: MaintainX deletes what it cannot reach; correct the web server, then: wosync "
            "webhooks register --url URL",
            one->id, one->events);
        break;
    default:
        doctor_warn(doctor, "%s (%s) could not be asked for: %s; try again: wosync doctor webhooks", one->id,
            one->events, e.text);
        break;
    }
    api_subscription_free(&hook);
}

static void check_registered(struct doctor *doctor)
{
    struct registrations r;
    struct webhook_stats stats = {0};
    struct error e = {0};
    if (!load(doctor, &r))
        return;
    if (webhook_stats_load(doctor->store, 0, &stats, &e) != 0)
        doctor_fail(doctor, e.status, "%s", e.text);
    const enum subscription_api api = subscription_api_named(stats.api);
    if (r.count > 0 && !doctor_ask(doctor)) {
        doctor_skip(doctor, "not tried: the API gave no answer");
        e.status = EX_UNAVAILABLE;
    }
    for (size_t i = 0; i < r.count && e.status == EX_OK; i++) {
        if (!doctor_may_send(doctor, 1))
            break;
        ask(doctor, api != SUBSCRIPTION_APIS ? api : API_SUBSCRIPTIONS, &r.list[i]);
    }
    if (r.count == 0 && doctor->reported == 0)
        doctor_ok(doctor, "none: wosync polls");
    release(&r);
}

static void check_secrets(struct doctor *doctor)
{
    struct registrations r;
    if (!load(doctor, &r))
        return;
    for (size_t i = 0; i < r.count; i++)
        if (!r.list[i].secret && doctor->config.webhook_secrets == NULL)
            doctor_warn(doctor,
                "the secret of %s is not known, so its deliveries are refused; run: wosync webhooks secret "
                "%s",
                r.list[i].id, r.list[i].id);
    release(&r);
}

static void check_notifications(struct doctor *doctor)
{
    struct webhook_stats stats;
    struct error e = {0};
    const int64_t now = clock_now();
    char age[TIMESTAMP_SIZE];
    if (webhook_stats_load(doctor->store, now - MINUTE_MS, &stats, &e) != 0) {
        doctor_fail(doctor, e.status, "%s", e.text);
        return;
    }
    if (stats.first == TIMESTAMP_NONE && stats.refused == 0) {
        doctor_ok(doctor, "none has come");
        return;
    }
    duration_format(stats.last != TIMESTAMP_NONE && stats.last < now ? now - stats.last : 0, age);
    if (stats.first == TIMESTAMP_NONE)
        doctor_warn(doctor,
            "%lld came, and all were refused; set secret_file in [webhooks], or run: wosync webhooks secret "
            "ID",
            (long long)stats.refused);
    else if (stats.last_refused != TIMESTAMP_NONE && stats.last_refused > stats.last)
        doctor_warn(doctor,
            "the last one was refused; set secret_file in [webhooks], or run: wosync webhooks secret ID");
    else if (stats.missed > 0 && now - stats.last > HOUR_MS)
        doctor_warn(doctor,
            "the last one came %s ago, and polling has found %lld change%s since that none names; run: "
            "wosync "
            "webhooks list",
            age, (long long)stats.missed, stats.missed == 1 ? "" : "s");
    else
        doctor_ok(doctor, "the last one came %s ago", age);
}

const struct doctor_check doctor_webhooks[] = {
    {"registered", "what was registered is still there and VALID", "schema", true, check_registered},
    {"signatures", "the secrets of what was registered are known", "schema", false, check_secrets},
    {"notifications", "webhooks come, and polling finds nothing that they did not name", "schema", false,
        check_notifications},
    {NULL, NULL, NULL, false, NULL},
};
