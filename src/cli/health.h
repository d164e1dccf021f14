/*
 * health: what is wrong, found in what is known: whether polling works, and what needs a hand.
 */
#ifndef WOSYNC_CLI_HEALTH_H
#define WOSYNC_CLI_HEALTH_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"

struct json_object;
struct store;

/*
 * Adds a text for each problem to the array `problems`. `status` holds what status_json_gather has put into
 * it; `now` is our clock, milliseconds. A problem is what will not go away by itself, or has lasted for long:
 *
 *   polling     no pass has finished, or none for an hour (with webhooks: for safety_poll and an hour), or
 *               the last run of sync that ended failed (exit status 75, try again later, is no failure)
 *   a handler   deliveries are dead, or one has been pending for an hour
 *   the rest    records in quarantine, work orders that cannot be read, webhook subscriptions that are gone
 *
 * Returns 0, or -1 with the error filled when the store cannot be read.
 */
int health_check(struct store *store, const struct config *config, struct json_object *status, int64_t now,
    struct json_object *problems, struct error *e);

/* Adds each line of a buffer, secrets masked. */
void health_add_lines(const struct buffer *lines, struct json_object *problems);

/* Adds one problem, printf-formatted, secrets masked. */
void health_add(struct json_object *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
