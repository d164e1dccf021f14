/*
 * places: assets or locations by their ids, and how many work orders each has. Pure.
 *
 * Start from `struct places p = {0}`.
 */
#ifndef WOSYNC_REPORT_PLACES_H
#define WOSYNC_REPORT_PLACES_H

#include <stddef.h>
#include <stdint.h>

#include "report/record.h"

struct place {
    int64_t id; /* 0: a free slot */
    char *name; /* owned; NULL: none is known */
    int64_t open;
    int64_t overdue;  /* of the open ones */
    int64_t reactive; /* REACTIVE work orders created in the period */
};

/* A hash table with open addressing; at most half of the slots are taken. */
struct places {
    struct place *slots; /* owned */
    size_t count, capacity;
};

/* The asset or location of a record, added where it is new; the pointer is good until the next one is found.
 */
struct place *places_find(struct places *places, const struct record_place *of);

/* Puts those with anything to count in front, in the order open, overdue, reactive, id (the most first);
 * returns how many of at most `most` there are. They are slots[0..n-1], and nothing can be found any more. */
size_t places_rank(struct places *places, size_t most);

/* Frees everything and zeroes the struct. */
void places_free(struct places *places);

#endif
