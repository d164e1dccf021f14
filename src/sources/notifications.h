/*
 * notifications: webhooks that said only that something happened to a work order: it is asked for by its id.
 */
#ifndef WOSYNC_SOURCES_NOTIFICATIONS_H
#define WOSYNC_SOURCES_NOTIFICATIONS_H

#include "base/error.h"
#include "sources/pass.h"

/* Asks for the work orders that were hinted at, `most` of them; one that cannot be asked for now waits for
 * the next run. Sends no request when there are none. Ends as pass_run. */
enum pass_end notifications_refetch(const struct pass_settings *settings, int most, struct error *e);

#endif
