/* Events and snapshots: every change of a snapshot is told by exactly what expect.c says, and nothing else
 * is. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "oracle_parts.h"
#include "verdict.h"

/* --- what is owed --- */

static void settle_id(struct expected_event *event)
{
    char id[EXPECTED_ID_SIZE + 16];
    if (!event->numbered || log_find(&oracle.log, event->id) == NULL)
        return;
    for (int n = 2;; n++) {
        snprintf(id, sizeof id, "%s/%d", event->id, n);
        if (log_find(&oracle.log, id) == NULL)
            break;
    }
    if (strlen(id) >= sizeof event->id)
        abort();
    strcpy(event->id, id);
}

/* What must be told now, without what was told before. */
static void owe(const struct order *order, const struct knowledge *known, int version, int description,
    struct expected *out)
{
    int kept = 0;
    expect(order, known, version, description, oracle.horizon, out);
    for (int i = 0; i < out->count; i++) {
        settle_id(&out->events[i]);
        if (log_find(&oracle.log, out->events[i].id) == NULL)
            out->events[kept++] = out->events[i];
    }
    out->count = kept;
}

/* Where it may be there or not, what is there decides. */
static void settle_maybe(struct expected *owed, const char *id)
{
    if (owed->count == 0 || !owed->events[0].maybe || strcmp(owed->events[0].id, id) == 0)
        return;
    owed->count--;
    memmove(owed->events, owed->events + 1, (size_t)owed->count * sizeof *owed->events);
}

static const struct knowledge nothing = {.version = -1};

static bool has_tail(
    const struct order *order, const struct knowledge *from, const struct told *told, const char *rest)
{
    char tail[1024];
    expect_tail(order, from, told->version, told->description, tail, sizeof tail);
    return strcmp(rest, tail) == 0;
}

/*
 * It was not known at the last look, and is told as a change to what was seen silently since. Then that is
 * what is owed.
 */
static bool owe_from_silence(
    const struct order *order, const struct told *told, const char *rest, struct watched *w)
{
    for (int i = order->count - 1; i >= 0; i--) {
        struct expected silent, owed;
        owe(order, &nothing, i, order->versions[i].description, &silent);
        for (int absent = 0; absent < 2 && silent.count == 0; absent++) {
            if (absent == 1)
                silent.after.description = ABSENT;
            owe(order, &silent.after, told->version, told->description, &owed);
            settle_maybe(&owed, told->id);
            if (owed.count > 0 && strcmp(owed.events[0].id, told->id) == 0 &&
                has_tail(order, &silent.after, told, rest)) {
                w->owed = owed;
                w->from = silent.after;
                return true;
            }
        }
    }
    return false;
}

int64_t oracle_known_orders(int64_t since)
{
    int64_t count = 0;
    for (int i = 0; i < plant.count; i++)
        count += oracle.orders[i].known.version >= 0 && !oracle.orders[i].known.deleted &&
                 oracle.orders[i].heard < since;
    return count;
}

/* Told deleted without a deletedAt: it was proved by its absence. */
static bool is_proved_gone(const struct told *told, const struct order *order, struct watched *w)
{
    char id[EXPECTED_ID_SIZE];
    struct expected silent;
    if (strcmp(told->type, "workorder.deleted") != 0)
        return false;
    if (w->known.version < 0) {
        /* it was seen silently since the last look */
        owe(order, &w->known, told->version, told->description, &silent);
        if (silent.count == 0)
            w->known = silent.after;
    }
    if (w->known.deleted || told->version != w->known.version || w->known.version < 0)
        return false;
    if (w->known.description == ABSENT) /* the list has brought it since */
        w->known.description = told->description;
    if (told->description != w->known.description)
        return false;
    bool hooked = order->hook_deleted != NEVER && strstr(told->body, "\"source\":\"webhook\"") != NULL;
    if (hooked && order->hook_deleted < order->versions[w->known.version].updated)
        broken(
            "R4", "%s: told deleted by a webhook that is older than version %d", told->id, w->known.version);
    if (order->most_refusals < 2 && !hooked)
        broken("R5", "%s: told deleted after %d refusals", told->id, order->most_refusals);
    if (order->removed == NEVER && plant.all_hidden && !plant.was_troubled && !hooked &&
        !oracle.few_missing && !order->half_proved)
        broken("R5", "%s: told deleted as all are missing at once", told->id);
    w->known.deletions++;
    w->known.deleted = true;
    snprintf(id, sizeof id, w->known.deletions > 1 ? "workorder.deleted/%lld/%d" : "workorder.deleted/%lld",
        (long long)order->id, w->known.deletions);
    if (strcmp(id, told->id) != 0)
        broken("R3", "%s should be %s", told->id, id);
    return true;
}

static void check_body(const struct told *told, const struct order *order, const struct knowledge *from,
    const char *timestamp, const char *rest)
{
    char head[512];
    snprintf(head, sizeof head, "{\"id\":\"%s\",\"event\":\"%s\",\"timestamp\":\"%s\",\"observedAt\":\"2",
        told->id, told->type, timestamp);
    if (strncmp(told->body, head, strlen(head)) != 0)
        broken("R3", "the body of %s begins with %.*s and should with %s", told->id, (int)strlen(head),
            told->body, head);
    if (!has_tail(order, from, told, rest))
        broken(
            "R3", "the body of %s is told after version %d and ends with %s", told->id, from->version, rest);
}

/* What a webhook did not bring the list has brought since, silently. */
static void fill_in(const struct told *told, const struct order *order, const char *rest, struct watched *w)
{
    struct knowledge filled = w->known;
    if (filled.version < 0 || filled.description != ABSENT || has_tail(order, &w->known, told, rest))
        return;
    filled.description = order->versions[filled.version].description;
    if (has_tail(order, &filled, told, rest))
        w->known = filled;
}

static void check_event(struct told *told, const struct order *order, const char *rest)
{
    struct watched *w = &oracle.orders[order->id - FIRST_ID];
    if (w->next == w->owed.count) {
        w->next = 0;
        fill_in(told, order, rest, w);
        w->from = w->known;
        if (is_proved_gone(told, order, w)) {
            char date[32];
            /* a notification says when; a date in whole seconds stands for all of its second */
            bool hooked = order->hook_deleted != NEVER && strstr(told->body, "\"source\":\"webhook\"") != NULL;
            int64_t when = hooked ? order->hook_deleted : order->versions[told->version].updated;
            plant_write_date(hooked && when % 1000 == 0 ? when + 999 : when, date);
            check_body(told, order, &w->known, date, rest);
            w->owed.count = 0;
            return;
        }
        owe(order, &w->known, told->version, told->description, &w->owed);
        settle_maybe(&w->owed, told->id);
        bool fits = w->owed.count > 0 && strcmp(w->owed.events[0].id, told->id) == 0;
        if (w->known.version < 0 && (!fits || !has_tail(order, &nothing, told, rest)))
            fits = owe_from_silence(order, told, rest, w) || fits;
        if (!fits) {
            broken(w->owed.count > 0 ? "R1" : "R3", "%s is told, version %d after %d; it should be %s",
                told->id, told->version, w->known.version,
                w->owed.count > 0 ? w->owed.events[0].id : "nothing");
            w->owed.count = 0;
            w->known.version = told->version;
            w->known.description = told->description;
            return;
        }
        w->known = w->owed.after;
    }
    const struct expected_event *event = &w->owed.events[w->next++];
    if (strcmp(event->id, told->id) != 0 || told->version != w->known.version)
        broken("R6", "%s is told where it should be %s", told->id, event->id);
    else
        check_body(told, order, &w->from, event->timestamp, rest);
}

/* A backfill tells created and completed, by the work orders' own dates. */
static void check_history(
    const struct told *told, const struct order *order, const struct run_report *run, const char *rest)
{
    const struct version *v = &order->versions[told->version];
    bool created = strcmp(told->type, "workorder.created") == 0;
    int64_t when = created ? v->created : v->completed;
    char id[EXPECTED_ID_SIZE], date[32];
    plant_write_date(when, date);
    if (created)
        snprintf(id, sizeof id, "workorder.created/%lld", (long long)order->id);
    else
        snprintf(id, sizeof id, "workorder.completed/%lld/%s", (long long)order->id, date);
    if (strcmp(id, told->id) != 0 || when == NEVER || (!created && strcmp(v->status, "DONE") != 0))
        broken("R5", "a backfill tells %s of version %d", told->id, told->version);
    else if ((run->kind != STEP_BACKFILL || when < run->from || when > run->until) &&
             (when < run->beside_from || when > run->beside_until))
        broken("R5", "%s lies outside of the window", told->id);
    else
        check_body(told, order, &nothing, date, rest);
}

/* Names are no promise: an event may lack one. But what is there is true, and it does not depend on a name
 * who did it. */
static void check_names(const struct told *told, const char *data)
{
    long long creator = (long long)plant_creator(told->work_order);
    bool created = strcmp(told->type, "workorder.created") == 0;
    const char *people = strstr(told->body, "\"source\":\"");
    char actor[96] = "", with[256], without[256];
    if (people == NULL || (people = strchr(people + 10, ',')) == NULL || people > data)
        people = data;
    size_t len = (size_t)(data - people);
    if (created)
        snprintf(actor, sizeof actor, "\"actor\":{\"id\":%lld,\"name\":\"User %lld\"},", creator, creator);
    snprintf(with, sizeof with, ",%s\"names\":{\"users\":{\"%lld\":\"User %lld\"},\"teams\":{}},", actor,
        creator, creator);
    if (created)
        snprintf(actor, sizeof actor, "\"actor\":{\"id\":%lld},", creator);
    snprintf(without, sizeof without, ",%s\"names\":{\"users\":{},\"teams\":{}},", actor);
    bool known = creator < PLANT_FIRST_USER + PLANT_USERS && plant.manner.people == 200;
    if (!(known && strlen(with) == len && strncmp(people, with, len) == 0) &&
        !(strlen(without) == len && strncmp(people, without, len) == 0))
        broken("names", "%s says %.*s", told->id, (int)len, people);
}

static void take_event(sqlite3_stmt *row, const struct run_report *run)
{
    const char *id = (const char *)sqlite3_column_text(row, 1);
    bool twice = log_find(&oracle.log, id) != NULL;
    struct told *told = oracle_log_add(row);
    const struct order *order = plant_order(told->work_order);
    const char *data = strstr(told->body, "\"data\":"), *rest = NULL;
    if (tracing())
        trace("event %lld %s", (long long)told->seq, told->id);
    if (twice)
        broken("R3", "%s is told twice", told->id);
    if (run->kind == STEP_DRY_RUN && run->undisturbed)
        broken("dry run", "%s is told", told->id);
    oracle.last_seq = told->seq;
    if (order == NULL || data == NULL ||
        (told->version = oracle_version_of(order, data + 7, &told->description, &rest)) < 0) {
        broken("R3", "%s tells of something that never was: %s", told->id, told->body);
        return;
    }
    check_names(told, data);
    /* what follows would be told as if it were not in the log yet */
    oracle.log.count--;
    if (strstr(told->body, "\"source\":\"backfill\"") != NULL)
        check_history(told, order, run, rest);
    else
        check_event(told, order, rest);
    oracle.log.count++;
}

void oracle_look_at_events(const struct run_report *run)
{
    sqlite3_stmt *rows = oracle_query(ORACLE_EVENTS);
    sqlite3_bind_int64(rows, 1, oracle.last_seq);
    while (sqlite3_step(rows) == SQLITE_ROW)
        take_event(rows, run);
    sqlite3_reset(rows);
    for (int i = 0; i < plant.count; i++) {
        struct watched *w = &oracle.orders[i];
        if (w->next < w->owed.count)
            broken("R1", "%s is not told", w->owed.events[w->next].id);
        w->next = w->owed.count = 0;
    }
}

/* --- the snapshots --- */

static void look_at_snapshot(sqlite3_stmt *row, bool seen[MOST_ORDERS])
{
    const char *json = (const char *)sqlite3_column_text(row, 2), *rest;
    const struct order *order = plant_order(sqlite3_column_int64(row, 0));
    int description, version = order != NULL ? oracle_version_of(order, json, &description, &rest) : -1;
    if (version < 0) {
        broken("R2", "a snapshot of something that never was: %s", json);
        return;
    }
    struct watched *w = &oracle.orders[order->id - FIRST_ID];
    struct expected owed;
    seen[order->id - FIRST_ID] = true;
    if (w->known.version != version || w->known.description != description) {
        if (w->known.version >= 0 &&
            order->versions[version].updated < order->versions[w->known.version].updated)
            broken("R2", "the snapshot of %lld went back from version %d to %d", (long long)order->id,
                w->known.version, version);
        owe(order, &w->known, version, description, &owed);
        settle_maybe(&owed, "");
        if (owed.count > 0)
            broken("R1", "the snapshot of %lld is version %d, but %s was not told", (long long)order->id,
                version, owed.events[0].id);
        w->known = owed.after;
    }
    if (w->known.deleted != (sqlite3_column_int(row, 1) != 0))
        broken(
            "R5", "the snapshot of %lld is %sdeleted", (long long)order->id, w->known.deleted ? "not " : "");
}

void oracle_look_at_snapshots(void)
{
    bool seen[MOST_ORDERS] = {false};
    sqlite3_stmt *rows = oracle_query(ORACLE_SNAPSHOTS);
    while (sqlite3_step(rows) == SQLITE_ROW)
        look_at_snapshot(rows, seen);
    sqlite3_reset(rows);
    for (int i = 0; i < plant.count; i++)
        if (oracle.orders[i].known.version >= 0 && !seen[i])
            broken("R2", "the snapshot of %d is lost", i + FIRST_ID);
}
