#include "store/snapshots.h"

#include <stdlib.h>
#include <string.h>

#include "store/rows.h"

int snapshots_glance(struct store *store, int64_t id, const unsigned char fingerprint[FINGERPRINT_SIZE],
    struct snapshot_glance *out, struct error *e)
{
    *out = (struct snapshot_glance){0};
    int rc = STORE_FIND(store, e, SQL_SNAPSHOT_GLANCE, V_INT(id));
    if (rc != 1)
        return rc;
    size_t len;
    const void *known = store_get_bytes(store, SQL_SNAPSHOT_GLANCE, 0, &len);
    out->updated = store_int(store, SQL_SNAPSHOT_GLANCE, 1);
    out->observed = store_int(store, SQL_SNAPSHOT_GLANCE, 2);
    out->deleted = store_int(store, SQL_SNAPSHOT_GLANCE, 3) != 0;
    out->same = !out->deleted && len == FINGERPRINT_SIZE && memcmp(known, fingerprint, FINGERPRINT_SIZE) == 0;
    store_done(store, SQL_SNAPSHOT_GLANCE);
    return 1;
}

int snapshots_load(struct store *store, int64_t id, struct snapshot *out, struct error *e)
{
    *out = (struct snapshot){0};
    int rc = STORE_FIND(store, e, SQL_SNAPSHOT_GET, V_INT(id));
    if (rc != 1)
        return rc;
    size_t len;
    const char *reason = NULL;
    out->from_list = !store_is_null(store, SQL_SNAPSHOT_GET, 1);
    out->document = store_int(store, SQL_SNAPSHOT_GET, 2);
    out->observed = store_int(store, SQL_SNAPSHOT_GET, 3);
    out->deleted = store_int(store, SQL_SNAPSHOT_GET, 4) != 0;
    out->deletions = (int)store_int(store, SQL_SNAPSHOT_GET, 5);
    out->deleted_at = store_date(store, SQL_SNAPSHOT_GET, 7);
    out->status = store_copy_text(store, SQL_SNAPSHOT_GET, 8);
    out->status_at = store_date(store, SQL_SNAPSHOT_GET, 9);
    out->doubted = store_date(store, SQL_SNAPSHOT_GET, 10);
    const char *json = store_get_bytes(store, SQL_SNAPSHOT_GET, 6, &len);
    enum workorder_result result = workorder_parse(json, len, &out->wo, &reason);
    const int64_t updated = store_int(store, SQL_SNAPSHOT_GET, 0);
    store_done(store, SQL_SNAPSHOT_GET);
    if (result == WORKORDER_OK) {
        out->wo.updated = updated; /* where the two differ, what every look into the store goes by */
        return 1;
    }
    snapshot_free(out);
    return fail(e, EX_IOERR,
        "store %s: the snapshot of work order %lld cannot be read: %s; put back a backup", store_path(store),
        (long long)id, reason);
}

int snapshots_save(struct store *store, const struct snapshot_row *row, int64_t document, struct error *e)
{
    if (document != 0) {
        if (STORE_RUN(store, e, SQL_DOCUMENT_SET, V_INT(document), V_BYTES(row->json, row->len)) != 0)
            return -1;
    } else {
        if (STORE_RUN(store, e, SQL_DOCUMENT_ADD, V_INT(row->id), V_BYTES(row->json, row->len)) != 0)
            return -1;
        document = store_last_id(store);
    }
    return STORE_RUN(store, e, SQL_SNAPSHOT_PUT, V_INT(row->id), V_INT(row->updated),
        V_BLOB(row->fingerprint, row->fingerprint != NULL ? FINGERPRINT_SIZE : 0), V_INT(document),
        V_INT(row->observed), V_INT(row->deleted), V_INT(row->deletions), V_DATE(row->deleted_at),
        V_TEXT(row->status), V_DATE(row->status_at));
}

int snapshots_set_deleted(struct store *store, int64_t id, int deletions, int64_t when, struct error *e)
{
    return STORE_RUN(store, e, SQL_SNAPSHOT_SET_DELETED, V_INT(id), V_INT(deletions), V_DATE(when));
}

int snapshots_set_doubted(struct store *store, int64_t id, int64_t updated, struct error *e)
{
    return STORE_RUN(store, e, SQL_SNAPSHOT_SET_DOUBTED, V_INT(id), V_INT(updated));
}

int64_t snapshots_count_unlisted(struct store *store, int64_t began, int64_t *oldest, struct error *e)
{
    const enum sql_statement q = SQL_SNAPSHOT_COUNT_UNLISTED;
    if (STORE_GET(store, e, q, V_INT(began)) != 0)
        return -1;
    int64_t count = store_int(store, q, 0);
    *oldest = store_date(store, q, 1);
    store_done(store, q);
    return count;
}

int snapshots_after(struct store *store, int64_t after, int most,
    int (*each)(const struct snapshot_view *view, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_SNAPSHOT_AFTER;
    int rc;
    if (STORE_QUERY(store, e, q, V_INT(after), V_INT(most)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        struct snapshot_view view = {.document = store_int(store, q, 0),
            .id = store_int(store, q, 1),
            .updated = store_int(store, q, 2),
            .deleted = store_int(store, q, 3) != 0};
        view.json = store_get_bytes(store, q, 4, &view.len);
        if (each(&view, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int64_t snapshots_count_after(struct store *store, int64_t after, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_SNAPSHOT_COUNT_AFTER, V_INT(after));
}

int64_t snapshots_count(struct store *store, struct error *e)
{
    return store_number(store, SQL_SNAPSHOT_COUNT, NULL, 0, e);
}

int64_t snapshots_count_since(struct store *store, int64_t since, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_SNAPSHOT_COUNT_SINCE, V_INT(since));
}

void snapshot_free(struct snapshot *snapshot)
{
    workorder_free(&snapshot->wo);
    free(snapshot->status);
    *snapshot = (struct snapshot){0};
}
