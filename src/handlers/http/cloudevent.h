/*
 * cloudevent: an event as CloudEvents 1.0, structured mode, in JSON.
 */
#ifndef WOSYNC_HANDLERS_HTTP_CLOUDEVENT_H
#define WOSYNC_HANDLERS_HTTP_CLOUDEVENT_H

#include "base/buffer.h"
#include "handlers/handler.h"

/* The media type of the result. */
#define CLOUDEVENT_TYPE "application/cloudevents+json"

/* Makes the `source` of an account's events: the URI of the API, with the organization where one is
 * configured. Returns a string to be freed. */
char *cloudevent_source(const char *base_url, const char *organization);

/*
 * Appends the event in its envelope: `id`, `source`, `specversion`, `type`, `time`, `subject` (the work
 * order's id), `datacontenttype`, and as `data` the body as it is stored, so that every try sends the same
 * bytes.
 */
void cloudevent_append(struct buffer *out, struct handler_event *event, const char *source);

#endif
