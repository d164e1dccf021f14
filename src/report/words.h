/*
 * words: numbers and texts as the page says them. Pure.
 */
#ifndef WOSYNC_REPORT_WORDS_H
#define WOSYNC_REPORT_WORDS_H

#include <stdint.h>

#include "base/buffer.h"

/* Appends a text that was escaped. */
void words_text(struct buffer *out, const char *text);

/* Appends a number with so many decimals and a comma between its thousands: `1,310`, `93.4`. */
void words_number(struct buffer *out, double value, int decimals);

/* Appends `1 work order`, `1,310 work orders`: `one` and an s. */
void words_count(struct buffer *out, int64_t count, const char *one);

/* In which unit so many milliseconds are best said. */
struct words_unit {
    const char *name; /* days, hours, minutes, seconds */
    double ms;
};
const struct words_unit *words_unit_for(double ms);

/* Appends a duration in the unit for it: `2.4 days`, `45 minutes`, `0 seconds`. */
void words_duration(struct buffer *out, int64_t ms);

#endif
