#include "store/deliveries.h"

#include <stdio.h>

#include <stdbool.h>
#include "base/buffer.h"
#include "base/timestamp.h"
#include "store/rows.h"

static int find_place(struct store *store, const char *name, struct handler_position *place, struct error *e)
{
    const enum sql_statement q = SQL_HANDLER_GET;
    int known = STORE_FIND(store, e, q, V_TEXT(name));
    if (known != 1)
        return known;
    *place = (struct handler_position){.handler = store_int(store, q, 0),
        .position = store_int(store, q, 1),
        .returned = !store_is_null(store, q, 2),
        .loaded = store_is_null(store, q, 3) ? -1 : store_int(store, q, 3),
        .last_try = store_date(store, q, 4),
        .failing_since = store_date(store, q, 5)};
    snprintf(place->last_error, sizeof place->last_error, "%s", store_get_text(store, q, 6));
    store_done(store, q);
    return 1;
}

/* Were events removed while it was away? Then only the snapshots know how things stand. */
static int has_missed(struct store *store, const struct handler_position *place, struct error *e)
{
    return place->returned ? (int)STORE_NUMBER(store, e, SQL_HANDLER_MISSED, V_INT(place->position)) : 0;
}

int handlers_attach(struct store *store, const char *name, const char *type, bool load, int64_t end,
    int64_t now, struct handler_position *place, struct error *e)
{
    int known = find_place(store, name, place, e);
    if (known < 0)
        return -1;
    if (known == 0) {
        *place = (struct handler_position){.position = end,
            .loaded = load ? 0 : -1,
            .last_try = TIMESTAMP_NONE,
            .failing_since = TIMESTAMP_NONE};
        if (STORE_RUN(store, e, SQL_HANDLER_ADD, V_TEXT(name), V_TEXT(type), V_INT(end), V_INT(now),
                V_DATE(load ? 0 : TIMESTAMP_NONE)) != 0)
            return -1;
        place->handler = store_last_id(store);
        return 0;
    }
    int missed = load ? has_missed(store, place, e) : 0;
    if (missed < 0 ||
        (place->returned && STORE_RUN(store, e, SQL_HANDLER_RETURN, V_INT(place->handler)) != 0))
        return -1;
    if (load ? missed == 1 || place->loaded < 0 : place->loaded >= 0) {
        place->loaded = load ? 0 : -1;
        if (handlers_set_loaded(store, place->handler, place->loaded, e) != 0)
            return -1;
    }
    return STORE_RUN(store, e, SQL_HANDLER_SET_TYPE, V_INT(place->handler), V_TEXT(type));
}

int handlers_find(struct store *store, const char *name, struct handler_position *place, struct error *e)
{
    return find_place(store, name, place, e);
}

int handlers_take_over(struct store *store, const char *name, const char *old, struct error *e)
{
    struct handler_position from, to;
    int known = find_place(store, old, &from, e), taken = known == 1 ? find_place(store, name, &to, e) : 0;
    if (known <= 0 || taken < 0)
        return known < 0 || taken < 0 ? -1 : 0;
    if (taken == 0)
        return STORE_RUN(store, e, SQL_HANDLER_RENAME, V_INT(from.handler), V_TEXT(name)) == 0 ? 1 : -1;
    if (STORE_RUN(store, e, SQL_HANDLER_TAKE_DELIVERIES, V_INT(from.handler), V_INT(to.handler)) != 0 ||
        STORE_RUN(store, e, SQL_HANDLER_DROP_DELIVERIES, V_INT(from.handler)) != 0 ||
        STORE_RUN(store, e, SQL_HANDLER_TAKE_HISTORY, V_INT(from.handler), V_INT(to.handler)) != 0 ||
        STORE_RUN(store, e, SQL_HANDLER_DROP_HISTORY, V_INT(from.handler)) != 0 ||
        STORE_RUN(store, e, SQL_HANDLER_TAKE_PLACE, V_INT(from.handler), V_INT(to.handler)) != 0 ||
        STORE_RUN(store, e, SQL_HANDLER_DROP, V_INT(from.handler)) != 0)
        return -1;
    return 1;
}

int handlers_waiting(
    struct store *store, const struct handler_position *place, struct handler_backlog *out, struct error *e)
{
    const enum sql_statement q = SQL_HANDLER_WAITING;
    if (STORE_GET(store, e, q, V_INT(place->handler), V_INT(place->position)) != 0)
        return -1;
    *out = (struct handler_backlog){.pending = store_int(store, q, 0), .events = store_int(store, q, 1)};
    store_done(store, q);
    return 0;
}

int handlers_warned(struct store *store, int64_t handler, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_HANDLER_WARNED, V_INT(handler), V_INT(now));
}

int handlers_set_loaded(struct store *store, int64_t handler, int64_t loaded, struct error *e)
{
    return STORE_RUN(
        store, e, SQL_HANDLER_SET_LOADED, V_INT(handler), V_DATE(loaded < 0 ? TIMESTAMP_NONE : loaded));
}

int handlers_succeeded(struct store *store, int64_t handler, int64_t count, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_HANDLER_SUCCEEDED, V_INT(handler), V_INT(count), V_INT(now));
}

int handlers_failed(struct store *store, int64_t handler, int64_t now, const char *error, struct error *e)
{
    return STORE_RUN(store, e, SQL_HANDLER_FAILED, V_INT(handler), V_INT(now), V_TEXT(error));
}

int handlers_remove(struct store *store, int64_t handler, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_HANDLER_REMOVE, V_INT(handler), V_INT(now));
}

int handlers_list(struct store *store,
    int (*each)(const struct handler_record *row, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_HANDLER_LIST;
    int rc;
    if (store_query_all(store, q, e) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        const struct handler_record row = {.handler = store_int(store, q, 0),
            .name = store_get_text(store, q, 1),
            .type = store_get_text(store, q, 2),
            .position = store_int(store, q, 3),
            .added = store_int(store, q, 4),
            .removed = store_date(store, q, 5),
            .skipped = store_int(store, q, 6),
            .delivered = store_int(store, q, 7),
            .last_success = store_date(store, q, 8),
            .last_failure = store_date(store, q, 9),
            .last_error = store_get_text(store, q, 10),
            .failing_since = store_date(store, q, 11),
            .failures = store_int(store, q, 12),
            .warned = store_date(store, q, 13),
            .loaded = store_is_null(store, q, 14) ? -1 : store_int(store, q, 14)};
        if (each(&row, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int handlers_advance(struct store *store, int64_t handler, int64_t position, int64_t skipped, struct error *e)
{
    return STORE_RUN(store, e, SQL_HANDLER_ADVANCE, V_INT(handler), V_INT(position), V_INT(skipped));
}

int deliveries_add(
    struct store *store, int64_t handler, int64_t seq, int64_t work_order, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_DELIVERY_ADD, V_INT(handler), V_INT(seq), V_INT(work_order), V_INT(now));
}

int deliveries_add_all(
    struct store *store, int64_t handler, const struct delivery_range *range, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_DELIVERY_ADD_ALL, V_INT(handler), V_INT(range->from), V_INT(range->until),
        V_TEXT(range->types), V_INT(now));
}

int deliveries_due(struct store *store, int64_t handler, int64_t now, int64_t latest, int64_t after, int most,
    struct delivery *out, struct error *e)
{
    const enum sql_statement q = SQL_DELIVERY_DUE;
    int count = 0, rc = 0;
    if (STORE_QUERY(store, e, q, V_INT(handler), V_INT(now), V_INT(after), V_INT(most), V_INT(latest)) != 0)
        return -1;
    while (count < most && (rc = store_next(store, q, e)) == 1)
        out[count++] = (struct delivery){.seq = store_int(store, q, 0),
            .work_order = store_int(store, q, 1),
            .attempts = (int)store_int(store, q, 2),
            .first_failed = store_date(store, q, 3)};
    store_done(store, q);
    return rc >= 0 ? count : -1;
}

int64_t deliveries_count_due(
    struct store *store, int64_t handler, int64_t now, int64_t latest, struct error *e)
{
    const enum sql_statement q = SQL_DELIVERY_COUNT_DUE;
    if (STORE_GET(store, e, q, V_INT(handler), V_INT(now), V_INT(latest)) != 0)
        return -1;
    int64_t count = store_int(store, q, 0);
    store_done(store, q);
    return count;
}

int deliveries_get(struct store *store, int64_t handler, int64_t seq, struct delivery *out, struct error *e)
{
    const enum sql_statement q = SQL_DELIVERY_GET;
    int found = STORE_FIND(store, e, q, V_INT(handler), V_INT(seq));
    if (found == 1) {
        out->seq = seq;
        out->attempts = (int)store_int(store, q, 0);
        out->first_failed = store_date(store, q, 1);
    }
    store_done(store, q);
    return found;
}

int deliveries_done(
    struct store *store, int64_t handler, const int64_t *seqs, size_t count, int64_t now, struct error *e)
{
    struct buffer list = {0};
    store_append_list(&list, seqs, count);
    const struct store_value numbers = V_BYTES(list.data, list.len);
    int rc = STORE_RUN(store, e, SQL_DELIVERY_DONE, V_INT(handler), numbers, V_INT(now));
    if (rc == 0 && store_changes(store) < (int64_t)count)
        rc = STORE_RUN(store, e, SQL_DELIVERY_DONE_AFTER_ALL, V_INT(handler), numbers, V_INT(now));
    if (rc == 0)
        rc = STORE_RUN(store, e, SQL_DELIVERY_LEAVE, V_INT(handler), numbers);
    buffer_free(&list);
    return rc;
}

int deliveries_retry(struct store *store, int64_t handler, int64_t seq, int64_t due, int64_t now,
    const char *error, struct error *e)
{
    if (STORE_RUN(store, e, SQL_DELIVERY_RETRY, V_INT(handler), V_INT(seq), V_INT(due), V_INT(now),
            V_TEXT(error)) != 0)
        return -1;
    return STORE_RUN(store, e, SQL_HANDLER_FAILED, V_INT(handler), V_INT(now), V_TEXT(error));
}

int deliveries_dead(
    struct store *store, int64_t handler, int64_t seq, int64_t now, const char *error, struct error *e)
{
    if (STORE_RUN(store, e, SQL_DELIVERY_DEAD, V_INT(handler), V_INT(seq), V_INT(now), V_TEXT(error)) != 0)
        return -1;
    return STORE_RUN(store, e, SQL_HANDLER_FAILED, V_INT(handler), V_INT(now), V_TEXT(error));
}

int64_t deliveries_revive(struct store *store, const char *event, int64_t now, struct error *e)
{
    int rc = event == NULL ? STORE_RUN(store, e, SQL_DELIVERY_REVIVE_DEAD, V_INT(now))
                           : STORE_RUN(store, e, SQL_DELIVERY_REVIVE, V_INT(now), V_TEXT(event));
    return rc == 0 ? store_changes(store) : -1;
}

int64_t deliveries_discard(struct store *store, const char *event, int64_t now, struct error *e)
{
    if (STORE_RUN(store, e, SQL_DELIVERY_DISCARD, V_INT(now), V_TEXT(event)) != 0 ||
        STORE_RUN(store, e, SQL_DELIVERY_DISCARD_LEAVE, V_TEXT(event)) != 0)
        return -1;
    return store_changes(store);
}

int64_t deliveries_discard_all(struct store *store, int64_t handler, int64_t now, struct error *e)
{
    if (STORE_RUN(store, e, SQL_DELIVERY_DISCARD_ALL, V_INT(now), V_INT(handler)) != 0 ||
        STORE_RUN(store, e, SQL_DELIVERY_DISCARD_ALL_LEAVE, V_INT(handler)) != 0)
        return -1;
    return store_changes(store);
}

int deliveries_replay(
    struct store *store, int64_t handler, int64_t seq, int64_t work_order, int64_t now, struct error *e)
{
    if (STORE_RUN(store, e, SQL_DELIVERY_REPLAY_FORGET, V_INT(handler), V_INT(seq)) != 0 ||
        STORE_RUN(store, e, SQL_DELIVERY_REPLAY, V_INT(handler), V_INT(seq), V_INT(work_order), V_INT(now)) !=
            0)
        return -1;
    return store_changes(store) > 0;
}

int deliveries_count(struct store *store, int64_t handler, struct delivery_counts *out, struct error *e)
{
    if (STORE_GET(store, e, SQL_DELIVERY_COUNTS, V_INT(handler)) != 0)
        return -1;
    out->pending = store_int(store, SQL_DELIVERY_COUNTS, 0);
    out->dead = store_int(store, SQL_DELIVERY_COUNTS, 1);
    out->oldest = store_date(store, SQL_DELIVERY_COUNTS, 2);
    out->due = store_date(store, SQL_DELIVERY_COUNTS, 3);
    store_done(store, SQL_DELIVERY_COUNTS);
    return 0;
}
