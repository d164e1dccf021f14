/*
 * The report's numbers, from the store's rows. The work orders are read once, in the order of the file; the
 * few that are shown by name are read once more. All is read in one transaction, so that the numbers agree
 * with each other while runs go on.
 */
#include "cli/report_gather.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/json.h"
#include "base/json_parse.h"
#include "base/timestamp.h"
#include "store/account.h"
#include "store/deliveries.h"
#include "store/lateness.h"
#include "store/people.h"
#include "store/report.h"
#include "store/store.h"
#include "store/webhook_stats.h"

/* What a poll found less long ago may still come by webhook. */
enum { ON_ITS_WAY_MS = 60000 };

/* A run takes less than this. */
enum { AT_WORK_MS = 24 * 3600000 };

struct gathering {
    struct store *store;
    struct figures *report;
};

/* --- the calendar --- */

/* The days, weeks or months from the one that holds `from` to the one that holds `until`. */
static struct spans make_spans(enum calendar_unit unit, int64_t from, int64_t until)
{
    struct spans spans = {0};
    size_t capacity = 16;
    spans.starts = calloc(capacity, sizeof *spans.starts);
    spans.starts[0] = calendar_floor(unit, from);
    while (spans.starts[spans.count] <= until) {
        if (spans.count + 2 > capacity)
            spans.starts = realloc(spans.starts, (capacity *= 2) * sizeof *spans.starts);
        spans.starts[spans.count + 1] = calendar_next(unit, spans.starts[spans.count]);
        spans.count++;
    }
    return spans;
}

static int64_t days_before(int64_t ms, int days)
{
    for (int i = 0; i < days; i++)
        ms = calendar_floor(CALENDAR_DAY, ms - 1);
    return ms;
}

/* --- work orders --- */

static int add_work_order(const struct report_work_order *row, void *context, struct error *e)
{
    struct gathering *g = context;
    (void)e;
    tally_add(
        &g->report->tally, &(struct tally_row){row->id, row->status_at, row->deleted, row->json, row->len});
    return 0;
}

static char *copy_text(struct json_object *object, const char *key)
{
    struct json_object *value = json_object_object_get(object, key);
    return json_object_is_type(value, json_type_string) ? strdup(json_object_get_string(value)) : NULL;
}

/* A user or a team: its name, where it is known. */
static int append_person(struct store *store, struct buffer *out, struct json_object *person, struct error *e)
{
    struct json_object *type = json_object_object_get(person, "type"),
                       *id = json_object_object_get(person, "id");
    const bool team =
        json_object_is_type(type, json_type_string) && strcmp(json_object_get_string(type), "TEAM") == 0;
    char *name = copy_text(person, "name");
    int rc = 0;
    if (name == NULL && json_integer_text(id) != NULL)
        rc = people_find(store, team ? PEOPLE_TEAMS : PEOPLE_USERS, json_object_get_int64(id), &name, e);
    if (rc >= 0 && (name != NULL || id != NULL)) {
        buffer_append_text(out, out->len > 0 ? ", " : "");
        if (name != NULL)
            buffer_append_text(out, name);
        else
            buffer_append_format(out, "%s %s", team ? "Team" : "User", json_object_get_string(id));
    }
    free(name);
    return rc < 0 ? -1 : 0;
}

static int describe_urgent(
    struct store *store, struct json_object *doc, struct figures_urgent *out, struct error *e)
{
    struct json_object *assignees = json_object_object_get(doc, "assignees");
    struct json_object *asset = json_object_object_get(doc, "asset");
    struct buffer names = {0};
    int rc = 0;
    out->title = copy_text(doc, "title");
    if (json_object_is_type(asset, json_type_object))
        out->asset = copy_text(asset, "name");
    if (json_object_is_type(assignees, json_type_array))
        for (size_t i = 0; rc == 0 && i < json_object_array_length(assignees); i++)
            if (json_object_is_type(json_object_array_get_idx(assignees, i), json_type_object))
                rc = append_person(store, &names, json_object_array_get_idx(assignees, i), e);
    out->assignees = names.data;
    return rc;
}

static int gather_urgent(struct store *store, struct figures *r, struct error *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->tally.urgent_count; i++) {
        char *json;
        size_t len;
        enum json_fault fault;
        int found = report_copy_document(store, r->tally.urgent[i].id, &json, &len, e);
        struct json_object *doc = found == 1 ? json_parse(json, len, JSON_PARSE_DEPTH, &fault) : NULL;
        rc = found < 0 ? -1 : 0;
        if (doc != NULL && rc == 0)
            rc = describe_urgent(store, doc, &r->urgent[i], e);
        json_object_put(doc);
        free(json);
    }
    return rc;
}

/* The name of the location that was asked for. */
static int name_location(struct figures *r, struct error *e)
{
    const struct places *places = &r->tally.locations;
    const int64_t id = r->tally.period.location;
    if (id == 0)
        return 0;
    if (r->tally.counted == 0)
        return fail(e, EX_DATAERR,
            "report: --location %lld: no work order in the store names this location; write its id in "
            "MaintainX",
            (long long)id);
    struct buffer name = {0};
    for (size_t i = 0; i < places->capacity; i++)
        if (places->slots[i].id == id && places->slots[i].name != NULL)
            buffer_append_text(&name, places->slots[i].name);
    if (name.len == 0)
        buffer_append_format(&name, "No. %lld", (long long)id);
    r->location = name.data;
    return 0;
}

static int gather_work(struct store *store, struct figures *r, struct error *e)
{
    struct gathering g = {store, r};
    int rc = report_visit_work_orders(store, add_work_order, &g, e);
    tally_end(&r->tally);
    if (rc == 0)
        rc = name_location(r, e);
    return rc == 0 ? gather_urgent(store, r, e) : -1;
}

/* --- handlers --- */

static int add_handler(const struct handler_record *row, void *context, struct error *e)
{
    struct gathering *g = context;
    struct figures *r = g->report;
    struct delivery_counts counts;
    if (deliveries_count(g->store, row->handler, &counts, e) != 0)
        return -1;
    r->handlers = realloc(r->handlers, (r->handler_count + 1) * sizeof *r->handlers);
    r->handlers[r->handler_count++] = (struct figures_handler){.handler = row->handler,
        .name = strdup(row->name),
        .type = strdup(row->type),
        .removed = row->removed != TIMESTAMP_NONE,
        .delivered = row->delivered,
        .pending = counts.pending,
        .dead = counts.dead,
        .oldest_pending = counts.oldest,
        .last_success = row->last_success,
        .last_error = row->last_error != NULL ? strdup(row->last_error) : NULL,
        .delays = calloc(r->days.count + 1, sizeof(struct values))};
    return 0;
}

static int add_delay(int64_t handler, int64_t done, int64_t delay, void *context, struct error *e)
{
    struct gathering *g = context;
    struct figures *r = g->report;
    const size_t day = spans_find(&r->days, done);
    (void)e;
    for (size_t i = 0; i < r->handler_count; i++)
        if (r->handlers[i].handler == handler && day < r->days.count) {
            values_add(&r->handlers[i].delays[day], delay);
            values_add(&r->handlers[i].all_delays, delay);
        }
    return 0;
}

static int gather_handlers(struct store *store, struct figures *r, struct error *e)
{
    struct gathering g = {store, r};
    const int64_t until = r->tally.period.now;
    return handlers_list(store, add_handler, &g, e) == 0 &&
                   report_visit_delays(store, r->tally.period.since, until, add_delay, &g, e) == 0
               ? 0
               : -1;
}

/* --- runs, channels --- */

/* A run without an end was killed, if another one of its kind came later, or if it was begun long ago; else
 * it is at work. */
static int add_run(const struct report_run *run, void *context, struct error *e)
{
    struct gathering *g = context;
    const int64_t now = g->report->tally.period.now;
    const bool at_work = run->ended == TIMESTAMP_NONE && !run->followed && now - run->began < AT_WORK_MS;
    (void)e;
    if (run->began > now)
        return 0;
    const int64_t ended = at_work ? now : run->ended != TIMESTAMP_NONE ? run->ended : run->began;
    figures_note_run(g->report, run->began, ended < now ? ended : now,
        at_work || (run->exit_status >= 0 && figures_is_success(run->exit_status)));
    return 0;
}

static int add_late(const char *channel, int64_t up_to, int64_t count, void *context, struct error *e)
{
    struct gathering *g = context;
    (void)e;
    g->report->late[strcmp(channel, LATENESS_WEBHOOK) == 0][figures_late_step(up_to)] += count;
    return 0;
}

static int gather_webhooks(struct store *store, struct figures *r, struct error *e)
{
    struct webhook_stats stats;
    if (webhook_stats_load(store, r->tally.period.now - ON_ITS_WAY_MS, &stats, e) != 0)
        return -1;
    r->webhooks = (struct figures_webhooks){.used = stats.first != TIMESTAMP_NONE || stats.refused > 0,
        .last = stats.last,
        .received = stats.received,
        .duplicate = stats.duplicate,
        .refused = stats.refused,
        .given_up = stats.given_up,
        .polled = stats.polled,
        .missed = stats.missed};
    return 0;
}

static int gather_operations(struct store *store, struct figures *r, struct error *e)
{
    struct gathering g = {store, r};
    struct lateness lateness;
    struct account account;
    if (account_load(store, &account, e) < 0)
        return -1;
    r->last_pass = account.base_url != NULL ? account.finished : TIMESTAMP_NONE;
    account_free(&account);
    if (report_first_run(store, &r->first_run, e) != 0 ||
        report_visit_runs(store, r->run_days.starts[0], add_run, &g, e) != 0 ||
        report_visit_lateness(store, add_late, &g, e) != 0 ||
        lateness_load(store, LATENESS_POLL, &lateness, e) != 0)
        return -1;
    figures_note_gaps(r, r->tally.period.now);
    r->late_needed = lateness.overdue;
    return gather_webhooks(store, r, e);
}

int report_gather(struct store *store, const struct config *config, const struct report_request *request,
    struct figures *out, struct error *e)
{
    const struct period period = {.since = request->since,
        .now = request->now,
        .weeks = make_spans(CALENDAR_WEEK, request->since, request->now),
        .months = make_spans(CALENDAR_MONTH, request->since, request->now),
        .completed = config->completed,
        .location = request->location};
    const int64_t today = calendar_floor(CALENDAR_DAY, request->now);
    *out = (struct figures){.version = WOSYNC_VERSION,
        .organization = config->organization,
        .target_preventive = request->target_preventive,
        .target_all = request->target_all,
        .lookback = config->lookback,
        .days = make_spans(CALENDAR_DAY, request->since, request->now),
        .run_days = make_spans(CALENDAR_DAY, days_before(today, FIGURES_RUN_DAYS - 1), request->now)};
    tally_begin(&out->tally, &period);
    int rc = store_begin_reading(store, e) == 0 && gather_work(store, out, e) == 0 &&
                     gather_handlers(store, out, e) == 0 && gather_operations(store, out, e) == 0
                 ? 0
                 : -1;
    store_rollback(store);
    figures_end(out);
    return rc;
}

void report_gather_free(struct figures *report)
{
    free(report->tally.period.weeks.starts);
    free(report->tally.period.months.starts);
    figures_free(report);
}
