#include "store/events.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/fingerprint.h"
#include "store/rows.h"

int events_keep_id(struct store *store, const char *id, struct error *e)
{
    unsigned char hash[FINGERPRINT_SIZE];
    fingerprint_of(id, strlen(id), hash);
    return STORE_RUN(store, e, SQL_EVENT_KEEP_ID, V_BLOB(hash, sizeof hash));
}

/* Where no event was ever removed, nothing is hashed. */
int events_is_emitted(struct store *store, const char *id, struct error *e)
{
    unsigned char hash[FINGERPRINT_SIZE];
    int rc = STORE_FIND(store, e, SQL_EVENT_EMITTED, V_TEXT(id));
    const bool removed = rc == 1 && store_int(store, SQL_EVENT_EMITTED, 0) == 0;
    store_done(store, SQL_EVENT_EMITTED);
    if (!removed)
        return rc;
    fingerprint_of(id, strlen(id), hash);
    rc = STORE_FIND(store, e, SQL_EVENT_KEPT_ID, V_BLOB(hash, sizeof hash));
    store_done(store, SQL_EVENT_KEPT_ID);
    return rc;
}

int events_append(
    struct store *store, const struct event *event, const struct event_context *context, struct error *e)
{
    char id[EVENT_ID_SIZE];
    int n = 1, emitted = events_is_emitted(store, event_numbered_id(event, n, id), e);
    while (emitted == 1 && event->numbered)
        emitted = events_is_emitted(store, event_numbered_id(event, ++n, id), e);
    if (emitted != 0)
        return emitted < 0 ? -1 : 0;
    int same = *event->same_as != '\0' ? events_is_emitted(store, event->same_as, e) : 0;
    if (same == 1)
        return events_keep_id(store, id, e);
    if (same < 0 || event->only_same)
        return same;
    char *body = event_body(event, id, context);
    int rc = STORE_RUN(store, e, SQL_EVENT_ADD, V_TEXT(id), V_TEXT(event_type_name(event->type)),
        V_INT(event->work_order), V_DATE(event->timestamp), V_INT(context->observed), V_TEXT(body));
    free(body);
    return rc == 0 ? 1 : -1;
}

int64_t events_last_seq(struct store *store, struct error *e)
{
    return store_number(store, SQL_EVENT_LAST_SEQ, NULL, 0, e);
}

int64_t events_count(struct store *store, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_EVENT_COUNT, V_TEXT(NULL));
}

/* Both queries have the same columns. */
static int visit(
    struct store *store, enum sql_statement q, event_visitor *each, void *context, struct error *e)
{
    int rc;
    while ((rc = store_next(store, q, e)) == 1) {
        struct event_row row = {.seq = store_int(store, q, 0),
            .id = store_get_text(store, q, 1),
            .type = store_get_text(store, q, 2),
            .work_order = store_int(store, q, 3),
            .timestamp = store_int(store, q, 4),
            .observed = store_int(store, q, 5)};
        row.body = store_get_bytes(store, q, 6, &row.body_len);
        if (each(&row, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int events_next(struct store *store, int64_t after, int64_t *seq, struct error *e)
{
    int found = STORE_FIND(store, e, SQL_EVENT_NEXT, V_INT(after));
    if (found == 1)
        *seq = store_int(store, SQL_EVENT_NEXT, 0);
    store_done(store, SQL_EVENT_NEXT);
    return found;
}

int events_after(
    struct store *store, int64_t after, int most, event_visitor *each, void *context, struct error *e)
{
    if (STORE_QUERY(store, e, SQL_EVENT_AFTER, V_INT(after), V_INT(most)) != 0)
        return -1;
    return visit(store, SQL_EVENT_AFTER, each, context, e);
}

int events_since(
    struct store *store, int64_t since, int64_t until, event_visitor *each, void *context, struct error *e)
{
    if (STORE_QUERY(store, e, SQL_EVENT_SINCE, V_INT(since), V_INT(until)) != 0)
        return -1;
    return visit(store, SQL_EVENT_SINCE, each, context, e);
}

int64_t events_before(struct store *store, int64_t moment, int64_t slack, struct error *e)
{
    const enum sql_statement q = SQL_EVENT_BEFORE;
    int found = STORE_FIND(store, e, q, V_INT(moment - slack));
    int64_t seq = found == 1 ? store_int(store, q, 0) : found;
    store_done(store, q);
    return seq;
}

int events_reach(struct store *store, struct event_reach *out, struct error *e)
{
    const enum sql_statement q = SQL_EVENT_REACH;
    if (store_get(store, q, NULL, 0, e) != 0)
        return -1;
    *out = (struct event_reach){.oldest = store_date(store, q, 0),
        .whole = store_date(store, q, 1),
        .removed = store_int(store, q, 2) != 0};
    if (!out->removed) /* what it looked at is wanted */
        out->whole = out->oldest;
    store_done(store, q);
    return 0;
}

int events_observed(struct store *store, const struct event_range *range, int most, event_visitor *each,
    void *context, struct error *e)
{
    const enum sql_statement q = SQL_EVENT_OBSERVED;
    if (STORE_QUERY(store, e, q, V_INT(range->after), V_INT(range->until), V_INT(range->observed),
            V_INT(most), V_INT(range->bodies)) != 0)
        return -1;
    return visit(store, q, each, context, e);
}

int events_some(struct store *store, const int64_t *seqs, size_t count, event_visitor *each, void *context,
    struct error *e)
{
    struct buffer list = {0};
    store_append_list(&list, seqs, count);
    int rc = STORE_QUERY(store, e, SQL_EVENT_SOME, V_BYTES(list.data, list.len));
    if (rc == 0)
        rc = visit(store, SQL_EVENT_SOME, each, context, e);
    buffer_free(&list);
    return rc;
}

static const char *text_or_empty(struct store *store, enum sql_statement q, int column)
{
    const char *text = store_get_text(store, q, column);
    return text != NULL ? text : "";
}

int events_history(struct store *store, int64_t work_order, int64_t until,
    void (*each)(const struct event_status *row, void *context), void *context, struct error *e)
{
    const enum sql_statement q = SQL_EVENT_HISTORY;
    int rc;
    if (STORE_QUERY(store, e, q, V_INT(work_order), V_INT(until)) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        const struct event_status row = {.type = store_get_text(store, q, 0),
            .timestamp = store_int(store, q, 1),
            .observed = store_int(store, q, 2),
            .completed_at = text_or_empty(store, q, 3),
            .status = text_or_empty(store, q, 4),
            .previous_status = text_or_empty(store, q, 5)};
        each(&row, context);
    }
    return rc;
}

static bool is_queued(const char *state)
{
    return strcmp(state, "pending") == 0 || strcmp(state, "dead") == 0;
}

int64_t events_count_filtered(struct store *store, const struct event_filter *filter, struct error *e)
{
    const int64_t max = filter->limit > 0 ? filter->limit + 1 : -1;
    if (filter->id != NULL)
        return 1;
    if (filter->state == NULL)
        return STORE_NUMBER(store, e, SQL_EVENT_COUNT, V_TEXT(filter->type));
    if (is_queued(filter->state))
        return STORE_NUMBER(
            store, e, SQL_EVENT_COUNT_QUEUED, V_TEXT(filter->type), V_TEXT(filter->state), V_INT(-1));
    return STORE_NUMBER(
        store, e, SQL_EVENT_COUNT_PAST, V_TEXT(filter->type), V_TEXT(filter->state), V_INT(max));
}

/* Returns the statement that answers, begun, or SQL_STATEMENTS when the store failed. */
static enum sql_statement begin_list(struct store *store, const struct event_filter *filter, struct error *e)
{
    const struct store_value limit = V_INT(filter->limit > 0 ? filter->limit : -1);
    const struct store_value type = V_TEXT(filter->type), state = V_TEXT(filter->state);
    enum sql_statement q = SQL_EVENT_LIST;
    int rc;
    if (filter->id != NULL) {
        q = SQL_EVENT_LIST_ID;
        rc = STORE_QUERY(store, e, q, type, V_TEXT(filter->id), state);
    } else if (filter->state != NULL) {
        q = is_queued(filter->state) ? SQL_EVENT_LIST_QUEUED : SQL_EVENT_LIST_PAST;
        rc = STORE_QUERY(store, e, q, type, state, limit);
    } else {
        rc = STORE_QUERY(store, e, q, type, limit);
    }
    return rc == 0 ? q : SQL_STATEMENTS;
}

int events_list(struct store *store, const struct event_filter *filter, event_visitor *each, void *context,
    struct error *e)
{
    const enum sql_statement q = begin_list(store, filter, e);
    return q != SQL_STATEMENTS ? visit(store, q, each, context, e) : -1;
}
