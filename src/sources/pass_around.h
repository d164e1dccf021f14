/*
 * pass_around: what a pass does about places of the list that cannot be read. For pass.c alone.
 */
#ifndef WOSYNC_SOURCES_PASS_AROUND_H
#define WOSYNC_SOURCES_PASS_AROUND_H

#include "sources/pass_reader.h"
#include "sources/read_around.h"

/* To be called for a new pass: leaves out what is known to fail. Returns 0, or -1 when the store failed. */
int pass_avoid_skipped(struct reader *r, struct error *e);

/* Asks for what there cannot be, with a spelling of the filter (read_around_probe). STEP_AGAIN: the list itself
 * is well, and *bounds says what the server does with the filter; else the error is filled. */
enum step_result pass_check_list(struct reader *r, enum page_filter spelling, enum bounds_question question,
    enum bounds_status *bounds, struct error *e);

/*
 * A page failed, which the error says. STEP_FAILED: that ends the run. STEP_AGAIN (the error is cleared): the
 * state says what to ask for now, the page again or a window of a detour around it. That needs a page that
 * failed in the run before, too, while the list itself is well. STEP_IGNORED or STEP_REFUSED: so is the
 * filter that it is read around with. STEP_OVER: it cannot be read around any more.
 */
enum step_result pass_page_failed(struct reader *r, struct error *e);

/* After a poll, asks again for what was skipped and is due. What fails is asked for again later, and is no
 * failure of the pass, which has ended. */
void pass_retry_skipped(struct reader *r);

#endif
