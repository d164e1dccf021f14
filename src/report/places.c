#include "report/places.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

static struct place *slot_of(struct place *slots, size_t capacity, int64_t id)
{
    size_t at = (size_t)(((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);
    while (slots[at].id != 0 && slots[at].id != id)
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static void grow(struct places *places)
{
    const size_t capacity = places->capacity == 0 ? FIRST_CAPACITY : places->capacity * 2;
    struct place *slots = calloc(capacity, sizeof *slots);
    for (size_t i = 0; i < places->capacity; i++)
        if (places->slots[i].id != 0)
            *slot_of(slots, capacity, places->slots[i].id) = places->slots[i];
    free(places->slots);
    places->slots = slots;
    places->capacity = capacity;
}

struct place *places_find(struct places *places, const struct record_place *of)
{
    if (places->count * 2 >= places->capacity)
        grow(places);
    struct place *place = slot_of(places->slots, places->capacity, of->id);
    if (place->id == 0) {
        place->id = of->id;
        places->count++;
    }
    if (place->name == NULL)
        place->name = record_copy_name(&of->name);
    return place;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

/* Free slots, and those without anything to count, come last. */
static int compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = compare_numbers(x->open, y->open);
    if (order == 0)
        order = compare_numbers(x->overdue, y->overdue);
    if (order == 0)
        order = compare_numbers(x->reactive, y->reactive);
    return order != 0 ? order : -compare_numbers(x->id, y->id);
}

size_t places_rank(struct places *places, size_t most)
{
    size_t n = 0;
    if (places->capacity > 0)
        qsort(places->slots, places->capacity, sizeof *places->slots, compare);
    while (n < most && n < places->capacity && places->slots[n].open + places->slots[n].reactive > 0)
        n++;
    return n;
}

void places_free(struct places *places)
{
    for (size_t i = 0; i < places->capacity; i++)
        free(places->slots[i].name);
    free(places->slots);
    *places = (struct places){0};
}
