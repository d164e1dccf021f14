/*
 * trouble: a handler that keeps failing is said again: at once when someone must set it right, after an hour,
 * then daily, in one line, with its age and count.
 */
#ifndef WOSYNC_DELIVER_TROUBLE_H
#define WOSYNC_DELIVER_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/handler_table.h"

struct store;

/* Is a trouble that began at `since` to be said at `now`? `warned`: when it was said last, TIMESTAMP_NONE:
 * never. */
bool trouble_is_due(int64_t since, int64_t warned, int64_t now);

/* Says of the handler that it fails, if it does and it is time. `broken`: someone must set it right. Returns
 * 0, or -1 when the store failed. */
int trouble_report(struct store *store, const struct handler *handler, bool broken, struct error *e);

#endif
