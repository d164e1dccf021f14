/*
 * cursors: which cursors a run has seen, for a server that repeats one would have us read for ever. A few
 * bytes each.
 */
#ifndef WOSYNC_SOURCES_CURSORS_H
#define WOSYNC_SOURCES_CURSORS_H

#include <stdbool.h>

struct cursors;

/* An empty set. Free with cursors_free. */
struct cursors *cursors_new(void);

/* Adds a cursor. Returns true when it was there already. */
bool cursors_add(struct cursors *cursors, const char *cursor);

/* Forgets all of them. */
void cursors_clear(struct cursors *cursors);

/* Frees. */
void cursors_free(struct cursors *cursors);

#endif
