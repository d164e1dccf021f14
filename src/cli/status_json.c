/*
 * status_json: the state of the store as one JSON object, a function for each of its members. status prints
 * it, as it is or as text (status_text.c). It reads what is counted, and no table from end to end.
 */
#include "cli/status_json.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "store/account.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/lateness.h"
#include "store/passes.h"
#include "store/people.h"
#include "store/quarantine.h"
#include "store/refetches.h"
#include "store/skipped.h"
#include "store/snapshots.h"
#include "store/subscriptions.h"
#include "store/sweeps.h"
#include "store/webhook_stats.h"

/* What a poll found less long ago may still come by webhook: it is not counted as missed yet. */
enum { ON_ITS_WAY_MS = 60000 };

/* Work orders that could not be read, at the most. */
enum { FAILED_SHOWN = 10 };

struct gathering {
    struct store *store;
    struct json_object *list;
};

static int gather_account(struct store *store, struct json_object *out, struct error *e)
{
    struct account account;
    int known = account_load(store, &account, e);
    if (known <= 0)
        return known;
    json_give_text(out, "baseUrl", account.base_url);
    json_give_text(out, "organization", account.organization);
    json_give_date(out, "horizon", account.horizon);
    json_give_date(out, "watermark", account.watermark);
    json_give_date(out, "passStarted", account.started);
    json_give_date(out, "passFinished", account.finished);
    json_give_text(out, "filter", account.filter);
    account_free(&account);
    return 0;
}

static int gather_lateness(struct store *store, struct json_object *out, struct error *e)
{
    struct lateness lateness;
    struct account account;
    int64_t missing = sweeps_waiting(store, e), oldest = TIMESTAMP_NONE, unlisted = 0;
    int known = account_load(store, &account, e);
    if (missing < 0 || known < 0 || lateness_load(store, LATENESS_POLL, &lateness, e) != 0) {
        account_free(&account);
        return -1;
    }
    if (known == 1 && account.started != TIMESTAMP_NONE)
        unlisted = snapshots_count_unlisted(store, account.started, &oldest, e);
    account_free(&account);
    if (unlisted < 0)
        return -1;
    struct json_object *late = json_object_new_object();
    json_object_object_add(out, "lateness", late);
    json_give_int(out, "missing", missing);
    json_give_int(late, "count", lateness.count);
    json_give_int(late, "p50Ms", lateness.p50);
    json_give_int(late, "p99Ms", lateness.p99);
    json_give_int(late, "largestMs", lateness.largest);
    json_give_int(late, "lookbackNeededMs", lateness.overdue);
    json_give_int(late, "notListed", unlisted);
    if (oldest != TIMESTAMP_NONE)
        json_give_date(late, "notListedSince", oldest);
    return 0;
}

static int gather_pass(struct store *store, const char *kind, struct json_object *list, struct error *e)
{
    struct pass_state state;
    int unfinished = passes_load(store, kind, &state, e);
    if (unfinished <= 0)
        return unfinished;
    struct json_object *pass = json_object_new_object();
    json_object_array_add(list, pass);
    json_give_text(pass, "kind", kind);
    json_give_date(pass, "since", state.since);
    json_give_text(pass, "cursor", state.cursor);
    json_give_int(pass, "pages", state.pages);
    json_give_int(pass, "records", state.records);
    pass_state_free(&state);
    return 0;
}

static int gather_passes(struct store *store, struct json_object *out, struct error *e)
{
    static const char *const kinds[] = {"sync", "backfill", "reconcile"};
    struct json_object *list = json_object_new_array();
    json_object_object_add(out, "unfinished", list);
    for (int i = 0; i < 3; i++)
        if (gather_pass(store, kinds[i], list, e) != 0)
            return -1;
    return 0;
}

static int gather_handler(const struct handler_record *row, void *context, struct error *e)
{
    struct gathering *g = context;
    struct delivery_counts counts;
    if (deliveries_count(g->store, row->handler, &counts, e) != 0)
        return -1;
    struct json_object *handler = json_object_new_object();
    json_object_array_add(g->list, handler);
    json_give_text(handler, "name", row->name);
    json_give_text(handler, "type", row->type);
    json_give_date(handler, "removed", row->removed);
    json_give_int(handler, "pending", counts.pending);
    json_give_date(handler, "oldestPending", counts.oldest);
    json_give_int(handler, "dead", counts.dead);
    json_give_int(handler, "delivered", row->delivered);
    json_give_int(handler, "skipped", row->skipped);
    json_give_date(handler, "lastSuccess", row->last_success);
    json_give_date(handler, "lastFailure", row->last_failure);
    json_give_text(handler, "lastError", row->last_error);
    json_give_date(handler, "failingSince", row->failing_since);
    json_give_int(handler, "failures", row->failures);
    json_give_date(handler, "nextTry", counts.due);
    return 0;
}

struct json_object *status_json_run(const struct run *run)
{
    struct json_object *out = json_object_new_object(), *events = json_object_new_object();
    json_object_object_add(out, "events", events);
    for (int type = 0; type < EVENT_TYPES; type++)
        json_give_int(events, event_type_name((enum event_type)type), run->events[type]);
    json_give_int(out, "run", run->number);
    json_give_text(out, "kind", run->kind);
    json_give_date(out, "began", run->began);
    json_give_date(out, "ended", run->ended);
    json_give_date(out, "since", run->since);
    json_give_date(out, "until", run->until);
    json_give_int(out, "requests", run->requests);
    json_give_int(out, "pages", run->pages);
    json_give_int(out, "bytes", run->bytes);
    json_give_int(out, "records", run->records);
    json_give_int(out, "quarantined", run->quarantined);
    json_give_int(out, "healed", run->healed);
    json_give_int(out, "delivered", run->delivered);
    json_give_int(out, "dead", run->dead);
    if (run->exit_status >= 0)
        json_give_int(out, "exitStatus", run->exit_status);
    json_give_text(out, "message", run->message);
    return out;
}

static int gather_counts(struct store *store, struct json_object *out, struct error *e)
{
    int64_t snapshots = snapshots_count(store, e), events = events_count(store, e);
    int64_t quarantine = quarantine_count(store, e), skipped = skipped_count(store, e);
    json_give_int(out, "workOrders", snapshots);
    json_give_int(out, "events", events);
    json_give_int(out, "quarantine", quarantine);
    json_give_int(out, "skippedInstants", skipped);
    return e->status == EX_OK ? 0 : -1;
}

static int gather_people(
    struct store *store, enum people_kind kind, struct json_object *out, bool *tried, struct error *e)
{
    struct people_list list;
    int64_t known, removed;
    if (people_list_load(store, kind, &list, e) != 0 || people_count(store, kind, &known, &removed, e) != 0)
        return -1;
    struct json_object *people = json_object_new_object();
    json_object_object_add(out, people_kind_name(kind), people);
    json_give_int(people, "known", known);
    json_give_int(people, "removed", removed);
    json_give_date(people, "lastRead", list.read);
    json_give_date(people, "lastTried", list.tried);
    json_give_text(people, "lastError", *list.error != '\0' ? list.error : NULL);
    *tried = *tried || list.tried != TIMESTAMP_NONE;
    return 0;
}

/* Nothing where names were never read. */
static int gather_names(struct store *store, struct json_object *out, struct error *e)
{
    struct json_object *names = json_object_new_object();
    bool tried = false;
    if (gather_people(store, PEOPLE_USERS, names, &tried, e) != 0 ||
        gather_people(store, PEOPLE_TEAMS, names, &tried, e) != 0) {
        json_object_put(names);
        return -1;
    }
    if (tried)
        json_object_object_add(out, "names", names);
    else
        json_object_put(names);
    return 0;
}

static int gather_quarantine(const struct quarantine_entry *entry, void *context, struct error *e)
{
    struct json_object *out = json_object_new_object();
    (void)e;
    json_object_array_add(context, out);
    json_give_date(out, "seen", entry->seen);
    if (entry->work_order != 0)
        json_give_int(out, "workOrder", entry->work_order);
    json_give_text(out, "reason", entry->reason);
    json_give_int(out, "size", (int64_t)entry->size);
    return 0;
}

static int gather_lane(
    struct store *store, const char *channel, const char *key, struct json_object *out, struct error *e)
{
    struct lateness lateness;
    if (lateness_load(store, channel, &lateness, e) != 0)
        return -1;
    if (lateness.count > 0)
        json_give_int(out, key, lateness.p50);
    return 0;
}

static int gather_failed_refetch(const struct refetch_failure *failure, void *context, struct error *e)
{
    struct json_object *out = json_object_new_object();
    (void)e;
    json_object_array_add(context, out);
    json_give_int(out, "workOrder", failure->work_order);
    json_give_date(out, "requested", failure->requested);
    json_give_int(out, "attempts", failure->attempts);
    json_give_date(out, "due", failure->due);
    json_give_text(out, "error", failure->error);
    return 0;
}

/* The work orders that are to be asked for by their ids. */
static int gather_refetches(struct store *store, struct json_object *out, struct error *e)
{
    struct refetch_counts counts;
    struct json_object *refetches = json_object_new_object(), *failed = json_object_new_array();
    json_object_object_add(out, "refetches", refetches);
    json_object_object_add(refetches, "failed", failed);
    if (refetches_count(store, &counts, e) != 0)
        return -1;
    json_give_int(refetches, "waiting", counts.waiting);
    json_give_int(refetches, "failing", counts.failing);
    json_give_date(refetches, "oldest", counts.oldest);
    return refetches_visit_failed(store, FAILED_SHOWN, gather_failed_refetch, failed, e);
}

/* Nothing where webhooks were never used. */
static int gather_webhooks(struct store *store, struct json_object *out, struct error *e)
{
    struct webhook_stats channel;
    int64_t broken = subscriptions_count_broken(store, e);
    if (broken < 0 || webhook_stats_load(store, clock_now() - ON_ITS_WAY_MS, &channel, e) != 0)
        return -1;
    if (channel.first == TIMESTAMP_NONE && channel.refused == 0 && broken == 0 && *channel.api == '\0')
        return 0;
    struct json_object *hooks = json_object_new_object();
    json_object_object_add(out, "webhooks", hooks);
    json_give_date(hooks, "lastReceived", channel.last);
    json_give_date(hooks, "lastObserved", channel.last_good);
    json_give_date(hooks, "lastRefused", channel.last_refused);
    json_give_int(hooks, "received", channel.received);
    json_give_int(hooks, "duplicate", channel.duplicate);
    json_give_int(hooks, "refused", channel.refused);
    json_give_int(hooks, "givenUp", channel.given_up);
    json_give_int(hooks, "foundByPolling", channel.polled);
    json_give_int(hooks, "missed", channel.missed);
    json_give_int(hooks, "brokenSubscriptions", broken);
    if (gather_lane(store, LATENESS_WEBHOOK, "webhookDelayP50Ms", hooks, e) != 0)
        return -1;
    return gather_lane(store, LATENESS_POLL, "pollDelayP50Ms", hooks, e);
}

int status_json_gather(struct store *store, struct json_object *out, struct error *e)
{
    struct gathering handlers = {store, json_object_new_array()};
    struct json_object *records = json_object_new_array();
    json_object_object_add(out, "handlers", handlers.list);
    json_object_object_add(out, "quarantined", records);
    if (gather_account(store, out, e) != 0 || gather_passes(store, out, e) != 0 ||
        gather_names(store, out, e) != 0 || gather_refetches(store, out, e) != 0 ||
        gather_webhooks(store, out, e) != 0 || gather_lateness(store, out, e) != 0 ||
        gather_counts(store, out, e) != 0 || handlers_list(store, gather_handler, &handlers, e) != 0 ||
        quarantine_list(store, gather_quarantine, records, e) != 0)
        return -1;
    return 0;
}

static int give_success(const char *kind, int64_t ended, void *context, struct error *e)
{
    (void)e;
    json_give_date(context, kind, ended);
    return 0;
}

int status_json_successes(struct store *store, struct json_object *out, struct error *e)
{
    struct json_object *successes = json_object_new_object();
    json_object_object_add(out, "lastSuccess", successes);
    return runs_successes(store, give_success, successes, e);
}

static int print_run(const struct run *run, void *context, struct error *e)
{
    bool *first = context;
    struct json_object *out = status_json_run(run);
    (void)e;
    printf("%s\n%s", *first ? "" : ",",
        json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    *first = false;
    json_object_put(out);
    return 0;
}

/* The runs: a hundred thousand and more. So they are not gathered but printed one by one, as the last member
 * of the object. */
void status_json_print(struct store *store, struct json_object *status, struct error *e)
{
    bool first = true;
    const char *json =
        json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    if (store == NULL) {
        printf("%s\n", json);
        return;
    }
    printf("%.*s,\n\"runs\":[", (int)strlen(json) - 1, json);
    runs_list(store, INT32_MAX, print_run, &first, e);
    printf("]}\n");
}
