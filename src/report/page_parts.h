/*
 * page_parts: the parts of the page, and what they share. Pure.
 */
#ifndef WOSYNC_REPORT_PAGE_PARTS_H
#define WOSYNC_REPORT_PAGE_PARTS_H

#include "base/buffer.h"
#include "base/calendar.h"
#include "report/figures.h"

/* The labels of spans for a chart. */
struct axis {
    const char **labels, **names; /* owned, with what they point to */
    size_t count;
};

struct axis axis_make(const struct spans *spans, enum calendar_format label, enum calendar_format name);
void axis_free(struct axis *axis);

/* So many numbers for a series, all NaN; to be freed. */
double *series_make(size_t count);

/* Appends an instant in the machine's time zone; `none` where there is none. */
void page_instant(struct buffer *out, int64_t ms, const char *none);

/* Appends `90 days`: the length of the period. */
void page_length(struct buffer *out, const struct figures *report);

/* Appends a share as a whole percentage; a dash where there is nothing to have a share of. */
void page_percent(struct buffer *out, int64_t part, int64_t all);

/* Each appends one section's content. */
void page_tiles(struct buffer *out, const struct figures *report);
void page_work(struct buffer *out, const struct figures *report);
void page_lists(struct buffer *out, const struct figures *report);
void page_runs(struct buffer *out, const struct figures *report);
void page_deliveries(struct buffer *out, const struct figures *report);
void page_words(struct buffer *out, const struct figures *report);

#endif
