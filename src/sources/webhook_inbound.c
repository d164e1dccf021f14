#include "sources/webhook_inbound.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/timestamp.h"
#include "core/fingerprint.h"
#include "core/webhook_body.h"
#include "sources/intake.h"
#include "store/account.h"
#include "store/lateness.h"
#include "store/quarantine.h"
#include "store/webhook_inbox.h"
#include "store/store.h"
#include "store/webhook_stats.h"

/* Longest event id that is taken as one, in bytes. */
enum { LONGEST_EVENT_ID = 200 };

/* Bytes of a key: `body:` and a fingerprint in hex, or `event:` and an id. */
enum { KEY_SIZE = 8 + LONGEST_EVENT_ID };

struct taking {
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

static void make_key(struct taking *t)
{
    fingerprint_of(t->message->body, t->message->len, t->fingerprint);
    if (is_event_id(t->message->event_id)) {
        snprintf(t->key, sizeof t->key, "event:%s", t->message->event_id);
        return;
    }
    int n = snprintf(t->key, sizeof t->key, "body:");
    for (int i = 0; i < FINGERPRINT_SIZE; i++)
        n += snprintf(t->key + n, sizeof t->key - (size_t)n, "%02x", t->fingerprint[i]);
}

static bool is_foreign(const struct taking *t)
{
    char organization[32];
    snprintf(organization, sizeof organization, "%lld", (long long)t->body.organization);
    return *t->settings->organization != '\0' && t->body.organization != 0 &&
           strcmp(organization, t->settings->organization) != 0;
}

static enum inbox_state state_of(const struct taking *t)
{
    if (is_foreign(t))
        return INBOX_FOREIGN;
    switch (t->body.kind) {
    case WEBHOOK_UNKNOWN:
        return INBOX_UNKNOWN;
    case WEBHOOK_WHOLE:
        return t->polled ? INBOX_DONE : INBOX_HINT;
    case WEBHOOK_DELETED:
        return INBOX_DONE;
    case WEBHOOK_HINT:
    default:
        return INBOX_HINT;
    }
}

/* What is of no use is said once, not at every delivery. */
static int warn_once(const struct taking *t, enum inbox_state state, struct error *e)
{
    int before = inbox_have(t->settings->store, state, t->body.type, e);
    if (before != 0)
        return before < 0 ? -1 : 0;
    if (state == INBOX_UNKNOWN)
        log_warning("webhook: %s: an event that is none of ours; such deliveries are stored and nothing else "
                    "(wosync webhooks list shows what is registered)",
            t->body.type);
    else
        log_warning("webhook: %s: of organization %lld, but organization_id in [api] is %s; such deliveries "
                    "are stored "
                    "and nothing else",
            t->body.type, (long long)t->body.organization, t->settings->organization);
    return 0;
}

static int observe(struct taking *t, struct intake *intake, struct error *e)
{
    struct intake_result result;
    struct intake_record record = {
        .id_hint = t->body.work_order, .observed = t->now, .previously_observed = t->account.observed};
    record.json = json_object_to_json_string_length(
        t->body.doc, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &record.len);
    enum intake_verdict verdict = intake_observe(intake, &record, &result, e);
    if (verdict != INTAKE_TAKEN)
        return verdict == INTAKE_QUARANTINED ? 0 : -1;
    *t->work_left = result.events > 0;
    return result.changed ? lateness_note(t->settings->store, LATENESS_WEBHOOK, t->now - result.updated, 0, e)
                          : 0;
}

/* What a delivery about a work order says goes the way of every observation. */
static int apply(struct taking *t, struct error *e)
{
    const struct intake_settings settings = {.store = t->settings->store,
        .source = SOURCE_WEBHOOK,
        .rules = {.completed = t->settings->completed,
            .ignored = t->settings->ignored,
            .horizon = t->account.horizon},
        .run = t->settings->run,
        .names = t->settings->names};
    struct intake *intake = intake_new(&settings);
    int rc;
    if (t->body.kind == WEBHOOK_WHOLE) {
        rc = observe(t, intake, e);
    } else {
        int told = intake_gone(intake, t->body.work_order, t->body.occurred, t->now, e);
        *t->work_left = told > 0;
        rc = told < 0 ? -1 : 0;
    }
    intake_free(intake);
    return rc;
}

/* Writes it all; in the caller's transaction. */
static enum webhook_outcome write_delivery(struct taking *t, struct error *e)
{
    struct store *store = t->settings->store;
    enum inbox_state state = state_of(t);
    const struct inbox_entry receipt = {.key = t->key,
        .received = t->now,
        .type = t->body.type,
        .work_order = t->body.work_order,
        .state = state,
        .body = t->message->body,
        .len = t->message->len};
    bool odd = state == INBOX_UNKNOWN || state == INBOX_FOREIGN;
    if (odd && warn_once(t, state, e) != 0)
        return WEBHOOK_FAILED;
    int added = inbox_add(store, &receipt, e);
    if (added < 0 ||
        webhook_stats_note_received(store, t->now, added == 0, added == 1 && state == INBOX_HINT, e) != 0)
        return WEBHOOK_FAILED;
    if (added == 0)
        return WEBHOOK_REPEATED;
    if (odd)
        return WEBHOOK_STORED;
    *t->work_left = state == INBOX_HINT;
    if (webhook_stats_hear(store, t->body.work_order, e) != 0 ||
        (state == INBOX_DONE && t->polled && apply(t, e) != 0))
        return WEBHOOK_FAILED;
    return WEBHOOK_STORED;
}

/* Signed, but of no use: kept to be looked at, the same bytes once. */
static enum webhook_outcome put_away(struct taking *t, const char *reason, struct error *e)
{
    struct store *store = t->settings->store;
    const struct quarantine_entry entry = {.fingerprint = t->fingerprint,
        .source = event_source_name(SOURCE_WEBHOOK),
        .reason = reason,
        .raw = t->message->body,
        .size = t->message->len,
        .seen = t->now};
    if (quarantine_add(store, &entry, e) < 0 || webhook_stats_note_refused(store, e) != 0)
        return WEBHOOK_FAILED;
    return WEBHOOK_REFUSED;
}

enum webhook_outcome webhook_take(const struct webhook_settings *settings,
    const struct webhook_message *message, int64_t now, bool *work_left, struct error *e)
{
    struct taking t = {.settings = settings, .message = message, .now = now, .work_left = work_left};
    const struct run before = *settings->run;
    enum webhook_outcome outcome = WEBHOOK_FAILED;
    const char *reason = NULL;
    *work_left = false;
    int readable = webhook_body_read(message->body, message->len, settings->completed, &t.body, &reason);
    if (store_begin(settings->store, e) != 0)
        goto out;
    make_key(&t);
    int known = account_load(settings->store, &t.account, e);
    t.polled = known == 1;
    if (known >= 0)
        outcome = readable != 0 ? put_away(&t, reason, e) : write_delivery(&t, e);
    if (outcome != WEBHOOK_FAILED && store_commit(settings->store, e) != 0)
        outcome = WEBHOOK_FAILED;
    store_rollback(settings->store);
    if (outcome == WEBHOOK_REFUSED)
        fail(e, EX_DATAERR,
            "webhook: a signed delivery is of no use: %s; it is in quarantine (wosync status)", reason);
out:
    if (outcome == WEBHOOK_FAILED) {
        *settings->run = before;
        *work_left = false;
    }
    webhook_body_free(&t.body);
    account_free(&t.account);
    return outcome;
}
