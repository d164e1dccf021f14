/* Every function of the store with every call to the disk failing in turn. */
#include "support.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "disturb.h"
#include "disk.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/deliveries.h"
#include "store/events.h"
#include "store/filter_probes.h"
#include "store/lateness.h"
#include "store/passes.h"
#include "store/people.h"
#include "store/quarantine.h"
#include "store/rate_limit.h"
#include "store/webhook_inbox.h"
#include "store/refetches.h"
#include "store/steps.h"
#include "store/retention.h"
#include "store/runs.h"
#include "store/skipped.h"
#include "store/snapshots.h"
#include "store/store.h"
#include "store/subscriptions.h"
#include "store/sweeps.h"
#include "store/webhook_stats.h"

enum { NOW = 1000000, OLD = 1000, CUTOFF = 500000 };

/* A store with something of everything. Of two handlers the first has what is pending, dead and done; the
 * third is removed. */
static const char content[] =
    "INSERT INTO account VALUES (1, 'https://x.example/v1', '', 0, 900, 900, 900, 950, 'sort');"
    "INSERT INTO passes VALUES ('sync', 1, 900, 'sort', 'next', 990, 990, 995, 980, 1, 2, 0, 0, 0, NULL, "
    "NULL, NULL, NULL, NULL), ('backfill', 1, 900, 'none', 'next', 990, 990, 995, 980, 1, 2, 5, 9, 1, '9d', "
    "NULL, NULL, NULL, NULL);"
    "INSERT INTO filter_probes VALUES ('https://x.example/v1', '', 'p', 'honoured', 900), "
    "('https://x.example/v1', '', 'q', 'unclear', 900);"
    "INSERT INTO page_failures VALUES ('sync', 900, 2);"
    "INSERT INTO skipped_instants VALUES (700, 800, 1, 900, 'why'), (710, 800, 1, 900, 'why');"
    "INSERT INTO rate_limit VALUES (1, 100, 50, 2000, 980, 60, 0);"
    "INSERT INTO documents VALUES (1, 7, '{\"id\":7,\"title\":\"Pump\",\"status\":\"OPEN\",\"updatedAt\":"
    "\"2026-01-20T10:00:00Z\"}'), (2, 8, '{\"id\":8,\"title\":\"Fan\",\"status\":\"OPEN\",\"updatedAt\":"
    "\"2026-01-20T10:00:00Z\"}');"
    "INSERT INTO snapshots VALUES (7, 900, x'00', 1, 950, 0, 0, NULL, NULL, NULL, NULL), (8, 900, NULL, 2, "
    "950, 0, 0, "
    "NULL, 'DONE', 800, 700);"
    "INSERT INTO status_steps VALUES (7, 900, 'OPEN', 'DONE', 0, 950), (8, 900, 'OPEN', 'DONE', 5, 900000);"
    "INSERT INTO refetches VALUES (7, 'notified', 900, 900, NULL, 0, NULL, 0, 900, NULL), (8, 'doubt', "
    "900, NULL, NULL, 0, 800, 2, "
    "900, 'why');"
    "INSERT INTO tombstones VALUES (8, 900), (10, 900000);"
    "INSERT INTO late_windows VALUES (1000, 900);"
    "INSERT INTO events VALUES (1, 'workorder.created/7', 'workorder.created', 7, 1000, 1000, '{}'), (2, "
    "'workorder.completed/7/T', 'workorder.completed', 7,"
    " 1000, 1000, '{}'), (3, 'e3', 'workorder.updated', 8, 900000, 900000, '{}'), (4, 'e4', "
    "'workorder.updated', 7,"
    " 900000, 900000, hex(zeroblob(20000))), (5, 'e5', 'workorder.updated', 9, 900000, 900000, "
    "hex(zeroblob(20000)));"
    "INSERT INTO handlers VALUES (1, 'one', 'log', 4, 900, NULL, 0, 0, 2, 950, 960, 'busy', 960, 1, NULL),"
    " (2, 'two', 'http', 4, 900, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, 0, NULL),"
    " (3, 'three', 'warehouse', 1, 900, 950, 1, 0, 0, NULL, NULL, NULL, NULL, 0, NULL);"
    "INSERT INTO delivery_history VALUES (1, 1, 'done', 1, 1000, NULL), (2, 1, 'done', 1, 1000, NULL);"
    "INSERT INTO deliveries VALUES (1, 'pending', 3, 8, 0, NULL, 0, 900000, NULL),"
    " (1, 'dead', 4, 7, 9, 1000, 0, 900000, 'refused'), (1, 'pending', 5, 9, 0, NULL, 0, 900000, NULL);"
    "INSERT INTO handler_terms VALUES (1, CAST('0123456789abcde' || x'00' AS BLOB), 3);"
    "INSERT INTO sweep_seen VALUES (7); INSERT INTO deletion_candidates VALUES (7, 1, NULL, NULL, 0, 0), (8, "
    "2, "
    "950, 1, 1, 0);"
    "INSERT INTO lateness VALUES ('poll', 10, 3, 9, 0, 0), ('poll', 100, 1, 90, 5, 0);"
    "INSERT INTO webhook_inbox VALUES (1, 'k1', 1000, 'workorder.updated', 7, 'waiting', x'7b7d'),"
    " (2, 'k2', 1000, 'workorder.updated', 8, 'done', x'7b7d'), (3, 'k3', 900000, 'asset.updated', NULL, "
    "'unsupported', x'00');"
    "UPDATE webhook_stats SET api = 'webhooks', first_ms = 900, last_ms = 950, received = 3;"
    "INSERT INTO subscriptions VALUES ('s1', 'a b', 'https://x.example/', 'secret', 'VALID', 900, 950),"
    " ('s2', 'c', 'https://x.example/', NULL, 'GONE', 900, 950);"
    "INSERT INTO webhook_gaps VALUES (7, 900, 1000), (8, 900, 900000);"
    "INSERT INTO quarantine VALUES (1, x'01', x'01', NULL, 'webhook', 'why', 2, x'7b7d', 1000),"
    " (2, CAST('second' || zeroblob(10) AS BLOB), x'02', 7, 'poll', 'why', 2, x'7b7d', 900000);"
    "INSERT INTO users VALUES (2041, 'Ann Lee', NULL, 900, NULL); INSERT INTO teams VALUES (7, 'Crew', 900, "
    "NULL);"
    "INSERT INTO people_lists VALUES ('users', 900, 900, NULL, 0, 0, NULL);"
    "INSERT INTO runs (kind, began_ms) VALUES ('sync', 1000), ('sync', 900000);"
    "INSERT INTO runs (kind, began_ms, ended_ms, exit_status, message) VALUES ('sync', 900000, 900500, 0, "
    "NULL), "
    "('reconcile', 900000, 900500, 0, 'why');";

/* --- the functions, each with arguments that make it do all it can --- */

static const unsigned char fingerprint[FINGERPRINT_SIZE] = "0123456789abcde",
                           second[FINGERPRINT_SIZE] = "second";
static int visited, most_visits;

/* What a visitor says: to go on, or after `most_visits` to stop. */
static int visit(struct error *e)
{
    return most_visits == INT_MAX || visited++ < most_visits ? 0 : fail(e, EX_DATAERR, "the visitor stops");
}

static int see_handler(const struct handler_record *row, void *context, struct error *e)
{
    (void)row;
    (void)context;
    return visit(e);
}

static int see_undelivered(const struct audit_event *event, void *context, struct error *e)
{
    (void)context;
    check(event->seq != 4 || event->body_len == 40000, "event %d has %zu bytes", (int)event->seq,
        event->body_len);
    return visit(e);
}

static void see_status(const struct event_status *row, void *context)
{
    (void)context;
    check(row->status != NULL, "a status");
}

static int see_event(const struct event_row *row, void *context, struct error *e)
{
    (void)row;
    (void)context;
    return visit(e);
}

static int see_record(const struct quarantine_entry *entry, void *context, struct error *e)
{
    (void)entry;
    (void)context;
    return visit(e);
}

static int see_run(const struct run *run, void *context, struct error *e)
{
    (void)run;
    (void)context;
    return visit(e);
}

static int see_span(int64_t began, int64_t ended, void *context, struct error *e)
{
    (void)began;
    (void)ended;
    (void)context;
    return visit(e);
}

static int see_success(const char *kind, int64_t ended, void *context, struct error *e)
{
    (void)kind;
    (void)ended;
    (void)context;
    return visit(e);
}

static int see_snapshot(const struct snapshot_view *view, void *context, struct error *e)
{
    (void)view;
    (void)context;
    return visit(e);
}

static int see_subscription(const struct subscription *subscription, void *context, struct error *e)
{
    (void)subscription;
    (void)context;
    return visit(e);
}

#define FUNCTION(name, call)                                                                                 \
    static int64_t name(struct store *s, struct error *e)                                                    \
    {                                                                                                        \
        return call;                                                                                         \
    }

FUNCTION(do_set_filter, account_set_filter(s, "none", e))
FUNCTION(do_account_finish, account_finish_pass(s, 2000, 1500, 1500, 1600, e))
FUNCTION(do_handlers_succeeded, handlers_succeeded(s, 1, 2, NOW, e))
FUNCTION(do_handlers_failed, handlers_failed(s, 1, NOW, "why", e))
FUNCTION(do_handlers_remove, handlers_remove(s, 1, NOW, e))
FUNCTION(do_handlers_list, handlers_list(s, see_handler, NULL, e))
FUNCTION(do_handlers_advance, handlers_advance(s, 3, 2, 1, e))
FUNCTION(do_deliveries_add, deliveries_add(s, 2, 4, 7, NOW, e))
static const struct delivery_range none_yet = {4, 4, ",workorder.updated,workorder.created,"};
FUNCTION(do_add_all, deliveries_add_all(s, 2, &none_yet, NOW, e))
FUNCTION(do_count_due, deliveries_count_due(s, 1, NOW, NOW, e))
FUNCTION(do_deliveries_done, deliveries_done(s, 1, &(int64_t){3}, 1, NOW, e))
FUNCTION(do_deliveries_retry, deliveries_retry(s, 1, 3, NOW + 5, NOW, "busy", e))
FUNCTION(do_deliveries_dead, deliveries_dead(s, 1, 3, NOW, "no", e))
FUNCTION(do_revive, deliveries_revive(s, NULL, NOW, e))
FUNCTION(do_discard, deliveries_discard(s, "e3", NOW, e))
FUNCTION(do_replay, deliveries_replay(s, 1, 1, 7, NOW, e))
FUNCTION(do_last_seq, events_last_seq(s, e))
FUNCTION(do_events_next, events_next(s, 1, &(int64_t){0}, e))
FUNCTION(do_events_count, events_count(s, e))
FUNCTION(do_events_after, events_after(s, 0, 10, see_event, NULL, e))
FUNCTION(do_events_before, events_before(s, 500000, 10, e))
FUNCTION(do_events_reach, events_reach(s, &(struct event_reach){0}, e))
static const struct event_range all_events = {0, 5, 0, true};
FUNCTION(do_events_observed, events_observed(s, &all_events, 10, see_event, NULL, e))
FUNCTION(do_runs_spans, runs_spans(s, 0, see_span, NULL, e))
static struct handler_position found_place;
FUNCTION(do_handlers_find, handlers_find(s, "two", &found_place, e))
FUNCTION(do_snapshots_count_after, snapshots_count_after(s, 1, e))
FUNCTION(do_events_since, events_since(s, 0, 10, see_event, NULL, e))
FUNCTION(do_events_history, events_history(s, 7, 10, see_status, NULL, e))
static const int64_t some[] = {2, 3};
FUNCTION(do_events_some, events_some(s, some, 2, see_event, NULL, e))
FUNCTION(do_take_over, handlers_take_over(s, "one", "two", e))
FUNCTION(do_rename, handlers_take_over(s, "new", "two", e))
FUNCTION(do_warned, handlers_warned(s, 1, NOW, e))
FUNCTION(do_discard_all, deliveries_discard_all(s, 1, NOW, e))
static struct delivery got;
FUNCTION(do_get, deliveries_get(s, 1, 4, &got, e))
FUNCTION(do_events_list, events_list(s, &(struct event_filter){.state = "pending"}, see_event, NULL, e))
FUNCTION(do_events_count_filtered, events_count_filtered(s, &(struct event_filter){.state = "pending"}, e))
FUNCTION(do_lateness_note, lateness_note(s, LATENESS_POLL, 15, 0, e))
FUNCTION(do_passes_drop, passes_drop(s, "sync", e))
FUNCTION(do_user_put, people_put(s, PEOPLE_USERS, 2042, "Bo Ek", "b@x", 1000, e))
FUNCTION(do_team_put, people_put(s, PEOPLE_TEAMS, 7, "Electricians", NULL, 1000, e))
FUNCTION(do_user_remove, people_mark_removed(s, PEOPLE_USERS, 1000, e))
FUNCTION(do_team_remove, people_mark_removed(s, PEOPLE_TEAMS, 1000, e))
FUNCTION(do_probes_put,
    filter_probes_put(s, &(struct filter_probe_key){"https://x.example/v1", "", "r"}, "ignored", NOW, e))
FUNCTION(do_probes_clear, filter_probes_clear(s, e))
FUNCTION(do_probes_clear_unclear, filter_probes_clear_unclear(s, e))
FUNCTION(do_skipped_add, skipped_add(s, 720, NOW, NOW, "why", e))
FUNCTION(do_skipped_remove, skipped_remove(s, 700, e))
FUNCTION(do_skipped_later, skipped_later(s, 700, NOW, "again", e))
FUNCTION(do_skipped_count, skipped_count(s, e))
FUNCTION(do_page_failure_note, page_failures_note(s, "sync", NOW, e))
FUNCTION(do_page_failure_clear, page_failures_clear(s, "sync", e))
FUNCTION(do_page_failure_count, page_failures_count(s, "sync", e))
FUNCTION(do_rate_limit_save, rate_limit_save(s, &(struct rate_limit){100, 30, 3000, 2000, 60, 0}, e))
FUNCTION(do_quarantine_add, quarantine_add(s,
                                &(struct quarantine_entry){.identity = fingerprint,
                                    .fingerprint = fingerprint,
                                    .work_order = 8,
                                    .source = "poll",
                                    .reason = "why",
                                    .raw = "{",
                                    .size = 1,
                                    .seen = NOW},
                                e))
FUNCTION(do_quarantine_renew, quarantine_add(s,
                                  &(struct quarantine_entry){.identity = second,
                                      .fingerprint = fingerprint,
                                      .work_order = 7,
                                      .source = "poll",
                                      .reason = "why",
                                      .raw = "{",
                                      .size = 1,
                                      .seen = NOW},
                                  e))
FUNCTION(do_quarantine_count, quarantine_count(s, e))
FUNCTION(do_quarantine_list, quarantine_list(s, see_record, NULL, e))
FUNCTION(do_quarantine_resolve, quarantine_resolve(s, 7, e))
FUNCTION(do_inbox_add, inbox_add(s,
                           &(struct inbox_entry){.key = "k4",
                               .received = NOW,
                               .event = "t",
                               .work_order = 8,
                               .state = INBOX_WAITING,
                               .body = "{}",
                               .len = 2},
                           e))
FUNCTION(do_inbox_have, inbox_have(s, INBOX_UNSUPPORTED, "asset.updated", e))
FUNCTION(do_inbox_last, inbox_last_waiting(s, 7, e))
FUNCTION(do_inbox_settle, inbox_settle(s, 7, 1, INBOX_DONE, e))
FUNCTION(do_refetch_request,
    refetches_request(s, &(struct refetch_row){.work_order = 8, .requested = NOW, .occurred = NOW}, NOW, e))
FUNCTION(do_refetch_again,
    refetches_request(s, &(struct refetch_row){.work_order = 7, .requested = NOW, .occurred = NOW}, 0, e))
FUNCTION(do_refetch_drop, refetches_drop(s, 7, e))
FUNCTION(do_refetch_postpone, refetches_postpone(s, 7, REFETCH_SETTLE, NOW, "why", e))
FUNCTION(do_refetch_count_due, refetches_count_due(s, NOW, e))
FUNCTION(do_tombstone_add, tombstones_add(s, 9, NOW, e))
FUNCTION(do_step_add,
    steps_add(s, 7, &(struct status_step){.occurred = NOW, .from = "OPEN", .to = "DONE"}, NOW, e))
FUNCTION(do_steps_any, steps_any(s, e))
FUNCTION(do_steps_drop, steps_drop(s, 7, NOW, e))
FUNCTION(do_set_doubted, snapshots_set_doubted(s, 7, 5, e))
FUNCTION(do_sweeps_postpone, sweeps_postpone(s, 7, NOW, e))
FUNCTION(do_late_window_save, late_windows_save(s, 1000, NOW, e))
FUNCTION(do_account_touch, account_touch(s, NOW, e))
FUNCTION(do_archive, subscriptions_archive(s, "s1", NOW, e))
FUNCTION(do_note_good, webhook_stats_note_good(s, NOW, e))
FUNCTION(do_note_given_up, webhook_stats_note_given_up(s, e))
FUNCTION(do_runs_save, runs_save(s, &(struct run){.kind = "sync", .began = NOW, .exit_status = -1}, e))
FUNCTION(do_runs_list, runs_list(s, 5, see_run, NULL, e))
FUNCTION(do_runs_successes, runs_successes(s, see_success, NULL, e))

static int64_t do_runs_last_end(struct store *s, struct error *e)
{
    struct run_end end;
    int found = runs_last_end(s, "sync", &end, e);
    if (found == 1)
        free(end.message);
    return found;
}

static struct audit_snapshot compared;
static const struct audit_scope scope = {.since = 0, .began = NOW, .ends = NOW};
static int64_t unseen[2], found_seq;
FUNCTION(do_audit_snapshot, audit_read_snapshot(s, 7, "{}", 2, &compared, e))
FUNCTION(do_audit_ids, audit_read_ids(s, &scope, 0, 2, unseen, e))
FUNCTION(do_audit_first_event, audit_first_event(s, OLD, &found_seq, e))
FUNCTION(do_audit_count_events, audit_count_events(s, 2, 5, e))
static struct audit_deliveries by_state;
FUNCTION(do_audit_is_deliverable, audit_is_deliverable(s, 1, 2, e))
FUNCTION(do_audit_deliveries, audit_count_deliveries(s, 1, 1, 5, &by_state, e))
FUNCTION(
    do_audit_undelivered, audit_visit_undelivered(s, 2, 0, 5, 9, true, see_undelivered, NULL, e) < 0 ? -1 : 0)
FUNCTION(do_terms_set, handler_terms_set(s, 1, second, 4, e))
FUNCTION(do_terms_first, handler_terms_set(s, 2, second, 4, e))
FUNCTION(do_terms_forget, handler_terms_forget(s, 1, e))
FUNCTION(do_terms_find, handler_terms_find(s, 1, fingerprint, &found_seq, e))
FUNCTION(do_sweeps_add_refused, sweeps_add_refused(s, 9, NOW, e))
FUNCTION(do_set_deleted, snapshots_set_deleted(s, 7, 1, NOW, e))
FUNCTION(do_snapshots_after, snapshots_after(s, 0, 5, see_snapshot, NULL, e))
FUNCTION(do_snapshots_count, snapshots_count(s, e))
FUNCTION(do_snapshots_since, snapshots_count_since(s, 0, e))
FUNCTION(do_subscription_save,
    subscriptions_save(
        s, &(struct subscription){"s3", "c", "https://x.example/", NULL, "VALID", NOW, NOW}, e))
FUNCTION(do_subscriptions_list, subscriptions_list(s, see_subscription, NULL, e))
FUNCTION(do_subscription_status, subscriptions_set_status(s, "s1", SUBSCRIPTION_GONE, NOW, e))
FUNCTION(do_subscription_secret, subscriptions_set_secret(s, "s1", "other", e))
FUNCTION(do_subscription_drop, subscriptions_drop(s, "s1", e))
FUNCTION(do_subscription_broken, subscriptions_count_broken(s, e))
FUNCTION(do_sweeps_clear, sweeps_clear(s, e))
FUNCTION(do_note_missing, sweeps_note_missing(s, NOW, NOW, e))
FUNCTION(do_sweeps_refused, sweeps_refused(s, 7, NOW, e))
FUNCTION(do_sweeps_drop, sweeps_drop(s, 7, e))
FUNCTION(do_sweeps_drop_all, sweeps_drop_all(s, e))
FUNCTION(do_sweeps_waiting, sweeps_waiting(s, e))
FUNCTION(do_note_received, webhook_stats_note_received(s, NOW, true, e))
FUNCTION(do_note_refused, webhook_stats_note_refused(s, NOW, e))
FUNCTION(do_note_polled, webhook_stats_note_polled(s, 8, 1000, NOW, e))
FUNCTION(do_hear, webhook_stats_hear(s, 7, e))
FUNCTION(do_set_api, webhook_stats_set_api(s, "subscriptions", e))

static int64_t do_account_load(struct store *s, struct error *e)
{
    struct account account;
    int rc = account_load(s, &account, e);
    account_free(&account);
    return rc;
}

/* Those that are not there come in, those that were away come back, and one that becomes a warehouse is
 * loaded. */
static int64_t do_attach(struct store *s, struct error *e)
{
    static const struct {
        const char *name;
        bool load;
    } table[] = {{"new", true}, {"three", true}, {"two", true}, {"one", false}};
    struct handler_position place;
    for (size_t i = 0; i < COUNT(table); i++)
        if (handlers_attach(s, table[i].name, "other", table[i].load, 4, NOW, &place, e) != 0)
            return -1;
    return place.handler;
}

static int64_t do_attach_back(struct store *s, struct error *e)
{
    struct handler_position place;
    return handlers_attach(s, "three", "warehouse", true, 4, NOW, &place, e);
}

static int64_t do_attach_load(struct store *s, struct error *e)
{
    struct handler_position place;
    return handlers_attach(s, "two", "http", true, 4, NOW, &place, e);
}

static int64_t do_due(struct store *s, struct error *e)
{
    struct delivery due[4];
    return deliveries_due(s, 1, NOW, NOW, 0, 4, due, e);
}

static int64_t do_waiting(struct store *s, struct error *e)
{
    struct handler_backlog waiting;
    const struct handler_position place = {.handler = 1, .position = 4};
    return handlers_waiting(s, &place, &waiting, e) == 0 ? waiting.pending * 10 + waiting.events : -1;
}

static int64_t do_counts(struct store *s, struct error *e)
{
    struct delivery_counts counts;
    return deliveries_count(s, 1, &counts, e) == 0 ? counts.pending * 10 + counts.dead : -1;
}

/* Its id is taken, so it gets the second. */
static int64_t do_append(struct store *s, struct error *e)
{
    struct event event = {
        .type = EVENT_UPDATED, .work_order = 7, .timestamp = 5, .id = "e3", .numbered = true};
    struct json_object *doc = json_object_new_object();
    int rc = events_append(s, &event, &(struct event_context){.observed = NOW, .doc = doc}, e);
    json_object_put(doc);
    return rc;
}

static int64_t do_lateness_load(struct store *s, struct error *e)
{
    struct lateness lateness;
    return lateness_load(s, LATENESS_POLL, &lateness, e) == 0 ? lateness.largest : -1;
}

static int64_t do_passes_load(struct store *s, struct error *e)
{
    struct pass_state state;
    int rc = passes_load(s, "sync", &state, e);
    pass_state_free(&state);
    return rc;
}

static int64_t do_passes_save(struct store *s, struct error *e)
{
    char filter[] = "none";
    struct pass_state state = {.filter = filter, .pages = 2};
    return passes_save(s, "sync", TIMESTAMP_NONE, &state, e);
}

static int64_t do_people_find(struct store *s, struct error *e)
{
    char *name = NULL;
    int rc = people_find(s, PEOPLE_USERS, 2041, &name, e);
    free(name);
    return rc;
}

static int64_t do_people_count(struct store *s, struct error *e)
{
    int64_t known, removed;
    return people_count(s, PEOPLE_TEAMS, &known, &removed, e) == 0 ? known * 10 + removed : -1;
}

static int64_t do_people_load(struct store *s, struct error *e)
{
    struct people_list list;
    return people_list_load(s, PEOPLE_USERS, &list, e) == 0 ? list.read : -1;
}

static int64_t do_people_save(struct store *s, struct error *e)
{
    return people_list_save(s, PEOPLE_USERS, &(struct people_list){1, 2, 3, true, true, "why"}, e);
}

static int64_t do_rate_limit_load(struct store *s, struct error *e)
{
    struct rate_limit rate_limit;
    return rate_limit_load(s, &rate_limit, e) == 0 ? rate_limit.remaining : -1;
}

static int64_t do_probes_get(struct store *s, struct error *e)
{
    const struct filter_probe_key key = {"https://x.example/v1", "", "p"};
    char *answer = NULL;
    int64_t asked;
    int rc = filter_probes_get(s, &key, &answer, &asked, e);
    free(answer);
    return rc;
}

static int64_t do_skipped_next(struct store *s, struct error *e)
{
    int64_t next;
    return skipped_next(s, 0, &next, e);
}

static int64_t do_skipped_due(struct store *s, struct error *e)
{
    int64_t at;
    int attempts;
    return skipped_due(s, 0, NOW, &at, &attempts, e);
}

static int64_t do_refetch_next(struct store *s, struct error *e)
{
    struct refetch_row row = {0};
    return refetches_next(s, NOW, &row, e);
}

static int64_t do_refetch_get(struct store *s, struct error *e)
{
    struct refetch_row row;
    return refetches_get(s, 7, &row, e);
}

static int64_t do_refetches_count(struct store *s, struct error *e)
{
    struct refetch_counts counts;
    return refetches_count(s, &counts, e) == 0 ? counts.waiting : -1;
}

static int see_failure(const struct refetch_failure *failure, void *context, struct error *e)
{
    (void)failure;
    (void)context;
    (void)e;
    return 0;
}

static int64_t do_refetches_failed(struct store *s, struct error *e)
{
    return refetches_visit_failed(s, 5, see_failure, NULL, e);
}

static int64_t do_tombstone_get(struct store *s, struct error *e)
{
    int64_t when;
    return tombstones_get(s, 8, &when, e) == 0 ? when : -1;
}

static int64_t do_steps_load(struct store *s, struct error *e)
{
    struct status_step *steps;
    int count = steps_load(s, 7, &steps, e);
    free(steps);
    return count;
}

static int64_t do_last_finished(struct store *s, struct error *e)
{
    int64_t when;
    return passes_last_finished(s, "sync", &when, e);
}

static int64_t do_late_window_load(struct store *s, struct error *e)
{
    int64_t when;
    return late_windows_load(s, 1000, &when, e);
}

static int64_t do_count_unlisted(struct store *s, struct error *e)
{
    int64_t oldest;
    return snapshots_count_unlisted(s, NOW, &oldest, e);
}

static int64_t do_glance(struct store *s, struct error *e)
{
    struct snapshot_glance glance;
    return snapshots_glance(s, 7, fingerprint, &glance, e);
}

static int64_t do_snapshot_load(struct store *s, struct error *e)
{
    struct snapshot snapshot;
    int rc = snapshots_load(s, 7, &snapshot, e);
    snapshot_free(&snapshot);
    return rc;
}

static int64_t do_snapshot_new(struct store *s, struct error *e)
{
    return snapshots_save(
        s, &(struct snapshot_row){.id = 9, .fingerprint = fingerprint, .json = "{}", .len = 2}, 0, e);
}

static int64_t do_snapshot_again(struct store *s, struct error *e)
{
    return snapshots_save(s, &(struct snapshot_row){.id = 7, .json = "{}", .len = 2}, 1, e);
}

static int64_t do_count_missing(struct store *s, struct error *e)
{
    int64_t missing, known;
    return sweeps_count_missing(s, NOW, NOW, &missing, &known, e) == 0 ? missing * 10 + known : -1;
}

static int64_t do_next_missing(struct store *s, struct error *e)
{
    struct deletion_candidate missing = {0};
    return sweeps_next(s, NOW, NOW, &missing, e);
}

static int64_t do_webhooks_load(struct store *s, struct error *e)
{
    struct webhook_stats webhooks;
    return webhook_stats_load(s, NOW, &webhooks, e) == 0 ? webhooks.missed : -1;
}

static int64_t do_sweeps_add(struct store *s, struct error *e)
{
    return sweeps_add(s, 8, e);
}

#define ROW(name)                                                                                            \
    {                                                                                                        \
#name, name                                                                                          \
    }
static const struct function functions[] = {ROW(do_account_load), ROW(do_set_filter), ROW(do_probes_get),
    ROW(do_probes_clear), ROW(do_probes_clear_unclear), ROW(do_skipped_add), ROW(do_skipped_remove),
    ROW(do_skipped_later), ROW(do_skipped_count), ROW(do_skipped_next), ROW(do_skipped_due),
    ROW(do_page_failure_count), ROW(do_page_failure_clear), ROW(do_account_finish), ROW(do_attach),
    ROW(do_attach_back), ROW(do_attach_load), ROW(do_handlers_succeeded), ROW(do_handlers_failed),
    ROW(do_handlers_remove), ROW(do_handlers_list), ROW(do_handlers_advance), ROW(do_deliveries_add),
    ROW(do_add_all), ROW(do_due), ROW(do_count_due), ROW(do_deliveries_done), ROW(do_deliveries_retry),
    ROW(do_deliveries_dead), ROW(do_revive), ROW(do_discard), ROW(do_replay), ROW(do_counts), ROW(do_append),
    ROW(do_last_seq), ROW(do_events_next), ROW(do_events_count), ROW(do_events_after), ROW(do_events_since),
    ROW(do_events_history), ROW(do_events_some), ROW(do_take_over), ROW(do_rename), ROW(do_warned),
    ROW(do_discard_all), ROW(do_get), ROW(do_waiting), ROW(do_events_list), ROW(do_user_put),
    ROW(do_team_put), ROW(do_user_remove), ROW(do_team_remove), ROW(do_people_find), ROW(do_people_count),
    ROW(do_people_load), ROW(do_people_save), ROW(do_lateness_note), ROW(do_lateness_load),
    ROW(do_passes_load), ROW(do_passes_save), ROW(do_passes_drop), ROW(do_rate_limit_load),
    ROW(do_rate_limit_save), ROW(do_quarantine_add), ROW(do_quarantine_renew), ROW(do_quarantine_count),
    ROW(do_quarantine_list), ROW(do_quarantine_resolve), ROW(do_inbox_add), ROW(do_inbox_have),
    ROW(do_inbox_last), ROW(do_inbox_settle), ROW(do_refetch_request), ROW(do_refetch_again),
    ROW(do_refetch_next), ROW(do_refetch_get), ROW(do_refetch_drop), ROW(do_refetch_postpone),
    ROW(do_refetch_count_due), ROW(do_refetches_count), ROW(do_refetches_failed), ROW(do_tombstone_add),
    ROW(do_tombstone_get), ROW(do_step_add), ROW(do_steps_load), ROW(do_steps_any), ROW(do_steps_drop),
    ROW(do_set_doubted), ROW(do_count_unlisted), ROW(do_sweeps_postpone), ROW(do_last_finished),
    ROW(do_late_window_load), ROW(do_late_window_save), ROW(do_account_touch), ROW(do_archive),
    ROW(do_note_good), ROW(do_note_given_up), ROW(do_runs_save), ROW(do_runs_list), ROW(do_runs_successes),
    ROW(do_runs_last_end), ROW(do_events_count_filtered), ROW(do_glance), ROW(do_snapshot_load),
    ROW(do_snapshot_new), ROW(do_snapshot_again), ROW(do_set_deleted), ROW(do_snapshots_after),
    ROW(do_snapshots_count), ROW(do_snapshots_since), ROW(do_subscription_save), ROW(do_subscriptions_list),
    ROW(do_subscription_status), ROW(do_subscription_secret), ROW(do_subscription_drop),
    ROW(do_subscription_broken), ROW(do_sweeps_clear), ROW(do_sweeps_add), ROW(do_count_missing),
    ROW(do_note_missing), ROW(do_next_missing), ROW(do_sweeps_refused), ROW(do_sweeps_drop),
    ROW(do_sweeps_drop_all), ROW(do_sweeps_waiting), ROW(do_webhooks_load), ROW(do_note_received),
    ROW(do_events_before), ROW(do_events_reach), ROW(do_events_observed), ROW(do_runs_spans),
    ROW(do_handlers_find), ROW(do_snapshots_count_after), ROW(do_note_refused), ROW(do_note_polled),
    ROW(do_hear), ROW(do_set_api), ROW(do_audit_snapshot), ROW(do_audit_ids), ROW(do_audit_first_event),
    ROW(do_audit_count_events), ROW(do_audit_is_deliverable), ROW(do_audit_deliveries),
    ROW(do_audit_undelivered), ROW(do_terms_set), ROW(do_terms_first), ROW(do_terms_forget),
    ROW(do_terms_find), ROW(do_sweeps_add_refused)};

/* --- the tests --- */

static void test_every_call_fails(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    store_close(disturb_make(path, content));
    most_visits = INT_MAX;
    for (size_t i = 0; i < COUNT(functions); i++)
        disturb(path, &functions[i]);
}

/* A visitor that fails ends the listing with its own error, and the next one begins anew. */
static void test_visitors_stop(void **state)
{
    static const struct function listings[] = {ROW(do_handlers_list), ROW(do_events_after),
        ROW(do_events_since), ROW(do_events_some), ROW(do_events_list), ROW(do_quarantine_list),
        ROW(do_events_observed), ROW(do_runs_spans), ROW(do_runs_list), ROW(do_runs_successes),
        ROW(do_snapshots_after), ROW(do_subscriptions_list), ROW(do_audit_undelivered)};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    for (size_t i = 0; i < COUNT(listings); i++) {
        struct error e = {0};
        visited = most_visits = 0;
        check(listings[i].run(store, &e) == -1 && visited == 1 && e.status == EX_DATAERR, "%s: %s",
            listings[i].name, e.text);
        visited = 0;
        most_visits = 100;
        check(listings[i].run(store, NULL) == 0 && visited > 1, "%s: %d visits", listings[i].name, visited);
    }
    store_close(store);
}

/* --- whole transactions --- */

/* Each of these has a transaction of its own. */
static int64_t do_retention(struct store *s, struct error *e)
{
    return retention_run(s, CUTOFF, 1, e);
}

static int64_t do_durably(struct store *s, struct error *e)
{
    return store_begin(s, e) == 0 && do_append(s, e) >= 0 ? store_commit(s, e) : -1;
}

static int64_t do_lazily(struct store *s, struct error *e)
{
    return store_begin_relaxed(s, e) == 0 && do_append(s, e) >= 0 ? store_commit(s, e) : -1;
}

static const struct function transactions[] = {
    ROW(do_retention), ROW(do_probes_put), ROW(do_page_failure_note), ROW(do_durably), ROW(do_lazily)};

static void test_transactions(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    for (size_t i = 0; i < COUNT(transactions); i++)
        for (enum disk_fault fault = FAULT_IO; fault <= FAULT_LOCKED; fault++)
            disturb_transaction(path, content, &transactions[i], fault);
}

/* --- opening --- */

/* It is made, and empty, and goes. */
static void check_opens(const char *path)
{
    disk_fails_at(FAULT_IO, 0);
    store_close(disturb_make(path, content));
    remove(path);
}

/* A store that was not made whole is made by the next one that opens it. */
static void test_opening(void **state)
{
    for (enum disk_fault fault = FAULT_IO; fault <= FAULT_LOCKED; fault++) {
        int failures = 0;
        bool hit = true;
        for (int64_t n = 1; hit; n++) {
            const char *path = path_in(*state, "wosync.db");
            struct error e = {0};
            disk_fails_at(fault, n);
            struct store *store = store_open(path, STORE_WRITE, 0, &e);
            hit = disk_failed();
            disk_fails_at(FAULT_IO, 0);
            if (store == NULL) {
                check((e.status == EX_IOERR || e.status == EX_TEMPFAIL || e.status == EX_CANTCREAT) &&
                          *e.text != '\0',
                    "call %lld: %d: %s", (long long)n, (int)e.status, e.text);
                failures++;
            }
            store_close(store);
            check_opens(path);
        }
        check(failures > 0, "opening never fails by %d", (int)fault);
    }
}

/* To look leaves the log of another process as it is, whatever fails, and writes nothing. */
static void test_looking(void **state)
{
    const char *path = path_in(*state, "wosync.db"), *log = path_in(*state, "wosync.db-wal");
    struct error e = {0};
    size_t len, len_now;
    bool hit = true;
    struct store *writer = disturb_make(path, content);
    char *before = read_text(log, &len);
    check(before != NULL && len > 0, "there is no log");
    for (int64_t n = 1; hit; n++) {
        disk_fails_at(FAULT_IO, n);
        e = (struct error){0};
        struct store *store = store_open(path, STORE_LOOK, 0, &e);
        hit = disk_failed();
        disk_fails_at(FAULT_IO, 0);
        check(store != NULL || e.status == EX_IOERR || e.status == EX_CANTCREAT, "call %lld: %d: %s",
            (long long)n, e.status, e.text);
        if (store != NULL)
            check(events_count(store, &e) == 5 && do_append(store, &e) == -1 && e.status == EX_IOERR &&
                      store_check_unchanged(store, NULL) == 0,
                "call %lld: %s", (long long)n, e.text);
        store_close(store);
        char *now = read_text(log, &len_now);
        check(now != NULL && len_now == len && memcmp(now, before, len) == 0, "call %lld: the log changed",
            (long long)n);
        free(now);
    }
    free(before);
    store_close(writer);
}

/* Where the disk has no room for what SQLite makes it hold in advance, that is no I/O error. */
static void test_full_by_its_number(void **state)
{
    static const struct {
        int number;
        const char *says;
    } rows[] = {{ENOSPC, "the disk is full; free"}, {EDQUOT, "the disk is full; free"},
        {EFBIG, "a file may not grow that large; raise the limit (ulimit -f) and run again"}};
    struct store *store = disturb_make(path_in(*state, "wosync.db"), content);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error e = {0};
        disk_error_number = rows[i].number;
        disk_fails_at(FAULT_IO, 1);
        assert_int_equal(store_begin(store, &e), -1);
        disk_error_number = EIO;
        check(e.status == EX_IOERR && strstr(e.text, rows[i].says) != NULL, "%s", e.text);
    }
    store_close(store);
}

/* What is committed would not be safe there, and who reads would hold up who writes. */
static void test_no_log_can_be_kept(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    disk_fails_at(FAULT_ALONE, 1);
    struct store *store = store_open(path, STORE_WRITE, 0, &e);
    check(store == NULL && e.status == EX_IOERR &&
              strstr(e.text, "can keep no write-ahead log there; keep the store on a local file system") !=
                  NULL,
        "status %d: %s", (int)e.status, e.text);
    disk_fails_at(FAULT_ALONE, 0);
    store_close(disturb_make(path, content));
}

/* Where the system refuses to map the file that SQLite shares. */
static void test_no_memory_can_be_shared(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    bool said = false, done = false;
    store_close(disturb_make(path, content));
    for (int64_t n = 1; !said && !done; n++) {
        struct error e = {0};
        disk_fails_at(FAULT_IO, n);
        struct store *store = store_open(path, STORE_READ, 0, &e);
        done = store != NULL && !disk_failed();
        store_close(store);
        said =
            strstr(e.text, "processes cannot share memory there; check the disk, and keep the store") != NULL;
        check(!said || e.status == EX_IOERR, "status %d: %s", (int)e.status, e.text);
    }
    disk_fails_at(FAULT_IO, 0);
    check(said, "it was never said");
}

/* It can be looked at all the same. */
static void test_read_only(void **state)
{
    const char *path = path_in(*state, "wosync.db");
    struct error e = {0};
    store_close(disturb_make(path, content));
    disk_fails_at(FAULT_ROFS, 1);
    struct store *store = store_open(path, STORE_READ, 0, &e);
    check(store != NULL && events_count(store, &e) == 5, "%s", e.text);
    check(store_begin(store, &e) == 0 && sweeps_add(store, 8, &e) == -1, "it was written");
    disk_fails_at(FAULT_ROFS, 0);
    check(e.status == EX_IOERR && strstr(e.text, "it is read-only") != NULL, "%s", e.text);
    store_close(store);
}

static const char *beside_path;
static bool beside_came, beside_made;
static int64_t beside_fault; /* the call after that which fails; 0: none */

static void open_beside(void)
{
    struct error e = {0};
    struct store *store = store_open(beside_path, STORE_WRITE, 0, &e);
    beside_came = true;
    beside_made = store != NULL;
    check(store != NULL || *e.text != '\0', "no reason");
    store_close(store);
    disk_fails_at(FAULT_IO, beside_fault);
}

/* Two processes make the same store: either waits, or finds it made. */
static void test_two_open_at_once(void **state)
{
    int64_t last =
        0; /* the last call before which another process can make the store, and this one finds it made */
    disk_beside = open_beside;
    beside_path = path_in(*state, "wosync.db");
    beside_fault = 0;
    beside_came = true;
    for (int64_t n = 1; beside_came; n++) {
        struct error e = {0};
        beside_came = beside_made = false;
        disk_fails_at(FAULT_BESIDE, n);
        store_close(store_open(beside_path, STORE_WRITE, 0, &e));
        check(e.status == EX_OK || e.status == EX_TEMPFAIL, "call %lld: %d: %s", (long long)n, (int)e.status,
            e.text);
        if (beside_made && e.status == EX_OK)
            last = n;
        check_opens(beside_path);
    }
    check(last > 0, "no one came in between");
    bool hit = true;
    for (beside_fault = 1; hit; beside_fault++) {
        struct error e = {0};
        disk_fails_at(FAULT_BESIDE, last);
        struct store *store = store_open(beside_path, STORE_WRITE, 0, &e);
        hit = disk_failed();
        check(store != NULL || e.status == EX_IOERR || e.status == EX_CANTCREAT, "call %lld: %d: %s",
            (long long)beside_fault, (int)e.status, e.text);
        store_close(store);
        check_opens(beside_path);
    }
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, directory_setup, directory_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_every_call_fails),
        in_directory(test_visitors_stop),
        in_directory(test_transactions),
        in_directory(test_opening),
        in_directory(test_looking),
        in_directory(test_full_by_its_number),
        in_directory(test_no_log_can_be_kept),
        in_directory(test_no_memory_can_be_shared),
        in_directory(test_read_only),
        in_directory(test_two_open_at_once),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
