/*
 * All work orders: a table that never shrinks, and orders of its slots by id and dates. What is made but not
 * yet to be seen waits in `pending`, in the order in which it is shown: for nobody (a change that is not
 * visible), or by id only (the list lags).
 *
 * Invariants: the table holds what the list shows; a work order that only the list lacks has a hidden place
 * there. Of two versions that the list lacks, the newer one is listed no sooner.
 */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "arguments.h"
#include "base.h"
#include "expand.h"

/* A version that becomes visible later. */
struct pending {
    struct workorder version;
    int64_t visible;
    bool by_id;           /* it can be read by its id already: only the list lags */
    struct pending *next; /* visible at the same time or later */
};

struct store {
    uint64_t seed;
    int64_t next_id;
    struct workorder *table;
    size_t n, cap;
    struct order orders[KEY_INDEXED];
    struct pending *pending;
};

/* Appends to the table and the orders. */
static void append(struct store *s, const struct workorder *wo)
{
    if (s->n == UINT32_MAX)
        die("too many work orders");
    if (s->n == s->cap) {
        s->cap = s->cap > 0 ? s->cap * 2 : 1024;
        s->table = base_resize(s->table, s->cap, sizeof(*s->table));
    }
    s->table[s->n] = *wo;
    for (int i = 0; i < KEY_INDEXED; i++)
        order_insert(&s->orders[i], s->table, (uint32_t)s->n);
    s->n++;
    if (wo->id >= s->next_id)
        s->next_id = wo->id + 1;
}

struct store *store_new(uint64_t seed, int64_t base, size_t count)
{
    struct store *s = base_alloc(1, sizeof(*s));

    s->seed = seed;
    s->next_id = GENERATOR_FIRST_ID;
    s->cap = count;
    s->table = base_alloc(count, sizeof(*s->table));
    for (int i = 0; i < KEY_INDEXED; i++)
        s->orders[i].key = (enum key)i;
    s->orders[KEY_UPDATED].stale = true; /* to be sorted once, when all are there */
    for (size_t i = 0; i < count; i++) {
        struct workorder wo = {.id = s->next_id};

        generator_past(&wo, seed, base, i, count);
        append(s, &wo);
    }
    order_seek(&s->orders[KEY_UPDATED], s->table, (struct position){0, 0});
    return s;
}

void store_free(struct store *s)
{
    struct pending *p, *next;

    if (s == NULL)
        return;
    for (p = s->pending; p != NULL; p = next) {
        next = p->next;
        workorder_clear(&p->version);
        free(p);
    }
    for (size_t i = 0; i < s->n; i++)
        workorder_clear(&s->table[i]);
    for (int i = 0; i < KEY_INDEXED; i++)
        free(s->orders[i].slots);
    free(s->table);
    free(s);
}

static struct workorder *find(struct store *s, int64_t id)
{
    struct order *o = &s->orders[KEY_ID];
    size_t i = order_seek(o, s->table, (struct position){id, id});

    return i < o->n && s->table[o->slots[i]].id == id ? &s->table[o->slots[i]] : NULL;
}

const struct workorder *store_find(struct store *s, int64_t id)
{
    return find(s, id);
}

/* The newest version that waits; BY_ID: of those that can be read by their id. NULL: there is none. */
static const struct workorder *newest_pending(const struct store *s, int64_t id, bool by_id)
{
    const struct workorder *newest = NULL;

    for (struct pending *p = s->pending; p != NULL; p = p->next)
        if (p->version.id == id && (p->by_id || !by_id) &&
            (newest == NULL || p->by_id || p->version.updated >= newest->updated))
            newest = &p->version;
    return newest;
}

const struct workorder *store_read(struct store *s, int64_t id)
{
    const struct workorder *newest = newest_pending(s, id, true);

    return newest != NULL ? newest : find(s, id);
}

const struct workorder *store_newest(struct store *s, int64_t id)
{
    const struct workorder *newest = newest_pending(s, id, false);

    return newest != NULL ? newest : find(s, id);
}

const struct workorder *store_table(const struct store *s, size_t *count)
{
    *count = s->n;
    return s->table;
}

struct order *store_order(struct store *s, enum key key)
{
    return &s->orders[key];
}

int64_t store_new_id(struct store *s)
{
    return s->next_id++;
}

/* What is visible now takes the place of WO; only the orders whose key changed are touched. */
static void replace(struct store *s, struct workorder *wo, const struct workorder *version)
{
    uint32_t slot = (uint32_t)(wo - s->table);
    bool moves[KEY_INDEXED];

    for (int i = 0; i < KEY_INDEXED; i++) {
        moves[i] = order_value((enum key)i, wo) != order_value((enum key)i, version);
        /* where it is left unsorted anyway, the slot may stay where it is */
        moves[i] = moves[i] && !s->orders[i].stale;
        if (moves[i])
            order_remove(&s->orders[i], s->table, slot);
    }
    if (wo->own != version->own)
        workorder_clear(wo);
    *wo = *version;
    for (int i = 0; i < KEY_INDEXED; i++)
        if (moves[i])
            order_insert(&s->orders[i], s->table, slot);
}

static void show(struct store *s, const struct workorder *version)
{
    struct workorder *wo = find(s, version->id);

    if (wo != NULL)
        replace(s, wo, version);
    else
        append(s, version);
}

/* True if there were any. */
static bool forget_pending(struct store *s, int64_t id)
{
    struct pending **link = &s->pending, *p;
    bool forgot = false;

    while ((p = *link) != NULL) {
        if (p->version.id != id) {
            link = &p->next;
            continue;
        }
        *link = p->next;
        workorder_clear(&p->version);
        free(p);
        forgot = true;
    }
    return forgot;
}

void store_put(struct store *s, const struct workorder *version)
{
    forget_pending(s, version->id);
    show(s, version);
}

static void put_later(struct store *s, const struct workorder *version, int64_t visible, bool by_id)
{
    struct pending **link = &s->pending, *p = base_alloc(1, sizeof(*p));

    while (*link != NULL && (*link)->visible <= visible)
        link = &(*link)->next;
    p->version = *version;
    p->visible = visible;
    p->by_id = by_id;
    p->next = *link;
    *link = p;
    if (version->id >= s->next_id)
        s->next_id = version->id + 1;
}

void store_put_later(struct store *s, const struct workorder *version, int64_t visible)
{
    put_later(s, version, visible, false);
}

/* A place in the table that the list does not show, for work orders that only the list lacks. */
static void hold_place(struct store *s, const struct workorder *version)
{
    struct workorder place = *version;

    if (find(s, version->id) != NULL)
        return;
    place.own = NULL;
    place.hidden = true;
    append(s, &place);
}

void store_list_later(struct store *s, const struct workorder *version, int64_t listed)
{
    hold_place(s, version);
    /* what is newer is listed no sooner */
    for (const struct pending *p = s->pending; p != NULL; p = p->next)
        if (p->version.id == version->id && p->by_id && p->visible > listed)
            listed = p->visible;
    put_later(s, version, listed, true);
}

bool store_release(struct store *s, int64_t id)
{
    bool released = false;

    for (struct pending *p = s->pending; p != NULL; p = p->next) {
        if (p->version.id != id || !p->by_id)
            continue;
        p->visible = 0;
        released = true;
    }
    if (released)
        store_settle(s, 0);
    return released;
}

bool store_mark(struct store *s, int64_t id, bool deleted, bool hidden)
{
    struct workorder *wo;
    bool forgot;

    store_release(s, id);
    forgot = forget_pending(s, id);
    wo = find(s, id);
    if (wo == NULL)
        return forgot;
    wo->deleted = deleted;
    wo->hidden = hidden;
    return true;
}

void store_settle(struct store *s, int64_t now)
{
    struct pending **link = &s->pending, *p;

    while ((p = *link) != NULL) {
        struct workorder *wo = find(s, p->version.id);

        if (p->visible > now) {
            link = &p->next;
            continue;
        }
        *link = p->next;
        /* a later change may have become visible before this one */
        if (wo != NULL && !p->by_id && wo->updated > p->version.updated)
            workorder_clear(&p->version);
        else
            show(s, &p->version);
        free(p);
    }
}

int64_t store_generate(struct store *s, size_t count, int64_t now)
{
    int64_t first = s->next_id;

    for (size_t i = 0; i < count; i++) {
        struct workorder wo = {.id = s->next_id};

        generator_fresh(&wo, s->seed, now);
        append(s, &wo);
    }
    return first;
}

/* WO's own text as it is looked at. */
static void write_own(const struct store *s, struct buffer *out, const struct workorder *wo, struct look look)
{
    json_object *doc = store_document(s, wo);

    expand_strip(doc, look.expand);
    if (!look.nulls)
        expand_strip_nulls(doc);
    buffer_text(
        out, json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(doc);
}

void store_write(const struct store *s, struct buffer *out, const struct workorder *wo, struct look look)
{
    if (wo->own == NULL)
        generator_write(out, s->seed, wo, look);
    else if (wo->own->raw != NULL)
        buffer_add(out, wo->own->raw, wo->own->len);
    else
        write_own(s, out, wo, look);
}

json_object *store_document(const struct store *s, const struct workorder *wo)
{
    struct buffer text = {0};
    struct problem p;
    json_object *doc;

    if (wo->own != NULL)
        buffer_text(&text, wo->own->json);
    else
        generator_write(&text, s->seed, wo, (struct look){.expand = EXPAND_ALL, .nulls = true});
    doc = arguments_parse(text.data, text.len, &p);
    if (doc == NULL)
        die("work order %" PRId64 ": %s", wo->id, p.text);
    buffer_free(&text);
    return doc;
}
