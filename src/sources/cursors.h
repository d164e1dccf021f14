/*
 * cursors: which cursors a run has seen, for a server that repeats one would have us read for ever. A few
 * bytes each.
 */
#ifndef WOSYNC_SOURCES_CURSORS_H
#define WOSYNC_SOURCES_CURSORS_H

struct cursors;

/* An empty set; NULL when memory ran out. Free with cursors_free. */
struct cursors *cursors_new(void);

/* Adds a cursor. Returns 1 when it was there already, 0 when it was not, -1 when memory ran out. */
int cursors_add(struct cursors *cursors, const char *cursor);

/* Forgets all of them. */
void cursors_clear(struct cursors *cursors);

/* Frees; NULL is allowed. */
void cursors_free(struct cursors *cursors);

#endif
