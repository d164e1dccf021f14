#include "store/webhook_inbox.h"

#include "base/timestamp.h"
#include "store/rows.h"

static const char *const state_names[INBOX_STATES] = {
    [INBOX_WAITING] = "waiting",
    [INBOX_DONE] = "done",
    [INBOX_GIVEN_UP] = "given_up",
    [INBOX_UNSUPPORTED] = "unsupported",
    [INBOX_FOREIGN] = "foreign",
};

int inbox_add(struct store *store, const struct inbox_entry *entry, struct error *e)
{
    if (STORE_RUN(store, e, SQL_INBOX_ADD, V_TEXT(entry->key), V_INT(entry->received), V_TEXT(entry->event),
            V_DATE(entry->work_order != 0 ? entry->work_order : TIMESTAMP_NONE),
            V_TEXT(state_names[entry->state]), V_BLOB(entry->body, entry->len)) != 0)
        return -1;
    return store_changes(store) > 0;
}

int inbox_have(struct store *store, enum inbox_state state, const char *event, struct error *e)
{
    int rc = STORE_FIND(store, e, SQL_INBOX_OF_STATE, V_TEXT(state_names[state]), V_TEXT(event));
    store_done(store, SQL_INBOX_OF_STATE);
    return rc;
}

int64_t inbox_last_waiting(struct store *store, int64_t work_order, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_INBOX_LAST_WAITING, V_INT(work_order));
}

int inbox_settle(
    struct store *store, int64_t work_order, int64_t last, enum inbox_state state, struct error *e)
{
    return STORE_RUN(store, e, SQL_INBOX_SETTLE, V_INT(work_order), V_TEXT(state_names[state]), V_INT(last));
}
