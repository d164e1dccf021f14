#include "store/audit.h"

#include <string.h>

#include "store/rows.h"

int audit_read_snapshot(struct store *store, int64_t id, const char *json, size_t len,
    struct audit_snapshot *out, struct error *e)
{
    size_t known;
    int rc = STORE_FIND(store, e, SQL_AUDIT_SNAPSHOT, V_INT(id));
    if (rc != 1)
        return rc;
    out->updated = store_int(store, SQL_AUDIT_SNAPSHOT, 0);
    out->observed = store_int(store, SQL_AUDIT_SNAPSHOT, 1);
    out->deleted = store_int(store, SQL_AUDIT_SNAPSHOT, 2) != 0;
    const void *bytes = store_get_bytes(store, SQL_AUDIT_SNAPSHOT, 3, &known);
    out->same = known == len && memcmp(bytes, json, len) == 0;
    store_done(store, SQL_AUDIT_SNAPSHOT);
    return 1;
}

int audit_read_ids(struct store *store, const struct audit_scope *scope, int64_t after, int most,
    int64_t *out, struct error *e)
{
    int count = 0;
    int rc = STORE_QUERY(store, e, SQL_AUDIT_SNAPSHOT_IDS, V_INT(after), V_INT(scope->since),
        V_INT(scope->began), V_INT(scope->ends), V_INT(most));
    while (rc == 0 && (rc = store_next(store, SQL_AUDIT_SNAPSHOT_IDS, e)) == 1) {
        out[count++] = store_int(store, SQL_AUDIT_SNAPSHOT_IDS, 0);
        rc = 0;
    }
    return rc < 0 ? -1 : count;
}

int audit_first_event(struct store *store, int64_t since, int64_t *seq, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_AUDIT_FIRST_EVENT, V_INT(since));
    if (rc == 1)
        *seq = store_int(store, SQL_AUDIT_FIRST_EVENT, 0);
    store_done(store, SQL_AUDIT_FIRST_EVENT);
    return rc;
}

int64_t audit_count_events(struct store *store, int64_t from, int64_t until, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_AUDIT_EVENT_COUNT, V_INT(from), V_INT(until));
}

int audit_count_deliveries(struct store *store, int64_t handler, int64_t from, int64_t until,
    struct audit_deliveries *out, struct error *e)
{
    const enum sql_statement s = SQL_AUDIT_DELIVERIES;
    if (STORE_GET(store, e, s, V_INT(handler), V_INT(from), V_INT(until)) != 0)
        return -1;
    *out = (struct audit_deliveries){
        store_int(store, s, 0), store_int(store, s, 1), store_int(store, s, 2), store_int(store, s, 3)};
    store_done(store, s);
    return 0;
}

int audit_is_deliverable(struct store *store, int64_t handler, int64_t seq, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_AUDIT_IS_DELIVERABLE, V_INT(handler), V_INT(seq));
    store_done(store, SQL_AUDIT_IS_DELIVERABLE);
    return rc;
}

int audit_visit_undelivered(struct store *store, int64_t handler, int64_t after, int64_t until, int most,
    bool with_body, int (*each)(const struct audit_event *event, void *context, struct error *e),
    void *context, struct error *e)
{
    const enum sql_statement s = SQL_AUDIT_UNDELIVERED;
    int count = 0;
    int rc = STORE_QUERY(store, e, s, V_INT(handler), V_INT(after), V_INT(until), V_INT(most));
    while (rc == 0 && (rc = store_next(store, s, e)) == 1) {
        struct audit_event event = {.seq = store_int(store, s, 0),
            .id = store_get_text(store, s, 1),
            .type = store_get_text(store, s, 2),
            .work_order = store_int(store, s, 3)};
        if (with_body) /* SQLite reads it only where it is asked for */
            event.body = store_get_bytes(store, s, 4, &event.body_len);
        rc = each(&event, context, e);
        count++;
    }
    store_done(store, s);
    return rc < 0 ? -1 : count;
}

int handler_terms_set(struct store *store, int64_t handler, const unsigned char terms[FINGERPRINT_SIZE],
    int64_t position, struct error *e)
{
    return STORE_RUN(
        store, e, SQL_HANDLER_SET_TERMS, V_INT(handler), V_BLOB(terms, FINGERPRINT_SIZE), V_INT(position));
}

int handler_terms_forget(struct store *store, int64_t handler, struct error *e)
{
    return STORE_RUN(store, e, SQL_HANDLER_FORGET_TERMS, V_INT(handler));
}

int handler_terms_find(struct store *store, int64_t handler, const unsigned char terms[FINGERPRINT_SIZE],
    int64_t *behind, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_HANDLER_TERMS, V_INT(handler), V_BLOB(terms, FINGERPRINT_SIZE));
    if (rc == 1)
        *behind = store_int(store, SQL_HANDLER_TERMS, 0);
    store_done(store, SQL_HANDLER_TERMS);
    return rc;
}
