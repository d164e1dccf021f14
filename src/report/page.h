/*
 * page: the report as one page of HTML that stands alone: no script, no request, light and dark, screen and
 * paper. Pure but for the time zone.
 */
#ifndef WOSYNC_REPORT_PAGE_H
#define WOSYNC_REPORT_PAGE_H

#include "base/buffer.h"
#include "report/figures.h"

/* Appends the page. */
void page_write(struct buffer *out, const struct figures *report);

#endif
