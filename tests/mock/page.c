#include "page.h"

#include <stdlib.h>

#include "base.h"

/* When the filter on updatedAt leaves so few, those are gathered and sorted, rather than searched for on the
 * way. */
enum { FEW = 4096 };

/* What one search is about. */
struct search {
    struct store *store;
    const struct workorder *table;
    struct page_order order;
    const struct position *after;
    const struct filter *filter;
    size_t most; /* rows wanted, the one too many included */
};

static struct position position_of(const struct search *s, const struct workorder *wo)
{
    return (struct position){order_value(s->order.key, wo), wo->id};
}

/* The dates between which the key may lie. */
static struct range key_range(const struct search *s)
{
    if (s->order.key == KEY_UPDATED)
        return s->filter->updated;
    if (s->order.key == KEY_CREATED)
        return s->filter->created;
    return (struct range){INT64_MIN, INT64_MAX};
}

static void walk_up(struct page *page, const struct search *s)
{
    struct order *o = store_order(s->store, s->order.key);
    struct range range = key_range(s);
    struct position from = {range.from, INT64_MIN};

    if (s->after != NULL && order_compare(*s->after, from) >= 0)
        from = (struct position){s->after->value, s->after->id + 1};
    for (size_t i = order_seek(o, s->table, from); i < o->n && page->n < s->most; i++) {
        const struct workorder *wo = &s->table[o->slots[i]];

        if (order_value(s->order.key, wo) > range.to)
            return;
        if (filter_matches(s->filter, wo))
            page->rows[page->n++] = wo;
    }
}

static void walk_down(struct page *page, const struct search *s)
{
    struct order *o = store_order(s->store, s->order.key);
    struct range range = key_range(s);
    struct position from = {range.to, INT64_MAX};

    if (s->after != NULL && order_compare(*s->after, from) < 0)
        from = *s->after;
    for (size_t i = order_seek(o, s->table, from); i > 0 && page->n < s->most; i--) {
        const struct workorder *wo = &s->table[o->slots[i - 1]];

        if (order_value(s->order.key, wo) < range.from)
            return;
        if (filter_matches(s->filter, wo))
            page->rows[page->n++] = wo;
    }
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct search *s = context;
    int c = order_compare(position_of(s, *(const struct workorder *const *)a),
        position_of(s, *(const struct workorder *const *)b));

    return s->order.down ? -c : c;
}

static bool lies_behind(const struct search *s, const struct workorder *wo)
{
    int c;

    if (s->after == NULL)
        return true;
    c = order_compare(position_of(s, wo), *s->after);
    return s->order.down ? c < 0 : c > 0;
}

/* All that match between two places of the order by updatedAt, sorted as asked for; the page is their
 * beginning. */
static void gather(struct page *page, struct search *s, size_t from, size_t to)
{
    const struct order *o = store_order(s->store, KEY_UPDATED);
    const struct workorder **rows = base_alloc(to - from, sizeof(*rows));
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        const struct workorder *wo = &s->table[o->slots[i]];

        if (filter_matches(s->filter, wo) && lies_behind(s, wo))
            rows[n++] = wo;
    }
    qsort_r(rows, n, sizeof(*rows), compare_rows, s);
    while (page->n < n && page->n < s->most) {
        page->rows[page->n] = rows[page->n];
        page->n++;
    }
    free(rows);
}

/* Whether so few can match that they are better gathered; FROM and TO are where they lie in the order by
 * updatedAt. */
static bool few_match(const struct search *s, size_t *from, size_t *to)
{
    const struct range *range = &s->filter->updated;
    struct order *o = store_order(s->store, KEY_UPDATED);

    if (s->order.key == KEY_UPDATED ||
        (s->order.key < KEY_INDEXED && range->from == INT64_MIN && range->to == INT64_MAX))
        return false;
    *from = order_seek(o, s->table, (struct position){range->from, INT64_MIN});
    *to = order_seek(o, s->table, (struct position){range->to, INT64_MAX});
    if (*to < *from)
        *to = *from;
    return s->order.key >= KEY_INDEXED || *to - *from <= FEW;
}

void page_find(struct page *page, struct store *store, struct page_order order, const struct position *after,
    const struct filter *filter, size_t limit)
{
    struct search s = {store, NULL, order, after, filter, limit + 1};
    size_t count, from, to;

    *page = (struct page){0};
    s.table = store_table(store, &count);
    if (few_match(&s, &from, &to))
        gather(page, &s, from, to);
    else if (order.down)
        walk_down(page, &s);
    else
        walk_up(page, &s);
    page->more = page->n > limit;
    if (page->more)
        page->n = limit;
}
