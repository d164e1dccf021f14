#include "store/rows.h"

#include "base/buffer.h"

int store_find(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e)
{
    return store_query(store, statement, values, count, e) == 0 ? store_next(store, statement, e) : -1;
}

int store_get(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e)
{
    int found = store_find(store, statement, values, count, e);
    if (found == 0)
        return fail(e, EX_IOERR, "store %s: %s: a row is missing; put back a backup", store_path(store),
            sql_statements[statement].name);
    return found == 1 ? 0 : -1;
}

int64_t store_number(struct store *store, enum sql_statement statement, const struct store_value *values,
    size_t count, struct error *e)
{
    if (store_get(store, statement, values, count, e) != 0)
        return -1;
    int64_t number = store_int(store, statement, 0);
    store_done(store, statement);
    return number;
}

void store_append_list(struct buffer *out, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_format(out, "%s%lld", i == 0 ? "[" : ",", (long long)numbers[i]);
    buffer_append_text(out, count == 0 ? "[]" : "]");
}

int64_t store_data_version(struct store *store, struct error *e)
{
    return store_number(store, SQL_DATA_VERSION, NULL, 0, e);
}
