/*
 * webhook_inbound: one delivery that was verified: a fast observation, or a hint (rules R3, R4). It goes into
 * the store with its raw body, once, in one transaction; what handlers do comes later.
 */
#ifndef WOSYNC_SOURCES_WEBHOOK_INBOUND_H
#define WOSYNC_SOURCES_WEBHOOK_INBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sources/webhook_auth.h"
#include "store/runs.h"

struct names;

/* Everything is borrowed. */
struct webhook_settings {
    struct store *store;
    const char *organization;     /* "" without one: every organization's are ours */
    const char *const *completed; /* as in diff_rules */
    const char *const *ignored;
    struct names *names; /* who events mention; NULL: they hold ids alone */
    struct run *run;     /* counts records and events */
};

enum webhook_outcome {
    WEBHOOK_STORED,
    WEBHOOK_REPEATED, /* it was here before: by the sender's event id, else by what it says */
    WEBHOOK_REFUSED,  /* it is signed but of no use; it lies in quarantine; the error says why (EX_DATAERR) */
    WEBHOOK_FAILED    /* the store failed; nothing was stored, the error is filled */
};

/*
 * Takes a delivery. *work_left is set when there is something to be done about it: events to be delivered, or
 * a work order to be asked for. Before the first pass nothing is known of the account, so that a delivery is
 * a hint until then.
 */
enum webhook_outcome webhook_take(const struct webhook_settings *settings,
    const struct webhook_message *message, int64_t now, bool *work_left, struct error *e);

#endif
