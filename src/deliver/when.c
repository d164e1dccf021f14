#include "deliver/when.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

/* Limits of one evaluation: virtual machine steps (some 10 ms), and bytes of any text in it. */
enum { MOST_STEPS = 1000000, MOST_BYTES = 8 << 20, LONGEST_EXPRESSION = 16 << 10 };

struct when {
    sqlite3 *db;
    sqlite3_stmt *statement;
};

/* What an expression may do: read the event, call functions that only compute. */
static int authorize(void *context, int action, const char *first, const char *second, const char *database,
    const char *trigger)
{
    static const char *const refused[] = {"load_extension", "randomblob", "zeroblob", "random", "sqlite_log"};
    (void)context;
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
        return SQLITE_OK;
    case SQLITE_READ:
        /* the event's own columns have no table; json_each and json_tree are functions that look like tables
         */
        return first == NULL || *first == '\0' || strcmp(first, "json_each") == 0 ||
                       strcmp(first, "json_tree") == 0
                   ? SQLITE_OK
                   : SQLITE_DENY;
    case SQLITE_FUNCTION:
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
            if (sqlite3_stricmp(second, refused[i]) == 0)
                return SQLITE_DENY;
        return SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

static int give_up(void *context)
{
    (void)context;
    return 1;
}

/* Nothing here can fail but for memory. */
static void open_locked_down(struct when *when)
{
    sqlite3_open_v2(":memory:", &when->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_limit(when->db, SQLITE_LIMIT_LENGTH, MOST_BYTES);
    sqlite3_limit(when->db, SQLITE_LIMIT_SQL_LENGTH, 2 * LONGEST_EXPRESSION);
    sqlite3_limit(when->db, SQLITE_LIMIT_EXPR_DEPTH, 200);
    sqlite3_limit(when->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200);
    sqlite3_limit(when->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(when->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(when->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_progress_handler(when->db, MOST_STEPS, give_up, NULL);
    /* SQLite makes these on first use with a CREATE TABLE, which is refused from here on */
    sqlite3_exec(when->db, "SELECT 1 FROM json_each('[]'), json_tree('[]')", NULL, NULL, NULL);
    sqlite3_set_authorizer(when->db, authorize, NULL);
}

static int prepare(struct when *when, const char *format, const char *expression, char *reason, size_t size)
{
    /* the newline ends a comment that would swallow the bracket */
    char *sql = sqlite3_mprintf(format, expression, sql_statements[SQL_WHEN_EVENT].sql);
    int rc = -1;
    if (sqlite3_prepare_v3(when->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &when->statement, NULL) != SQLITE_OK)
        snprintf(reason, size, "%s", sqlite3_errmsg(when->db));
    else if (sqlite3_bind_parameter_count(when->statement) != 1)
        snprintf(reason, size, "it is not one SQL expression");
    else
        rc = 0;
    sqlite3_free(sql);
    return rc;
}

struct when *when_compile(const char *expression, char *reason, size_t size)
{
    if (strlen(expression) > LONGEST_EXPRESSION) {
        snprintf(reason, size, "it is longer than 16 KiB");
        return NULL;
    }
    struct when *when = calloc(1, sizeof *when);
    open_locked_down(when);
    /* what compiles in one pair of brackets and in two closes none of them: it is one expression */
    if (prepare(when, "SELECT ((%s\n)) FROM (%s)", expression, reason, size) != 0)
        goto failed;
    sqlite3_finalize(when->statement);
    when->statement = NULL;
    if (prepare(when, "SELECT (%s\n) FROM (%s)", expression, reason, size) != 0)
        goto failed;
    return when;
failed:
    when_free(when);
    return NULL;
}

int when_matches(struct when *when, const char *body, size_t len, char *reason, size_t size)
{
    int result = -1;
    int code = sqlite3_bind_text64(when->statement, 1, body, len, SQLITE_STATIC, SQLITE_UTF8);
    /* the progress handler counts from the statement's first step on, over all evaluations */
    sqlite3_stmt_status(when->statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    if (code == SQLITE_OK)
        code = sqlite3_step(when->statement);
    if (code == SQLITE_ROW)
        result = sqlite3_column_type(when->statement, 0) != SQLITE_NULL &&
                 sqlite3_column_double(when->statement, 0) != 0.0;
    else
        snprintf(reason, size, "%s", sqlite3_errmsg(when->db));
    sqlite3_reset(when->statement);
    sqlite3_clear_bindings(when->statement);
    return result;
}

const char *when_sql(const struct when *when)
{
    return sqlite3_sql(when->statement);
}

void when_free(struct when *when)
{
    if (when == NULL)
        return;
    sqlite3_finalize(when->statement);
    sqlite3_close(when->db);
    free(when);
}
