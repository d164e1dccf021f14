/*
 * html: text from outside, made harmless for a page.
 */
#ifndef WOSYNC_BASE_HTML_H
#define WOSYNC_BASE_HTML_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Appends `len` bytes of text (NULs may be among them, and one stands behind them) so that they are text in
 * an element and in a quoted attribute: & < > " ' are escaped; control characters but newline and tab, which
 * HTML forbids, and bytes that are no UTF-8 become U+FFFD.
 */
void html_text(struct buffer *out, const char *text, size_t len);

#endif
