/*
 * rehearse_counts: how many messages a rehearsal makes, by day and minute. Days are those of the machine's
 * time zone. It takes a few KiB for each day on which there was a message.
 */
#ifndef WOSYNC_DELIVER_REHEARSE_COUNTS_H
#define WOSYNC_DELIVER_REHEARSE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Minutes of the longest day, with room for a zone that moves by more than an hour. */
enum { REHEARSE_MINUTES = 27 * 60 };

/* A day with messages. Instants are milliseconds since 1970. */
struct rehearse_day {
    int64_t begins, ends;
    int64_t messages;   /* of one event each */
    int64_t summaries;  /* of many */
    uint32_t busiest;   /* messages and summaries of the busiest minute, */
    int64_t busiest_at; /* and when that was: the first of several */
    uint32_t *minutes;  /* REHEARSE_MINUTES */
};

/* Zeroed: none. */
struct rehearse_counts {
    struct rehearse_day *days; /* in the order of time */
    size_t count;
    size_t latest; /* the one that was counted last */
};

/* Counts a message at a moment: of one event, or a summary. */
void rehearse_count(struct rehearse_counts *counts, int64_t moment, bool summary);

/* Fills the sum of all days; busiest is 0 where there is none. */
void rehearse_sum(const struct rehearse_counts *counts, struct rehearse_day *sum);

/* Frees what the struct owns and zeroes it. */
void rehearse_counts_free(struct rehearse_counts *counts);

#endif
