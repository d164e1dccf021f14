/*
 * subscription_check: whether the webhooks that we registered are still there: MaintainX deletes those that
 * fail for long, and says so in an e-mail alone.
 */
#ifndef WOSYNC_SOURCES_SUBSCRIPTION_CHECK_H
#define WOSYNC_SOURCES_SUBSCRIPTION_CHECK_H

#include <stdint.h>

#include "base/error.h"

struct client;
struct store;

/* Asks for every registration in the store that was not asked for since `since` (milliseconds; INT64_MAX:
 * all), and stores what the server says. One that was valid and no longer is, is warned of. Returns 0, or -1
 * with the error filled: the store or the API failed, a signal came. */
int subscription_check_all(struct client *client, struct store *store, int64_t since, struct error *e);

#endif
