/*
 * page_html: a report as a page of HTML that stands alone. What the page looks like stands in report.html.
 */
#ifndef WOSYNC_HANDLERS_REPORT_PAGE_HTML_H
#define WOSYNC_HANDLERS_REPORT_PAGE_HTML_H

#include "base/buffer.h"
#include "handlers/report/report.h"

/* Appends the page. The same report makes the same bytes. */
void page_html(const struct report *report, struct buffer *out);

/* What distinguishes the page of one event from that of another: a text that stands in its first
 * PAGE_HTML_HEAD bytes. Appends it. */
void page_html_mark(const char *event_id, struct buffer *out);

enum { PAGE_HTML_HEAD = 2048 };

#endif
