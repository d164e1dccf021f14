#include "handlers/warehouse/warehouse_script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void append_value(struct buffer *out, const char *value)
{
    if (value == NULL) {
        buffer_append_text(out, "NULL");
        return;
    }
    buffer_append_text(out, "'");
    for (const char *quote; (quote = strchr(value, '\'')) != NULL; value = quote + 1) {
        buffer_append(out, value, (size_t)(quote - value) + 1);
        buffer_append_text(out, "'");
    }
    buffer_append_text(out, value);
    buffer_append_text(out, "'");
}

/* A statement with its parameters replaced; what is in quotes is none. */
static void append_statement(struct buffer *out, const char *sql, char parameter, const char *const *values)
{
    bool quoted = false;
    while (*sql != '\0') {
        if (*sql == '\'')
            quoted = !quoted;
        if (!quoted && *sql == parameter && isdigit((unsigned char)sql[1])) {
            char *end;
            const long number = strtol(sql + 1, &end, 10);
            append_value(out, values != NULL ? values[number - 1] : NULL);
            sql = end;
        } else {
            buffer_append(out, sql++, 1);
        }
    }
    while (out->len > 0 && strchr(" \n;", out->data[out->len - 1]) != NULL)
        out->len--;
    buffer_append_text(out, ";\n");
}

static int write_down(
    const struct warehouse_script *script, enum warehouse_write what, const char *const *values)
{
    const char *const *sql = script->backend->statements[what];
    for (int i = 0; i < WAREHOUSE_STATEMENTS && sql[i] != NULL; i++)
        append_statement(script->out, sql[i], script->backend->parameter, values);
    return 0;
}

static int begin(void *db, struct delivery_result *why)
{
    struct warehouse_script *script = db;
    const struct warehouse_backend *backend = script->backend;
    (void)why;
    script->begun = script->out->len;
    return write_down(script, WAREHOUSE_WRITE_BEGIN,
        backend->begin_values != NULL ? backend->begin_values(script->db) : NULL);
}

static int put_event(void *db, const struct warehouse_row *row, struct delivery_result *why)
{
    (void)why;
    return write_down(db, WAREHOUSE_WRITE_EVENT, (const char *const *)row->values);
}

static int put_snapshot(void *db, const struct warehouse_row *row, struct delivery_result *why)
{
    (void)why;
    return write_down(db, WAREHOUSE_WRITE_SNAPSHOT, (const char *const *)row->values);
}

static int put_name(void *db, enum warehouse_name_kind kind, const struct warehouse_name_values *name,
    struct delivery_result *why)
{
    (void)why;
    return write_down(db, kind == WAREHOUSE_USER ? WAREHOUSE_WRITE_USER : WAREHOUSE_WRITE_TEAM, name->values);
}

static int commit(void *db, struct delivery_result *why)
{
    (void)why;
    return write_down(db, WAREHOUSE_WRITE_COMMIT, NULL);
}

static void rollback(void *db)
{
    struct warehouse_script *script = db;
    script->out->len = script->begun;
}

const struct warehouse_backend warehouse_script_backend = {
    .begin = begin,
    .put_event = put_event,
    .put_snapshot = put_snapshot,
    .put_name = put_name,
    .commit = commit,
    .rollback = rollback,
};
