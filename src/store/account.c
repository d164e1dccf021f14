#include "store/account.h"

#include <stdbool.h>
#include <stdlib.h>

#include "store/rows.h"

int account_load(struct store *store, struct account *out, struct error *e)
{
    *out = (struct account){0};
    int rc = store_find(store, SQL_ACCOUNT_GET, NULL, 0, e);
    if (rc != 1)
        return rc;
    out->base_url = store_copy_text(store, SQL_ACCOUNT_GET, 0);
    out->organization = store_copy_text(store, SQL_ACCOUNT_GET, 1);
    out->horizon = store_int(store, SQL_ACCOUNT_GET, 2);
    out->watermark = store_date(store, SQL_ACCOUNT_GET, 3);
    out->started = store_date(store, SQL_ACCOUNT_GET, 4);
    out->observed = store_date(store, SQL_ACCOUNT_GET, 5);
    out->finished = store_date(store, SQL_ACCOUNT_GET, 6);
    out->filter = store_copy_text(store, SQL_ACCOUNT_GET, 7);
    store_done(store, SQL_ACCOUNT_GET);
    return 1;
}

int account_make(
    struct store *store, const char *base_url, const char *organization, int64_t horizon, struct error *e)
{
    return STORE_RUN(store, e, SQL_ACCOUNT_MAKE, V_TEXT(base_url), V_TEXT(organization), V_INT(horizon));
}

int account_finish_pass(
    struct store *store, int64_t newest, int64_t started, int64_t observed, int64_t finished, struct error *e)
{
    return STORE_RUN(store, e, SQL_ACCOUNT_FINISH_PASS, V_DATE(newest), V_DATE(started), V_DATE(observed),
        V_DATE(finished));
}

int account_touch(struct store *store, int64_t finished, struct error *e)
{
    return STORE_RUN(store, e, SQL_ACCOUNT_TOUCH, V_INT(finished));
}

int account_set_filter(struct store *store, const char *filter, struct error *e)
{
    return STORE_RUN(store, e, SQL_ACCOUNT_SET_FILTER, V_TEXT(filter));
}

void account_free(struct account *account)
{
    free(account->base_url);
    free(account->organization);
    free(account->filter);
    *account = (struct account){0};
}
