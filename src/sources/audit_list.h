/*
 * audit_list: the list of work orders, read by another road than the poll's: by windows of createdAt, the
 * newest first, each asked for anew without a cursor. A date of creation never moves, so nothing moves while
 * it is read.
 */
#ifndef WOSYNC_SOURCES_AUDIT_LIST_H
#define WOSYNC_SOURCES_AUDIT_LIST_H

#include <stdint.h>

#include "base/error.h"
#include "core/page.h"
#include "core/workorder.h"
#include "sources/pass.h"

struct client;

/* One record of the list. Borrowed during the call. */
struct audit_record {
    const struct page_record *found;
    const struct workorder *wo; /* its document may be NULL; NULL: it cannot be understood */
    const char *reason;         /* then, why */
    int64_t sent;               /* when the request was sent that brought it, by our clock */
};

struct audit_list {
    struct client *api;
    int page_size;
    int64_t since; /* what was created or changed at that instant or later; TIMESTAMP_NONE: everything */

    /* Called for every record, some of them twice; returns 0 to go on, -1 with the error filled to stop. */
    int (*record)(const struct audit_record *record, void *context, struct error *e);
    /* Called after every page. */
    void (*page)(void *context);
    void *context;
};

/*
 * Reads it. First what was created since then, whatever its updatedAt; then what was created before and
 * changed since. Where the server does not honour such windows, everything is read in the server's own order,
 * and records that were neither created nor changed since then are passed over; that is said.
 *
 * PASS_FINISHED: all of it was read. PASS_STOPPED: a signal or the deadline came. PASS_FAILED: the error says
 * why.
 */
enum pass_result audit_list_read(const struct audit_list *list, struct error *e);

#endif
