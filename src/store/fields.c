#include "store/fields.h"

#include <stdint.h>

#include "store/store.h"

int fields_visit(struct store *store, int (*each)(const char *name, bool is_status, void *context),
    void *context, struct error *e)
{
    const enum sql_statement q = SQL_FIELD_LIST;
    int rc = store_query_all(store, q, e);
    while (rc >= 0 && (rc = store_next(store, q, e)) == 1)
        if (each(store_get_text(store, q, 0), store_int(store, q, 1) != 0, context) != 0) {
            store_done(store, q);
            return -1;
        }
    return rc;
}
