/*
 * Webhooks that go out by themselves. A delivery is queued (in the order in which it is due), or held until
 * it is released, which queues it; then under way; then remembered in a ring with its answer. One thread
 * sends, one at a time.
 *
 * Invariant: `pending` counts those queued and under way; those held are not among them.
 */
#include "outbox.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "sender.h"

enum { STATUS_MOST = 600 }; /* HTTP statuses are below */

struct outbox {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool ending;
    struct delivery *first; /* not yet sent, in the order in which they are due */
    struct delivery *last;  /* of these; means nothing where there is none */
    struct delivery *held;  /* to be released, in the order of the changes */
    uint64_t pending, sent, lost, doubled;
    uint64_t status_counts[STATUS_MOST];
    struct delivery *log[OUTBOX_LOG_MOST]; /* a ring */
    int64_t timeout, clock_skew;
};

static void remember(struct outbox *o, struct delivery *d)
{
    struct delivery **place = &o->log[o->sent % OUTBOX_LOG_MOST];

    delivery_free(*place);
    *place = d;
    o->sent++;
    if (d->answer.status < STATUS_MOST)
        o->status_counts[d->answer.status]++;
}

/* Waits until D is due, something else is put in, or the outbox ends. Under the lock. False: D is due. */
static bool wait_for(struct outbox *o, const struct delivery *d)
{
    struct timespec t;

    if (d == NULL) {
        pthread_cond_wait(&o->change, &o->lock);
        return true;
    }
    if (d->due <= clock_steady())
        return false;
    t = (struct timespec){.tv_sec = (time_t)(d->due / 1000), .tv_nsec = (long)(d->due % 1000) * 1000000};
    pthread_cond_timedwait(&o->change, &o->lock, &t);
    return true;
}

static void *run(void *context)
{
    struct outbox *o = context;

    pthread_mutex_lock(&o->lock);
    while (!o->ending) {
        struct delivery *d = o->first;
        int64_t timeout = o->timeout, clock_skew = o->clock_skew;

        if (wait_for(o, d))
            continue;
        o->first = d->next;
        d->next = NULL;
        pthread_mutex_unlock(&o->lock);
        sender_send(d, 1, timeout, clock_skew);
        pthread_mutex_lock(&o->lock);
        o->pending--;
        remember(o, d);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

struct outbox *outbox_new(void)
{
    struct outbox *o = base_alloc(1, sizeof(*o));
    pthread_condattr_t attr;

    pthread_mutex_init(&o->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&o->change, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&o->thread, NULL, run, o) != 0)
        die("no thread for the webhooks");
    return o;
}

static void forget(struct outbox *o)
{
    for (size_t i = 0; i < OUTBOX_LOG_MOST; i++) {
        delivery_free(o->log[i]);
        o->log[i] = NULL;
    }
}

void outbox_free(struct outbox *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->ending = true;
    pthread_cond_signal(&o->change);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    delivery_free_all(o->first);
    delivery_free_all(o->held);
    forget(o);
    pthread_cond_destroy(&o->change);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* Into the queue, behind all that are due no later. Under the lock. */
static void enqueue(struct outbox *o, struct delivery *d)
{
    struct delivery **link = &o->first;

    if (o->first != NULL && o->last->due <= d->due)
        link = &o->last->next;
    while (*link != NULL && (*link)->due <= d->due)
        link = &(*link)->next;
    d->next = *link;
    *link = d;
    if (d->next == NULL)
        o->last = d;
    o->pending++;
    pthread_cond_signal(&o->change);
}

void outbox_put(struct outbox *o, struct delivery *d, const struct deliver *rule, int64_t clock_skew)
{
    struct delivery **end = &o->held;

    pthread_mutex_lock(&o->lock);
    o->timeout = rule->timeout_ms;
    o->clock_skew = clock_skew;
    while (rule->hold && *end != NULL)
        end = &(*end)->next;
    if (rule->hold)
        *end = d;
    else
        enqueue(o, d);
    pthread_mutex_unlock(&o->lock);
}

/* The held delivery at INDEX, or NULL. */
static const struct delivery *held_at(const struct outbox *o, size_t index)
{
    const struct delivery *d = o->held;

    while (d != NULL && index > 0) {
        d = d->next;
        index--;
    }
    return d;
}

size_t outbox_held(struct outbox *o)
{
    size_t n = 0;

    pthread_mutex_lock(&o->lock);
    for (const struct delivery *d = o->held; d != NULL; d = d->next)
        n++;
    pthread_mutex_unlock(&o->lock);
    return n;
}

void outbox_release(struct outbox *o, const size_t *order, size_t n)
{
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < n; i++) {
        const struct delivery *held = held_at(o, order[i]);
        struct delivery *d;

        if (held == NULL)
            continue;
        d = delivery_copy(held);
        d->due = clock_steady();
        enqueue(o, d);
    }
    delivery_free_all(o->held);
    o->held = NULL;
    pthread_mutex_unlock(&o->lock);
}

void outbox_note_lost(struct outbox *o)
{
    pthread_mutex_lock(&o->lock);
    o->lost++;
    pthread_mutex_unlock(&o->lock);
}

void outbox_note_doubled(struct outbox *o)
{
    pthread_mutex_lock(&o->lock);
    o->doubled++;
    pthread_mutex_unlock(&o->lock);
}

json_object *outbox_json(struct outbox *o)
{
    json_object *object = json_object_new_object(), *counts = json_object_new_object(),
                *log = json_object_new_array();
    uint64_t first, held = 0;
    char name[16];

    pthread_mutex_lock(&o->lock);
    for (unsigned i = 0; i < STATUS_MOST; i++) {
        snprintf(name, sizeof(name), "%u", i);
        if (o->status_counts[i] > 0)
            json_object_object_add(counts, name, json_object_new_uint64(o->status_counts[i]));
    }
    first = o->sent > OUTBOX_LOG_MOST ? o->sent - OUTBOX_LOG_MOST : 0;
    for (uint64_t i = first; i < o->sent; i++)
        json_object_array_add(log, delivery_json(o->log[i % OUTBOX_LOG_MOST]));
    for (const struct delivery *d = o->held; d != NULL; d = d->next)
        held++;
    json_object_object_add(object, "pending", json_object_new_uint64(o->pending));
    json_object_object_add(object, "held", json_object_new_uint64(held));
    json_object_object_add(object, "sent", json_object_new_uint64(o->sent));
    json_object_object_add(object, "lost", json_object_new_uint64(o->lost));
    json_object_object_add(object, "doubled", json_object_new_uint64(o->doubled));
    pthread_mutex_unlock(&o->lock);
    json_object_object_add(object, "status_counts", counts);
    json_object_object_add(object, "log", log);
    return object;
}

void outbox_reset(struct outbox *o)
{
    pthread_mutex_lock(&o->lock);
    forget(o);
    o->sent = o->lost = o->doubled = 0;
    for (unsigned i = 0; i < STATUS_MOST; i++)
        o->status_counts[i] = 0;
    pthread_mutex_unlock(&o->lock);
}
