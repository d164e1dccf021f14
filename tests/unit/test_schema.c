/* The schema keeps to what its own first lines say: names, subjects, and that what grows is found by an
 * index. */
#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "sql.h"
#include "store/store.h"

static int setup(void **state)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (int i = 0; i < SQL_VERSION; i++)
        check(sqlite3_exec(db, sql_migrations[i], NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    *state = db;
    return 0;
}

static int teardown(void **state)
{
    return sqlite3_close(*state) == SQLITE_OK ? 0 : -1;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *rows = NULL;
    check(sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    return rows;
}

static const char *text(sqlite3_stmt *rows, int column)
{
    return (const char *)sqlite3_column_text(rows, column);
}

static bool ends(const char *name, const char *with)
{
    const size_t n = strlen(name), m = strlen(with);
    return n >= m && strcmp(name + n - m, with) == 0;
}

static bool is_among(const char *name, const char *names)
{
    char word[80];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(names, word) != NULL;
}

/* Whole numbers that are no instants and no lengths of time: what they count, flags, and keys. */
static const char numbers[] =
    " active actor_id attempts behind_seq bytes completed count created dead deleted deletions delivered "
    "document_id "
    "duplicate event_seq exit_status failures given_up gone_by handler_id healed id loaded pages polled "
    "position "
    "quarantined received records refused refused_in remaining reported requests runs seq silent size "
    "skipped "
    "status_changed subject sweeps updated value ";

/* Keys of a kind of its own: what the row is about. */
static const char keys[] = " event_seq handler_id lookback_ms seq subject up_to_ms updated_ms ";

static void test_names_of_tables(void **state)
{
    int columns = 0;
    sqlite3_stmt *rows = prepare(*state,
        "SELECT t.name, c.name, c.type, c.pk, (SELECT max(pk) FROM pragma_table_info(t.name)) "
        "FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE "
        "'sqlite%'");
    for (; sqlite3_step(rows) == SQLITE_ROW; columns++) {
        const char *table = text(rows, 0), *name = text(rows, 1);
        const bool whole = strcmp(text(rows, 2), "INTEGER") == 0;
        check(!ends(name, "_at"), "%s.%s: an instant ends in _ms", table, name);
        check(ends(name, "_ms") ? whole : !whole || is_among(name, numbers),
            "%s.%s: an INTEGER that is an instant ends in _ms; one that is none is to be named above", table,
            name);
        if (whole && sqlite3_column_int(rows, 3) == 1 && sqlite3_column_int(rows, 4) == 1)
            check(strcmp(name, "id") == 0 || is_among(name, keys), "%s.%s: a key is called id", table, name);
    }
    assert_in_range(columns, 150, 1000);
    sqlite3_finalize(rows);
}

static void test_names_of_views(void **state)
{
    int columns = 0;
    sqlite3_stmt *rows =
        prepare(*state, "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c "
                        "WHERE t.type = 'view'");
    for (; sqlite3_step(rows) == SQLITE_ROW; columns++)
        check(!ends(text(rows, 1), "_ms") &&
                  !is_among(text(rows, 1), " since until timestamp occurred observed "),
            "%s.%s: an instant ends in _at", text(rows, 0), text(rows, 1));
    assert_in_range(columns, 30, 1000);
    sqlite3_finalize(rows);
}

/* Statements that read all of a table that grows: for a report, a sweep, the metrics, or by hand; or from its
 * end on, until there are enough. */
static const char readers[] =
    " audit_first_event delay_list event_before event_emitted event_reach run_spans deletion_candidate_count "
    "deletion_candidate_note event_count_past event_list "
    "event_list_past "
    "handler_drop_history handler_missed handler_take_history report_delays report_runs report_work_orders "
    "retention_drop_runs retention_look run_failed_at_once run_last_end run_last_success run_list "
    "run_successes "
    "report_first_run snapshot_count_since status_counts_make field_list event_history ";

/* What grows is found by an index, whatever the planner thinks: nothing else may read all of it. */
static void test_plans(void **state)
{
    static const char *const large[] = {"events", "e", "deliveries", "d", "delivery_history", "h",
        "snapshots", "s", "documents", "runs", "emitted_ids", "p"};
    for (int i = 0; i < SQL_STATEMENTS; i++) {
        struct buffer sql = {0};
        if (strncmp(sql_statements[i].name, "when_", 5) == 0 || is_among(sql_statements[i].name, readers))
            continue;
        check(strstr(sql_statements[i].sql, "INDEXED BY") == NULL, "%s", sql_statements[i].name);
        buffer_append_format(&sql, "EXPLAIN QUERY PLAN %s", sql_statements[i].sql);
        sqlite3_stmt *rows = prepare(*state, sql.data);
        while (sqlite3_step(rows) == SQLITE_ROW)
            for (size_t n = 0; n < COUNT(large); n++) {
                char scan[40];
                snprintf(scan, sizeof scan, "SCAN %s", large[n]);
                check(strcmp(text(rows, 3), scan) != 0, "%s: %s", sql_statements[i].name, text(rows, 3));
            }
        sqlite3_finalize(rows);
        buffer_free(&sql);
    }
}

/* Another kind whose ids are those of work orders: kind 1, as the schema says. */
static const char other_kind[] =
    "INSERT INTO documents (subject, json) VALUES (7, '{\"title\":\"a pump\"}'),"
    " ((128 + 1) << 56 | 7, '{\"title\":\"another kind\"}');"
    "INSERT INTO snapshots (id, updated_ms, document_id, observed_ms, deleted, deletions)"
    " SELECT subject, 1, id, 1, 0, 0 FROM documents;"
    "INSERT INTO events (id, type, subject, occurred_ms, observed_ms, body)"
    " VALUES ('a/7', 'a', (128 + 1) << 56 | 7, 1, 1, '{}'), ('w/7', 'w', 7, 1, 1, '{}');"
    "INSERT INTO tombstones VALUES (7, 1), ((128 + 1) << 56 | 7, 1);"
    "INSERT INTO refetches (subject, reason, requested_ms, due_ms)"
    " SELECT subject, 'notified', 1, 1 FROM tombstones;";

static void expect(sqlite3 *db, const char *sql, const char *expected)
{
    sqlite3_stmt *rows = prepare(db, sql);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_string_equal(text(rows, 0), expected);
    sqlite3_finalize(rows);
}

static void test_another_kind_needs_no_migration(void **state)
{
    check(sqlite3_exec(*state, other_kind, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(*state));
    expect(*state, "SELECT count(*) || min(title) FROM work_orders", "1a pump");
    expect(*state, "SELECT group_concat(coalesce(work_order, '-'), ' ') FROM event_log", "- 7");
    expect(*state,
        "SELECT group_concat((id >> 56 & 127) || ':' || (id & (1 << 56) - 1), ' ') FROM snapshots WHERE id < "
        "0",
        "1:7");
    expect(*state, "SELECT count(*) FROM refetches", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_of_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_views, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_kind_needs_no_migration, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
