#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

/* So much may be moved to keep an order sorted before it is left unsorted until it is next read: moving that
 * much takes about as long as sorting a million anew. */
enum { MOVE_BUDGET = 512 * 1024 * 1024 };

int64_t order_value(enum key key, const struct workorder *wo)
{
    int64_t value = TIME_NONE;

    switch (key) {
    case KEY_ID:
        return wo->id;
    case KEY_UPDATED:
        value = wo->updated;
        break;
    case KEY_CREATED:
        value = wo->created;
        break;
    case KEY_DUE:
        value = wo->due;
        break;
    case KEY_COMPLETED:
        value = wo->completed;
        break;
    case KEY_STARTED: /* not among the fields of the list: nobody has one */
    case KEY__MAX:
        break;
    }
    return value == TIME_NONE ? INT64_MAX : value;
}

const char *order_key_name(enum key key)
{
    static const char *const names[KEY__MAX] = {
        [KEY_ID] = "id",
        [KEY_UPDATED] = "updatedAt",
        [KEY_CREATED] = "createdAt",
        [KEY_DUE] = "dueDate",
        [KEY_STARTED] = "startedAt",
        [KEY_COMPLETED] = "completedAt",
    };

    return names[key];
}

int order_compare(struct position a, struct position b)
{
    if (a.value != b.value)
        return a.value < b.value ? -1 : 1;
    return (a.id > b.id) - (a.id < b.id);
}

static struct position position_of(const struct order *o, const struct workorder *table, uint32_t slot)
{
    return (struct position){order_value(o->key, &table[slot]), table[slot].id};
}

static size_t lower_bound(const struct order *o, const struct workorder *table, struct position at)
{
    size_t low = 0, high = o->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (order_compare(position_of(o, table, o->slots[middle]), at) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Counts what is about to be moved; true if it is too much, and the order is stale from now on. */
static bool over_budget(struct order *o, size_t bytes)
{
    o->moved += bytes;
    if (o->moved > MOVE_BUDGET)
        o->stale = true;
    return o->stale;
}

void order_insert(struct order *o, const struct workorder *table, uint32_t slot)
{
    struct position at = position_of(o, table, slot);
    size_t i = o->n;

    if (o->n == o->cap) {
        o->cap = o->cap > 0 ? o->cap * 2 : 1024;
        o->slots = base_resize(o->slots, o->cap, sizeof(*o->slots));
    }
    /* what is new or just changed belongs at the end, nearly always */
    if (!o->stale && o->n > 0 && order_compare(position_of(o, table, o->slots[o->n - 1]), at) > 0)
        i = lower_bound(o, table, at);
    if (over_budget(o, (o->n - i) * sizeof(*o->slots)))
        i = o->n;
    memmove(&o->slots[i + 1], &o->slots[i], (o->n - i) * sizeof(*o->slots));
    o->slots[i] = slot;
    o->n++;
}

void order_remove(struct order *o, const struct workorder *table, uint32_t slot)
{
    size_t i = lower_bound(o, table, position_of(o, table, slot));

    if (i >= o->n || o->slots[i] != slot)
        die("order by %s: a work order is not where it belongs", order_key_name(o->key));
    o->n--;
    over_budget(o, (o->n - i) * sizeof(*o->slots));
    memmove(&o->slots[i], &o->slots[i + 1], (o->n - i) * sizeof(*o->slots));
}

/* What qsort_r() hands to the comparison. */
struct sorting {
    const struct order *order;
    const struct workorder *table;
};

static int compare_slots(const void *a, const void *b, void *context)
{
    const struct sorting *s = context;

    return order_compare(position_of(s->order, s->table, *(const uint32_t *)a),
        position_of(s->order, s->table, *(const uint32_t *)b));
}

size_t order_seek(struct order *o, const struct workorder *table, struct position at)
{
    struct sorting s = {o, table};

    if (o->stale && o->n > 0)
        qsort_r(o->slots, o->n, sizeof(*o->slots), compare_slots, &s);
    o->stale = false;
    o->moved = 0;
    return lower_bound(o, table, at);
}
