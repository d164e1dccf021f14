/*
 * warehouse_script: a database that writes down what it is given, as SQL with the values in it: what a
 * rehearsal shows. Run against a warehouse it does what the delivery would have done.
 */
#ifndef WOSYNC_HANDLERS_WAREHOUSE_WAREHOUSE_SCRIPT_H
#define WOSYNC_HANDLERS_WAREHOUSE_WAREHOUSE_SCRIPT_H

#include "base/buffer.h"
#include "handlers/warehouse/backend.h"

/* The state of warehouse_script_backend. Everything is borrowed. */
struct warehouse_script {
    const struct warehouse_backend *backend; /* whose statements */
    const void *db;                          /* its state; it is not opened */
    struct buffer *out;
    size_t begun; /* where the transaction begins in it: a rollback takes it back */
};

/* Nothing of it fails, and it has no probe and nothing to free. */
extern const struct warehouse_backend warehouse_script_backend;

#endif
