#include "store/webhook_inbox.h"

#include "base/timestamp.h"
#include "store/rows.h"

static const char *const state_names[RECEIPT_STATES] = {
    [RECEIPT_DONE] = "done",
    [RECEIPT_HINT] = "hint",
    [RECEIPT_UNKNOWN] = "unknown",
    [RECEIPT_FOREIGN] = "foreign",
};

int receipts_add(struct store *store, const struct receipt *receipt, struct error *e)
{
    if (STORE_RUN(store, e, SQL_RECEIPT_ADD, V_TEXT(receipt->key), V_INT(receipt->received),
            V_TEXT(receipt->type), V_DATE(receipt->work_order != 0 ? receipt->work_order : TIMESTAMP_NONE),
            V_TEXT(state_names[receipt->state]), V_BLOB(receipt->body, receipt->len)) != 0)
        return -1;
    return store_changes(store) > 0;
}

int receipts_have(struct store *store, enum receipt_state state, const char *type, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_RECEIPT_OF_STATE, V_TEXT(state_names[state]), V_TEXT(type));
    store_done(store, SQL_RECEIPT_OF_STATE);
    return rc;
}

int receipts_next_hint(struct store *store, int64_t after, struct receipt_hint *out, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_RECEIPT_NEXT_HINT, V_INT(after));
    if (rc == 1)
        *out = (struct receipt_hint){
            store_int(store, SQL_RECEIPT_NEXT_HINT, 0), store_int(store, SQL_RECEIPT_NEXT_HINT, 1)};
    store_done(store, SQL_RECEIPT_NEXT_HINT);
    return rc;
}

int receipts_settle(struct store *store, const struct receipt_hint *hint, struct error *e)
{
    return STORE_RUN(store, e, SQL_RECEIPT_SETTLE_HINTS, V_INT(hint->work_order), V_INT(hint->newest));
}

int64_t receipts_waiting(struct store *store, struct error *e)
{
    return store_number(store, SQL_RECEIPT_COUNT_HINTS, NULL, 0, e);
}
