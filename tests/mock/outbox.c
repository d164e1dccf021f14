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
    struct delivery *first, **end; /* not yet sent; the first may be under way */
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

/* Sends D, out of the queue, when it is due; without the lock. False: the mock ends. */
static bool send_one(struct delivery *d, int64_t timeout, int64_t clock_skew)
{
    int64_t early = d->due - clock_steady();

    if (early > 0 && !clock_pause(early))
        return false;
    sender_send(d, 1, timeout, clock_skew);
    return true;
}

static void *run(void *context)
{
    struct outbox *o = context;

    pthread_mutex_lock(&o->lock);
    while (!o->ending) {
        struct delivery *d = o->first;
        int64_t timeout = o->timeout, clock_skew = o->clock_skew;
        bool sent;

        if (d == NULL) {
            pthread_cond_wait(&o->change, &o->lock);
            continue;
        }
        o->first = d->next;
        if (o->first == NULL)
            o->end = &o->first;
        d->next = NULL;
        pthread_mutex_unlock(&o->lock);
        sent = send_one(d, timeout, clock_skew);
        pthread_mutex_lock(&o->lock);
        o->pending--;
        if (sent)
            remember(o, d);
        else
            delivery_free(d);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

struct outbox *outbox_new(void)
{
    struct outbox *o = base_alloc(1, sizeof(*o));

    o->end = &o->first;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->change, NULL);
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
    forget(o);
    pthread_cond_destroy(&o->change);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

void outbox_put(struct outbox *o, struct delivery *d, int64_t timeout, int64_t clock_skew)
{
    pthread_mutex_lock(&o->lock);
    o->timeout = timeout;
    o->clock_skew = clock_skew;
    *o->end = d;
    o->end = &d->next;
    o->pending++;
    pthread_cond_signal(&o->change);
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
    uint64_t first;
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
    json_object_object_add(object, "pending", json_object_new_uint64(o->pending));
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
