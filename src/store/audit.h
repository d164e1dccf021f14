/*
 * audit: what an audit asks the store: snapshots to compare with the list, deliveries to compare with events.
 */
#ifndef WOSYNC_STORE_AUDIT_H
#define WOSYNC_STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "core/fingerprint.h"

struct store;

/* A snapshot as it lies in the store. Dates are milliseconds. */
struct audit_snapshot {
    int64_t updated;
    int64_t observed; /* by our clock */
    bool deleted;     /* it was emitted as deleted */
    bool same;        /* its document is, byte for byte, the record that it is compared with */
};

/* Reads the snapshot `id` and compares its document with `len` bytes of a record. Returns 1, 0 when there is
 * none, -1 when the store failed. */
int audit_read_snapshot(struct store *store, int64_t id, const char *json, size_t len,
    struct audit_snapshot *out, struct error *e);

/* Which snapshots to look for in the list. */
struct audit_scope {
    int64_t since;       /* updatedAt; TIMESTAMP_NONE: all */
    int64_t began, ends; /* not those that were observed in between, by our clock */
};

/* Reads the ids of up to `most` snapshots behind id `after` that are in the scope and not emitted as deleted,
 * in ascending order. Returns how many, or -1. */
int audit_read_ids(struct store *store, const struct audit_scope *scope, int64_t after, int most,
    int64_t *out, struct error *e);

/* Finds the first event that was observed at `since` or later (TIMESTAMP_NONE: any) into *seq. Returns 1, 0
 * when there is none, -1. */
int audit_first_event(struct store *store, int64_t since, int64_t *seq, struct error *e);

/* How many events there are from number `from` to `until`, or -1. */
int64_t audit_count_events(struct store *store, int64_t from, int64_t until, struct error *e);

/* The deliveries of a handler, by their states. */
struct audit_deliveries {
    int64_t pending, done, dead, discarded;
};

/* Counts those of the events from number `from` to `until`. Returns 0 or -1. */
int audit_count_deliveries(struct store *store, int64_t handler, int64_t from, int64_t until,
    struct audit_deliveries *out, struct error *e);

/* An event of which a handler has no delivery. Texts are borrowed during the call. */
struct audit_event {
    int64_t seq;
    int64_t work_order;
    const char *id, *type;
    const char *body; /* NULL unless it was asked for */
    size_t body_len;
};

/* Calls `each` for up to `most` events behind number `after`, up to number `until`, of which the handler has
 * no delivery, in the order of the log; it returns 0 to go on, -1 with the error filled to stop. Returns how
 * many there were, or -1. */
int audit_visit_undelivered(struct store *store, int64_t handler, int64_t after, int64_t until, int most,
    bool with_body, int (*each)(const struct audit_event *event, void *context, struct error *e),
    void *context, struct error *e);

/* Can a delivery be added: are the event and the handler still in the store? Returns 1, 0 or -1. */
int audit_is_deliverable(struct store *store, int64_t handler, int64_t seq, struct error *e);

/* Notes what a handler takes from `position` on (deliver/terms.h), in the caller's transaction; nothing
 * changes where that is what it took before. Returns 0 or -1. */
int handler_terms_set(struct store *store, int64_t handler, const unsigned char terms[FINGERPRINT_SIZE],
    int64_t position, struct error *e);

/* Forgets it: events were passed over. Returns 0 or -1. */
int handler_terms_forget(struct store *store, int64_t handler, struct error *e);

/* Behind which event the handler has taken by these terms, into *behind. Returns 1, 0 when it has not yet,
 * -1. */
int handler_terms_find(struct store *store, int64_t handler, const unsigned char terms[FINGERPRINT_SIZE],
    int64_t *behind, struct error *e);

#endif
