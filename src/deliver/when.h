/*
 * when: the condition of a handler, an SQL expression over the fields of an event, evaluated by SQLite in a
 * connection of its own that can read nothing else, write nothing and not run for long.
 */
#ifndef WOSYNC_DELIVER_WHEN_H
#define WOSYNC_DELIVER_WHEN_H

#include <stddef.h>

struct when;

/* Compiles an expression. Returns NULL, with a text in `reason` (`size` bytes), when it is none, names a
 * field that events do not have, or touches what it may not. Free with when_free. */
struct when *when_compile(const char *expression, char *reason, size_t size);

/* Does the event with this JSON body meet the condition? Returns 1, 0 (also for NULL, as in SQL's WHERE), or
 * -1 with a text in `reason` when it cannot be evaluated. */
int when_matches(struct when *when, const char *body, size_t len, char *reason, size_t size);

/* What it was compiled to, as SQL: the same text for the same condition. Borrowed. */
const char *when_sql(const struct when *when);

/* Frees; NULL is allowed. */
void when_free(struct when *when);

#endif
