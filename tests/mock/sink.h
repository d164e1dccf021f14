/*
 * sink: receivers for what a client sends elsewhere, to see in a test what came. Not thread safe: the mock's
 * lock.
 */
#ifndef MOCK_SINK_H
#define MOCK_SINK_H

#include <json-c/json.h>

#include "request.h"

enum { SINK_MOST = 10000 }; /* requests kept in one sink; the oldest are forgotten first */

struct sinks;

struct sinks *sinks_new(void);
void sinks_free(struct sinks *s);

/* Keeps R in the sink that its path names: /sink/NAME, or anything below. */
void sinks_keep(struct sinks *s, const struct request *r);

/* What the sink of that name received, oldest first, as a JSON array. The caller puts it. */
json_object *sinks_json(const struct sinks *s, const char *name);

/* Forgets what the sink of that name received. */
void sinks_empty(struct sinks *s, const char *name);

#endif
