/*
 * From a change to deliveries: which events a change is (is_told), who is registered for each
 * (announce_make), and what happens on the way into the outbox: lost, doubled, late, without a name (put,
 * announce_news).
 *
 * Invariant: dice are thrown only where they can decide something, so that the same seed and settings give
 * the same deliveries.
 */
#include "announce.h"

#include <stdio.h>
#include <string.h>
#include <inttypes.h>

#include "entity.h"
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

static const char *part_status_of(json_object *work_order)
{
    json_object *status = NULL;

    json_object_object_get_ex(work_order, "partStatus", &status);
    return status != NULL ? json_object_get_string(status) : "NO_PARTS";
}

/* Whether the change is one that WORK_ORDER_CHANGE is sent for, or the brief's event for any change. */
static bool is_update(enum spelling spelling, json_object *before, json_object *after)
{
    if (spelling == SPELLING_LIVE)
        return entity_differs(before, after);
    return !status_differs(before, after) || differs_otherwise(before, after);
}

static bool is_told(enum hook hook, enum spelling spelling, json_object *before, json_object *after)
{
    bool changed = before != NULL && after != NULL;

    switch (hook) {
    case HOOK_CREATED:
        return before == NULL;
    case HOOK_CHANGED:
        return changed && is_update(spelling, before, after);
    case HOOK_STATUS:
        return status_differs(before, after);
    case HOOK_COMPLETED:
        return is_complete(after) && !is_complete(before);
    case HOOK_DELETED:
        return after == NULL;
    case HOOK_PART_STATUS:
        return changed && strcmp(part_status_of(before), part_status_of(after)) != 0;
    case HOOK_CATEGORY:
        return changed && entity_has_new_category(before, after);
    case HOOK_OVERDUE: /* on command only; a comment is no change of the work order */
    case HOOK_COMMENT:
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

/* No dice are thrown where the answer is known, so that what is off changes nothing. */
static bool throw_dice(struct mock *m, int64_t percent)
{
    return percent > 0 && (int64_t)(generator_random(&m->chance) % 100) < percent;
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
    if (throw_dice(m, rule->late_percent))
        d->due += rule->late_ms;
    again = throw_dice(m, rule->doubled_percent) ? delivery_copy(d) : NULL;
    outbox_put(m->outbox, d, rule, m->config.clock_skew_ms);
    if (again != NULL) {
        outbox_note_doubled(m->outbox);
        outbox_put(m->outbox, again, rule, m->config.clock_skew_ms);
    }
}

void announce_news(struct mock *m, const struct hook_news *news)
{
    struct hook_news said = *news;
    struct delivery *d, *next;

    if (!m->config.deliver.on)
        return;
    said.spaced = m->config.json == JSON_SPACED;
    if (throw_dice(m, m->config.deliver.nameless_percent))
        said.without = m->nameless;
    d = announce_make(m, &said, status_of(news->after), false);
    for (; d != NULL; d = next) {
        next = d->next;
        d->next = NULL;
        put(m, d);
    }
}

void announce_archived(struct mock *m, int64_t subscription)
{
    struct hook_news news = {.event = "WEBHOOK_ARCHIVED",
        .spelling = SPELLING_LIVE,
        .occurred = mock_now(m),
        .members = json_object_new_object()};

    json_object_object_add(news.members, "webhookId", json_object_new_int64(subscription));
    announce_news(m, &news);
    json_object_put(news.members);
}

static void tell(void *context, const struct change_news *change)
{
    struct mock *m = context;

    for (int hook = 0; hook < HOOK__MAX; hook++) {
        for (int spelling = 0; spelling < SPELLING__MAX; spelling++) {
            struct hook_news news = {.event = hook_name((enum hook)hook, (enum spelling)spelling),
                .spelling = (enum spelling)spelling,
                .id = change->id,
                .before = change->before,
                .after = change->after != NULL ? change->after : change->before,
                .user = change->user,
                .occurred = change->occurred};

            if (news.event != NULL &&
                is_told((enum hook)hook, (enum spelling)spelling, change->before, change->after))
                announce_news(m, &news);
        }
    }
}

struct change_world announce_world(struct mock *m, struct change_listener *listener)
{
    *listener = (struct change_listener){tell, m};
    return (struct change_world){.store = m->store,
        .now = mock_now(m),
        .lag_ms = m->config.list_lag_ms,
        .listener = m->config.deliver.on ? listener : NULL};
}
