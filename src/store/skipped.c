#include "store/skipped.h"

#include "base/timestamp.h"
#include "store/rows.h"

int page_failures_note(struct store *store, const char *kind, int64_t now, struct error *e)
{
    int rc = store_begin_relaxed(store, e);
    if (rc == 0)
        rc = STORE_RUN(store, e, SQL_PAGE_FAILURE_NOTE, V_TEXT(kind), V_INT(now));
    if (rc == 0)
        rc = store_commit(store, e);
    store_rollback(store);
    return rc;
}

int64_t page_failures_count(struct store *store, const char *kind, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_PAGE_FAILURE_COUNT, V_TEXT(kind));
}

int page_failures_clear(struct store *store, const char *kind, struct error *e)
{
    return STORE_RUN(store, e, SQL_PAGE_FAILURE_CLEAR, V_TEXT(kind));
}

int skipped_next(struct store *store, int64_t at, int64_t *next, struct error *e)
{
    const enum sql_statement q = SQL_SKIPPED_NEXT;
    int rc = STORE_FIND(store, e, q, V_INT(at));
    if (rc < 0)
        return -1;
    *next = store_date(store, q, 0); /* min() always gives a row */
    store_done(store, q);
    return 0;
}

int skipped_add(struct store *store, int64_t at, int64_t now, int64_t due, const char *error, struct error *e)
{
    return STORE_RUN(store, e, SQL_SKIPPED_ADD, V_INT(at), V_INT(now), V_INT(due), V_TEXT(error));
}

int skipped_remove(struct store *store, int64_t at, struct error *e)
{
    return STORE_RUN(store, e, SQL_SKIPPED_REMOVE, V_INT(at));
}

int skipped_later(struct store *store, int64_t at, int64_t due, const char *error, struct error *e)
{
    return STORE_RUN(store, e, SQL_SKIPPED_LATER, V_INT(at), V_INT(due), V_TEXT(error));
}

int skipped_due(struct store *store, int64_t after, int64_t now, int64_t *at, int *attempts, struct error *e)
{
    const enum sql_statement q = SQL_SKIPPED_DUE;
    int rc = STORE_FIND(store, e, q, V_INT(after), V_INT(now));
    if (rc != 1)
        return rc;
    *at = store_int(store, q, 0);
    *attempts = (int)store_int(store, q, 1);
    store_done(store, q);
    return 1;
}

int64_t skipped_count(struct store *store, struct error *e)
{
    return STORE_NUMBER(store, e, SQL_SKIPPED_COUNT);
}
