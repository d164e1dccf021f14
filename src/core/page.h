/*
 * page: one page of `GET /workorders`, or the answer of `GET /workorders/ID`, cut into its records. Pure.
 *
 * The page is not parsed as a whole: where each record begins and ends is found by its quotes and brackets,
 * and only what is around the records is read. So one bad record does not spoil the others, a record can be
 * kept as the very bytes that came, and one whose bytes are those of last time need not be parsed at all.
 */
#ifndef WOSYNC_CORE_PAGE_H
#define WOSYNC_CORE_PAGE_H

#include <stddef.h>
#include <stdint.h>

/* One record, as bytes of the page it was cut from. */
struct page_record {
    const char *json;
    size_t len;
    int64_t id; /* a glance at its first "id", 0 where that is no plain integer: a guess, to be checked */
};

struct page {
    struct page_record *records;
    size_t count;
    size_t capacity;
    char *next_cursor; /* NULL on the last page */
};

enum page_status {
    PAGE_OK,
    PAGE_TRUNCATED, /* it ends in the middle */
    PAGE_BAD        /* no JSON, or not the answer we know */
};

/* Longest cursor in bytes that is not absurd; it is sent back in a URL. */
enum { PAGE_MAX_CURSOR = 4096 };

/*
 * Cuts `len` bytes of JSON; `"workOrders": null` is a page without records. The records point into `json`,
 * which must outlive them; the page owns its array and the cursor and is freed with page_free. A page may be
 * used again without freeing. When the status is not PAGE_OK, *reason points to a static text and the page
 * holds nothing.
 */
enum page_status page_cut(const char *json, size_t len, struct page *page, const char **reason);

/* Cuts the one record out of {"workOrder": {...}}, likewise. */
enum page_status page_cut_single(
    const char *json, size_t len, struct page_record *record, const char **reason);

/* Frees what the page owns and zeroes it; may be called on a zeroed one. */
void page_free(struct page *page);

#endif
