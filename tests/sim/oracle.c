#include "oracle.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "expect.h"
#include "machine.h"
#include "verdict.h"
#include "vfs.h"

enum { MOST_ORDERS = 256, FIRST_ID = 100 };

/* What was seen of a work order so far. */
struct watched {
    struct knowledge known;
    struct expected owed; /* of an observation whose events are still coming */
    int next;             /* in it */
    struct knowledge from; /* what was known before */
};

#define COPY "copy.db"

static struct {
    sqlite3 *db;
    sqlite3_stmt *queries[ORACLE_QUERIES];
    const struct history *history;
    bool has_horizon;
    int64_t horizon;
    int64_t last_seq;
    struct log log;
    struct watched orders[MOST_ORDERS];
} oracle;

void oracle_reset(const struct history *history)
{
    for (int i = 0; i < oracle.log.count; i++) {
        free(oracle.log.list[i].id);
        free(oracle.log.list[i].type);
        free(oracle.log.list[i].body);
    }
    oracle.log.count = 0;
    oracle.history = history;
    oracle.has_horizon = false;
    oracle.horizon = oracle.last_seq = 0;
    memset(oracle.orders, 0, sizeof oracle.orders);
    for (int i = 0; i < MOST_ORDERS; i++)
        oracle.orders[i].known.version = -1;
    deliveries_reset(history);
}

void oracle_free(void)
{
    oracle_reset(NULL);
    free(oracle.log.list);
    oracle.log = (struct log){0};
    deliveries_free();
    for (int i = 0; i < ORACLE_QUERIES; i++)
        sqlite3_finalize(oracle.queries[i]);
    sqlite3_close(oracle.db);
}

sqlite3_stmt *oracle_query(enum oracle_query which)
{
    static const char *const texts[ORACLE_QUERIES] = {
        [ORACLE_HAS_TABLES] = "SELECT count(*) FROM sqlite_schema WHERE name = 'event_log'",
        [ORACLE_HORIZON] = "SELECT horizon FROM account",
        [ORACLE_EVENTS] = "SELECT seq, id, type, work_order, body FROM event_log WHERE seq > ?1 ORDER BY seq",
        [ORACLE_SNAPSHOTS] = "SELECT id, deleted, json FROM work_orders",
        [ORACLE_DELIVERIES] = "SELECT handler, event, state, attempts FROM delivery_log WHERE state <> 'done'",
    };
    sqlite3_stmt **query = &oracle.queries[which];
    if (*query == NULL &&
        sqlite3_prepare_v3(oracle.db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, query, NULL) != SQLITE_OK)
        broken("store", "%s: %s", texts[which], sqlite3_errmsg(oracle.db));
    return *query;
}

const struct told *log_find(const struct log *log, const char *id)
{
    uint64_t hash = digest_bytes(id, strlen(id));
    for (int i = log->count - 1; i >= 0; i--)
        if (log->list[i].hash == hash && strcmp(log->list[i].id, id) == 0)
            return &log->list[i];
    return NULL;
}

static const struct told *log_add(sqlite3_stmt *row)
{
    struct log *log = &oracle.log;
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 256 : 2 * log->capacity;
        log->list = realloc(log->list, (size_t)log->capacity * sizeof *log->list);
        if (log->list == NULL)
            abort();
    }
    struct told *told = &log->list[log->count++];
    *told = (struct told){.seq = sqlite3_column_int64(row, 0),
        .id = strdup((const char *)sqlite3_column_text(row, 1)),
        .type = strdup((const char *)sqlite3_column_text(row, 2)),
        .work_order = sqlite3_column_int64(row, 3),
        .body = strdup((const char *)sqlite3_column_text(row, 4)),
        .version = -1};
    told->hash = digest_bytes(told->id, strlen(told->id));
    told->digest = digest_bytes(told->body, strlen(told->body));
    return told;
}

/* --- which version a text is of --- */

/* Reads `,"description":"note 7"`, or null, or nothing, at `text`. Returns what stands behind it. */
static const char *read_description(const char *text, int *description)
{
    int length = 0;
    *description = ABSENT;
    if (sscanf(text, ",\"description\":\"note %d\"%n", description, &length) == 1 && length > 0)
        return text + length;
    static const char null[] = ",\"description\":null";
    if (strncmp(text, null, sizeof null - 1) != 0)
        return text;
    *description = 0;
    return text + sizeof null - 1;
}

/* Where the work order's own text ends in one that begins like this version's: behind it stands what is no
 * part of it. NULL when it is another. */
static const char *behind(const struct version *v, const char *text, int *description)
{
    static const char thumbnail[] = ",\"thumbnail\":\"";
    if (strncmp(text, v->json, v->head) != 0)
        return NULL;
    const char *rest = read_description(text + v->head, description);
    if (strncmp(rest, v->json + v->tail, v->len - v->tail) != 0)
        return NULL;
    rest += v->len - v->tail;
    /* a webhook may bring what a snapshot did not have yet: it comes last */
    if (*description == ABSENT)
        rest = read_description(rest, description);
    if (strncmp(rest, thumbnail, sizeof thumbnail - 1) == 0)
        rest = strchr(rest + sizeof thumbnail - 1, '"') + 1;
    if (*description == ABSENT)
        rest = read_description(rest, description);
    return *rest == ',' || *rest == '}' ? rest : NULL;
}

/* The newest version with that text, -1 when there is none. */
static int version_of(const struct order *order, const char *text, int *description, const char **rest)
{
    for (int i = order->count - 1; i >= 0; i--)
        if ((*rest = behind(&order->versions[i], text, description)) != NULL)
            return i;
    return -1;
}

/* The newest that looks like this one. */
static int newest_like(const struct order *order, int version)
{
    for (int i = order->count - 1; i > version; i--)
        if (strcmp(order->versions[i].json, order->versions[version].json) == 0)
            return i;
    return version;
}

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

static const struct knowledge nothing = {.version = -1};

static bool has_tail(
    const struct order *order, const struct knowledge *from, const struct told *told, const char *rest)
{
    char tail[1024];
    expect_tail(order, from, told->version, told->description, tail, sizeof tail);
    return strcmp(rest, tail) == 0;
}

/*
 * It was not known at the last look, and is told as a change to what was seen silently since. Then that is what
 * is owed.
 */
static bool owe_from_silence(const struct order *order, const struct told *told, const char *rest, struct watched *w)
{
    for (int i = order->count - 1; i >= 0; i--) {
        struct expected silent, owed;
        owe(order, &nothing, i, order->versions[i].description, &silent);
        for (int absent = 0; absent < 2 && silent.count == 0; absent++) {
            if (absent == 1)
                silent.after.description = ABSENT;
            owe(order, &silent.after, told->version, told->description, &owed);
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

static int64_t known_orders(void)
{
    int64_t count = 0;
    for (int i = 0; i < plant.count; i++)
        count += oracle.orders[i].known.version >= 0 && !oracle.orders[i].known.deleted;
    return count;
}

/* Told deleted without a deletedAt: it was proved by its absence. */
static bool is_proved_gone(const struct told *told, const struct order *order, struct watched *w)
{
    char id[EXPECTED_ID_SIZE];
    if (strcmp(told->type, "workorder.deleted") != 0 || w->known.deleted || told->version != w->known.version ||
        told->description != w->known.description || w->known.version < 0)
        return false;
    bool hooked = order->hook_deleted && strstr(told->body, "\"source\":\"webhook\"") != NULL;
    if (order->most_refusals < 2 && !hooked)
        broken("R5", "%s: told deleted after %d refusals", told->id, order->most_refusals);
    if (order->removed == NEVER && plant.all_hidden && !plant.was_troubled && !hooked &&
        known_orders() > oracle.history->max_deletes)
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
    snprintf(head, sizeof head, "{\"id\":\"%s\",\"event\":\"%s\",\"timestamp\":\"%s\",\"observedAt\":\"2", told->id, told->type,
        timestamp);
    if (strncmp(told->body, head, strlen(head)) != 0)
        broken("R3", "the body of %s begins with %.*s and should with %s", told->id, (int)strlen(head), told->body, head);
    if (!has_tail(order, from, told, rest))
        broken("R3", "the body of %s is told after version %d and ends with %s", told->id, from->version, rest);
}

static void check_event(struct told *told, const struct order *order, const char *rest)
{
    struct watched *w = &oracle.orders[order->id - FIRST_ID];
    if (w->next == w->owed.count) {
        w->next = 0;
        w->from = w->known;
        if (is_proved_gone(told, order, w)) {
            char date[32];
            plant_write_date(order->versions[told->version].updated, date);
            check_body(told, order, &w->known, date, rest);
            w->owed.count = 0;
            return;
        }
        owe(order, &w->known, told->version, told->description, &w->owed);
        bool fits = w->owed.count > 0 && strcmp(w->owed.events[0].id, told->id) == 0;
        if (w->known.version < 0 && (!fits || !has_tail(order, &nothing, told, rest)))
            fits = owe_from_silence(order, told, rest, w) || fits;
        if (!fits) {
            broken(w->owed.count > 0 ? "R1" : "R3", "%s is told, version %d after %d; it should be %s", told->id,
                told->version, w->known.version, w->owed.count > 0 ? w->owed.events[0].id : "nothing");
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
static void check_history(const struct told *told, const struct order *order, const struct run_report *run, const char *rest)
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
    else if (run->kind != STEP_BACKFILL || when < run->from || when > run->until)
        broken("R5", "%s lies outside of the window", told->id);
    else
        check_body(told, order, &nothing, date, rest);
}

static void take_event(sqlite3_stmt *row, const struct run_report *run)
{
    const char *id = (const char *)sqlite3_column_text(row, 1);
    bool twice = log_find(&oracle.log, id) != NULL;
    struct told *told = (struct told *)log_add(row);
    const struct order *order = plant_order(told->work_order);
    const char *data = strstr(told->body, "\"data\":"), *rest = NULL;
    if (tracing())
        trace("event %lld %s", (long long)told->seq, told->id);
    if (twice)
        broken("R3", "%s is told twice", told->id);
    if (run->kind == STEP_DRY_RUN && run->undisturbed)
        broken("dry run", "%s is told", told->id);
    oracle.last_seq = told->seq;
    if (order == NULL || data == NULL || (told->version = version_of(order, data + 7, &told->description, &rest)) < 0) {
        broken("R3", "%s tells of something that never was: %s", told->id, told->body);
        return;
    }
    /* what follows would be told as if it were not in the log yet */
    oracle.log.count--;
    if (strstr(told->body, "\"source\":\"backfill\"") != NULL)
        check_history(told, order, run, rest);
    else
        check_event(told, order, rest);
    oracle.log.count++;
}

static void look_at_events(const struct run_report *run)
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
    int description, version = order != NULL ? version_of(order, json, &description, &rest) : -1;
    if (version < 0) {
        broken("R2", "a snapshot of something that never was: %s", json);
        return;
    }
    struct watched *w = &oracle.orders[order->id - FIRST_ID];
    struct expected owed;
    seen[order->id - FIRST_ID] = true;
    if (w->known.version != version || w->known.description != description) {
        if (w->known.version >= 0 && order->versions[version].updated < order->versions[w->known.version].updated)
            broken("R2", "the snapshot of %lld went back from version %d to %d", (long long)order->id,
                w->known.version, version);
        owe(order, &w->known, version, description, &owed);
        if (owed.count > 0)
            broken("R1", "the snapshot of %lld is version %d, but %s was not told", (long long)order->id, version,
                owed.events[0].id);
        w->known = owed.after;
    }
    if (w->known.deleted != (sqlite3_column_int(row, 1) != 0))
        broken("R5", "the snapshot of %lld is %sdeleted", (long long)order->id, w->known.deleted ? "not " : "");
}

static void look_at_snapshots(void)
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

/* --- what a pass must have seen --- */

/* Could a poll that began at `began` and ended just now have missed what is seen of it now? */
static bool may_be_missed(const struct order *order, int version, int64_t began)
{
    const struct version *v = &order->versions[version];
    int64_t longest = oracle.history->manner.longest_delay;
    if (order->hidden || plant.all_hidden || v->late)
        return true;
    if (v->stable >= began || (order->unhidden != NEVER && order->unhidden >= began))
        return true;
    return order->unhidden != NEVER && order->unhidden - v->updated > longest;
}

static void check_pass(const struct run_report *run)
{
    int64_t began = plant_log.pass_began;
    if (run->kind != STEP_SYNC || run->status != 0 || !run->whole || run->stopped || began == NEVER)
        return;
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        int version = plant_newest(order, machine_now());
        if (version < 0 || may_be_missed(order, version, began))
            continue;
        int known = oracle.orders[i].known.version;
        if (known < 0 || newest_like(order, known) < version)
            broken("R1", "work order %lld: the pass that began at %lld has seen version %d, not %d, which was there "
                         "since %lld",
                (long long)order->id, (long long)began, known, version,
                (long long)order->versions[version].visible);
    }
}

/* What a backfill that has read to its end must have told. */
static void check_backfill(const struct run_report *run)
{
    if (run->kind != STEP_BACKFILL || run->status != 0 || !run->whole || run->stopped || run->silent)
        return;
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        int version = plant_newest(order, machine_now());
        if (version < 0 || may_be_missed(order, version, run->began))
            continue;
        const struct version *v = &order->versions[version];
        char id[EXPECTED_ID_SIZE], date[32];
        snprintf(id, sizeof id, "workorder.created/%lld", (long long)order->id);
        if (v->created >= run->from && v->created <= run->until && log_find(&oracle.log, id) == NULL)
            broken("R5", "a backfill has not told %s", id);
        plant_write_date(v->completed, date);
        snprintf(id, sizeof id, "workorder.completed/%lld/%s", (long long)order->id, date);
        if (strcmp(v->status, "DONE") == 0 && v->completed != NEVER && v->completed >= run->from &&
            v->completed <= run->until && log_find(&oracle.log, id) == NULL)
            broken("R5", "a backfill has not told %s", id);
    }
}

/* A webhook that was answered with yes is stored. */
static void check_hook(const struct run_report *run)
{
    const struct order *order = run->kind == STEP_HOOK && run->hook_version >= 0 ? plant_order(run->hook_order) : NULL;
    if (order == NULL || run->status != 0 || run->hurt || !oracle.has_horizon)
        return;
    const struct knowledge *known = &oracle.orders[order->id - FIRST_ID].known;
    const struct version *v = &order->versions[run->hook_version];
    if (known->version < 0 || order->versions[known->version].updated < v->updated)
        broken("R2", "a webhook about version %d of %lld was taken, and %d is known", run->hook_version,
            (long long)order->id, known->version);
}

/* --- the look --- */

static void look_at_horizon(const struct run_report *run)
{
    if (oracle.has_horizon)
        return;
    sqlite3_stmt *row = oracle_query(ORACLE_HORIZON);
    if (sqlite3_step(row) == SQLITE_ROW) {
        oracle.has_horizon = true;
        oracle.horizon = sqlite3_column_int64(row, 0);
        const struct plant_manner *m = &oracle.history->manner;
        bool now = strcmp(oracle.history->start, "now") == 0;
        bool steady = run->clock_ended - run->clock_began == run->ended - run->began;
        int64_t latest = m->says_date && run->ended + m->date_ahead < run->clock_ended ? run->ended + m->date_ahead
                                                                                        : run->clock_ended;
        int64_t earliest = m->says_date && run->began + m->date_ahead < run->clock_began
                               ? run->began + m->date_ahead
                               : run->clock_began;
        if (now && steady && (oracle.horizon > latest || oracle.horizon < earliest - 1000))
            broken("R5", "the horizon is %lld, and should lie between %lld and %lld", (long long)oracle.horizon,
                (long long)earliest, (long long)latest);
    }
    sqlite3_reset(row);
}

/*
 * A copy: a look must not touch the store, and no trouble befalls it. It stays open from one history to the
 * next, for every store has the same schema and to read that takes longer than all else.
 */
static bool open_copy(void)
{
    disk_copy("wosync.db", COPY);
    disk_copy("wosync.db-wal", COPY "-wal");
    if (oracle.db == NULL) {
        if (sqlite3_open_v2(COPY, &oracle.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
            broken("store", "it cannot be opened: %s", sqlite3_errmsg(oracle.db));
        return false;
    }
    vfs_forget_shared(COPY);
    return sqlite3_file_control(oracle.db, "main", SQLITE_FCNTL_RESET_CACHE, NULL) == SQLITE_OK;
}

/* In WAL mode from its first transaction on: before that there is nothing in it. */
static bool has_tables(void)
{
    unsigned char head[20];
    const struct disk_file *file = disk_find("wosync.db", false);
    if (file == NULL || disk_read(file, head, sizeof head, 0) < sizeof head || head[18] != 2)
        return false;
    open_copy();
    sqlite3_stmt *row = oracle_query(ORACLE_HAS_TABLES);
    bool yes = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) == 1;
    sqlite3_reset(row);
    return yes;
}

void oracle_look(const struct run_report *run)
{
    if (has_tables()) {
        look_at_horizon(run);
        look_at_events(run);
        look_at_snapshots();
        check_pass(run);
        check_backfill(run);
        check_hook(run);
        deliveries_look(&oracle.log);
    } else if (oracle.last_seq > 0 || oracle.has_horizon) {
        broken("R2", "the store is lost");
    }
}

int oracle_pending(void)
{
    return deliveries_pending();
}

static bool is_owed_deletion(int i)
{
    const struct knowledge *known = &oracle.orders[i].known;
    return plant_newest(&plant.orders[i], machine_now()) < 0 && known->version >= 0 && !known->deleted &&
           oracle.history->max_deletes >= plant.count;
}

bool oracle_owes_deletion(void)
{
    for (int i = 0; i < plant.count; i++)
        if (is_owed_deletion(i))
            return true;
    return false;
}

void oracle_finish(void)
{
    for (int i = 0; i < plant.count; i++) {
        const struct order *order = &plant.orders[i];
        const struct knowledge *known = &oracle.orders[i].known;
        int version = plant_newest(order, machine_now());
        if (version >= 0 && (known->version < 0 || newest_like(order, known->version) < version ||
                                known->description != order->versions[version].description))
            broken("R2", "at the end %lld is known as version %d and is %d", (long long)order->id, known->version,
                version);
        if (is_owed_deletion(i))
            broken("R5", "at the end %lld is gone and was not told deleted", (long long)order->id);
        if (version >= 0 && known->deleted && order->versions[version].deleted == NEVER)
            broken("R5", "at the end %lld is there and is told deleted", (long long)order->id);
    }
    deliveries_finish(&oracle.log);
}
