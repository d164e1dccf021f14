#include "cli/facts.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "store/account.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/lateness.h"
#include "store/passes.h"
#include "store/quarantine.h"
#include "store/receipts.h"
#include "store/snapshots.h"
#include "store/subscriptions.h"
#include "store/sweeps.h"
#include "store/webhooks.h"

/* What a poll found less long ago may still come by webhook: it is not counted as missed yet. */
enum { ON_ITS_WAY_MS = 60000 };

struct gathering {
    struct store *store;
    struct json_object *list;
};

static int gather_account(struct store *store, struct json_object *out, struct error *e)
{
    struct account account;
    int known = account_load(store, &account, e);
    if (known < 0)
        return -1;
    int rc = 0;
    if (known == 1 && (json_give_text(out, "baseUrl", account.base_url) != 0 ||
                          json_give_text(out, "organization", account.organization) != 0 ||
                          json_give_date(out, "horizon", account.horizon) != 0 ||
                          json_give_date(out, "watermark", account.watermark) != 0 ||
                          json_give_date(out, "passStarted", account.started) != 0 ||
                          json_give_date(out, "passFinished", account.finished) != 0 ||
                          json_give_text(out, "filter", account.filter) != 0))
        rc = fail_memory(e, "status");
    account_free(&account);
    return rc;
}

static int gather_lateness(struct store *store, struct json_object *out, struct error *e)
{
    struct lateness lateness;
    struct json_object *late = json_object_new_object();
    int64_t missing = sweeps_waiting(store, e);
    if (missing < 0 || lateness_load(store, LATENESS_POLL, &lateness, e) != 0) {
        json_object_put(late);
        return -1;
    }
    if (json_give(out, "lateness", late) != 0 || json_give_int(out, "missing", missing) != 0 ||
        json_give_int(late, "count", lateness.count) != 0 ||
        json_give_int(late, "p50Ms", lateness.p50) != 0 || json_give_int(late, "p99Ms", lateness.p99) != 0 ||
        json_give_int(late, "largestMs", lateness.largest) != 0 ||
        json_give_int(late, "lookbackNeededMs", lateness.overdue) != 0)
        return fail_memory(e, "status");
    return 0;
}

static int gather_pass(struct store *store, const char *kind, struct json_object *list, struct error *e)
{
    struct pass_state state;
    int unfinished = passes_load(store, kind, &state, e);
    if (unfinished <= 0)
        return unfinished;
    struct json_object *pass = json_object_new_object();
    int rc = pass != NULL ? json_object_array_add(list, pass) : -1;
    if (rc != 0)
        json_object_put(pass);
    if (rc == 0 &&
        (json_give_text(pass, "kind", kind) != 0 || json_give_date(pass, "since", state.since) != 0 ||
            json_give_text(pass, "cursor", state.cursor) != 0 ||
            json_give_int(pass, "pages", state.pages) != 0 ||
            json_give_int(pass, "records", state.records) != 0))
        rc = -1;
    pass_state_free(&state);
    return rc == 0 ? 0 : fail_memory(e, "status");
}

static int gather_passes(struct store *store, struct json_object *out, struct error *e)
{
    static const char *const kinds[] = {"sync", "backfill", "reconcile"};
    struct json_object *list = json_object_new_array();
    if (json_give(out, "unfinished", list) != 0)
        return fail_memory(e, "status");
    for (int i = 0; i < 3; i++)
        if (gather_pass(store, kinds[i], list, e) != 0)
            return -1;
    return 0;
}

static int gather_handler(const struct handler_row *row, void *context, struct error *e)
{
    struct gathering *g = context;
    struct delivery_counts counts;
    struct json_object *handler = json_object_new_object();
    if (handler == NULL || json_object_array_add(g->list, handler) != 0) {
        json_object_put(handler);
        return fail_memory(e, "status");
    }
    if (deliveries_count(g->store, row->handler, &counts, e) != 0)
        return -1;
    if (json_give_text(handler, "name", row->name) != 0 || json_give_text(handler, "type", row->type) != 0 ||
        json_give_date(handler, "removed", row->removed) != 0 ||
        json_give_int(handler, "pending", counts.pending) != 0 ||
        json_give_date(handler, "oldestPending", counts.oldest) != 0 ||
        json_give_int(handler, "dead", counts.dead) != 0 ||
        json_give_int(handler, "delivered", row->delivered) != 0 ||
        json_give_int(handler, "skipped", row->skipped) != 0 ||
        json_give_date(handler, "lastSuccess", row->last_success) != 0 ||
        json_give_date(handler, "lastFailure", row->last_failure) != 0 ||
        json_give_text(handler, "lastError", row->last_error) != 0)
        return fail_memory(e, "status");
    return 0;
}

struct json_object *facts_run(const struct run *run)
{
    struct json_object *out = json_object_new_object(), *events = json_object_new_object();
    if (out == NULL || json_give(out, "events", events) != 0) {
        json_object_put(out);
        return NULL;
    }
    int rc = 0;
    for (int type = 0; type < EVENT_TYPES && rc == 0; type++)
        rc = json_give_int(events, event_type_name((enum event_type)type), run->events[type]);
    if (rc == 0 && json_give_int(out, "run", run->number) == 0 &&
        json_give_text(out, "kind", run->kind) == 0 && json_give_date(out, "began", run->began) == 0 &&
        json_give_date(out, "ended", run->ended) == 0 && json_give_date(out, "since", run->since) == 0 &&
        json_give_date(out, "until", run->until) == 0 && json_give_int(out, "requests", run->requests) == 0 &&
        json_give_int(out, "pages", run->pages) == 0 && json_give_int(out, "bytes", run->bytes) == 0 &&
        json_give_int(out, "records", run->records) == 0 &&
        json_give_int(out, "quarantined", run->quarantined) == 0 &&
        json_give_int(out, "healed", run->healed) == 0 &&
        json_give_int(out, "delivered", run->delivered) == 0 && json_give_int(out, "dead", run->dead) == 0 &&
        (run->exit_status < 0 || json_give_int(out, "exitStatus", run->exit_status) == 0) &&
        json_give_text(out, "message", run->message) == 0)
        return out;
    json_object_put(out);
    return NULL;
}

static int gather_counts(struct store *store, struct json_object *out, struct error *e)
{
    int64_t snapshots = snapshots_count(store, e), events = events_count(store, e);
    int64_t quarantine = quarantine_count(store, e);
    if (snapshots < 0 || events < 0 || quarantine < 0)
        return -1;
    if (json_give_int(out, "workOrders", snapshots) != 0 || json_give_int(out, "events", events) != 0 ||
        json_give_int(out, "quarantine", quarantine) != 0)
        return fail_memory(e, "status");
    return 0;
}

static int gather_quarantine(const struct quarantine_entry *entry, void *context, struct error *e)
{
    struct gathering *g = context;
    struct json_object *out = json_object_new_object();
    if (out == NULL || json_object_array_add(g->list, out) != 0) {
        json_object_put(out);
        return fail_memory(e, "status");
    }
    if (json_give_date(out, "seen", entry->seen) != 0 ||
        (entry->work_order != 0 && json_give_int(out, "workOrder", entry->work_order) != 0) ||
        json_give_text(out, "reason", entry->reason) != 0 ||
        json_give_int(out, "size", (int64_t)entry->size) != 0)
        return fail_memory(e, "status");
    return 0;
}

static int gather_lane(
    struct store *store, const char *lane, const char *key, struct json_object *out, struct error *e)
{
    struct lateness lateness;
    if (lateness_load(store, lane, &lateness, e) != 0)
        return -1;
    if (lateness.count == 0)
        return 0;
    return json_give_int(out, key, lateness.p50) == 0 ? 0 : fail_memory(e, "status");
}

/* Nothing where webhooks were never used. */
static int gather_webhooks(struct store *store, struct json_object *out, struct error *e)
{
    struct webhooks lane;
    int64_t waiting = receipts_waiting(store, e), broken = subscriptions_count_broken(store, e);
    if (waiting < 0 || broken < 0 || webhooks_load(store, clock_now() - ON_ITS_WAY_MS, &lane, e) != 0)
        return -1;
    if (lane.first == TIMESTAMP_NONE && lane.refused == 0 && broken == 0 && *lane.api == '\0')
        return 0;
    struct json_object *hooks = json_object_new_object();
    if (json_give(out, "webhooks", hooks) != 0 || json_give_date(hooks, "lastReceived", lane.last) != 0 ||
        json_give_int(hooks, "received", lane.received) != 0 ||
        json_give_int(hooks, "duplicate", lane.duplicate) != 0 ||
        json_give_int(hooks, "refused", lane.refused) != 0 ||
        json_give_int(hooks, "hints", lane.hints) != 0 ||
        json_give_int(hooks, "hintsWaiting", waiting) != 0 ||
        json_give_int(hooks, "foundByPolling", lane.polled) != 0 ||
        json_give_int(hooks, "missed", lane.missed) != 0 ||
        json_give_int(hooks, "brokenSubscriptions", broken) != 0)
        return fail_memory(e, "status");
    if (gather_lane(store, LATENESS_WEBHOOK, "webhookDelayP50Ms", hooks, e) != 0)
        return -1;
    return gather_lane(store, LATENESS_POLL, "pollDelayP50Ms", hooks, e);
}

int facts_gather(struct store *store, struct json_object *out, struct error *e)
{
    struct gathering handlers = {store, json_object_new_array()};
    struct gathering records = {store, json_object_new_array()};
    if (json_give(out, "handlers", handlers.list) != 0 || json_give(out, "quarantined", records.list) != 0)
        return fail_memory(e, "status");
    if (gather_account(store, out, e) != 0 || gather_passes(store, out, e) != 0 ||
        gather_lateness(store, out, e) != 0 || gather_webhooks(store, out, e) != 0 ||
        gather_counts(store, out, e) != 0 || handlers_list(store, gather_handler, &handlers, e) != 0 ||
        quarantine_list(store, gather_quarantine, &records, e) != 0)
        return -1;
    return 0;
}
