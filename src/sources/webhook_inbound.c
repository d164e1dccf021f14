#include "sources/webhook_inbound.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "core/fingerprint.h"
#include "core/webhook_body.h"
#include "sources/intake.h"
#include "store/account.h"
#include "store/lateness.h"
#include "store/quarantine.h"
#include "store/refetches.h"
#include "store/steps.h"
#include "store/store.h"
#include "store/subscriptions.h"
#include "store/webhook_inbox.h"
#include "store/webhook_stats.h"

/* Longest event id that is taken as one, in bytes. */
enum { LONGEST_EVENT_ID = 200 };

/* Bytes of a key: `body:` and a fingerprint in hex, or `event:` and an id. */
enum { KEY_SIZE = 8 + LONGEST_EVENT_ID };

struct delivery_in {
    const struct webhook_settings *settings;
    const struct webhook_message *message;
    int64_t now;
    unsigned char fingerprint[FINGERPRINT_SIZE]; /* of the body */
    char key[KEY_SIZE];
    struct webhook_body body;
    struct account account;
    bool polled; /* the account is known: there is a horizon */
    bool *work_left;
};

static bool is_event_id(const char *id)
{
    size_t len = id != NULL ? strnlen(id, LONGEST_EVENT_ID + 1) : 0;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)id[i] <= 0x20 || (unsigned char)id[i] >= 0x7f)
            return false;
    return len > 0 && len <= LONGEST_EVENT_ID;
}

static void make_key(struct delivery_in *d)
{
    fingerprint_of(d->message->body, d->message->len, d->fingerprint);
    if (is_event_id(d->message->event_id)) {
        snprintf(d->key, sizeof d->key, "event:%s", d->message->event_id);
        return;
    }
    int n = snprintf(d->key, sizeof d->key, "body:");
    for (int i = 0; i < FINGERPRINT_SIZE; i++)
        n += snprintf(d->key + n, sizeof d->key - (size_t)n, "%02x", d->fingerprint[i]);
}

static bool is_foreign(const struct delivery_in *d)
{
    const char *ours = d->settings->config->organization;
    char organization[32];
    snprintf(organization, sizeof organization, "%lld", (long long)d->body.organization);
    return *ours != '\0' && d->body.organization != 0 && strcmp(organization, ours) != 0;
}

static enum inbox_state state_of(const struct delivery_in *d)
{
    if (is_foreign(d))
        return INBOX_FOREIGN;
    switch (d->body.kind) {
    case WEBHOOK_UNSUPPORTED:
        return INBOX_UNSUPPORTED;
    case WEBHOOK_ARCHIVED:
        return INBOX_DONE;
    case WEBHOOK_OBSERVATION:
        /* without a horizon it cannot be known what is news */
        return d->polled ? INBOX_DONE : INBOX_WAITING;
    case WEBHOOK_NOTIFICATION:
    case WEBHOOK_DELETION:
    default:
        return INBOX_WAITING;
    }
}

/* What is of no use is reported once, not at every delivery. */
static int warn_once(const struct delivery_in *d, enum inbox_state state, struct error *e)
{
    int before = inbox_have(d->settings->store, state, d->body.event, e);
    if (before != 0)
        return before < 0 ? -1 : 0;
    if (state == INBOX_UNSUPPORTED)
        log_warning(
            "webhook: %s: unsupported event: its name is kept and nothing else; wosync webhooks list shows "
            "what is registered",
            d->body.event);
    else
        log_warning(
            "webhook: %s: it is of organization %lld, but organization_id in [api] is %s; the names of such "
            "events are kept and nothing else",
            d->body.event, (long long)d->body.organization, d->settings->config->organization);
    return 0;
}

static int archive(const struct delivery_in *d, struct error *e)
{
    struct store *store = d->settings->store;
    if (subscriptions_archive(store, d->body.webhook, d->now, e) != 0)
        return -1;
    if (store_changes(store) > 0)
        log_warning(
            "webhooks: subscription %s: MaintainX has archived it and sends no more of it; polling goes on; "
            "register it again: wosync webhooks register --url URL",
            d->body.webhook);
    return 0;
}

/* A date in whole seconds stands for all of its second. */
static int64_t end_of_second(int64_t instant)
{
    return instant != TIMESTAMP_NONE && instant % 1000 == 0 ? instant + 999 : instant;
}

/* The work order is to be asked for. */
static int request(const struct delivery_in *d, struct error *e)
{
    const struct webhook_body *body = &d->body;
    bool gone = body->kind == WEBHOOK_DELETION;
    const struct refetch_row row = {.work_order = body->work_order,
        .reason = REFETCH_NOTIFIED,
        .requested = d->now,
        .occurred = body->occurred,
        .doubted = TIMESTAMP_NONE,
        .gone_by = gone ? body->actor : 0,
        .gone_at = !gone                              ? TIMESTAMP_NONE
                   : body->occurred != TIMESTAMP_NONE ? end_of_second(body->occurred)
                                                      : d->now};
    if (body->has_step && steps_add(d->settings->store, body->work_order, &body->step, d->now, e) != 0)
        return -1;
    return refetches_request(d->settings->store, &row, d->now, e);
}

/* A delivery that holds the whole work order goes the way of every observation. */
static int observe(struct delivery_in *d, struct error *e)
{
    struct store *store = d->settings->store;
    const struct intake_settings settings = {.config = d->settings->config,
        .store = store,
        .source = SOURCE_WEBHOOK,
        .horizon = d->account.horizon,
        .run = d->settings->run,
        .names = d->settings->names};
    struct intake *intake = intake_new(&settings);
    struct intake_details details;
    struct intake_record record = {.doc = d->body.doc,
        .id_hint = d->body.work_order,
        .observed = d->now,
        .asked = d->now,
        .previously_observed = d->account.observed};
    /* without the event's own fields: as it is stored */
    record.json = json_object_to_json_string_length(
        d->body.doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &record.len);
    enum intake_result result = intake_observe(intake, &record, &details, e);
    intake_free(intake);
    if (result != INTAKE_TAKEN)
        return result == INTAKE_QUARANTINED ? 0 : -1;
    *d->work_left = details.events > 0 || details.doubtful;
    if (details.changed && lateness_note(store, LATENESS_WEBHOOK, d->now - details.updated, 0, e) != 0)
        return -1;
    return webhook_stats_note_good(store, d->now, e);
}

/* Does what a new delivery calls for. */
static int act(struct delivery_in *d, enum inbox_state state, struct error *e)
{
    if (state == INBOX_UNSUPPORTED || state == INBOX_FOREIGN)
        return 0;
    if (d->body.kind == WEBHOOK_ARCHIVED)
        return archive(d, e);
    if (webhook_stats_hear(d->settings->store, d->body.work_order, e) != 0)
        return -1;
    if (state == INBOX_DONE)
        return observe(d, e);
    *d->work_left = true;
    return request(d, e);
}

/* Writes it all; in the caller's transaction. */
static enum webhook_result write_delivery(struct delivery_in *d, struct error *e)
{
    struct store *store = d->settings->store;
    enum inbox_state state = state_of(d);
    bool kept = state == INBOX_WAITING || state == INBOX_DONE;
    const struct inbox_entry entry = {.key = d->key,
        .received = d->now,
        .event = d->body.event,
        .work_order = kept ? d->body.work_order : 0,
        .state = state,
        .body = kept ? d->message->body : NULL,
        .len = kept ? d->message->len : 0};
    if (!kept && warn_once(d, state, e) != 0)
        return WEBHOOK_FAILED;
    int added = inbox_add(store, &entry, e);
    if (added < 0 || webhook_stats_note_received(store, d->now, added == 0, e) != 0)
        return WEBHOOK_FAILED;
    if (added == 0)
        return WEBHOOK_REPEATED;
    return act(d, state, e) == 0 ? WEBHOOK_STORED : WEBHOOK_FAILED;
}

/* Signed, but of no use: kept to be looked at, the same bytes once. */
static enum webhook_result put_away(struct delivery_in *d, const char *reason, struct error *e)
{
    struct store *store = d->settings->store;
    const struct quarantine_entry entry = {.identity = d->fingerprint,
        .fingerprint = d->fingerprint,
        .source = event_source_name(SOURCE_WEBHOOK),
        .reason = reason,
        .raw = d->message->body,
        .size = d->message->len,
        .seen = d->now};
    if (quarantine_add(store, &entry, e) < 0 || webhook_stats_note_refused(store, d->now, e) != 0)
        return WEBHOOK_FAILED;
    return WEBHOOK_REFUSED;
}

enum webhook_result webhook_accept(const struct webhook_settings *settings,
    const struct webhook_message *message, int64_t now, bool *work_left, struct error *e)
{
    struct delivery_in d = {.settings = settings, .message = message, .now = now, .work_left = work_left};
    const struct run before = *settings->run;
    enum webhook_result result = WEBHOOK_FAILED;
    const char *reason = NULL;
    *work_left = false;
    int readable = webhook_body_read(message->body, message->len,
        (const char *const *)settings->config->completed, settings->subscribed, &d.body, &reason);
    if (store_begin(settings->store, e) != 0)
        goto out;
    make_key(&d);
    int known = account_load(settings->store, &d.account, e);
    d.polled = known == 1;
    if (known >= 0)
        result = readable != 0 ? put_away(&d, reason, e) : write_delivery(&d, e);
    if (result != WEBHOOK_FAILED && store_commit(settings->store, e) != 0)
        result = WEBHOOK_FAILED;
    store_rollback(settings->store);
    if (result == WEBHOOK_REFUSED)
        fail(e, EX_DATAERR,
            "webhook: a signed delivery was refused: %s; it is in quarantine (wosync status shows it)",
            reason);
out:
    if (result == WEBHOOK_FAILED) {
        *settings->run = before;
        *work_left = false;
    }
    webhook_body_free(&d.body);
    account_free(&d.account);
    return result;
}
