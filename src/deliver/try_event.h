/*
 * try_event: one event of no work order, `wosync.test`, for one handler: for `doctor --send`.
 */
#ifndef WOSYNC_DELIVER_TRY_EVENT_H
#define WOSYNC_DELIVER_TRY_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/handler_table.h"

enum try_result {
    TRY_DELIVERED,
    TRY_KEEPS,   /* not tried: the type would keep it for good, as a row or a page */
    TRY_UNTRIED, /* it would have been printed, and nobody reads stdout */
    TRY_FAILED   /* the error says why */
};

/* Delivers it at once, whatever the handler's `on` and `when` say; nothing is stored. `quiet`: stdout is
 * for something else. `now` is our clock, milliseconds. */
enum try_result try_event(const struct handler *handler, bool quiet, int64_t now, struct error *e);

#endif
