/*
 * child: the driver of handler types that can only block: their work is done in a child process of the
 * engine, which is killed at the time limit, with all that it started.
 */
#ifndef WOSYNC_DELIVER_CHILD_H
#define WOSYNC_DELIVER_CHILD_H

#include "handlers/handler.h"

struct child;

/* For a handler of a type that has `work`; no process is started yet. Everything is borrowed. */
struct child *child_new(const char *name, const struct handler_type *type, void *state);

/* What the engine calls: its `state` is the child. */
extern const struct handler_driver child_driver;

/* Has the process end (it closes what it has open), kills it when it does not within a few seconds, and
 * frees. NULL is allowed. */
void child_free(struct child *child);

#endif
