/*
 * webhooks_register: has MaintainX send its webhooks to a URL.
 */
#ifndef WOSYNC_CLI_WEBHOOKS_REGISTER_H
#define WOSYNC_CLI_WEBHOOKS_REGISTER_H

#include <stdbool.h>

#include "api/subscriptions.h"
#include "cli/run_context.h"
#include "core/event.h"

/* What is to be registered. */
struct webhooks_wanted {
    const char *url;
    bool events[EVENT_TYPES];
};

/* Registers what the store does not know yet, stores it, and prints a line for each. `known`: which API the
 * server has; SUBSCRIPTION_APIS as long as nobody found out. Returns 0, or -1 with the error filled; what was
 * registered until then is stored. */
int webhooks_register(struct run_context *context, struct client *client, enum subscription_api known,
    const struct webhooks_wanted *wanted, struct error *e);

#endif
