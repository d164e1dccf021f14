/*
 * report_page: a report as a page of HTML that stands alone. What the page looks like stands in report.html.
 */
#ifndef WOSYNC_HANDLERS_REPORT_PAGE_HTML_H
#define WOSYNC_HANDLERS_REPORT_PAGE_HTML_H

#include "base/buffer.h"
#include "handlers/report/report.h"

/* Appends the page. The same report makes the same bytes. */
void report_page(const struct report *report, struct buffer *out);

/* How the page of an event can be told from that of another: a text that stands in its first REPORT_PAGE_HEAD
 * bytes. Appends it. */
void report_page_mark(const char *event_id, struct buffer *out);

enum { REPORT_PAGE_HEAD = 2048 };

#endif
