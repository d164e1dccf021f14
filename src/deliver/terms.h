/*
 * terms: what a handler takes, its `on` and `when` together.
 */
#ifndef WOSYNC_DELIVER_TERMS_H
#define WOSYNC_DELIVER_TERMS_H

#include "base/buffer.h"
#include "core/fingerprint.h"
#include "deliver/handler_table.h"

/* Appends the names of the event types that it wants, each between commas. */
void terms_append_types(struct buffer *out, const struct handler *handler);

/* The fingerprint of its terms: another one as soon as `on` or `when` change. */
void terms_of(const struct handler *handler, unsigned char out[FINGERPRINT_SIZE]);

#endif
