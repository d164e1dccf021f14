/*
 * backfill: the created and completed events that the work orders' own dates prove (the last row of R5).
 */
#ifndef WOSYNC_SOURCES_BACKFILL_H
#define WOSYNC_SOURCES_BACKFILL_H

#include "sources/pass.h"

/* A reading of the window in pass_settings.window: asked by updatedAt from its beginning on. Moves neither
 * watermark nor S. */
extern const struct pass_kind backfill_kind;

#endif
