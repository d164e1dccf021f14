/*
 * child_batch: a batch as bytes, for a child of the same program.
 */
#ifndef WOSYNC_DELIVER_CHILD_BATCH_H
#define WOSYNC_DELIVER_CHILD_BATCH_H

#include "base/buffer.h"
#include "handlers/handler.h"

/* Appends a size_t, how many bytes follow, and the batch: events or snapshots. */
void child_batch_write(const struct handler_batch *batch, struct buffer *out);

/* Reads what follows that size_t. The batch borrows the bytes, which must live as long; free what it owns
 * with child_batch_free. */
void child_batch_read(const char *bytes, struct handler_batch *batch);
void child_batch_free(struct handler_batch *batch);

#endif
