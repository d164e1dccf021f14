#include "store/subscriptions.h"

#include "store/rows.h"

int subscriptions_save(struct store *store, const struct subscription *subscription, struct error *e)
{
    return STORE_RUN(store, e, SQL_SUBSCRIPTION_SAVE, V_TEXT(subscription->id), V_TEXT(subscription->events),
        V_TEXT(subscription->url), V_TEXT(subscription->secret), V_TEXT(subscription->status),
        V_INT(subscription->checked));
}

int subscriptions_list(struct store *store,
    int (*each)(const struct subscription *subscription, void *context, struct error *e), void *context,
    struct error *e)
{
    const enum sql_statement q = SQL_SUBSCRIPTION_LIST;
    int rc;
    if (store_query_all(store, q, e) != 0)
        return -1;
    while ((rc = store_next(store, q, e)) == 1) {
        const struct subscription subscription = {.id = store_get_text(store, q, 0),
            .events = store_get_text(store, q, 1),
            .url = store_get_text(store, q, 2),
            .secret = store_get_text(store, q, 3),
            .status = store_get_text(store, q, 4),
            .registered = store_int(store, q, 5),
            .checked = store_int(store, q, 6)};
        if (each(&subscription, context, e) != 0) {
            store_done(store, q);
            return -1;
        }
    }
    return rc;
}

int subscriptions_set_status(
    struct store *store, const char *id, const char *status, int64_t checked, struct error *e)
{
    return STORE_RUN(store, e, SQL_SUBSCRIPTION_SET_STATUS, V_TEXT(id), V_TEXT(status), V_INT(checked));
}

int subscriptions_set_secret(struct store *store, const char *id, const char *secret, struct error *e)
{
    return STORE_RUN(store, e, SQL_SUBSCRIPTION_SET_SECRET, V_TEXT(id), V_TEXT(secret));
}

int subscriptions_drop(struct store *store, const char *id, struct error *e)
{
    return STORE_RUN(store, e, SQL_SUBSCRIPTION_DROP, V_TEXT(id));
}

int64_t subscriptions_count_broken(struct store *store, struct error *e)
{
    return store_number(store, SQL_SUBSCRIPTION_COUNT_BROKEN, NULL, 0, e);
}

int subscriptions_archive(struct store *store, const char *id, int64_t now, struct error *e)
{
    return STORE_RUN(store, e, SQL_SUBSCRIPTION_ARCHIVE, V_TEXT(id), V_INT(now));
}
