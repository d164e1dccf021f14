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

void oracle_owe(const struct order *order, const struct knowledge *known, int version, int description,
    const struct told_steps *steps, struct expected *out)
{
    int kept = 0;
    expect(order, known, version, description, steps, oracle.horizon, out);
    for (int i = 0; i < out->count; i++) {
        settle_id(&out->events[i]);
        if (log_find(&oracle.log, out->events[i].id) == NULL)
            out->events[kept++] = out->events[i];
    }
    out->count = kept;
}

static const struct told_steps no_steps = {.status = NULL};

/* It was seen without a word: all steps up to its date are part of that. */
static struct knowledge silently(const struct order *order, const struct knowledge *known)
{
    struct knowledge after = *known;
    after.status = NULL;
    after.high = order->versions[known->version].updated;
    if (!order->bent && known->low > after.high)
        after.high = known->low;
    after.low = after.high;
    return after;
}

bool oracle_same_look(const struct told *a, const struct told *b)
{
    static const char mark[] = "\"observedAt\":\"";
    const char *x = strstr(a->body, mark), *y = strstr(b->body, mark);
    const char *from = strstr(a->body, "\"source\":\""), *other = strstr(b->body, "\"source\":\"");
    return a->work_order == b->work_order && x != NULL && y != NULL && from != NULL && other != NULL &&
           strncmp(x, y, sizeof mark - 1 + 24) == 0 && strncmp(from, other, 16) == 0;
}

bool oracle_has_head(const struct told *told, const char *id, const char *timestamp)
{
    char head[512];
    snprintf(head, sizeof head, "{\"id\":\"%s\",\"event\":\"%s\",\"timestamp\":\"%s\",\"observedAt\":\"2", id,
        told->type, timestamp);
    return strncmp(told->body, head, strlen(head)) == 0;
}

/*
 * It was not known at the last look, and is told as a change to what was seen silently since: to the version
 * that explains most. Returns how many events are so.
 */
static int match_from_silence(
    const struct order *order, const struct knowledge *before, int i, struct knowledge *after)
{
    char why[ORACLE_WHY];
    int most = 0;
    for (int v = order->count - 1; v >= 0; v--) {
        struct expected silent;
        oracle_owe(order, before, v, order->versions[v].description, &no_steps, &silent);
        for (int absent = 0; absent < 2 && silent.count == 0; absent++) {
            struct knowledge known = silently(order, &silent.after), then;
            if (absent == 1)
                known.description = ABSENT;
            int count = oracle_match(order, &known, i, &then, why);
            if (count > most) {
                most = count;
                *after = then;
            }
        }
    }
    return most;
}

int64_t oracle_known_orders(int64_t since)
{
    int64_t count = 0;
    for (int i = 0; i < plant.count; i++)
        count += oracle.orders[i].known.version >= 0 && !oracle.orders[i].known.deleted &&
                 oracle.orders[i].heard < since;
    return count;
}

/* --- what is told --- */

/* The notification of a deletion at that moment, by whoever did it; NULL when none came. A date in whole
 * seconds stands for all of its second. */
static const struct notice *find_deletion(const struct order *order, const struct told *told, int64_t *when)
{
    char date[32];
    for (int i = 0; i < notices.count; i++) {
        const struct notice *notice = &notices.list[i];
        *when = notice->occurred % 1000 == 0 ? notice->occurred + 999 : notice->occurred;
        plant_write_date(*when, date);
        if (notice->work_order == order->id && notice->to == NULL && notice->taken &&
            told->actor == notice->actor && oracle_has_head(told, told->id, date))
            return notice;
    }
    return NULL;
}

/* Told deleted without a deletedAt: a notification named it, or it was proved by its absence. Returns whether
 * it is one of these. */
static bool take_proved_gone(const struct told *told, const struct order *order, struct knowledge *known)
{
    char id[EXPECTED_ID_SIZE], date[32], tail[1024];
    struct expected silent;
    int64_t when;
    int description;
    const char *data = strstr(told->body, "\"data\":");
    if (strcmp(told->type, "workorder.deleted") != 0)
        return false;
    if (known->version < 0) {
        /* it was seen silently since the last look */
        oracle_owe(order, known, told->version, told->description, &no_steps, &silent);
        if (silent.count == 0)
            *known = silently(order, &silent.after);
    }
    if (known->deleted || told->version != known->version || known->version < 0)
        return false;
    if (known->description == ABSENT) /* the list has brought it since */
        known->description = told->description;
    if (told->description != known->description)
        return false;
    const struct version *v = &order->versions[known->version];
    const struct notice *notice =
        strstr(told->body, "\"source\":\"webhook\"") != NULL ? find_deletion(order, told, &when) : NULL;
    if (notice != NULL && when < v->updated)
        broken("R4", "%s: told deleted by a webhook that is older than version %d", told->id, known->version);
    if (order->most_refusals < 2 && notice == NULL)
        broken("R5", "%s: told deleted after %d refusals", told->id, order->most_refusals);
    if (order->removed == NEVER && plant.all_hidden && !plant.was_troubled && notice == NULL &&
        !oracle.few_missing && !order->half_proved)
        broken("R5", "%s: told deleted as all are missing at once", told->id);
    known->deletions++;
    known->deleted = true;
    snprintf(id, sizeof id, known->deletions > 1 ? "workorder.deleted/%lld/%d" : "workorder.deleted/%lld",
        (long long)order->id, known->deletions);
    plant_write_date(notice != NULL ? when : v->updated, date);
    /* nothing of it has changed: what waits to be told is no part of this */
    struct knowledge same = *known;
    same.status = NULL;
    expect_tail(order, &same, known->version, known->description, tail, sizeof tail);
    const char *rest = oracle_behind(v, data + 7, &description);
    if (strcmp(id, told->id) != 0)
        broken("R3", "%s should be %s", told->id, id);
    else if (!oracle_has_head(told, id, date) || rest == NULL || strcmp(rest, tail) != 0)
        broken("R3", "%s should be of %s and end with %s: %s", told->id, date, tail, told->body);
    return true;
}

/* What a webhook did not bring the list has brought since, silently. */
static int match_filled(
    const struct order *order, const struct knowledge *known, int i, struct knowledge *after)
{
    char why[ORACLE_WHY];
    struct knowledge filled = *known;
    if (known->version < 0 || known->description != ABSENT)
        return 0;
    filled.description = order->versions[filled.version].description;
    return oracle_match(order, &filled, i, after, why);
}

/* Takes the events of one observation, from place `i` on. Returns how many they are. */
static int take_look(const struct order *order, int i)
{
    struct watched *w = &oracle.orders[order->id - FIRST_ID];
    struct told *told = &oracle.log.list[i];
    struct knowledge after, other;
    char why[ORACLE_WHY] = "";
    if (take_proved_gone(told, order, &w->known))
        return 1;
    int count = oracle_match(order, &w->known, i, &after, why);
    if (count == 0 && w->known.version >= 0)
        count = match_filled(order, &w->known, i, &after);
    /* new, or seen silently since the last look, as what was told of it before: what explains more of it
     * holds */
    bool silent = w->known.version < 0 || (count == 0 && order->bent);
    int more = silent ? match_from_silence(order, &w->known, i, &other) : 0;
    if (more > count) {
        count = more;
        after = other;
    }
    if (count == 0) {
        broken("R3", "after version %d: %s", w->known.version, why);
        return 1;
    }
    w->known = after;
    w->waits_since = oracle.run;
    return count;
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
    else if (!oracle_has_head(told, id, date) || strcmp(rest, "}}") != 0)
        broken("R3", "the body of %s should be of %s: %s", id, date, told->body);
}

/* Is that user on a list? */
static bool is_listed(long long user)
{
    return user >= PLANT_FIRST_USER && user < PLANT_FIRST_USER + PLANT_USERS && plant.manner.people == 200;
}

/* Reads `"N":"User N"`, of someone who is listed. Returns what stands behind it, NULL when it is anything
 * else. */
static const char *read_name(const char *text)
{
    long long id, name;
    int len = 0;
    if (sscanf(text, "\"%lld\":\"User %lld\"%n", &id, &name, &len) != 2 || len == 0 || id != name ||
        !is_listed(id))
        return NULL;
    return text + len;
}

/* Names are no promise: an event may lack one. But what is there is true, and it does not depend on a name
 * who did it. */
static void check_names(struct told *told, const char *data)
{
    static const char names[] = ",\"names\":{\"users\":{", teams[] = "},\"teams\":{}},";
    long long creator = (long long)plant_creator(told->work_order), actor = 0, name = 0;
    bool created = strcmp(told->type, "workorder.created") == 0;
    const char *people = strstr(told->body, "\"source\":\""), *text;
    int len = 0;
    if (people == NULL || (people = strchr(people + 10, ',')) == NULL || people > data)
        people = data;
    text = people;
    if (sscanf(text, ",\"actor\":{\"id\":%lld%n", &actor, &len) == 1 && len > 0) {
        text += len;
        len = 0;
        if (sscanf(text, ",\"name\":\"User %lld\"%n", &name, &len) == 1 && len > 0)
            text += len;
        text += *text == '}';
    }
    told->actor = actor;
    bool good =
        strncmp(text, names, sizeof names - 1) == 0 && (name == 0 || (name == actor && is_listed(name)));
    text += good ? sizeof names - 1 : 0;
    while (good && *text == '"') {
        text = read_name(text);
        good = text != NULL;
        text += good && *text == ',';
    }
    if (!good || strncmp(text, teams, sizeof teams - 1) != 0 || text + sizeof teams - 1 != data ||
        (created && actor != creator))
        broken("names", "%s says %.*s", told->id, (int)(data - people), people);
}

/* What can be said of an event by itself. Returns its work order, NULL when it is told of something that
 * never was. */
static const struct order *look_at_event(struct told *told, const struct run_report *run)
{
    const struct order *order = plant_order(told->work_order);
    const char *data = strstr(told->body, "\"data\":"), *rest;
    if (tracing())
        trace("event %lld %s", (long long)told->seq, told->id);
    if (log_find(&oracle.log, told->id) != NULL)
        broken("R3", "%s is told twice", told->id);
    if (run->kind == STEP_DRY_RUN && run->undisturbed)
        broken("dry run", "%s is told", told->id);
    oracle.last_seq = told->seq;
    if (order == NULL || data == NULL) {
        broken("R3", "%s tells of something that never was: %s", told->id, told->body);
        return NULL;
    }
    /* a step may tell of a work order as it never was: with the status of then */
    told->version = oracle_version_of(order, data + 7, &told->description, &rest);
    check_names(told, data);
    return order;
}

static const char *rest_of(const struct order *order, const struct told *told)
{
    int description;
    return oracle_behind(&order->versions[told->version], strstr(told->body, "\"data\":") + 7, &description);
}

/* Takes what was told at place `i` and, where more is of the same observation, that, too. Returns how many.
 */
static int take_events(int i, const struct run_report *run)
{
    struct told *told = &oracle.log.list[i];
    const struct order *order = plant_order(told->work_order);
    if (order == NULL)
        return 1;
    if (strstr(told->body, "\"source\":\"backfill\"") == NULL)
        return take_look(order, i);
    if (told->version < 0)
        broken("R3", "%s tells of something that never was: %s", told->id, told->body);
    else
        check_history(told, order, run, rest_of(order, told));
    return 1;
}

void oracle_look_at_events(const struct run_report *run)
{
    sqlite3_stmt *rows = oracle_query(ORACLE_EVENTS);
    struct log *log = &oracle.log;
    sqlite3_bind_int64(rows, 1, oracle.last_seq);
    while (sqlite3_step(rows) == SQLITE_ROW)
        look_at_event(oracle_log_add(rows), run);
    sqlite3_reset(rows);
    /* what follows would be told as if it were not in the log yet */
    while (log->count < log->total && verdict() == NULL)
        log->count += take_events(log->count, run);
    log->count = log->total;
}

/* --- the snapshots --- */

/* It was seen since without a word. */
static void take_silence(const struct order *order, struct watched *w, int version, int description)
{
    struct expected owed;
    const bool news = w->known.version != version;
    if (w->known.version > version && !order->bent &&
        order->versions[version].updated < order->versions[w->known.version].updated)
        broken("R2", "the snapshot of %lld went back from version %d to %d", (long long)order->id,
            w->known.version, version);
    /* what waits to be told waits still */
    const struct told_steps steps = {.waits = w->known.status != NULL};
    oracle_owe(order, &w->known, version, description, &steps, &owed);
    if (owed.count > 0 && !owed.events[0].maybe)
        broken("R1", "the snapshot of %lld is version %d, but %s was not told", (long long)order->id, version,
            owed.events[0].id);
    w->known = owed.after;
    if (news)
        w->known = silently(order, &w->known);
}

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
    seen[order->id - FIRST_ID] = true;
    if (w->known.version != version || w->known.description != description)
        take_silence(order, w, version, description);
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
