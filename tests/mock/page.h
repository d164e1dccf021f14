/*
 * page: one page of the list: the next work orders of an order behind a position, as a keyset cursor asks for
 * them.
 */
#ifndef MOCK_PAGE_H
#define MOCK_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "filter.h"
#include "store.h"

enum { PAGE_MOST = 200 }; /* work orders on a page, the vendor's bound */

struct page_order {
    enum key key;
    bool down;
};

struct page {
    const struct workorder *rows[PAGE_MOST + 1]; /* one more, to see whether there is a next page */
    size_t n;                                    /* without that one */
    bool more;
};

/* Fills PAGE with up to LIMIT work orders that FILTER wants, in ORDER, behind AFTER (NULL: from the start).
 * The rows belong to the store and are valid until its next change. In the indexed orders this takes the time
 * of the page, unless the filter leaves out most of what lies on the way. */
void page_find(struct page *page, struct store *s, struct page_order order, const struct position *after,
    const struct filter *filter, size_t limit);

#endif
