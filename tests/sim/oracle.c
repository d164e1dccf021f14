#include "oracle_parts.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "machine.h"
#include "verdict.h"
#include "vfs.h"

#define COPY "copy.db"

struct oracle oracle;

void oracle_reset(const struct history *history)
{
    for (int i = 0; i < oracle.log.total; i++) {
        free(oracle.log.list[i].id);
        free(oracle.log.list[i].type);
        free(oracle.log.list[i].body);
    }
    oracle.log.count = oracle.log.total = 0;
    oracle.history = history;
    oracle.has_horizon = false;
    oracle.horizon = oracle.last_seq = oracle.latest = 0;
    oracle.few_missing = false;
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
        [ORACLE_HORIZON] = "SELECT horizon_ms FROM account",
        [ORACLE_WATERMARK] = "SELECT watermark_ms FROM account",
        [ORACLE_EVENTS] = "SELECT seq, id, type, work_order, body FROM event_log WHERE seq > ?1 ORDER BY seq",
        [ORACLE_SNAPSHOTS] = "SELECT id, deleted, json FROM work_orders",
        [ORACLE_DELIVERIES] =
            "SELECT handler, event, state, attempts FROM delivery_log WHERE state <> 'done'",
        [ORACLE_OLD] = "SELECT (SELECT count(*) FROM event_log WHERE observed_at < ?1 AND id NOT IN "
                       "(SELECT event FROM delivery_log WHERE state IN ('pending', 'dead'))), "
                       "(SELECT count(*) FROM run_log WHERE began_at < ?2), "
                       "(SELECT count(*) FROM inbox_log WHERE received_at < ?1 AND state <> 'waiting')",
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

struct told *oracle_log_add(sqlite3_stmt *row)
{
    struct log *log = &oracle.log;
    if (log->total == log->capacity) {
        log->capacity = log->capacity == 0 ? 256 : 2 * log->capacity;
        log->list = realloc(log->list, (size_t)log->capacity * sizeof *log->list);
        if (log->list == NULL)
            abort();
    }
    struct told *told = &log->list[log->total++];
    *told = (struct told){.seq = sqlite3_column_int64(row, 0),
        .id = strdup((const char *)sqlite3_column_text(row, 1)),
        .type = strdup((const char *)sqlite3_column_text(row, 2)),
        .work_order = sqlite3_column_int64(row, 3),
        .body = strdup((const char *)sqlite3_column_text(row, 4)),
        .version = -1};
    told->hash = digest_bytes(told->id, strlen(told->id));
    told->fingerprint = digest_bytes(told->body, strlen(told->body));
    return told;
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
        /* the server's clock where it says its time (in whole seconds), else the machine's */
        int64_t latest = m->says_date ? run->ended + m->date_ahead : run->clock_ended;
        int64_t earliest = m->says_date ? run->began + m->date_ahead : run->clock_began;
        if (now && steady && (oracle.horizon > latest || oracle.horizon < earliest - 1000))
            broken("R5", "the horizon is %lld, and should lie between %lld and %lld",
                (long long)oracle.horizon, (long long)earliest, (long long)latest);
    }
    sqlite3_reset(row);
}

/* No poll takes a date in the future for its watermark (rule R1): whatever the records say, it lies before
 * what this machine's clock or the true one has shown. */
static void look_at_watermark(const struct run_report *run)
{
    if (oracle.latest < run->clock_ended)
        oracle.latest = run->clock_ended;
    if (oracle.latest < run->ended)
        oracle.latest = run->ended;
    /* as it was before it jumped back */
    const int64_t unmoved = run->clock_began + (run->ended - run->began);
    if (oracle.latest < unmoved)
        oracle.latest = unmoved;
    sqlite3_stmt *row = oracle_query(ORACLE_WATERMARK);
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int64(row, 0) > oracle.latest)
        broken(
            "R1", "the watermark is %lld, and lies in the future", (long long)sqlite3_column_int64(row, 0));
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

/* In WAL mode from its first transaction on: before that there is nothing in it. A checkpoint that was cut
 * off may have torn the head; then it is in the log. */
static bool has_tables(void)
{
    unsigned char head[20];
    const struct disk_file *file = disk_find("wosync.db", false), *log = disk_find("wosync.db-wal", false);
    bool has_log = log != NULL && disk_size(log) > 0;
    if (file == NULL || (!has_log && (disk_read(file, head, sizeof head, 0) < sizeof head || head[18] != 2)))
        return false;
    open_copy();
    sqlite3_stmt *row = oracle_query(ORACLE_HAS_TABLES);
    bool yes = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) == 1;
    sqlite3_reset(row);
    return yes;
}

enum { LONGEST_RUN_MS = 10 * 60000 };

/* What is older than `keep` is removed by a run that delivers, whatever else lasts, but for what someone
 * still waits for. It is some hundred rows at once; no history has so many. */
static void check_growth(const struct run_report *run)
{
    static const char *const names[] = {"events", "runs", "webhooks"};
    const struct history *h = oracle.history;
    const int64_t before = run->clock_began - h->keep_hours * 3600000;
    char date[32], runs_date[32];
    if (h->jumps || !run->delivers || !run->whole || !run->undisturbed || run->hurt || run->stopped ||
        (run->status != 0 && run->status != 69) || before < h->begins + h->offset)
        return;
    sqlite3_stmt *row = oracle_query(ORACLE_OLD);
    plant_write_date(before, date);
    sqlite3_bind_text(row, 1, date, -1, SQLITE_STATIC);
    /* runs leave in the order in which they were first stored: one that was stored late waits for those before */
    plant_write_date(before - LONGEST_RUN_MS, runs_date);
    sqlite3_bind_text(row, 2, runs_date, -1, SQLITE_STATIC);
    if (sqlite3_step(row) == SQLITE_ROW)
        for (int i = 0; i < 3; i++)
            if (sqlite3_column_int(row, i) > 0)
                broken("growth", "%d %s are older than `keep`, and no one waits for them",
                    sqlite3_column_int(row, i), names[i]);
    sqlite3_reset(row);
}

/* A version that looks like an older one takes its place: they cannot be told apart. */
static void take_newest(void)
{
    for (int i = 0; i < plant.count; i++)
        if (oracle.orders[i].known.version >= 0)
            oracle.orders[i].known.version =
                oracle_newest_like(&plant.orders[i], oracle.orders[i].known.version);
}

void oracle_look(const struct run_report *run)
{
    take_newest();
    oracle_begin_notices(run);
    oracle.run = run->number;
    /* as many as were known before it, for the list showed none; a sync sweeps, too, when it is due */
    bool sweeps = run->kind == STEP_RECONCILE || (run->kind == STEP_SYNC && run->lists > 1);
    if (sweeps && plant.all_hidden && oracle_known_orders(run->began) <= oracle.history->max_deletes)
        oracle.few_missing = true;
    if (has_tables()) {
        look_at_horizon(run);
        look_at_watermark(run);
        oracle_look_at_events(run);
        oracle_look_at_snapshots();
        oracle_check_pass(run);
        oracle_check_backfill(run);
        oracle_check_hook(run);
        oracle_check_deletions(run);
        deliveries_look(&oracle.log, run);
        check_growth(run);
    } else if (oracle.last_seq > 0 || oracle.has_horizon) {
        broken("R2", "the store is lost");
    }
    oracle_end_notices();
}

int oracle_pending(void)
{
    return deliveries_pending();
}

/* A row of the warehouse: the work order as it is known, in the same words. What a webhook did not bring
 * comes with the next change: that the list has more fields is no event. */
static bool is_as_known(int64_t work_order, bool deleted, const char *json)
{
    const struct order *order = plant_order(work_order);
    const char *rest;
    int description, version = order != NULL ? oracle_version_of(order, json, &description, &rest) : -1;
    if (version < 0)
        return false;
    const struct knowledge *known = &oracle.orders[order->id - FIRST_ID].known;
    /* a backfill told of it, and it was gone, or as before, when a poll could have seen as much */
    if (order->bent || (order->removed != NEVER && version > known->version))
        return true;
    return oracle_newest_like(order, version) == oracle_newest_like(order, known->version) &&
           (description == known->description || description == ABSENT) && deleted == known->deleted;
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
        if (version >= 0 && (known->version < 0 || oracle_newest_like(order, known->version) < version ||
                                known->description != order->versions[version].description))
            broken("R2", "at the end %lld is known as version %d and is %d", (long long)order->id,
                known->version, version);
        if (is_owed_deletion(i))
            broken("R5", "at the end %lld is gone and was not told deleted", (long long)order->id);
        /* of one that is gone, and whose deletion waits for max_deletes, the last change waits with it */
        if (version >= 0 && known->version >= 0 && known->status != NULL)
            broken("R5", "at the end the status changes of %lld are told up to %s", (long long)order->id,
                known->status);
        if (version >= 0 && known->deleted && order->versions[version].deleted == NEVER)
            broken("R5", "at the end %lld is there and is told deleted", (long long)order->id);
    }
    deliveries_finish(&oracle.log);
    if (oracle.history->warehouse)
        warehouse_finish(&oracle.log, is_as_known);
}
