/*
 * seq_list: ascending numbers of events in little memory: a byte or two for each.
 */
#ifndef WOSYNC_DELIVER_SEQ_LIST_H
#define WOSYNC_DELIVER_SEQ_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Zeroed: empty. */
struct seq_list {
    struct buffer
        bytes; /* the differences, 7 bits a byte, the lowest first; the last byte of each has no 0x80 */
    int64_t last;
    size_t count;
};

/* Where a reader is. Zeroed: at the first. */
struct seq_list_place {
    size_t at;
    int64_t last;
};

/* Adds a number, which must be larger than the last one. */
void seq_list_add(struct seq_list *list, int64_t seq);

/* Reads the next number. Returns false behind the last one. */
bool seq_list_next(const struct seq_list *list, struct seq_list_place *place, int64_t *seq);

/* Frees what the struct owns and zeroes it. */
void seq_list_free(struct seq_list *list);

#endif
