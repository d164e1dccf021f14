/*
 * pass_reader: a pass in progress, as the three files that read it share it. Private to them.
 *
 *   pass.c         where the pass begins, which page is asked for next, how it ends
 *   pass_page.c    one page into the store: one transaction
 *   pass_around.c  what is done about places of the list that cannot be read
 */
#ifndef WOSYNC_SOURCES_PASS_READER_H
#define WOSYNC_SOURCES_PASS_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "api/maintainx.h"
#include "sources/cursors.h"
#include "sources/filter.h"
#include "sources/intake.h"
#include "sources/pass.h"

/*
 * What a page makes of the pass and of the run's counters. A page works on this copy, which becomes the
 * reader's state once the page is committed, and is forgotten when it is not.
 */
struct draft {
    struct pass_state state; /* its texts are borrowed: those of the reader's state, the cursor of the page */
    struct run run;          /* what intake and the pass's kind count in */
    int64_t saved;           /* when the cursor was written, by the monotonic clock; 0: it was not yet */
};

/*
 * Where the cursor in the store is, compared with the reader's state. A page that changed nothing is not
 * stored by itself: its cursor goes with what comes next, at the latest after a few seconds. Whoever is
 * killed in between reads such pages again, which the diff makes free (rule R2).
 *
 *                     a page that changed nothing; a step of a detour
 *     CURSOR_STORED --------------------------------------------------> CURSOR_BEHIND
 *           ^                                                                 |
 *           '-- a page that changed something, in its own transaction; -------'
 *               the last page, or one after save_by, in a transaction that follows;
 *               the end of the run
 *
 * save_by is 0 until this run has stored a cursor of the pass: its first page stores one, whatever it brings.
 */
enum cursor_state { CURSOR_STORED, CURSOR_BEHIND };

/* A pass in progress. */
struct reader {
    const struct pass_settings *settings;
    const struct pass_kind *kind;
    struct account account;
    struct pass_state state; /* as the last page left it */
    struct draft draft;      /* as the page at hand will leave it */
    enum cursor_state stored;
    int64_t save_by; /* by the monotonic clock */
    struct filter filter;
    enum page_filter sent;   /* the filter of this pass: the chosen one, or none where everything is read */
    bool started_over;       /* a cursor expired in this run already */
    struct cursors *cursors; /* those seen in this run */
    int64_t date;            /* the server's time when the pass began, TIMESTAMP_NONE where it gave none */
    bool failed_before; /* the page where this run begins failed in an earlier one: it is tried once only */
    bool failed_now;    /* a page failed in this run, which is noted in the store */
    bool has_read;      /* a page was read in this run */
    bool failed_twice;  /* and again in this run, while the list answers */
    bool no_windows;    /* in this run the server has honoured no upper bound */
    struct error why;   /* what the last page that failed met; EX_OK: none did */
    int64_t skipped;    /* instants that this run has skipped */
    struct intake *intake;
    bool answered; /* a page came in this run */
};

/* How one page, or one step with it, went. */
enum step_result {
    STEP_NEXT,    /* stored; there is another page */
    STEP_LAST,    /* stored; the pass is finished */
    STEP_OVER,    /* nothing stored: the pass starts over, with another filter or without the cursor */
    STEP_IGNORED, /* nothing stored: the page shows that the filter is ignored */
    STEP_REFUSED, /* nothing stored: the page shows that the filter is refused */
    STEP_AGAIN,   /* nothing stored: the page is asked for again, or another one in its place */
    STEP_STOPPED,
    STEP_FAILED
};

/* Replaces a text by a copy of another one; both may be NULL. */
void pass_set_text(char **place, const char *text);

/* The first answer of a pass says when it began. */
void pass_note_start(struct reader *r, int64_t asked, int64_t date);

#endif
