/*
 * pass_around: a pass in progress, as pass.c and pass_around.c share it, and what the latter does about
 * places of the list that cannot be read. Private to these two.
 */
#ifndef WOSYNC_SOURCES_PASS_AROUND_H
#define WOSYNC_SOURCES_PASS_AROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "api/maintainx.h"
#include "sources/cursors.h"
#include "sources/filter.h"
#include "sources/intake.h"
#include "sources/pass.h"

/* A pass in progress. */
struct reader {
    const struct pass_settings *settings;
    const struct pass_kind *kind;
    struct account account;
    struct pass_state state;
    struct filter filter;
    enum page_filter sent;   /* the filter of this pass: the chosen one, or none where everything is read */
    bool started_over;       /* a cursor expired in this run already */
    struct cursors *cursors; /* those seen in this run */
    int64_t date;            /* the server's time when the pass began, TIMESTAMP_NONE where it gave none */
    int64_t saved;           /* when the cursor was stored, by the monotonic clock; 0: not yet */
    bool unsaved;            /* pages were read since that changed nothing */
    bool failed_before; /* the page where this run begins failed in an earlier one: it is tried once only */
    bool failed_now;    /* a page failed in this run, which is noted in the store */
    bool has_read;      /* a page was read in this run */
    bool failed_twice;  /* and again in this run, while the list answers */
    struct error why;   /* what the last page that failed met; EX_OK: none did */
    int64_t skipped;    /* instants that this run has skipped */
    struct intake *intake;
    bool answered; /* a page came in this run */
};

/* How one page, or one step with it, went. */
enum step {
    STEP_NEXT,    /* stored; there is another page */
    STEP_LAST,    /* stored; the pass is finished */
    STEP_OVER,    /* nothing stored: the pass starts over, with another filter or without the cursor */
    STEP_IGNORED, /* nothing stored: the page shows that the filter is ignored */
    STEP_AGAIN,   /* nothing stored: the page is asked for again, or another one in its place */
    STEP_STOPPED,
    STEP_FAILED
};

/* Replaces a text by a copy of another one; both may be NULL. */
void pass_set_text(char **place, const char *text);

/* Observes the records of a page, in the caller's transaction. Returns STEP_NEXT, STEP_IGNORED or
 * STEP_FAILED. */
enum step pass_observe(struct reader *r, const struct page_answer *answer, struct error *e);

/* The first answer of a pass says when it began. */
void pass_note_start(struct reader *r, int64_t asked, int64_t date);

/* --- pass_around.c: places of the list that cannot be read --- */

/* To be called for a new pass: leaves out what is known to fail. Returns 0, or -1 when the store failed. */
int pass_avoid_skipped(struct reader *r, struct error *e);

/* Sets the next window of a detour. Returns 0, or -1 when the store failed. */
int pass_set_window(struct reader *r, struct error *e);

/*
 * A page failed, which the error says. STEP_FAILED: that ends the run. STEP_AGAIN (the error is cleared): the
 * state says what to ask for now, the page again or a window of a detour around it. That needs a page that
 * failed in the run before, too, while the list itself is well.
 */
enum step pass_page_failed(struct reader *r, struct error *e);

/* After a poll, asks again for what was skipped and is due. What fails is asked for again later, and is no
 * failure of the pass, which has ended. */
void pass_retry_skipped(struct reader *r);

#endif
