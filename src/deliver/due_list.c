/*
 * due_list: the deliveries that are due, as far as they were read.
 *
 *   WAITING -> READY -> TAKEN      a delivery waits for the one before it of the same work order,
 *       \        \                 is ready to be tried, and is taken; or it is dropped (GONE) because an
 *        `--------`----> GONE      earlier one failed, and is read again when that allows it
 *
 * The deliveries of a work order are a chain (`next`), in the order of the log. At most one of a chain is
 * READY. The ready ones lie in a heap; those that were dropped while they lay in it are passed over when they
 * are met. Bodies are read ahead for neighbours, so that a quick receiver does not cost a query for each.
 */
#include "deliver/due_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "store/events.h"

/* Bodies read with one query. */
enum { AHEAD = 32 };

struct due_list_item {
    struct delivery delivery;
    int next; /* of the same work order; -1: none */
    enum { WAITING, READY, TAKEN, GONE } state;
    struct due_list_event event; /* read ahead; id NULL: not read */
};

/* --- the heap --- */

static bool goes_before(const struct due_list *list, int a, int b)
{
    const struct delivery *one = &list->items[a].delivery, *two = &list->items[b].delivery;
    return one->attempts != two->attempts ? one->attempts < two->attempts : a < b;
}

static void sift_up(struct due_list *list, int at)
{
    int place = list->ready[at];
    while (at > 0 && goes_before(list, place, list->ready[(at - 1) / 2])) {
        list->ready[at] = list->ready[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    list->ready[at] = place;
}

static void sift_down(struct due_list *list, int at)
{
    int place = list->ready[at];
    for (;;) {
        int child = 2 * at + 1;
        if (child >= list->ready_count)
            break;
        if (child + 1 < list->ready_count && goes_before(list, list->ready[child + 1], list->ready[child]))
            child++;
        if (!goes_before(list, list->ready[child], place))
            break;
        list->ready[at] = list->ready[child];
        at = child;
    }
    list->ready[at] = place;
}

static void push(struct due_list *list, int place)
{
    list->items[place].state = READY;
    list->ready[list->ready_count++] = place;
    sift_up(list, list->ready_count - 1);
}

static int pop(struct due_list *list, int at)
{
    int place = list->ready[at], last = list->ready[--list->ready_count];
    if (at < list->ready_count) {
        list->ready[at] = last;
        sift_up(list, at);
        sift_down(list, at);
    }
    return place;
}

/* --- reading --- */

static void forget_event(struct due_list *list, struct due_list_item *item)
{
    if (item->event.id != NULL)
        list->cached -= item->event.body_len;
    due_list_event_free(&item->event);
}

static void clear(struct due_list *list)
{
    for (int i = 0; i < list->count; i++)
        forget_event(list, &list->items[i]);
    list->count = list->ready_count = list->left = 0;
}

static uint32_t hash(int64_t work_order)
{
    return (uint32_t)(((uint64_t)work_order * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* Links the deliveries of each work order; the first of each is ready. */
static void link_chains(struct due_list *list)
{
    uint32_t size = 64;
    while (size < 2 * (uint32_t)list->count)
        size *= 2;
    int *last = malloc(size * sizeof *last); /* of each work order, so far */
    for (uint32_t i = 0; i < size; i++)
        last[i] = -1;
    for (int i = 0; i < list->count; i++) {
        int64_t work_order = list->items[i].delivery.work_order;
        uint32_t at = hash(work_order) & (size - 1);
        while (last[at] >= 0 && list->items[last[at]].delivery.work_order != work_order)
            at = (at + 1) & (size - 1);
        if (last[at] >= 0)
            list->items[last[at]].next = i;
        else
            push(list, i);
        last[at] = i;
    }
    free(last);
}

int due_list_read(struct due_list *list, const struct due_list_query *query, struct error *e)
{
    clear(list);
    struct delivery *due = malloc(DUE_LIST_SIZE * sizeof *due);
    int n = deliveries_due(query->store, query->handler, query->now, query->latest, 0, DUE_LIST_SIZE, due, e);
    if (n > 0) {
        list->items = realloc(list->items, (size_t)n * sizeof *list->items);
        list->ready = realloc(list->ready, (size_t)n * sizeof *list->ready);
    }
    for (int i = 0; i < n; i++)
        if (query->is_busy == NULL || !query->is_busy(due[i].work_order, query->context))
            list->items[list->count++] =
                (struct due_list_item){.delivery = due[i], .next = -1, .state = WAITING};
    free(due);
    list->left = list->count;
    link_chains(list);
    return n;
}

/* --- taking --- */

int due_list_take(struct due_list *list, bool random)
{
    while (list->ready_count > 0) {
        int place = pop(list, random ? (int)(random_bits() % (uint32_t)list->ready_count) : 0);
        if (list->items[place].state != READY)
            continue;
        list->items[place].state = TAKEN;
        list->left--;
        return place;
    }
    return -1;
}

const struct delivery *due_list_delivery(const struct due_list *list, int place)
{
    return &list->items[place].delivery;
}

void due_list_follow(struct due_list *list, int place)
{
    int next = list->items[place].next;
    if (next >= 0 && list->items[next].state == WAITING)
        push(list, next);
}

void due_list_hold(struct due_list *list, int place)
{
    for (int next = list->items[place].next; next >= 0; next = list->items[next].next) {
        struct due_list_item *item = &list->items[next];
        if (item->state != WAITING && item->state != READY)
            continue;
        item->state = GONE;
        list->left--;
        forget_event(list, item);
    }
}

/* --- bodies --- */

struct reading {
    struct due_list *list;
    int places[AHEAD];
    int count;
};

/* The first one is always kept: it is what was asked for. */
static int keep(const struct event_row *row, void *context, struct error *e)
{
    (void)e; /* this cannot fail */
    struct reading *r = context;
    for (int i = 0; i < r->count; i++) {
        struct due_list_item *item = &r->list->items[r->places[i]];
        if (item->delivery.seq != row->seq || (i > 0 && r->list->cached + row->body_len > DUE_LIST_BYTES))
            continue;
        item->event = (struct due_list_event){.id = strdup(row->id),
            .body = malloc(row->body_len + 1),
            .body_len = row->body_len,
            .type = event_type_named(row->type)};
        memcpy(item->event.body, row->body, row->body_len);
        item->event.body[row->body_len] = '\0';
        r->list->cached += row->body_len;
        r->list->usual = row->body_len;
    }
    return 0;
}

/* Reads the body of a delivery, and those of some that come next. */
static int read_bodies(struct due_list *list, int place, struct store *store, struct error *e)
{
    struct reading r = {.list = list, .places = {place}, .count = 1};
    int64_t seqs[AHEAD] = {list->items[place].delivery.seq};
    size_t room = list->cached < DUE_LIST_BYTES ? DUE_LIST_BYTES - list->cached : 0;
    for (int i = place + 1; i < list->count && r.count < AHEAD && (size_t)r.count * list->usual < room; i++) {
        const struct due_list_item *item = &list->items[i];
        if (item->event.id != NULL || (item->state != WAITING && item->state != READY))
            continue;
        seqs[r.count] = item->delivery.seq;
        r.places[r.count++] = i;
    }
    return events_some(store, seqs, (size_t)r.count, keep, &r, e);
}

int due_list_event(
    struct due_list *list, int place, struct store *store, struct due_list_event *out, struct error *e)
{
    struct due_list_item *item = &list->items[place];
    if (item->event.id == NULL && read_bodies(list, place, store, e) != 0)
        return -1;
    *out = item->event;
    if (item->event.id != NULL)
        list->cached -= item->event.body_len;
    item->event = (struct due_list_event){0};
    return 0;
}

void due_list_event_free(struct due_list_event *event)
{
    free(event->id);
    free(event->body);
    *event = (struct due_list_event){0};
}

void due_list_free(struct due_list *list)
{
    clear(list);
    free(list->items);
    free(list->ready);
    *list = (struct due_list){0};
}
