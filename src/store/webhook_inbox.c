#include "store/webhook_inbox.h"

#include "base/timestamp.h"
#include "store/rows.h"

static const char *const state_names[INBOX_STATES] = {
    [INBOX_DONE] = "done",
    [INBOX_HINT] = "hint",
    [INBOX_UNKNOWN] = "unknown",
    [INBOX_FOREIGN] = "foreign",
};

int inbox_add(struct store *store, const struct inbox_entry *receipt, struct error *e)
{
    if (STORE_RUN(store, e, SQL_INBOX_ADD, V_TEXT(receipt->key), V_INT(receipt->received),
            V_TEXT(receipt->type), V_DATE(receipt->work_order != 0 ? receipt->work_order : TIMESTAMP_NONE),
            V_TEXT(state_names[receipt->state]), V_BLOB(receipt->body, receipt->len)) != 0)
        return -1;
    return store_changes(store) > 0;
}

int inbox_have(struct store *store, enum inbox_state state, const char *type, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_INBOX_OF_STATE, V_TEXT(state_names[state]), V_TEXT(type));
    store_done(store, SQL_INBOX_OF_STATE);
    return rc;
}

int inbox_next(struct store *store, int64_t after, struct inbox_next *out, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_INBOX_NEXT_HINT, V_INT(after));
    if (rc == 1)
        *out = (struct inbox_next){
            store_int(store, SQL_INBOX_NEXT_HINT, 0), store_int(store, SQL_INBOX_NEXT_HINT, 1)};
    store_done(store, SQL_INBOX_NEXT_HINT);
    return rc;
}

int inbox_settle(struct store *store, const struct inbox_next *hint, struct error *e)
{
    return STORE_RUN(store, e, SQL_INBOX_SETTLE_HINTS, V_INT(hint->work_order), V_INT(hint->newest));
}

int64_t inbox_waiting(struct store *store, struct error *e)
{
    return store_number(store, SQL_INBOX_COUNT_HINTS, NULL, 0, e);
}
