/*
 * bars: a chart of bars, upon each other or side by side. Pure.
 */
#ifndef WOSYNC_REPORT_BARS_H
#define WOSYNC_REPORT_BARS_H

#include "report/chart.h"

/* Appends the whole figure. Bars upon each other start with the first series at the bottom; a negative number
 * and NaN have no bar. */
void bars_write(struct buffer *out, const struct chart *chart);

#endif
