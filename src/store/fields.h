/*
 * fields: which fields and statuses the stored work orders have.
 */
#ifndef WOSYNC_STORE_FIELDS_H
#define WOSYNC_STORE_FIELDS_H

#include <stdbool.h>

#include "base/error.h"

struct store;

/* Calls `each` for every field, and for every status (`is_status`), of the newest 500 documents, each once;
 * the name is borrowed during the call, and it returns 0 to go on. Returns 0, or -1 with the error filled
 * when the store failed. */
int fields_visit(struct store *store, int (*each)(const char *name, bool is_status, void *context),
    void *context, struct error *e);

#endif
