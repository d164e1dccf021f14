/*
 * window: the deliveries that are due, as far as they were read.
 *
 *   WAITING -> READY -> TAKEN      a delivery waits for the one before it of the same work order,
 *       \        \                 is ready to be tried, and is taken; or it is dropped (GONE) because an
 *        `--------`----> GONE      earlier one failed, and is read again when that allows it
 *
 * The deliveries of a work order are a chain (`next`), in the order of the log. At most one of a chain is
 * READY. The ready ones lie in a heap; those that were dropped while they lay in it are passed over when they
 * are met. Bodies are read ahead for neighbours, so that a quick receiver does not cost a query for each.
 */
#include "deliver/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "store/events.h"

/* Bodies read with one query. */
enum { AHEAD = 32 };

struct window_item {
    struct delivery delivery;
    int next; /* of the same work order; -1: none */
    enum { WAITING, READY, TAKEN, GONE } state;
    struct window_event event; /* read ahead; id NULL: not read */
};

/* --- the heap --- */

static bool goes_before(const struct window *w, int a, int b)
{
    const struct delivery *one = &w->items[a].delivery, *two = &w->items[b].delivery;
    return one->attempts != two->attempts ? one->attempts < two->attempts : a < b;
}

static void sift_up(struct window *w, int at)
{
    int place = w->ready[at];
    while (at > 0 && goes_before(w, place, w->ready[(at - 1) / 2])) {
        w->ready[at] = w->ready[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->ready[at] = place;
}

static void sift_down(struct window *w, int at)
{
    int place = w->ready[at];
    for (;;) {
        int child = 2 * at + 1;
        if (child >= w->ready_count)
            break;
        if (child + 1 < w->ready_count && goes_before(w, w->ready[child + 1], w->ready[child]))
            child++;
        if (!goes_before(w, w->ready[child], place))
            break;
        w->ready[at] = w->ready[child];
        at = child;
    }
    w->ready[at] = place;
}

static void push(struct window *w, int place)
{
    w->items[place].state = READY;
    w->ready[w->ready_count++] = place;
    sift_up(w, w->ready_count - 1);
}

static int pop(struct window *w, int at)
{
    int place = w->ready[at], last = w->ready[--w->ready_count];
    if (at < w->ready_count) {
        w->ready[at] = last;
        sift_up(w, at);
        sift_down(w, at);
    }
    return place;
}

/* --- reading --- */

static void forget_event(struct window *w, struct window_item *item)
{
    if (item->event.id != NULL)
        w->cached -= item->event.body_len;
    window_event_free(&item->event);
}

static void clear(struct window *w)
{
    for (int i = 0; i < w->count; i++)
        forget_event(w, &w->items[i]);
    w->count = w->ready_count = w->left = 0;
}

static uint32_t hash(int64_t work_order)
{
    return (uint32_t)(((uint64_t)work_order * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* Links the deliveries of each work order; the first of each is ready. */
static void link_chains(struct window *w)
{
    uint32_t size = 64;
    while (size < 2 * (uint32_t)w->count)
        size *= 2;
    int *last = malloc(size * sizeof *last); /* of each work order, so far */
    for (uint32_t i = 0; i < size; i++)
        last[i] = -1;
    for (int i = 0; i < w->count; i++) {
        int64_t work_order = w->items[i].delivery.work_order;
        uint32_t at = hash(work_order) & (size - 1);
        while (last[at] >= 0 && w->items[last[at]].delivery.work_order != work_order)
            at = (at + 1) & (size - 1);
        if (last[at] >= 0)
            w->items[last[at]].next = i;
        else
            push(w, i);
        last[at] = i;
    }
    free(last);
}

int window_read(struct window *w, const struct window_query *query, struct error *e)
{
    clear(w);
    struct delivery *due = malloc(WINDOW_SIZE * sizeof *due);
    int n = deliveries_due(query->store, query->handler, query->now, query->latest, 0, WINDOW_SIZE, due, e);
    if (n > 0) {
        w->items = realloc(w->items, (size_t)n * sizeof *w->items);
        w->ready = realloc(w->ready, (size_t)n * sizeof *w->ready);
    }
    for (int i = 0; i < n; i++)
        if (query->is_busy == NULL || !query->is_busy(due[i].work_order, query->context))
            w->items[w->count++] = (struct window_item){.delivery = due[i], .next = -1, .state = WAITING};
    free(due);
    w->left = w->count;
    link_chains(w);
    return n;
}

/* --- taking --- */

int window_take(struct window *w, bool random)
{
    while (w->ready_count > 0) {
        int place = pop(w, random ? (int)(random_bits() % (uint32_t)w->ready_count) : 0);
        if (w->items[place].state != READY)
            continue;
        w->items[place].state = TAKEN;
        w->left--;
        return place;
    }
    return -1;
}

const struct delivery *window_delivery(const struct window *w, int place)
{
    return &w->items[place].delivery;
}

void window_follow(struct window *w, int place)
{
    int next = w->items[place].next;
    if (next >= 0 && w->items[next].state == WAITING)
        push(w, next);
}

void window_hold(struct window *w, int place)
{
    for (int next = w->items[place].next; next >= 0; next = w->items[next].next) {
        struct window_item *item = &w->items[next];
        if (item->state != WAITING && item->state != READY)
            continue;
        item->state = GONE;
        w->left--;
        forget_event(w, item);
    }
}

/* --- bodies --- */

struct reading {
    struct window *window;
    int places[AHEAD];
    int count;
};

/* The first one is always kept: it is what was asked for. */
static int keep(const struct event_row *row, void *context, struct error *e)
{
    (void)e; /* this cannot fail */
    struct reading *r = context;
    for (int i = 0; i < r->count; i++) {
        struct window_item *item = &r->window->items[r->places[i]];
        if (item->delivery.seq != row->seq || (i > 0 && r->window->cached + row->body_len > WINDOW_BYTES))
            continue;
        item->event = (struct window_event){.id = strdup(row->id),
            .body = malloc(row->body_len + 1),
            .body_len = row->body_len,
            .type = event_type_named(row->type)};
        memcpy(item->event.body, row->body, row->body_len);
        item->event.body[row->body_len] = '\0';
        r->window->cached += row->body_len;
        r->window->usual = row->body_len;
    }
    return 0;
}

/* Reads the body of a delivery, and those of some that come next. */
static int read_bodies(struct window *w, int place, struct store *store, struct error *e)
{
    struct reading r = {.window = w, .places = {place}, .count = 1};
    int64_t seqs[AHEAD] = {w->items[place].delivery.seq};
    size_t room = w->cached < WINDOW_BYTES ? WINDOW_BYTES - w->cached : 0;
    for (int i = place + 1; i < w->count && r.count < AHEAD && (size_t)r.count * w->usual < room; i++) {
        const struct window_item *item = &w->items[i];
        if (item->event.id != NULL || (item->state != WAITING && item->state != READY))
            continue;
        seqs[r.count] = item->delivery.seq;
        r.places[r.count++] = i;
    }
    return events_some(store, seqs, (size_t)r.count, keep, &r, e);
}

int window_event(struct window *w, int place, struct store *store, struct window_event *out, struct error *e)
{
    struct window_item *item = &w->items[place];
    if (item->event.id == NULL && read_bodies(w, place, store, e) != 0)
        return -1;
    *out = item->event;
    if (item->event.id != NULL)
        w->cached -= item->event.body_len;
    item->event = (struct window_event){0};
    return 0;
}

void window_event_free(struct window_event *event)
{
    free(event->id);
    free(event->body);
    *event = (struct window_event){0};
}

void window_free(struct window *w)
{
    clear(w);
    free(w->items);
    free(w->ready);
    *w = (struct window){0};
}
