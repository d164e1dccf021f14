/*
 * webhook_inbound: one delivery whose signature was checked. It goes into the store once, in one transaction:
 * a notification into the inbox, with the status change that it names, and its work order is to be asked for;
 * what holds the whole work order is an observation. What handlers do comes later.
 */
#ifndef WOSYNC_SOURCES_WEBHOOK_INBOUND_H
#define WOSYNC_SOURCES_WEBHOOK_INBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "sources/webhook_auth.h"
#include "store/runs.h"

struct config;
struct names;

/* Everything is borrowed. */
struct webhook_settings {
    const struct config *config; /* without an organization every organization's webhooks are ours */
    struct store *store;
    const char *subscribed; /* the event that the secret was registered for, NULL: not known */
    struct run *run;        /* counts records and events */
    struct names *names;    /* who events mention; NULL: they hold ids alone */
};

enum webhook_result {
    WEBHOOK_STORED,
    WEBHOOK_REPEATED, /* it was here before: by the sender's event id, else by what it says */
    WEBHOOK_REFUSED,  /* it is signed but of no use; it lies in quarantine; the error says why (EX_DATAERR) */
    WEBHOOK_FAILED    /* the store failed; nothing was stored, the error is filled */
};

/* Accepts a delivery that came at `now`. *work_left is set when there is something to be done about it:
 * events to be delivered, or a work order to be asked for. */
enum webhook_result webhook_accept(const struct webhook_settings *settings,
    const struct webhook_message *message, int64_t now, bool *work_left, struct error *e);

#endif
