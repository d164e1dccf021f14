/*
 * webhook_stats: how the webhook channel stands: what came, what was refused, and what polling had to emit in
 * its place.
 */
#ifndef WOSYNC_STORE_WEBHOOK_STATS_H
#define WOSYNC_STORE_WEBHOOK_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct store;

/* Dates are milliseconds by our clock, TIMESTAMP_NONE where there is none. */
struct webhook_stats {
    char api[16];  /* where the server takes registrations: `subscriptions`, `webhooks`; "" while not known */
    int64_t first; /* when the first verified delivery came */
    int64_t last;  /* and the last one */
    int64_t last_good;    /* when a work order that a delivery names was last observed */
    int64_t last_refused; /* when a delivery was last refused */
    int64_t received;     /* verified deliveries */
    int64_t duplicate;    /* of them, seen before */
    int64_t refused;      /* not verified, or of no use */
    int64_t given_up;     /* work orders that could not be asked for within a day */
    int64_t polled;       /* changes that a poll emitted before any webhook */
    int64_t missed;       /* of them, those that no webhook has named since */
};

/* Reads it. What polling found after `recent` is not counted as missed yet: the webhook may be on its way. */
int webhook_stats_load(struct store *store, int64_t recent, struct webhook_stats *out, struct error *e);

/* A verified delivery came; in a transaction of the caller. */
int webhook_stats_note_received(struct store *store, int64_t now, bool duplicate, struct error *e);

/* A work order that a delivery names was observed: a sign of life. */
int webhook_stats_note_good(struct store *store, int64_t now, struct error *e);

/* A delivery was refused. */
int webhook_stats_note_refused(struct store *store, int64_t now, struct error *e);

/* A work order could not be asked for within a day. */
int webhook_stats_note_given_up(struct store *store, struct error *e);

/* A poll emitted a change of a work order: webhooks should have named it, if they are in use; in a
 * transaction of the caller. */
int webhook_stats_note_polled(
    struct store *store, int64_t work_order, int64_t updated, int64_t now, struct error *e);

/* A webhook named a work order: nothing of it is missing any more; in a transaction of the caller. */
int webhook_stats_hear(struct store *store, int64_t work_order, struct error *e);

/* Remembers where the server takes registrations. */
int webhook_stats_set_api(struct store *store, const char *api, struct error *e);

#endif
