#include "store/quarantine.h"

#include "base/timestamp.h"
#include "store/rows.h"

enum { KEPT_BYTES = 64 * 1024 };

static int put(
    struct store *store, enum sql_statement statement, const struct quarantine_entry *entry, struct error *e)
{
    return STORE_RUN(store, e, statement, V_BLOB(entry->identity, FINGERPRINT_SIZE),
        V_BLOB(entry->fingerprint, FINGERPRINT_SIZE),
        V_DATE(entry->work_order != 0 ? entry->work_order : TIMESTAMP_NONE), V_TEXT(entry->source),
        V_TEXT(entry->reason), V_INT((int64_t)entry->size),
        V_BLOB(entry->raw, entry->size < KEPT_BYTES ? entry->size : KEPT_BYTES), V_INT(entry->seen));
}

int quarantine_add(struct store *store, const struct quarantine_entry *entry, struct error *e)
{
    if (put(store, SQL_QUARANTINE_ADD, entry, e) != 0)
        return -1;
    return store_changes(store) > 0 ? 1 : put(store, SQL_QUARANTINE_RENEW, entry, e);
}

int64_t quarantine_count(struct store *store, struct error *e)
{
    return store_number(store, SQL_QUARANTINE_COUNT, NULL, 0, e);
}

int quarantine_list(struct store *store,
    int (*each)(const struct quarantine_entry *entry, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_QUARANTINE_LAST;
    int rc;
    if (store_query_all(store, q, e) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        const struct quarantine_entry entry = {.work_order = store_int(store, q, 0),
            .source = store_get_text(store, q, 1),
            .reason = store_get_text(store, q, 2),
            .size = (size_t)store_int(store, q, 3),
            .seen = store_int(store, q, 4)};
        if (each(&entry, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int quarantine_resolve(struct store *store, int64_t work_order, struct error *e)
{
    return STORE_RUN(store, e, SQL_QUARANTINE_RESOLVE, V_INT(work_order));
}
