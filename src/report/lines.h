/*
 * lines: a chart of lines. Pure.
 */
#ifndef WOSYNC_REPORT_LINES_H
#define WOSYNC_REPORT_LINES_H

#include "report/chart.h"

/* Appends the whole figure. A line has a gap where there is no number (NaN), and a number between two gaps is
 * a marker alone. */
void lines_write(struct buffer *out, const struct chart *chart);

#endif
