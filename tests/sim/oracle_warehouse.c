/* The warehouse: every event exactly once, every work order as it is. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "oracle_parts.h"
#include "verdict.h"

#define COPY "warehouse-copy.db"

static sqlite3 *open_copy(void)
{
    sqlite3 *db = NULL;
    disk_copy("warehouse.db", COPY);
    disk_copy("warehouse.db-wal", COPY "-wal");
    if (sqlite3_open_v2(COPY, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        broken("warehouse", "it cannot be opened: %s", sqlite3_errmsg(db));
    return db;
}

static sqlite3_stmt *ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK)
        broken("warehouse", "%s: %s", sql, sqlite3_errmsg(db));
    return rows;
}

/* Each event of the log, and no other. */
static void check_events(sqlite3 *db, const struct log *log)
{
    sqlite3_stmt *rows = ask(db, "SELECT event_id FROM wosync_events");
    int count = 0;
    for (; sqlite3_step(rows) == SQLITE_ROW; count++)
        if (log_find(log, (const char *)sqlite3_column_text(rows, 0)) == NULL)
            broken("R3", "the warehouse holds %s, which is not in the log", sqlite3_column_text(rows, 0));
    sqlite3_finalize(rows);
    if (count != log->count)
        broken("R6", "the warehouse holds %d of %d events", count, log->count);
}

static bool tells_status(const struct told *told)
{
    return strcmp(told->type, "workorder.created") == 0 ||
           strcmp(told->type, "workorder.status_changed") == 0;
}

static void check_history(sqlite3 *db, const struct log *log)
{
    sqlite3_stmt *row = ask(db, "SELECT count(*) FROM status_history");
    int expected = 0;
    for (int i = 0; i < log->count; i++)
        expected += tells_status(&log->list[i]);
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) != expected)
        broken("R3", "the warehouse's history has %d rows, and should have %d", sqlite3_column_int(row, 0),
            expected);
    sqlite3_finalize(row);
}

static void check_work_orders(
    sqlite3 *db, bool (*is_as_known)(int64_t work_order, bool deleted, const char *json))
{
    sqlite3_stmt *rows = ask(db, "SELECT id, deleted, data FROM work_orders");
    while (sqlite3_step(rows) == SQLITE_ROW) {
        const char *json = (const char *)sqlite3_column_text(rows, 2);
        if (!is_as_known(sqlite3_column_int64(rows, 0), sqlite3_column_int(rows, 1) != 0, json))
            broken("R2", "the warehouse holds %lld%s as %s", (long long)sqlite3_column_int64(rows, 0),
                sqlite3_column_int(rows, 1) != 0 ? ", deleted," : "", json);
    }
    sqlite3_finalize(rows);
}

/* It is made when there is something to tell it. */
static bool is_made(sqlite3 *db)
{
    sqlite3_stmt *row = ask(db, "SELECT count(*) FROM sqlite_schema");
    bool made = sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) > 0;
    sqlite3_finalize(row);
    return made;
}

void warehouse_finish(
    const struct log *log, bool (*is_as_known)(int64_t work_order, bool deleted, const char *json))
{
    sqlite3 *db = open_copy();
    if (is_made(db) || log->count > 0) {
        check_events(db, log);
        check_history(db, log);
        check_work_orders(db, is_as_known);
    }
    sqlite3_close(db);
}
