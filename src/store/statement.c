/*
 * statement: prepares each statement on its first use, keeps it, and checks every bind and step.
 *
 *   store_query -> store_next ... -> done (0, an error, or store_done)     store_run is all of it
 *
 * One that writes outside a transaction has one of its own, for store_begin looks whether we may write.
 * A statement that was done is reset: an open one would hold its read transaction, and with it the log.
 */
#include "store/statement.h"

#include <sqlite3.h>
#include <string.h>

#include "base/timestamp.h"
#include "store/connection.h"
#include "store/store.h"

struct store_value store_text(const char *text)
{
    return (struct store_value){.type = STORE_TEXT, .bytes = text, .len = text != NULL ? strlen(text) : 0};
}

static int bind(sqlite3_stmt *statement, int index, const struct store_value *value)
{
    switch (value->type) {
    case STORE_DATE:
        if (value->number == TIMESTAMP_NONE)
            return sqlite3_bind_null(statement, index);
        return sqlite3_bind_int64(statement, index, value->number);
    case STORE_TEXT:
        return sqlite3_bind_text64(statement, index, value->bytes, value->len, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_BLOB:
        return sqlite3_bind_blob64(statement, index, value->bytes, value->len, SQLITE_STATIC);
    case STORE_INT:
    default:
        return sqlite3_bind_int64(statement, index, value->number);
    }
}

int store_query(struct store *store, enum sql_statement which, const struct store_value *values, size_t count,
    struct error *e)
{
    sqlite3_stmt *statement = store->prepared[which];
    int code = SQLITE_OK;
    if (statement == NULL) {
        code = sqlite3_prepare_v3(store->db, sql_statements[which].sql, -1, SQLITE_PREPARE_PERSISTENT,
            &store->prepared[which], NULL);
        statement = store->prepared[which];
    } else {
        sqlite3_reset(statement);
    }
    if (code == SQLITE_OK && (size_t)sqlite3_bind_parameter_count(statement) != count)
        return fail(e, EX_SOFTWARE, "store: %s: %zu values bound to %d parameters",
            sql_statements[which].name, count, sqlite3_bind_parameter_count(statement));
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind(statement, (int)i + 1, &values[i]);
    return code == SQLITE_OK ? 0 : connection_fail(store, code, sql_statements[which].name, e);
}

int store_query_all(struct store *store, enum sql_statement statement, struct error *e)
{
    return store_query(store, statement, NULL, 0, e);
}

int store_next(struct store *store, enum sql_statement which, struct error *e)
{
    int code = store->no_locks ? SQLITE_PROTOCOL : sqlite3_step(store->prepared[which]);
    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE) {
        sqlite3_reset(store->prepared[which]);
        return 0;
    }
    connection_fail(store, code, sql_statements[which].name, e);
    sqlite3_reset(store->prepared[which]);
    return -1;
}

void store_done(struct store *store, enum sql_statement statement)
{
    sqlite3_reset(store->prepared[statement]);
}

int store_run(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e)
{
    if (store_query(store, statement, values, count, e) != 0)
        return -1;
    const bool alone = !store->in_transaction && !sqlite3_stmt_readonly(store->prepared[statement]);
    if (alone && store_begin(store, e) != 0)
        return -1;
    int rc = store_next(store, statement, e);
    store_done(store, statement);
    if (alone && rc >= 0)
        rc = store_commit(store, e);
    if (alone)
        store_rollback(store);
    return rc < 0 ? -1 : 0;
}

bool store_is_null(struct store *store, enum sql_statement statement, int column)
{
    return sqlite3_column_type(store->prepared[statement], column) == SQLITE_NULL;
}

int64_t store_int(struct store *store, enum sql_statement statement, int column)
{
    return sqlite3_column_int64(store->prepared[statement], column);
}

int64_t store_date(struct store *store, enum sql_statement statement, int column)
{
    return store_is_null(store, statement, column) ? TIMESTAMP_NONE : store_int(store, statement, column);
}

const char *store_get_text(struct store *store, enum sql_statement statement, int column)
{
    return (const char *)sqlite3_column_text(store->prepared[statement], column);
}

const void *store_get_bytes(struct store *store, enum sql_statement statement, int column, size_t *len)
{
    const void *bytes = sqlite3_column_blob(store->prepared[statement], column);
    *len = (size_t)sqlite3_column_bytes(store->prepared[statement], column);
    return bytes;
}

char *store_copy_text(struct store *store, enum sql_statement statement, int column)
{
    if (store_is_null(store, statement, column))
        return NULL;
    return strdup(store_get_text(store, statement, column));
}

int64_t store_changes(struct store *store)
{
    return sqlite3_changes64(store->db);
}

int64_t store_total_changes(struct store *store)
{
    return sqlite3_total_changes64(store->db);
}

int64_t store_last_id(struct store *store)
{
    return sqlite3_last_insert_rowid(store->db);
}
