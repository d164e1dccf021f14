/*
 * pass_page: one page of a pass, into the store. For pass.c and pass_around.c.
 */
#ifndef WOSYNC_SOURCES_PASS_PAGE_H
#define WOSYNC_SOURCES_PASS_PAGE_H

#include "sources/pass_reader.h"

/*
 * Stores a page in one transaction: its snapshots and events, the cursor of the next page, the run's
 * counters. STEP_NEXT or STEP_LAST: the reader's state is as the page left it. STEP_IGNORED or STEP_FAILED
 * (the error is filled): nothing is stored, and the reader's state and the run are as they were. In a dry run
 * nothing is stored, and the state moves on.
 */
enum step_result pass_store_page(struct reader *r, const struct page_answer *answer, struct error *e);

/* Stores a page of what was updated at one instant, which moves no cursor; with `done` the instant is
 * skipped no more. Returns 0, or -1 when nothing was stored. */
int pass_store_instant(
    struct reader *r, const struct page_answer *answer, int64_t at, bool done, struct error *e);

/* Stores the cursor where it is behind; the run ends. What fails is logged: the next run reads some pages
 * again. */
void pass_store_cursor(struct reader *r);

#endif
