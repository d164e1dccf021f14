/*
 * poll: what changed since the last finished pass (rule R1).
 */
#ifndef WOSYNC_SOURCES_POLL_H
#define WOSYNC_SOURCES_POLL_H

#include "sources/pass.h"

/* An incremental pass. Watermark and S move in the transaction that ends it. */
extern const struct pass_kind poll_kind;

#endif
