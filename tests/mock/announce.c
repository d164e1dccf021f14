#include "announce.h"

#include <stdio.h>
#include <string.h>
#include <inttypes.h>

#include "generator.h"

static const char *status_of(json_object *work_order)
{
    json_object *status = NULL;

    json_object_object_get_ex(work_order, "status", &status);
    return json_object_get_string(status);
}

static bool is_complete(json_object *work_order)
{
    return work_order != NULL && workorder_is_complete(workorder_status(status_of(work_order)));
}

/* Whether anything differs but the status and what comes with it. */
static bool differs_otherwise(json_object *before, json_object *after)
{
    static const char *const names[] = {"status", "updatedAt", "completedAt"};
    json_object *a = NULL, *b = NULL;
    bool differs;

    json_object_deep_copy(before, &a, NULL);
    json_object_deep_copy(after, &b, NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json_object_object_del(a, names[i]);
        json_object_object_del(b, names[i]);
    }
    differs = json_object_equal(a, b) == 0;
    json_object_put(a);
    json_object_put(b);
    return differs;
}

static bool status_differs(json_object *before, json_object *after)
{
    const char *a = status_of(before), *b = status_of(after);

    return before != NULL && after != NULL && a != NULL && b != NULL && strcmp(a, b) != 0;
}

static bool is_told(enum hook hook, json_object *before, json_object *after)
{
    switch (hook) {
    case HOOK_CREATED:
        return before == NULL;
    case HOOK_CHANGED:
        return before != NULL && after != NULL &&
               (!status_differs(before, after) || differs_otherwise(before, after));
    case HOOK_STATUS:
        return status_differs(before, after);
    case HOOK_COMPLETED:
        return is_complete(after) && !is_complete(before);
    case HOOK_DELETED:
        return after == NULL;
    case HOOK__MAX:
        break;
    }
    return false;
}

char *announce_event_id(struct mock *m)
{
    char id[32];

    snprintf(id, sizeof(id), "evt_%016" PRIx64, generator_random(&m->chance));
    return base_copy(id);
}

struct delivery *announce_make(struct mock *m, const struct hook_news *news, const char *status, bool forced)
{
    bool pending = m->config.subscription_status != 0;
    struct delivery *first = NULL, **end = &first;
    struct hook_news own = *news;
    struct registration r;

    for (size_t i = 0; subscriptions_at(m->subscriptions, i, &r); i++) {
        const char *secret = r.webhook ? m->config.deliver.secret : r.secret;

        if (!registration_wants(&r, news->event, status) || (pending && !r.webhook))
            continue;
        own.serialize = forced ? news->serialize : r.serialize;
        *end = delivery_new(r.url, news->event);
        (*end)->secret = *secret != '\0' ? base_copy(secret) : NULL;
        (*end)->spelling = news->spelling;
        (*end)->work_order = news->id;
        if (news->spelling == SPELLING_BRIEF)
            (*end)->event_id = announce_event_id(m);
        hook_body(&own, &(*end)->body);
        end = &(*end)->next;
    }
    return first;
}

static bool throw_dice(struct mock *m, int64_t percent)
{
    return (int64_t)(generator_random(&m->chance) % 100) < percent;
}

/* Into the outbox, once, twice or not at all. */
static void put(struct mock *m, struct delivery *d)
{
    const struct deliver *rule = &m->config.deliver;
    struct delivery *again;

    if (throw_dice(m, rule->lost_percent)) {
        outbox_note_lost(m->outbox);
        delivery_free(d);
        return;
    }
    d->due = clock_steady() + rule->delay_ms;
    again = throw_dice(m, rule->doubled_percent) ? delivery_copy(d) : NULL;
    outbox_put(m->outbox, d, rule->timeout_ms, m->config.clock_skew_ms);
    if (again != NULL) {
        outbox_note_doubled(m->outbox);
        outbox_put(m->outbox, again, rule->timeout_ms, m->config.clock_skew_ms);
    }
}

static void announce(struct mock *m, const struct hook_news *news)
{
    struct delivery *d = announce_make(m, news, status_of(news->work_order), false), *next;

    for (; d != NULL; d = next) {
        next = d->next;
        d->next = NULL;
        put(m, d);
    }
}

static void tell(void *context, int64_t id, json_object *before, json_object *after)
{
    struct mock *m = context;

    for (int hook = 0; hook < HOOK__MAX; hook++) {
        if (!is_told((enum hook)hook, before, after))
            continue;
        for (int spelling = 0; spelling < SPELLING__MAX; spelling++) {
            struct hook_news news = {.event = hook_name((enum hook)hook, (enum spelling)spelling),
                .spelling = (enum spelling)spelling,
                .id = id,
                .work_order = after != NULL ? after : before,
                .old_status = hook == HOOK_STATUS ? status_of(before) : NULL,
                .occurred = mock_now(m)};

            if (news.event != NULL)
                announce(m, &news);
        }
    }
}

const struct change_listener *announce_listener(struct mock *m, struct change_listener *listener)
{
    *listener = (struct change_listener){tell, m};
    return m->config.deliver.on ? listener : NULL;
}
